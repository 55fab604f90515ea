//! Replacing and deleting whole projects (spec 03 §15; 02 §7).

use super::change_widgets::ChangeError;
use super::cleaning::Pins;
use super::dashboard::Dashboard;
use super::user::Profile;
use super::widgets::Widgets;

impl Profile {
    /// Replaces settings and widgets of the project with the same id (UPDATE_DASH). Push tokens stay; values stored for
    /// the pins of the new widgets go. The result are the old widgets: the caller cancels their timers, rules and
    /// reports, registers the new ones', and marks the user as changed.
    ///
    /// Errors: `NotFound`.
    pub fn update_dash(&mut self, mut new: Dashboard, now_ms: i64) -> Result<Widgets, ChangeError> {
        let dash = self.dashboards.iter_mut().find(|d| d.id == new.id).ok_or(ChangeError::NotFound)?;
        dash.apply_settings(new.settings());
        if let (Some(new), Some(old)) = (new.notification_mut(), dash.notification()) {
            new.android_tokens.clone_from(&old.android_tokens);
            new.ios_tokens.clone_from(&old.ios_tokens);
        }
        let old = std::mem::replace(&mut dash.widgets, std::mem::take(&mut new.widgets));
        let mut pins = Pins::default();
        dash.widgets.iter().for_each(|widget| pins.add_widget(dash, widget));
        dash.updated_at = now_ms;
        self.storage.clean(new.id, &pins, false);
        Ok(old)
    }

    /// Takes a project out, with its stored values. The caller refunds it and drops tokens, connections, timers,
    /// reports and history. `None`: no such project.
    pub fn delete_dash(&mut self, dash_id: i32) -> Option<Dashboard> {
        let at = self.dashboards.iter().position(|d| d.id == dash_id)?;
        let dash = self.dashboards.remove(at);
        self.storage.remove_if(|key| key.dash == dash_id);
        Some(dash)
    }

    /// The id of the next project that the server makes itself: the highest one and 1.
    pub fn next_dash_id(&self) -> i32 {
        self.dashboards.iter().map(|d| d.id).max().unwrap_or(0).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::json::{from_str, ObjectSeed, Reading};
    use crate::model::testing::{fixture, text_of};
    use crate::model::Kind;

    fn dash(json: &str) -> Dashboard {
        from_str(json, ObjectSeed::new(&Reading::strict())).unwrap().unwrap()
    }

    #[test]
    fn an_update_replaces_settings_and_widgets() {
        let mut profile = fixture();
        let new = r#"{"id":1,"name":"N","createdAt":7,"devices":[],"widgets":[{"type":"NOTIFICATION","id":2,
            "androidTokens":{"x":"y"}},{"type":"LED","id":3,"deviceId":1,"pinType":"VIRTUAL","pin":40}]}"#;
        let old = profile.update_dash(dash(new), 9).unwrap();
        assert_eq!(old.len(), 63);
        let (was, now) = (fixture(), profile.dash(1).unwrap());
        let was = was.dash(1).unwrap();
        assert_eq!((now.name.as_str(), now.updated_at, now.widgets.len()), ("N", 9, 2));
        assert!(now.devices == was.devices && now.tags == was.tags && now.created_at == was.created_at);
        assert!(now.is_active && now.shared_token == was.shared_token);
        let Kind::Notification(tokens) = &now.widgets[0].kind else { panic!() };
        assert_eq!(tokens.android_tokens.0.keys().collect::<Vec<_>>(), ["uid-android-1"]);
        assert!(text_of(&profile, "1-1-v40").is_empty(), "the value goes");
        assert_eq!(text_of(&profile, "1-1-v40-label"), ["Garage door"], "properties stay");
        assert_eq!(profile.update_dash(dash(r#"{"id":99}"#), 9), Err(ChangeError::NotFound));
    }

    #[test]
    fn a_deleted_project_takes_its_values_along() {
        let mut profile = fixture();
        assert_eq!(profile.next_dash_id(), 4);
        assert_eq!(profile.delete_dash(1).unwrap().id, 1);
        assert_eq!(profile.storage.0.len(), 1);
        assert_eq!(text_of(&profile, "2-0-v5"), ["face"]);
        assert_eq!(profile.delete_dash(1), None);
        assert_eq!(Profile::default().next_dash_id(), 1);
    }
}
