//! Creating, replacing and deleting widgets, wherever they are (spec 03 §15, §12; 02 §8.1 to §8.3).

use super::cleaning::Pins;
use super::dashboard::Dashboard;
use super::limits::Limits;
use super::user::Profile;
use super::widget::{DeviceTiles, Kind, Widget};

/// Why a project was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// No such project, widget, template or tag, or the widget is no tiles widget: `ILLEGAL_COMMAND`.
    #[error("not found")]
    NotFound,
    /// The type differs from the stored widget's: `ILLEGAL_COMMAND`.
    #[error("another type of widget")]
    WrongType,
    /// Tags: the id or name is in use, or not a valid tag: `ILLEGAL_COMMAND`.
    #[error("not a valid tag")]
    BadTag,
    /// Width or height below 1: `NOT_ALLOWED`.
    #[error("no size")]
    BadSize,
    /// More than a project may hold: `NOT_ALLOWED`.
    #[error("too many")]
    TooMany,
    /// The id is in use: `NOT_ALLOWED`.
    #[error("the id is in use")]
    IdInUse,
    /// TABS without `tabs`: `ILLEGAL_COMMAND_BODY`.
    #[error("no tabs")]
    NoTabs,
}

/// Where a new widget goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The project's own list.
    Project,
    /// A template of a tiles widget.
    Template {
        /// Id of the tiles widget.
        tiles: i64,
        /// Id of the template.
        template: i64,
    },
}

impl Dashboard {
    /// The tiles widget with this id.
    pub fn tiles(&self, id: i64) -> Option<&DeviceTiles> {
        match &self.widget(id)?.kind {
            Kind::Tiles(tiles) => Some(tiles),
            _ => None,
        }
    }

    /// The tiles widget with this id.
    pub fn tiles_mut(&mut self, id: i64) -> Option<&mut DeviceTiles> {
        match &mut self.widget_mut(id)?.kind {
            Kind::Tiles(tiles) => Some(tiles),
            _ => None,
        }
    }

    /// The list that holds this widget, and its place there.
    fn list_with(&mut self, id: i64) -> Option<(&mut Vec<Widget>, usize)> {
        if let Some(at) = self.widgets.iter().position(|w| w.id == id) {
            return Some((&mut *self.widgets, at));
        }
        let tiles = self.widgets.iter_mut().filter_map(|w| match &mut w.kind {
            Kind::Tiles(tiles) => Some(tiles),
            _ => None,
        });
        tiles.flat_map(|t| &mut t.templates).find_map(|template| {
            let at = template.widgets.iter().position(|w| w.id == id)?;
            Some((&mut template.widgets, at))
        })
    }
}

/// Takes the widgets out of `list` that `unwanted` says.
fn take_widgets(list: &mut Vec<Widget>, unwanted: impl Fn(&Widget) -> bool) -> Vec<Widget> {
    let (gone, kept) = std::mem::take(list).into_iter().partition(unwanted);
    *list = kept;
    gone
}

impl Profile {
    /// Adds a widget and cleans the pin storage for it. The caller has charged for it, registers timers and rules, and
    /// marks the user as changed.
    ///
    /// Errors: `NotFound`, and those of [`Dashboard::check_new_widget`].
    pub fn create_widget(
        &mut self,
        dash_id: i32,
        place: Place,
        widget: Widget,
        now_ms: i64,
    ) -> Result<(), ChangeError> {
        let dash = self.dashboards.iter_mut().find(|d| d.id == dash_id).ok_or(ChangeError::NotFound)?;
        dash.check_new_widget(place, &widget)?;
        let mut pins = Pins::default();
        pins.add_widget(dash, &widget);
        match place {
            Place::Project => dash.widgets.push(widget),
            Place::Template { tiles, template } => {
                let templates = &mut dash.tiles_mut(tiles).ok_or(ChangeError::NotFound)?.templates;
                let template = templates.iter_mut().find(|t| t.id == template).ok_or(ChangeError::NotFound)?;
                template.widgets.push(widget);
            }
        }
        self.storage.clean(dash_id, &pins, true);
        dash.updated_at = now_ms;
        Ok(())
    }

    /// Replaces the widget with the same id; what belongs to it and not to the app stays. The result are the widgets of
    /// vanished tabs: the caller refunds them, cancels their and the old widget's timers, and registers the new one's.
    ///
    /// Errors: `NotFound`, and those of [`Dashboard::check_changed_widget`].
    pub fn update_widget(
        &mut self,
        dash_id: i32,
        mut widget: Widget,
        limits: &Limits,
        now_ms: i64,
    ) -> Result<Vec<Widget>, ChangeError> {
        let dash = self.dashboards.iter_mut().find(|d| d.id == dash_id).ok_or(ChangeError::NotFound)?;
        dash.check_changed_widget(&widget)?;
        let id = widget.id;
        let (list, at) = dash.list_with(id).ok_or(ChangeError::NotFound)?;
        let old = list.get_mut(at).ok_or(ChangeError::NotFound)?;
        let last_tab = match &widget.kind {
            Kind::Tabs(tabs) => tabs.tabs.as_ref().map(Vec::len),
            _ => None,
        };
        widget.keep_on_update(old, limits);
        *old = widget;
        let gone = match last_tab {
            // TABS itself is on tab -1.
            Some(tabs) => take_widgets(list, |w| w.id != id && usize::try_from(w.tab_id).is_ok_and(|tab| tab >= tabs)),
            None => Vec::new(),
        };
        let mut pins = Pins::default();
        gone.iter().chain(dash.find_widget(id)).for_each(|widget| pins.add_widget(dash, widget));
        self.storage.clean(dash_id, &pins, true);
        dash.updated_at = now_ms;
        Ok(gone)
    }

    /// Deletes a widget, of TABS also everything that is not on the first tab. The result are all deleted widgets: the
    /// caller refunds them and cancels their timers, rules and reports.
    ///
    /// Errors: `NotFound`.
    pub fn delete_widget(&mut self, dash_id: i32, widget_id: i64, now_ms: i64) -> Result<Vec<Widget>, ChangeError> {
        let dash = self.dashboards.iter_mut().find(|d| d.id == dash_id).ok_or(ChangeError::NotFound)?;
        let (list, at) = dash.list_with(widget_id).ok_or(ChangeError::NotFound)?;
        let widget = list.remove(at);
        let mut gone = match widget.kind {
            Kind::Tabs(_) => take_widgets(list, |w| w.tab_id > 0),
            _ => Vec::new(),
        };
        gone.insert(0, widget);
        let mut pins = Pins::default();
        gone.iter().for_each(|widget| pins.add_widget(dash, widget));
        self.storage.clean(dash_id, &pins, true);
        dash.updated_at = now_ms;
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::price;
    use crate::model::testing::{fixture, text_of};
    use crate::model::widget::from_request;
    use crate::model::PinType::Virtual;

    const LIMITS: Limits = Limits { terminal_lines: 25, map_lines: 25, table_rows: 100, lcd_lines: 6 };

    fn widget(json: &str) -> Widget {
        let json = format!(r#"{{"width":1,"height":1,{}"#, json.trim_start_matches('{'));
        from_request(&json).unwrap().unwrap()
    }

    fn update(profile: &mut Profile, json: &str) -> Result<Vec<Widget>, ChangeError> {
        profile.update_widget(1, widget(json), &LIMITS, 9)
    }

    fn write(profile: &mut Profile, pin: u8, value: &str) {
        profile.store_value(1, 0, Virtual, pin, value, &LIMITS, 5).unwrap();
    }

    fn value(profile: &Profile, id: i64) -> Option<&str> {
        profile.dash(1).unwrap().find_widget(id).unwrap().kind.one_pin().unwrap().value.as_deref()
    }

    #[test]
    fn a_new_widget_is_checked_and_takes_over_its_pin() {
        let mut profile = fixture();
        let led = |id: i64| widget(&format!(r#"{{"type":"LED","id":{id},"pinType":"VIRTUAL","pin":44}}"#));
        let dash = profile.dash(1).unwrap();
        let small = Widget { width: 0, ..led(900) };
        assert_eq!(dash.check_new_widget(Place::Project, &small), Err(ChangeError::BadSize));
        assert_eq!(dash.check_new_widget(Place::Project, &led(2)), Err(ChangeError::IdInUse));
        assert_eq!(dash.check_new_widget(Place::Project, &led(501)), Err(ChangeError::IdInUse));
        for (tiles, template) in [(60, 99), (2, 1), (999, 1)] {
            let place = Place::Template { tiles, template };
            assert_eq!(dash.check_new_widget(place, &led(900)), Err(ChangeError::NotFound));
        }
        assert_eq!(text_of(&profile, "1-0-v44").len(), 1);
        profile.create_widget(1, Place::Project, led(900), 9).unwrap();
        assert!(text_of(&profile, "1-0-v44").is_empty());
        assert_eq!((value(&profile, 900), profile.dash(1).unwrap().updated_at), (None, 9));
        profile.create_widget(1, Place::Template { tiles: 60, template: 1 }, led(901), 9).unwrap();
        assert!(profile.dash(1).unwrap().find_widget(901).is_some());
        assert_eq!(profile.create_widget(9, Place::Project, led(902), 9), Err(ChangeError::NotFound));
    }

    #[test]
    fn a_new_widget_of_a_selector_cleans_all_its_devices() {
        let mut profile = fixture();
        let json = r#"{"type":"LED","id":900,"deviceId":200000,"pinType":"VIRTUAL","pin":40}"#;
        profile.create_widget(1, Place::Project, widget(json), 9).unwrap();
        assert!(text_of(&profile, "1-1-v40").is_empty() && text_of(&profile, "1-1-v40-label").is_empty());
        assert_eq!(text_of(&profile, "1-1-v45"), ["1"]);
    }

    #[test]
    fn an_update_keeps_the_value_of_the_same_pin() {
        let mut profile = fixture();
        let slider = r#"{"type":"SLIDER","id":7,"pinType":"VIRTUAL","value":"99","pin":"#;
        assert_eq!(update(&mut profile, &format!("{slider}5}}")), Ok(vec![]));
        assert_eq!(value(&profile, 7), Some("512"));
        update(&mut profile, &format!("{slider}77}}")).unwrap();
        assert_eq!(value(&profile, 7), Some("99"));
        update(
            &mut profile,
            r#"{"type":"RGB","id":10,"deviceId":1,"splitMode":true,"pins":[
            {"pin":9,"pinType":"VIRTUAL","value":"x"},{"pin":50,"pinType":"VIRTUAL","value":"z"}]}"#,
        )
        .unwrap();
        let dash = profile.dash(1).unwrap();
        let (_, streams) = dash.widget(10).unwrap().kind.multi_pin().unwrap();
        assert_eq!(streams.iter().map(|s| s.value.as_deref()).collect::<Vec<_>>(), [Some("30"), Some("z")]);
        let inner = r#"{"type":"DIGIT4_DISPLAY","id":501,"deviceId":-1,"pin":9,"label":"new"}"#;
        update(&mut profile, inner).unwrap();
        assert_eq!(profile.dash(1).unwrap().find_widget(501).unwrap().label, "new");
        assert_eq!(text_of(&profile, "1-2-v61"), ["33"]);
    }

    #[test]
    fn an_update_keeps_what_is_not_the_apps() {
        let mut profile = fixture();
        update(&mut profile, r#"{"type":"NOTIFICATION","id":47,"androidTokens":{"uid-android-1":"x","new":"y"}}"#)
            .unwrap();
        update(&mut profile, r#"{"type":"REPORT","id":49,"reports":[],"textColor":7}"#).unwrap();
        update(&mut profile, r#"{"type":"DEVICE_TILES","id":60,"columns":3}"#).unwrap();
        update(&mut profile, r#"{"type":"TIMER","id":11,"pinType":"DIGITAL","pin":5}"#).unwrap();
        let (old, dash) = (fixture(), profile.dash(1).unwrap());
        let Kind::Notification(n) = &dash.widget(47).unwrap().kind else { panic!() };
        assert_eq!(
            (n.android_tokens.0["uid-android-1"].as_str(), n.android_tokens.0.len()),
            ("fcm-android-token-1", 2)
        );
        let Kind::Report(report) = &dash.widget(49).unwrap().kind else { panic!() };
        assert!(!report.reports.is_empty() && report.text_color == 7);
        let (new, old) = (dash.tiles(60).unwrap(), old.dash(1).unwrap().tiles(60).unwrap());
        assert!(new.templates == old.templates && new.tiles == old.tiles && new.columns == 3);
        assert_eq!(value(&profile, 11), None);
    }

    #[test]
    fn an_update_keeps_lines_in_memory() {
        let mut profile = fixture();
        for pin in [13, 25, 33] {
            write(&mut profile, pin, "one");
            write(&mut profile, pin, "two");
        }
        update(&mut profile, r#"{"type":"TERMINAL","id":14,"pinType":"VIRTUAL","pin":13}"#).unwrap();
        update(&mut profile, r#"{"type":"MAP","id":35,"pinType":"VIRTUAL","pin":33}"#).unwrap();
        update(&mut profile, r#"{"type":"LCD","id":26,"advancedMode":true,"pins":[{"pinType":"VIRTUAL","pin":25}]}"#)
            .unwrap();
        let lines = profile.app_sync(1, Some(0));
        for wanted in ["1-0\0vm\x0013\0one\0two", "1-0\0vw\x0033\0one", "1-0\0vw\x0025\0one", "1-0\0vw\x0025\0two"] {
            assert_eq!(lines.iter().filter(|(_, body)| body == wanted).count(), 1, "{wanted:?}");
        }
        update(&mut profile, r#"{"type":"TERMINAL","id":14,"pinType":"VIRTUAL","pin":14}"#).unwrap();
        let Kind::Terminal(terminal) = &profile.dash(1).unwrap().widget(14).unwrap().kind else { panic!() };
        assert!(terminal.lines.is_empty());
    }

    #[test]
    fn updates_that_do_not_fit() {
        let mut profile = fixture();
        assert_eq!(update(&mut profile, r#"{"type":"VERTICAL_SLIDER","id":7}"#), Err(ChangeError::WrongType));
        assert_eq!(update(&mut profile, r#"{"type":"SLIDER","id":700}"#), Err(ChangeError::NotFound));
        assert_eq!(update(&mut profile, r#"{"type":"TABS","id":1}"#), Err(ChangeError::NoTabs));
        let small = from_request(r#"{"type":"SLIDER","id":7}"#).unwrap().unwrap();
        assert_eq!(profile.update_widget(1, small, &LIMITS, 9), Err(ChangeError::BadSize));
        assert_eq!(profile, fixture());
    }

    #[test]
    fn tabs_take_their_widgets_along() {
        let mut profile = fixture();
        let before = profile.dash(1).unwrap().price();
        let gone = update(&mut profile, r#"{"type":"TABS","id":1,"tabs":[{"id":0},{"id":1}]}"#).unwrap();
        assert!(gone.iter().all(|w| w.tab_id == 2) && !gone.is_empty());
        assert_eq!(profile.dash(1).unwrap().price() + price::of_widgets(&gone), before);
        assert!(text_of(&profile, "1-1-v62").is_empty(), "template pins are cleaned");
        let gone = profile.delete_widget(1, 1, 9).unwrap();
        assert_eq!(gone[0].id, 1);
        assert!(gone[1..].iter().all(|w| w.tab_id == 1) && gone.len() > 1);
        assert!(profile.dash(1).unwrap().widgets.iter().all(|w| w.tab_id == 0));
    }

    #[test]
    fn a_deleted_widget_takes_its_stored_values_along() {
        let mut profile = fixture();
        let gone = profile.delete_widget(1, 56, 9).unwrap();
        assert_eq!((gone.len(), price::of_widgets(&gone)), (1, 200));
        assert!(text_of(&profile, "1-1-v41").is_empty());
        assert_eq!(profile.delete_widget(1, 56, 9), Err(ChangeError::NotFound));
        assert_eq!(profile.delete_widget(1, 501, 9).unwrap()[0].id, 501);
        assert!(profile.dash(1).unwrap().find_widget(501).is_none());
    }

    #[test]
    fn a_widget_of_a_later_version_survives_an_update() {
        let mut profile = fixture();
        let json = r#"{"type":"LOGGER","id":900,"isBar":true}"#;
        profile.create_widget(1, Place::Project, widget(json), 9).unwrap();
        update(&mut profile, r#"{"type":"BUTTON","id":900,"x":3}"#).unwrap();
        let text = crate::model::json::to_string(&profile, crate::model::json::Audience::Disk);
        assert!(text.contains(r#""type":"LOGGER","id":900,"x":3"#) && text.contains(r#""isBar":true"#));
    }

    #[test]
    fn duplicate_ids_are_found_in_templates_too() {
        let mut profile = fixture();
        let dash = profile.dash_mut(1).unwrap();
        assert!(!dash.has_duplicate_ids());
        dash.widget_mut(2).unwrap().id = 501;
        assert!(dash.has_duplicate_ids());
        dash.widgets.clear();
        dash.devices.push(dash.devices[0].clone());
        assert!(dash.has_duplicate_ids());
    }
}
