//! Tests of syncs: what apps and devices are told of a project's values.

use super::*;
use crate::model::testing::fixture;
use crate::model::Limits;
use PinType::{Analog, Digital, Virtual};

fn app_sync(profile: &Profile, target: Option<i32>) -> Vec<String> {
    let readable = |(kind, body): SyncMessage| match kind {
        SyncKind::Value => body.replace('\0', "|"),
        SyncKind::Property => format!("S {}", body.replace('\0', "|")),
    };
    profile.app_sync(1, target).into_iter().map(readable).collect()
}

fn readable(bodies: Vec<String>) -> Vec<String> {
    bodies.into_iter().map(|b| b.replace('\0', "|")).collect()
}

fn write(profile: &mut Profile, pin: u8, value: &str) {
    profile.store_value(1, 0, Virtual, pin, &value.replace('|', "\0"), &Limits::default(), 5).unwrap();
}

#[test]
fn app_sync_of_one_device_as_observed() {
    let wanted = "1-1|vw|40|1 1-1|vm|41|boot|ready 1-1|vw|41|ready 1-1|vm|62|tile line 1-1|vw|62|tile line \
        1-1|vw|45|1 1-1|dw|7|1 S 1-1|40|label|Garage door S 1-1|40|color|#23C48E 1-1|vw|7|10 1-1|vw|8|20 1-1|vw|9|30 \
        1-1|vw|11|1 1-1|vw|12|2 1-1|vw|60|19.5";
    assert_eq!(app_sync(&fixture(), Some(1)).join(" "), wanted);
}

#[test]
fn app_sync_of_all_of_tags_and_of_the_unknown() {
    let profile = fixture();
    let all = app_sync(&profile, None);
    assert_eq!(all, app_sync(&profile, Some(-1)));
    for wanted in ["1-0|vw|6|60|143|158", "1-100000|vw|45|1", "1-0|aw|3|128", "1-0|vw|23|12.5", "1-0|vw|24|77"] {
        assert_eq!(all.iter().filter(|m| *m == wanted).count(), 1, "{wanted}");
    }
    assert!(all.contains(&"1-0|vm|31|add|0|Door|open|true|add|1|Pump|3 bar|false".to_owned()));
    assert!(!all.iter().any(|m| m.contains("vw|33|")), "points of a map are gone after a restart");
    assert_eq!(app_sync(&profile, Some(100_000)), ["1-100000|vw|45|1"]);
    assert!(app_sync(&profile, Some(77)).is_empty());
    assert!(profile.app_sync(99, None).is_empty());
}

#[test]
fn remembered_lines_keep_their_pin_type_in_pwm_mode() {
    let mut profile = fixture();
    for id in [14, 35] {
        profile.dash_mut(1).unwrap().widget_mut(id).unwrap().kind.one_pin_mut().unwrap().pwm_mode = true;
    }
    write(&mut profile, 13, "a");
    write(&mut profile, 33, "1|2|3");
    assert_eq!(readable(profile.hardware_sync_pin(1, 0, Virtual, 13)), ["vw|13|a"]);
    assert!(app_sync(&profile, Some(0)).contains(&"1-0|vw|33|1|2|3".to_owned()));
}

#[test]
fn app_sync_replays_buffers() {
    let mut profile = fixture();
    write(&mut profile, 13, "c");
    write(&mut profile, 13, "d|e");
    for i in 0..7 {
        write(&mut profile, 25, &format!("p|0|{i}|L{i}"));
    }
    write(&mut profile, 33, "1|2|3");
    write(&mut profile, 33, "4|5|6");
    let all = app_sync(&profile, Some(0));
    assert!(all.contains(&"1-0|vm|13|c|d|e".to_owned()));
    let commands: Vec<_> = all.iter().filter(|m| m.starts_with("1-0|vw|25|")).collect();
    assert_eq!((commands.len(), commands[0].as_str()), (6, "1-0|vw|25|p|0|1|L1"));
    let points: Vec<_> = all.iter().filter(|m| m.starts_with("1-0|vw|33|")).collect();
    assert_eq!(points, ["1-0|vw|33|1|2|3", "1-0|vw|33|4|5|6"]);
}

#[test]
fn hardware_sync_as_observed() {
    let profile = fixture();
    let one = "vw|7|10 vw|8|20 vw|9|30 vw|11|1 vw|12|2 vw|60|19.5 vw|40|1 vw|41|boot vw|41|ready vw|62|tile line \
        vw|45|1 dw|7|1";
    assert_eq!(readable(profile.hardware_sync(1, 1)).join(" "), one);
    let two = "vw|42|clr vw|42|add|1|Row1|val1 vw|61|33 aw|3|512";
    assert_eq!(readable(profile.hardware_sync(1, 2)).join(" "), two);
    let zero = readable(profile.hardware_sync(1, 0));
    assert_eq!(zero[..3], ["dw|1|1", "vw|2|0", "vw|3|hello"]);
    assert!(zero.contains(&"aw|3|128".to_owned()));
    let last = "vw|63|1 vw|43|p|0|0|Hello vw|43|p|0|1|World vw|45|1 vw|44|12.5|13.5";
    assert_eq!(zero[zero.len() - 5..].join(" "), last);
    for never in ["vw|23|", "vw|31|", "vw|33|", "vw|36|", "vw|53|"] {
        assert!(!zero.iter().any(|body| body.starts_with(never)), "{never}");
    }
}

#[test]
fn hardware_sync_of_single_pins() {
    let mut profile = fixture();
    write(&mut profile, 13, "a");
    write(&mut profile, 13, "d|e");
    let pin = |device, pin_type, pin| readable(profile.hardware_sync_pin(1, device, pin_type, pin)).join(" ");
    assert_eq!(pin(0, Virtual, 13), "vw|13|d|e");
    assert_eq!(pin(1, Virtual, 8), "vw|7|10 vw|8|20 vw|9|30");
    assert_eq!(pin(0, Virtual, 6), "vw|6|60|143|158");
    assert_eq!(pin(0, Analog, 3), "aw|3|128");
    assert_eq!(pin(0, Digital, 0), "aw|0|612");
    assert_eq!(pin(0, Virtual, 23) + &pin(0, Virtual, 31) + &pin(0, Virtual, 33), "");
    assert_eq!(pin(1, Virtual, 60), "vw|60|19.5");
    assert_eq!(pin(1, Virtual, 41), "vw|41|boot vw|41|ready");
    assert_eq!(pin(0, Virtual, 200), "");
}

#[test]
fn pin_modes_as_observed() {
    let profile = fixture();
    let dash = profile.dash(1).unwrap();
    assert_eq!(dash.pin_mode_body(0).unwrap().replace('\0', "|"), "pm|1|out|3|out|5|out|0|in|5|out|1|out");
    assert_eq!(dash.pin_mode_body(1), None);
}
