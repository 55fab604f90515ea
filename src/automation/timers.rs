//! Timers: TIMER widgets, also in templates of tiles, and the timed rules of EVENTOR widgets (spec 07 §1).
//!
//! A time is a second of the day in UTC; a rule's time zone only decides which day of the week it is.

use super::actions::Effect;
use super::agenda::DAY;
use crate::model::widget::{DeviceTiles, Eventor, Rule, Timer, TriggerTime};
use crate::model::{Dashboard, Kind, Profile};
use crate::tz::Rules;

/// Something whose time has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// The devices that are set; with none, the first action that needs one ends the list.
    pub devices: Vec<i32>,
    /// In order.
    pub effects: Vec<Effect<'static>>,
}

enum Entry<'a> {
    /// A timer's value, and whose tiles it sets when it is part of a template.
    Timer(&'a Timer, &'a str, Option<(&'a DeviceTiles, i64)>),
    Rule(&'a Eventor, &'a Rule, &'a TriggerTime),
}

/// Calls `f` with the time of day and the entry of every timer that can ever act.
fn visit<'a>(dash: &'a Dashboard, f: &mut dyn FnMut(u32, Entry<'a>)) {
    let of_day = |time: i32| u32::try_from(time).ok().filter(|time| i64::from(*time) < DAY);
    let mut timer = |timer: &'a Timer, tiles: Option<(&'a DeviceTiles, i64)>| {
        if timer.pin.pin_type.is_none() || u8::try_from(timer.pin.pin).is_err() {
            return;
        }
        for (time, value) in [(timer.start_time, &timer.start_value), (timer.stop_time, &timer.stop_value)] {
            if let Some(time) = of_day(time).filter(|_| !value.is_empty()) {
                f(time, Entry::Timer(timer, value, tiles));
            }
        }
    };
    for widget in &dash.widgets {
        match &widget.kind {
            Kind::Timer(fields) => timer(fields, None),
            Kind::Tiles(tiles) => {
                for template in &tiles.templates {
                    for widget in &template.widgets {
                        if let Kind::Timer(fields) = &widget.kind {
                            timer(fields, Some((tiles, template.id)));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for widget in &dash.widgets {
        let Kind::Eventor(eventor) = &widget.kind else { continue };
        for rule in eventor.rules.iter().filter(|r| r.is_active) {
            let Some(trigger) = rule.trigger_time.as_ref().filter(|t| !t.days.is_empty()) else { continue };
            // The reference dropped a rule whose first action is not valid.
            let is_valid = rule.actions.first().is_some_and(Effect::is_valid);
            if let Some(time) = of_day(trigger.time).filter(|_| is_valid) {
                f(time, Entry::Rule(eventor, rule, trigger));
            }
        }
    }
}

/// The times of day and projects at which the profile has something to do; repeated when there are several things.
pub fn times(profile: &Profile) -> Vec<(u32, i32)> {
    let mut times = Vec::new();
    for dash in &profile.dashboards {
        visit(dash, &mut |time, _| times.push((time, dash.id)));
    }
    times
}

/// What an active project has to do at a Unix second.
pub fn due(dash: &Dashboard, second: i64) -> Vec<Due> {
    let now = super::agenda::second_of_day(second);
    let mut due = Vec::new();
    if !dash.is_active {
        return due;
    }
    visit(dash, &mut |time, entry| {
        if time == now {
            due.extend(entry.due(dash, second));
        }
    });
    due
}

impl Entry<'_> {
    fn due(&self, dash: &Dashboard, second: i64) -> Option<Due> {
        let devices_of = |id| dash.target(id).map_or(Vec::new(), |target| target.write_ids().to_vec());
        match self {
            Entry::Timer(timer, value, tiles) => {
                let devices = match tiles {
                    Some((tiles, template)) => {
                        let tiles = tiles.tiles.iter().filter(|tile| tile.template_id == *template);
                        tiles.map(|tile| tile.device_id).collect()
                    }
                    None => devices_of(timer.pin.device_id),
                };
                let effect = Effect::SetPin {
                    pin_type: timer.pin.pin_type?,
                    // Its own PWM mode never counted.
                    pwm_mode: false,
                    pin: u8::try_from(timer.pin.pin).ok()?,
                    value: (*value).to_owned().into(),
                };
                Some(Due { devices, effects: vec![effect] })
            }
            Entry::Rule(eventor, rule, trigger) => {
                let today = Rules::of(trigger.tz_name.id()).weekday(second.saturating_mul(1000));
                if !trigger.days.contains(&i32::from(today)) {
                    return None;
                }
                let effects = rule.actions.iter().filter_map(|action| Effect::of(action, None));
                let effects = effects.map(Effect::into_owned).collect();
                Some(Due { devices: devices_of(eventor.device_id), effects })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::json::{from_str, ObjectSeed, Reading};

    /// Tuesday, 2023-11-14 00:00 UTC.
    const TUESDAY: i64 = 1_699_920_000;
    const NEVER: [u32; 0] = [];

    fn dash(widgets: &str) -> Dashboard {
        let json = format!(
            r#"{{"id":1,"isActive":true,"devices":[{{"id":0}},{{"id":1}}],
                "tags":[{{"id":100000,"name":"t","deviceIds":[0,1]}}],"widgets":[{widgets}]}}"#
        );
        let cx = Reading::strict();
        from_str(&json, ObjectSeed::new(&cx)).unwrap().unwrap()
    }

    fn times_of(dash: &Dashboard) -> Vec<u32> {
        let mut profile = Profile::default();
        profile.dashboards.push(dash.clone());
        times(&profile).iter().map(|(time, _)| *time).collect()
    }

    fn rule(days: &str, zone: &str) -> Dashboard {
        dash(&format!(
            r#"{{"type":"EVENTOR","id":5,"rules":[{{"isActive":true,
                "triggerTime":{{"id":1,"days":[{days}],"time":82800,"tzName":{zone}}},
                "actions":[{{"type":"NOTIFY","message":"x"}}]}}]}}"#
        ))
    }

    #[test]
    fn which_timers_count() {
        let timer = |fields: &str| {
            let common = r#""type":"TIMER","id":1,"deviceId":0"#;
            times_of(&dash(&format!("{{{common},{fields}}}")))
        };
        let on = r#""startTime":5,"startValue":"1","stopTime":5,"stopValue":"0""#;
        let pin = r#""pin":5,"pinType":"VIRTUAL""#;
        assert_eq!(timer(&format!("{pin},{on}")), [5, 5]);
        assert_eq!(timer(&format!(r#""pin":-1,"pinType":"VIRTUAL",{on}"#)), NEVER);
        assert_eq!(timer(&format!(r#""pin":5,{on}"#)), NEVER);
        assert_eq!(
            timer(&format!(r#"{pin},"startTime":0,"startValue":"","stopTime":86399,"stopValue":"0""#)),
            [86_399]
        );
        assert_eq!(timer(&format!(r#"{pin},"startTime":86400,"startValue":"1","stopTime":-1,"stopValue":"0""#)), NEVER);
    }

    #[test]
    fn which_rules_count() {
        let with = |from: &str, to: &str| {
            let json = r#"{"type":"EVENTOR","id":5,"rules":[{"isActive":true,"triggerTime":{"days":[1],"time":7},
                "actions":[{"type":"NOTIFY","message":"x"},{"type":"NOTIFY"}]}]}"#;
            times_of(&dash(&json.replace(from, to)))
        };
        assert_eq!(with("", ""), [7]);
        assert_eq!(with(r#""isActive":true,"#, ""), NEVER);
        assert_eq!(with("[1]", "[]"), NEVER);
        assert_eq!(with(r#""message":"x""#, r#""message":"""#), NEVER);
        assert_eq!(with(":7", ":-1"), NEVER);
    }

    #[test]
    fn the_zone_decides_the_day() {
        let at = TUESDAY + 82_800;
        let acts = |days: &str, zone: &str| !due(&rule(days, zone), at).is_empty();
        assert!(acts("2", "\"UTC\"") && !acts("1,3,4,5,6,7", "\"UTC\""));
        // 23:00 UTC is Wednesday in Kiev and still Tuesday in New York.
        assert!(acts("3", "\"Europe/Kiev\"") && !acts("2", "\"Europe/Kiev\""));
        assert!(acts("2", "\"America/New_York\""));
        assert!(acts("2", "null") && acts("9,2,-1", "\"Nowhere/Bad\""));
        assert!(due(&rule("2", "null"), at + 1).is_empty());
    }

    #[test]
    fn a_zone_with_daylight_saving_moves_its_days_by_an_hour() {
        // 23:00 UTC in London: Tuesday in winter, Wednesday in summer.
        let london = |days, at| !due(&rule(days, "\"Europe/London\""), at).is_empty();
        assert!(london("2", TUESDAY + 82_800));
        let july = 1_688_425_200; // Monday, 2023-07-03 23:00 UTC
        assert!(london("2", july) && !london("1", july));
    }

    #[test]
    fn targets_of_timers() {
        let timer = r#"{"type":"TIMER","id":1,"deviceId":DEV,"pin":5,"pinType":"DIGITAL","pwmMode":true,
            "startTime":5,"startValue":"1"}"#;
        let devices = |id: &str| due(&dash(&timer.replace("DEV", id)), TUESDAY + 5).remove(0).devices;
        assert_eq!((devices("1"), devices("100000")), (vec![1], vec![0, 1]));
        assert!(devices("7").is_empty() && devices("200000").is_empty());
        let tiles = format!(
            r#"{{"type":"DEVICE_TILES","id":9,"templates":[{{"id":3,"widgets":[{}]}}],
                "tiles":[{{"deviceId":1,"templateId":3}},{{"deviceId":0,"templateId":4}}]}}"#,
            timer.replace("DEV", "-1")
        );
        let due = due(&dash(&tiles), TUESDAY + 5).remove(0);
        assert_eq!(due.devices, [1]);
        let set =
            Effect::SetPin { pin_type: crate::model::PinType::Digital, pwm_mode: false, pin: 5, value: "1".into() };
        assert_eq!(due.effects, [set]);
    }

    #[test]
    fn nothing_is_due_in_a_project_that_is_switched_off() {
        let mut dash = rule("2", "null");
        dash.is_active = false;
        assert!(due(&dash, TUESDAY + 82_800).is_empty());
    }
}
