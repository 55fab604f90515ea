use super::*;
use crate::model::json::{from_str, to_string, Audience, ObjectSeed, Reading};
use std::fmt::Write;

fn dash(rules: &str, device_id: i32) -> Dashboard {
    let json = format!(
        r#"{{"id":1,"isActive":true,"devices":[{{"id":0}},{{"id":1}},{{"id":2}}],
            "tags":[{{"id":100000,"name":"t","deviceIds":[0,1]}}],
            "widgets":[{{"type":"EVENTOR","id":5,"deviceId":{device_id},"rules":[{rules}]}}]}}"#
    );
    let cx = Reading::strict();
    from_str(&json, ObjectSeed::new(&cx)).unwrap().unwrap()
}

fn rule(condition: &str, set: u8) -> String {
    format!(
        r#"{{"isActive":true,"triggerPin":{{"pin":1,"pinType":"VIRTUAL"}},"condition":{condition},
            "actions":[{{"type":"SETPIN","pin":{{"pin":{set},"pinType":"VIRTUAL"}},"value":"x"}}]}}"#
    )
}

/// The devices and what is done, when anything is.
fn written(dash: &mut Dashboard, device: i32, pin_type: PinType, pin: u8, value: &str) -> Option<Fired> {
    let mut rules = take(dash, device)?;
    let mut fired: Option<Fired> = None;
    rules.run(device, pin_type, pin, value, &mut |devices, effect| {
        let fired = fired.get_or_insert(Fired { devices: devices.to_vec(), effects: Vec::new() });
        fired.effects.push(effect.into_owned());
    });
    put_back(dash, rules);
    fired
}

struct Fired {
    devices: Vec<i32>,
    effects: Vec<Effect<'static>>,
}

/// The pins that a write of V1 sets.
fn write(dash: &mut Dashboard, device: i32, value: &str) -> String {
    let fired = written(dash, device, PinType::Virtual, 1, value);
    let mut text = String::new();
    for effect in fired.into_iter().flat_map(|f| f.effects) {
        let Effect::SetPin { pin, .. } = effect else { panic!() };
        write!(text, "{pin} ").unwrap();
    }
    text.trim_end().to_owned()
}

#[test]
fn conditions_at_their_bounds() {
    let cases = [
        (r#"{"type":"GT","value":37}"#, "37.1", "37 36.9 -1 abc"),
        (r#"{"type":"GTE","value":37}"#, "37 37.0 3.7e1 1e3", "36.9 NaN"),
        (r#"{"type":"LT","value":-5}"#, "-6 -5.1", "-5 0 text"),
        (r#"{"type":"LTE","value":2.5}"#, "2 2.5", "3 2.51"),
        (r#"{"type":"EQ","value":0.3}"#, "0.3 .3 3e-1", "0.31 0x3"),
        (r#"{"type":"EQ","value":0}"#, "0 0.0", "-0 a"),
        (r#"{"type":"NEQ","value":25}"#, "24.5", "25 25.0 abc"),
        (r#"{"type":"BETWEEN","left":10,"right":20}"#, "10.5", "10 20 9 abc"),
        (r#"{"type":"NOT_BETWEEN","left":10,"right":20}"#, "10 20 9", "15 abc"),
        (r#"{"type":"STR_EQUAL","value":"abc"}"#, "abc", "ABC abcd"),
        (r#"{"type":"STR_EQUAL"}"#, "", "abc"),
        (r#"{"type":"STR_NOT_EQUAL","value":"abc"}"#, "Abc x", "abc"),
        (r#"{"type":"STR_NOT_EQUAL"}"#, "abc", ""),
    ];
    for (condition, met, not_met) in cases {
        for (values, wanted) in [(met, "2"), (not_met, "")] {
            for value in values.split_whitespace() {
                assert_eq!(write(&mut dash(&rule(condition, 2), 0), 0, value), wanted, "{condition} {value}");
            }
        }
    }
    // A value of several parts is no number.
    assert_eq!(write(&mut dash(&rule(r#"{"type":"GT","value":0}"#, 2), 0), 0, "1\02"), "");
}

#[test]
fn a_rule_acts_once_until_a_value_does_not_meet_it() {
    let mut dash = dash(&rule(r#"{"type":"GT","value":37}"#, 2), 0);
    let acted: Vec<bool> =
        ["36", "38", "39", "38", "10", "38", "abc", "38"].iter().map(|v| !write(&mut dash, 0, v).is_empty()).collect();
    assert_eq!(acted, [false, true, false, false, false, true, false, true]);
    // Another pin does not arm it again.
    written(&mut dash, 0, PinType::Virtual, 2, "0");
    assert_eq!(write(&mut dash, 0, "40"), "");
}

#[test]
fn changed_acts_at_every_change_and_remembers() {
    let mut dash = dash(&rule(r#"{"type":"CHANGED","value":"5"}"#, 2), 0);
    let acted: Vec<bool> = ["5", "6", "7", "7", "5"].iter().map(|v| !write(&mut dash, 0, v).is_empty()).collect();
    assert_eq!(acted, [false, true, true, false, true]);
    write(&mut dash, 0, "last");
    assert!(to_string(&dash, Audience::Disk).contains(r#""condition":{"type":"CHANGED","value":"last"}"#));
}

#[test]
fn order_and_what_does_not_apply() {
    let any = r#"{"type":"GT","value":0}"#;
    let rules = format!(
        "{},{},{}",
        rule(any, 2),
        rule(any, 3).replace(r#""isActive":true,"#, ""),
        rule(any, 4)
            .replace("[{", r#"[{"type":"NOTIFY"},{"type":"SETPIN","pin":{"pin":9,"pinType":"DIGITAL"},"value":""},{"#)
    );
    assert_eq!(write(&mut dash(&rules, 0), 0, "1"), "2 9 4");
    assert_eq!(write(&mut dash(&rules, 0), 1, "1"), "");
    assert!(written(&mut dash(&rules, 0), 0, PinType::Digital, 1, "1").is_none());
    let mut off = dash(&rules, 0);
    off.is_active = false;
    assert_eq!(write(&mut off, 0, "1"), "");
    let pwm = rule(any, 2)
        .replace(r#""pinType":"VIRTUAL"},"condition""#, r#""pinType":"DIGITAL","pwmMode":true},"condition""#);
    assert!(written(&mut dash(&pwm, 0), 0, PinType::Analog, 1, "1").is_some());
    assert!(written(&mut dash("", 0), 0, PinType::Virtual, 1, "1").is_none());
}

#[test]
fn rules_of_a_tag_watch_each_of_its_devices() {
    let mut dash = dash(&rule(r#"{"type":"GT","value":0}"#, 2), 100_000);
    let mut devices = |device, value| written(&mut dash, device, PinType::Virtual, 1, value).map(|f| f.devices);
    assert_eq!(devices(0, "1"), Some(vec![0]));
    assert_eq!(devices(1, "1"), Some(vec![1]));
    assert_eq!((devices(2, "1"), devices(0, "2")), (None, None));
    assert_eq!(devices(100_000, "1"), Some(vec![0, 1]));
}
