//! Copies of projects for other people: clones, previews, first projects of customers, and updates of faces
//! (spec 03 §15, 07 §9).

use super::dashboard::Dashboard;
use super::json::{self, Audience, ObjectSeed, Reading};
use super::limits::Limits;
use super::widget::Kind;

/// What faces take from their parent: made once for all of them, without tokens, secrets and states.
#[derive(Debug)]
pub struct FaceTemplate(Dashboard);

impl FaceTemplate {
    /// What a face weighs that follows it, see [`super::weight`].
    pub fn weight(&self) -> usize {
        super::weight::weight(&self.0)
    }
}

impl Dashboard {
    /// What the faces of this project take from it.
    pub fn face_template(&self) -> FaceTemplate {
        FaceTemplate(self.restricted_copy())
    }

    /// A copy without tokens, secrets and states, values included.
    pub fn restricted_copy(&self) -> Dashboard {
        let text = json::to_string(self, Audience::Restricted);
        let copy = json::from_str(&text, ObjectSeed::new(&Reading::forgiving()));
        // Our own text is readable; were it not, nothing is shown rather than too much.
        copy.ok().flatten().unwrap_or_default()
    }

    /// What a clone code, a preview or a flashed token shows: the restricted copy with erased widgets, as JSON.
    pub fn clone_json(&self) -> String {
        let mut copy = self.restricted_copy();
        copy.erase_widgets();
        json::to_string(&copy, Audience::Restricted)
    }

    /// The first project of somebody who registers in a published app: devices that no widget uses are left out, and
    /// the others have no tokens yet.
    pub fn copy_for_customer(&self, now_ms: i64) -> Dashboard {
        let mut copy = self.restricted_copy();
        copy.id = 1;
        (copy.created_at, copy.updated_at) = (now_ms, now_ms);
        copy.is_active = true;
        copy.erase_widgets();
        let Dashboard { widgets, devices, .. } = &mut copy;
        devices.retain(|device| {
            widgets.iter().any(|widget| match &widget.kind {
                Kind::DeviceSelector(selector) => selector.device_ids.contains(&device.id),
                kind => match (kind.one_pin(), kind.multi_pin()) {
                    (Some(own), _) => own.device_id == device.id,
                    (None, Some((device_id, _))) => device_id == device.id,
                    (None, None) => false,
                },
            })
        });
        devices.iter_mut().for_each(|device| device.erase());
        copy
    }

    /// Makes this project, a face, follow its parent (UPDATE_FACE): settings, tags and widgets are the parent's; values,
    /// schedules, addresses and push tokens of widgets that stay are kept; devices are not touched. The caller
    /// registers timers and rules anew and marks the user as changed.
    pub fn update_face(&mut self, parent: &FaceTemplate, limits: &Limits, now_ms: i64) {
        let FaceTemplate(parent) = parent;
        self.apply_settings(parent.settings());
        self.tags.clone_from(&parent.tags);
        let old = std::mem::replace(&mut self.widgets, parent.widgets.clone());
        for widget in &mut self.widgets {
            widget.keep_on_face_update(old.iter().find(|w| w.id == widget.id), limits);
        }
        self.updated_at = now_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::fixture;
    use crate::model::zone::Zone;
    use crate::model::{PinType, Profile};

    fn face() -> (Profile, Dashboard) {
        let profile = fixture();
        let face = Dashboard { id: 10, parent_id: 1, ..profile.dash(1).unwrap().clone() };
        (profile, face)
    }

    #[test]
    fn a_clone_holds_no_values_and_no_secrets() {
        let text = fixture().dash(1).unwrap().clone_json();
        for secret in ["fxA0Kd3mQ7w", "fxS9Rj4cV0a", "fixture-twitter", "fcm-", "owner@example.com", "+38000", "21.44"]
        {
            assert!(!text.contains(secret), "{secret}");
        }
        assert!(text.contains(r#""type":"EVENTOR""#) && text.contains("Relay"));
    }

    #[test]
    fn a_customer_gets_the_devices_that_widgets_use() {
        let mut profile = fixture();
        let dash = profile.dash_mut(1).unwrap();
        dash.widgets.retain(|w| [2, 10, 52].contains(&w.id));
        let copy = dash.copy_for_customer(77);
        assert_eq!((copy.id, copy.created_at, copy.updated_at, copy.is_active), (1, 77, 77, true));
        assert_eq!(copy.devices.iter().map(|d| (d.id, d.token.as_str())).collect::<Vec<_>>(), [(0, ""), (1, "")]);
        assert!(copy.shared_token.is_empty());
        assert_eq!(copy.widgets[0].kind.one_pin().unwrap().value, None);
    }

    #[test]
    fn a_face_takes_the_parents_settings_and_keeps_its_values() {
        let (mut profile, mut face) = face();
        let limits = Limits::default();
        let parent = profile.dash_mut(1).unwrap();
        parent.name = "Parent".into();
        parent.widgets.retain(|w| ![3, 4].contains(&w.id));
        parent.widget_mut(2).unwrap().label = "new".into();
        parent.widget_mut(5).unwrap().kind.one_pin_mut().unwrap().pin = 99;
        face.deliver(0, PinType::Digital, 1, "mine", &limits).unwrap();
        face.deliver(0, PinType::Virtual, 13, "line", &limits).unwrap();
        for (id, new) in [(46, "me@example.com"), (48, "+1"), (50, "Asia/Tokyo"), (47, "push")] {
            match &mut face.widget_mut(id).unwrap().kind {
                Kind::Email(email) => email.to = new.into(),
                Kind::Sms(sms) => sms.to = new.into(),
                Kind::Rtc(rtc) => rtc.tz_name = Zone::parse(new),
                Kind::Notification(n) => n.android_tokens.0 = [("u".to_owned(), new.to_owned())].into(),
                _ => unreachable!(),
            }
        }
        let devices = face.devices.clone();
        face.update_face(&profile.dash(1).unwrap().face_template(), &limits, 77);
        assert_eq!((face.id, face.parent_id, face.name.as_str(), face.updated_at), (10, 1, "Parent", 77));
        assert_eq!((face.widgets.len(), face.devices == devices), (61, true));
        let value = |id| face.widget(id).unwrap().kind.one_pin().unwrap().value.as_deref();
        assert_eq!((value(2), face.widget(2).unwrap().label.as_str()), (Some("mine"), "new"));
        assert_eq!(value(5), None);
        for (id, wanted) in [(14, "line"), (46, "me@example.com"), (48, "+1"), (50, "Asia/Tokyo"), (47, "push")] {
            let text = match &face.widget(id).unwrap().kind {
                Kind::Email(email) => email.to.clone(),
                Kind::Sms(sms) => sms.to.clone(),
                Kind::Rtc(rtc) => rtc.tz_name.id().to_owned(),
                Kind::Notification(n) => n.android_tokens.0["u"].clone(),
                Kind::Terminal(terminal) => terminal.lines.join(","),
                _ => unreachable!(),
            };
            assert_eq!(text, wanted);
        }
        let Kind::Timer(timer) = &face.widget(11).unwrap().kind else { panic!() };
        assert_eq!((timer.start_time, timer.start_value.as_str(), timer.pin.value.as_deref()), (72000, "1", Some("0")));
        let Kind::Report(report) = &face.widget(49).unwrap().kind else { panic!() };
        assert!(!report.reports.is_empty());
        let (new, old) = (face.tiles(60).unwrap(), profile.dash(1).unwrap().tiles(60).unwrap());
        assert_eq!(new.tiles, old.tiles);
        assert!(new.templates.iter().zip(&old.templates).all(|(new, old)| new.device_ids == old.device_ids));
        assert!(face.widgets.iter().all(|w| !w.is_default_color));
    }

    #[test]
    fn a_face_gets_nothing_private_with_a_new_widget() {
        let (profile, mut face) = face();
        face.widgets.clear();
        face.update_face(&profile.dash(1).unwrap().face_template(), &Limits::default(), 77);
        let text = json::to_string(&face, Audience::Owner);
        for secret in ["fixture-twitter", "fcm-", "owner@example.com", "+38000"] {
            assert!(!text.contains(secret), "{secret}");
        }
        assert!(face.tiles(60).unwrap().tiles.is_empty());
    }
}
