//! Data folders of old servers: what their files hold reaches the apps and comes back to the disk, key by key, and a file
//! whose account nobody changed keeps its bytes.

mod common;

use common::app::{App, OK};
use common::Place;
use eyelet::store::accounts::password_hash;
use serde_json::{json, Value};
use std::fs;
use std::io::Read;

const LOAD_PROFILE: u8 = 24;
const CREATE_DASH: u8 = 21;

/// A user file.
struct Old {
    email: &'static str,
    file: &'static str,
    /// Everything but the password.
    content: Value,
    /// The profile that apps are shown.
    shown: Value,
    /// The profile that is written when the account is saved again.
    written: Value,
}

fn password() -> &'static str {
    "old-password"
}

/// A widget as apps are shown it, with the fields of all widgets.
fn widget(own: Value) -> Value {
    let mut all = json!({"x": 0, "y": 0, "color": 0, "width": 0, "height": 0, "tabId": 0, "isDefaultColor": false});
    all.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    all
}

/// The same with the fields of widgets with one pin.
fn pin_widget(own: Value) -> Value {
    let mut all = widget(json!({"deviceId": 0, "pin": -1, "pwmMode": false, "rangeMappingOn": false, "min": 0.0,
        "max": 0.0}));
    all.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    all
}

fn dash(own: Value) -> Value {
    let mut all = json!({"parentId": -1, "isPreview": false, "createdAt": 0, "updatedAt": 0, "theme": "Blynk",
        "keepScreenOn": false, "isAppConnectedOn": false, "isNotificationsOff": false, "isShared": false,
        "isActive": false, "widgetBackgroundOn": false, "color": -1, "isDefaultColor": true});
    all.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    all
}

fn device(own: Value) -> Value {
    let mut all = json!({"status": "OFFLINE", "disconnectTime": 0, "connectTime": 0, "firstConnectTime": 0,
        "dataReceivedAt": 0, "isUserIcon": false});
    all.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    all
}

/// Profiles that are written as they are shown.
fn plain(email: &'static str, file: &'static str, content: Value, shown: Value) -> Old {
    Old { email, file, content, written: shown.clone(), shown }
}

fn old_files() -> Vec<Old> {
    let slider =
        pin_widget(json!({"type": "SLIDER", "id": 5, "pinType": "VIRTUAL", "pin": 7, "min": 1.5, "value": "5",
        "sendOnReleaseOn": false, "frequency": 0, "maximumFractionDigits": 0, "showValueOn": false}));
    let logger = |type_name: &str| {
        pin_widget(json!({"type": type_name, "id": 9, "label": "Chart", "pinType": "VIRTUAL", "pin": 3,
            "pushMode": false}))
    };
    let mut kept = logger("LOGGER");
    for (key, value) in [
        ("isBar", json!(true)),
        ("period", json!("DAY")),
        ("pins", json!([{"pin": 1, "pinType": "ANALOG"}, null, "é\u{0}"])),
        ("settings", json!({"deep": [{"er": 1.50}]})),
    ] {
        kept[key] = value;
    }
    let fields = plain(
        "fields@example.com",
        "fields@example.com.Blynk.user",
        json!({"name": "f", "email": "fields@example.com", "dashShareTokens": {"1": "x"}, "dashTokens": {"1": "y"},
            "profile": {"settings": {}, "dashBoards": [{"id": 1, "timestamp": 5, "boardType": "UNO",
                "devices": [{"id": 0, "boardType": "Toaster 3000", "status": "ONLINE"}],
                "widgets": [{"dashBoardId": 1, "type": "LED", "id": 1}]}]}}),
        json!({"dashBoards": [dash(json!({"id": 1,
            "devices": [device(json!({"id": 0, "boardType": "Generic Board"}))],
            "widgets": [pin_widget(json!({"type": "LED", "id": 1}))]}))]}),
    );
    vec![
        plain("bare@example.com", "u_bare@example.com.user", json!({"name": "bare@example.com"}), json!({})),
        fields,
        plain(
            "texts@example.com",
            "texts@example.com.Blynk.user",
            json!({"email": "texts@example.com", "profile": {"dashBoards": [{"id": "1", "isActive": "true", "color": "5",
                "isDefaultColor": 0, "theme": 3, "createdAt": "1500000000000", "name": 12.50,
                "widgets": [{"id": "5", "type": "SLIDER", "pin": "7", "pinType": "1", "min": "1.5", "value": 5,
                    "showValueOn": null, "x": 0.9, "y": ""}]}]}}),
            json!({"dashBoards": [dash(json!({"id": 1, "isActive": true, "color": 5, "isDefaultColor": false,
                "theme": "SparkFun", "createdAt": 1_500_000_000_000i64, "name": "12.5", "widgets": [slider]}))]}),
        ),
        plain(
            "nulls@example.com",
            "nulls@example.com.Blynk.user",
            json!({"email": "nulls@example.com", "region": null, "profile": {"apps": null, "pinsStorage": null,
                "dashBoards": [{"id": 1, "widgets": null, "devices": null, "tags": null, "theme": null, "name": null},
                    null,
                    {"id": 2, "tags": [{"id": 100_000, "name": "t", "deviceIds": null}],
                        "widgets": [null, {"type": "DEVICE_TILES", "id": 1, "templates": null, "tiles": null},
                            {"type": "EVENTOR", "id": 2, "rules": [{"triggerTime": {"id": 1, "days": null},
                                "actions": null}]}]}]}}),
            json!({"dashBoards": [dash(json!({"id": 1})), dash(json!({"id": 2,
                "tags": [{"id": 100_000, "name": "t"}],
                "widgets": [
                    widget(json!({"type": "DEVICE_TILES", "id": 1, "rows": 0, "columns": 0, "alignment": "LEFT",
                        "disableWhenOffline": false, "stretchToBottom": false})),
                    widget(json!({"type": "EVENTOR", "id": 2, "width": 2, "height": 1, "deviceId": 0,
                        "rules": [{"triggerTime": {"id": 1, "time": 0}, "isActive": false}]}))]}))]}),
        ),
        plain(
            "names@example.com",
            "names@example.com.Blynk.user",
            json!({"email": "names@example.com", "profile": {
                "pinsStorage": {"1-0-V20": "kept", "9-9-v1": {"type": "TERMINAL", "values": ["a", "b"]}},
                "dashBoards": [{"id": 1, "pinsStorage": {"0-v5": "old", "0-v5-label": "L", "3-vxx": "q"},
                    "widgets": [{"type": "DEVICE_TILES", "id": 1, "templates": [{"mode": "ICON", "id": 2,
                        "dataStream": {"pin": 4, "pinType": "VIRTUAL"}}]},
                        {"type": "REPORT", "id": 3, "reportSources": [{"type": "DEVICE",
                            "dataStreams": [{"pin": 1, "pinType": "DIGITAL"}]}]}]}]}}),
            json!({"pinsStorage": {"1-0-v20": "kept", "9-9-v1": {"type": "TERMINAL", "values": ["a", "b"]},
                    "1-0-v5": "old", "1-0-v5-label": "L", "1-3-v0": "q"},
                "dashBoards": [dash(json!({"id": 1, "widgets": [
                    widget(json!({"type": "DEVICE_TILES", "id": 1, "rows": 0, "columns": 0, "alignment": "LEFT",
                        "disableWhenOffline": false, "stretchToBottom": false, "templates": [{"mode": "PAGE", "id": 2,
                        "showDeviceName": false, "color": 0, "tileColor": 0, "showTileLabel": false,
                        "maximumFractionDigits": 0, "pin": {"pin": 4, "pwmMode": false, "rangeMappingOn": false,
                            "pinType": "VIRTUAL", "min": 0.0, "max": 0.0}}]})),
                    widget(json!({"type": "REPORT", "id": 3, "allowEndUserToDeleteDataOn": false, "fontSize": "MEDIUM",
                        "edge": "ROUNDED", "buttonStyle": "SOLID", "textColor": 0,
                        "reportSources": [{"type": "DEVICE", "reportDataStreams": [{"pin": 1, "pinType": "DIGITAL",
                            "isSelected": false}]}]}))]}))]}),
        ),
        Old {
            email: "retired@example.com",
            file: "retired@example.com.Blynk.user",
            content: json!({"email": "retired@example.com", "profile": {"dashBoards": [{"id": 1, "widgets": [
                {"isBar": true, "type": "LOGGER", "id": 9, "label": "Chart", "pinType": "VIRTUAL", "pin": 3,
                    "period": "DAY", "pins": [{"pin": 1, "pinType": "ANALOG"}, null, "é\u{0}"],
                    "settings": {"deep": [{"er": 1.50}]}}]}]}}),
            shown: json!({"dashBoards": [dash(json!({"id": 1, "widgets": [logger("BUTTON")]}))]}),
            written: json!({"dashBoards": [dash(json!({"id": 1, "widgets": [kept]}))]}),
        },
        plain(
            "damaged@example.com",
            "damaged@example.com.Blynk.user",
            json!({"email": "damaged@example.com", "profile": {
                "pinsStorage": {"1-0-v300": "bad pin", "1-0-v5": "good", "1-0": "bad key", "1-0-v6": {"type": "?"}},
                "dashBoards": [{"id": 1, "theme": "Neon", "name": "here", "widgets": [
                    {"type": "LED", "id": 1, "x": {"no": "number"}, "pinType": "WAVE", "label": "L"}, "no widget",
                    {"type": "NOTIFICATION", "id": 2, "androidTokens": "no map", "priority": "loud"}]}]}}),
            json!({"pinsStorage": {"1-0-v5": "good"}, "dashBoards": [dash(json!({"id": 1, "name": "here", "widgets": [
                pin_widget(json!({"type": "LED", "id": 1, "label": "L"})),
                widget(json!({"type": "NOTIFICATION", "id": 2, "notifyWhenOffline": false,
                    "notifyWhenOfflineIgnorePeriod": 0, "priority": "normal"}))]}))]}),
        ),
    ]
}

fn load(app: &mut App) -> Value {
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(&app.get(LOAD_PROFILE, "")[..]).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn login(place: &Place, email: &str, password: &str) -> App {
    let mut app = App::connect(place.https);
    assert_eq!(app.login(email, password), OK, "{email}");
    app
}

fn read(place: &Place, file: &str) -> String {
    fs::read_to_string(place.data().join(file)).unwrap()
}

/// Without the project that the test makes.
fn without_new(mut profile: Value) -> Value {
    let object = profile.as_object_mut().unwrap();
    let dashes = object["dashBoards"].as_array_mut().unwrap();
    assert_eq!(dashes.pop().unwrap()["id"], 77);
    if dashes.is_empty() {
        object.remove("dashBoards");
    }
    profile
}

#[test]
fn old_profiles_are_shown_kept_and_written_key_by_key() {
    let place = Place::new("");
    fs::create_dir_all(place.data()).unwrap();
    let files = old_files();
    for old in &files {
        let mut content = old.content.clone();
        content["pass"] = password_hash(old.email, password()).into();
        fs::write(place.data().join(old.file), content.to_string()).unwrap();
    }
    let before: Vec<String> = files.iter().map(|old| read(&place, old.file)).collect();

    let mut server = place.start();
    for old in &files {
        assert_eq!(load(&mut login(&place, old.email, password())), old.shown, "{}", old.email);
    }
    assert!(server.stop().success());
    let after: Vec<String> = files.iter().map(|old| read(&place, old.file)).collect();
    assert_eq!(after, before, "nobody changed anything");

    let mut server = place.start();
    for old in &files {
        let mut app = login(&place, old.email, password());
        assert_eq!(app.ask(CREATE_DASH, r#"{"id":77}"#), OK);
    }
    assert!(server.stop().success());
    for old in &files {
        let name = format!("{}.Blynk.user", old.email);
        let written: Value = serde_json::from_str(&read(&place, &name)).unwrap();
        assert_eq!(without_new(written["profile"].clone()), old.written, "{}", old.email);
        assert_eq!(place.data().join(old.file).exists(), old.file == name, "{}: the old name goes", old.email);
    }
    // What could not be understood is still there.
    let kept: Vec<String> = fs::read_dir(place.data())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".broken"))
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].starts_with("damaged@example.com"));

    let saved: Vec<String> = files.iter().map(|old| read(&place, &format!("{}.Blynk.user", old.email))).collect();
    let mut server = place.start();
    for old in &files {
        assert_eq!(without_new(load(&mut login(&place, old.email, password()))), old.shown, "{}", old.email);
    }
    assert!(server.stop().success());
    let again: Vec<String> = files.iter().map(|old| read(&place, &format!("{}.Blynk.user", old.email))).collect();
    assert_eq!(again, saved);
}

#[test]
fn a_profile_with_every_widget_survives() {
    let place = Place::new("");
    fs::create_dir_all(place.data()).unwrap();
    let name = "fixture@example.com.Blynk.user";
    let text = include_str!("data/example-profile.user.json");
    fs::write(place.data().join(name), text).unwrap();
    let wanted: Value = serde_json::from_str(text).unwrap();

    let mut server = place.start();
    assert_eq!(load(&mut login(&place, "fixture@example.com", "fixture-password")), wanted["profile"]);
    assert!(server.stop().success());
    assert_eq!(read(&place, name), text, "nobody changed anything");

    let mut server = place.start();
    assert_eq!(login(&place, "fixture@example.com", "fixture-password").ask(CREATE_DASH, r#"{"id":77}"#), OK);
    assert!(server.stop().success());
    let mut written: Value = serde_json::from_str(&read(&place, name)).unwrap();
    written["profile"] = without_new(written["profile"].take());
    for (key, value) in wanted.as_object().unwrap() {
        if !["ip", "lastModifiedTs", "lastLoggedAt", "lastLoggedIP"].contains(&key.as_str()) {
            assert_eq!(&written[key], value, "{key}");
        }
    }
    assert_eq!(
        written.as_object().unwrap().len(),
        wanted.as_object().unwrap().len() + usize::from(wanted["lastLoggedIP"].is_null())
    );
}
