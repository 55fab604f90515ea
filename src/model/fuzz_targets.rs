//! What must hold for every JSON text that peers and files bring, as functions that panic when it does not.
//!
//! Shared by the cargo-fuzz targets in `fuzz/` and by `tests/fuzz_model.rs`, which needs no nightly compiler.

use super::json::{self, Audience, Object, ObjectSeed, Reading, TaggedSeed};
use super::widget::{from_request, Template};
use super::{Dashboard, Limits, PinType, Place, Polls, Profile, PropertyOrigin, User, Widget};
use crate::model::enums::Property;
use crate::model::json::Name;

/// What is written is read back, and is written the same way from then on. The first writing may differ: fields that are
/// left out come back with their defaults.
pub(crate) fn comes_back<T: Object>(object: &T, read: impl Fn(&str) -> Option<T>) {
    let first = json::to_string(object, Audience::Disk);
    let second = json::to_string(&read(&first).expect("our own text is readable"), Audience::Disk);
    let third = json::to_string(&read(&second).expect("our own text is readable"), Audience::Disk);
    assert_eq!(second, third);
    for audience in [Audience::Owner, Audience::Restricted, Audience::Guest] {
        let text = json::to_string(object, audience);
        assert!(read(&text).is_some(), "{text}");
    }
}

/// `data` as the body of CREATE_WIDGET and UPDATE_WIDGET.
pub fn widget(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(Some(widget)) = from_request(&text) else { return };
    comes_back(&widget, |text| from_request(text).ok().flatten());
    let mut profile = Profile::default();
    let dash = Dashboard { id: 1, is_active: true, ..Dashboard::default() };
    profile.dashboards.push(dash);
    let mut other = widget.clone();
    other.erase();
    if profile.create_widget(1, Place::Project, widget.clone(), 1).is_ok() {
        let _ = profile.update_widget(1, other, &Limits::default(), 2);
    }
    use_profile(&mut profile);
    let _ = profile.delete_widget(1, widget.id, 3);
}

/// `data` as the body of CREATE_DASH and UPDATE_DASH, and a project as the parent of a face.
pub fn dashboard(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let cx = Reading::strict();
    let Ok(Some(dash)) = json::from_str::<Dashboard>(&text, ObjectSeed::new(&cx)) else { return };
    comes_back(&dash, |text| json::from_str(text, ObjectSeed::new(&cx)).ok().flatten());
    dash.has_duplicate_ids();
    dash.clone_json();
    dash.copy_for_customer(1);
    let mut face = dash.clone();
    face.update_face(&dash.face_template(), &Limits::default(), 1);
    let mut profile = Profile::default();
    profile.dashboards.push(face);
    use_profile(&mut profile);
    let _ = profile.update_dash(dash, 2);
    use_profile(&mut profile);
}

/// `data` as a user file, read as servers do at the start; then everything in it is used and deleted.
pub fn user_file(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let cx = Reading::forgiving();
    let Ok(Some(user)) = User::from_file(&text, User::default(), &cx) else { return };
    comes_back(&user.profile, |text| json::from_str(text, ObjectSeed::new(&cx)).ok().flatten());
    let mut profile = user.profile;
    use_profile(&mut profile);
    for template in profile.dashboards.iter().flat_map(Dashboard::template_widgets) {
        template.price();
    }
    while let Some(dash) = profile.dashboards.first() {
        let id = dash.id;
        let (devices, widgets): (Vec<i32>, Vec<i64>) =
            (dash.devices.iter().map(|d| d.id).collect(), dash.widgets.iter().map(|w| w.id).collect());
        devices.into_iter().for_each(|device| drop(profile.delete_device(id, device)));
        widgets.into_iter().for_each(|widget| drop(profile.delete_widget(id, widget, 1)));
        profile.delete_dash(id);
    }
}

/// `data` as the body of CREATE_TILE_TEMPLATE and UPDATE_TILE_TEMPLATE.
pub fn template(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let cx = Reading::strict();
    let Ok(Some(template)) = json::from_str::<Template>(&text, TaggedSeed::new(&cx)) else { return };
    comes_back(&template, |text| json::from_str(text, TaggedSeed::new(&cx)).ok().flatten());
    let mut profile = Profile::default();
    let tiles = Widget { id: 9, ..Widget::new(super::WidgetType::DeviceTiles) };
    profile.dashboards.push(Dashboard { id: 1, widgets: vec![tiles].into(), ..Dashboard::default() });
    profile.create_template(1, 9, template.clone(), 1).expect("a new template");
    profile.update_template(1, 9, template.clone(), 1).expect("a known template");
    use_profile(&mut profile);
    profile.delete_template(1, 9, template.id, 1).expect("a known template");
}

/// Everything that messages of devices and apps can do with a profile.
fn use_profile(profile: &mut Profile) {
    let limits = Limits::default();
    let ids: Vec<i32> = profile.dashboards.iter().map(|d| d.id).collect();
    for id in ids {
        for pin_type in [PinType::Digital, PinType::Virtual, PinType::Analog] {
            for (pin, value) in [(0, "1"), (1, "add\x001\0a\0b"), (17, "1\0ss\0UTC\x001,2"), (40, "clr"), (60, "\0")] {
                let _ = profile.store_value(id, 0, pin_type, pin, value, &limits, 5);
                let own = profile.hardware_sync_pin(id, 0, pin_type, pin);
                assert!(own.iter().all(|body| body.contains("w\0")));
                if let Some(dash) = profile.dash(id) {
                    assert!(dash.http_update_body(0, pin_type, pin, value).contains("w\0"));
                    dash.recorded(0, pin_type, pin);
                }
                profile.http_value(id, 0, pin_type, pin);
            }
        }
        for (_, property) in Property::NAMES {
            let _ = profile.set_property_of_pin(PropertyOrigin::Device, (id, 0, 1), *property, "1\0x", 6);
        }
        profile.app_sync(id, None);
        profile.hardware_sync(id, 0);
        if let Some(dash) = profile.dash_mut(id) {
            dash.pin_mode_body(0);
            let mut polls = Polls::default();
            for now in [i64::MIN / 2, 0, 1_000, i64::MAX / 2] {
                dash.due_reads(0, &mut polls, now);
            }
            dash.price();
        }
    }
}
