//! Feeds the profile reader with mutated parts of the example profile, on a stable compiler.
//!
//! `EYELET_FUZZ_RUNS` is the number of executions per target (2,000 by default), `EYELET_FUZZ_SEED` the seed, so that a
//! failure can be repeated.

use eyelet::model::fuzz_targets;
use serde_json::{json, Value};

const FIXTURE: &str = include_str!("data/example-profile.user.json");

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn fixture() -> Value {
    serde_json::from_str(FIXTURE).expect("the fixture is JSON")
}

/// Calls `visit` with every value inside `value`, depth first, until it returns true.
fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Value) -> bool) -> bool {
    if visit(value) {
        return true;
    }
    match value {
        Value::Array(items) => items.iter_mut().any(|item| walk(item, visit)),
        Value::Object(fields) => fields.values_mut().any(|field| walk(field, visit)),
        _ => false,
    }
}

fn odd_value(random: &mut fastrand::Rng, seed: &Value) -> Value {
    let odd = [
        json!(null),
        json!(-1),
        json!(0),
        json!(256),
        json!(32768),
        json!(200000),
        json!(100000),
        json!(2147483648i64),
        json!(1e99),
        json!(-0.5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(true),
        json!(""),
        json!("\u{0}"),
        json!("7"),
        json!(" 1.5 "),
        json!("NaN"),
        json!("Infinity"),
        json!("VIRTUAL"),
        json!("TABS"),
        json!("DEVICE_TILES"),
        json!("TABLE"),
        json!("add\u{0}x\u{0}y\u{0}z"),
        json!("Europe/Kiev"),
        json!([]),
        json!({}),
        json!([null]),
        json!([[]]),
        json!([{}]),
        json!({"type": "BUTTON"}),
        json!({"type": 7}),
        json!({"1-0-v5": {"type": "LCD", "values": [null, 1]}}),
    ];
    if random.u8(..) < 64 {
        seed.clone()
    } else {
        odd[random.usize(..odd.len())].clone()
    }
}

/// A text made out of one of the seeds by a few changes of values and, sometimes, of bytes.
fn mutate(random: &mut fastrand::Rng, seeds: &[Value]) -> Vec<u8> {
    let mut value = seeds[random.usize(..seeds.len())].clone();
    for _ in 0..random.usize(..4) {
        let mut count = 0;
        walk(&mut value, &mut |_| {
            count += 1;
            false
        });
        let mut left = random.usize(..count);
        let other = &seeds[random.usize(..seeds.len())];
        let new = odd_value(random, other);
        walk(&mut value, &mut |place| {
            if left == 0 {
                *place = new.clone();
                return true;
            }
            left -= 1;
            false
        });
    }
    let mut data = value.to_string().into_bytes();
    if random.u8(..) < 64 {
        for _ in 0..random.usize(1..4) {
            if data.is_empty() {
                break;
            }
            let at = random.usize(..data.len());
            match random.u8(..4) {
                0 => data[at] = random.u8(..),
                1 => drop(data.remove(at)),
                2 => data.insert(at, b"{}[],:\"\\0-.en"[random.usize(..13)]),
                _ => data.truncate(at + 1),
            }
        }
    }
    data
}

fn run(name: &str, share: u64, seeds: &[Value], target: fn(&[u8])) {
    let (runs, seed) = (setting("EYELET_FUZZ_RUNS", 2_000) / share, setting("EYELET_FUZZ_SEED", 1));
    let mut random = fastrand::Rng::with_seed(seed);
    for value in seeds {
        target(value.to_string().as_bytes());
    }
    for _ in 0..runs {
        let data = mutate(&mut random, seeds);
        if std::panic::catch_unwind(|| target(&data)).is_err() {
            panic!("{name}, seed {seed}: fails on {}", String::from_utf8_lossy(&data));
        }
    }
}

fn dashboards() -> Vec<Value> {
    fixture()["profile"]["dashBoards"].as_array().expect("dashboards").clone()
}

fn widgets() -> Vec<Value> {
    let mut widgets = Vec::new();
    for mut dash in dashboards() {
        walk(&mut dash, &mut |value| {
            if value.get("type").is_some() && value.get("tabId").is_some() {
                widgets.push(value.clone());
            }
            false
        });
    }
    widgets
}

#[test]
fn widget() {
    run("widget", 1, &widgets(), fuzz_targets::widget);
}

#[test]
fn template() {
    let mut templates = Vec::new();
    for widget in widgets() {
        templates.extend(widget["templates"].as_array().into_iter().flatten().cloned());
    }
    run("template", 1, &templates, fuzz_targets::template);
}

#[test]
fn dashboard() {
    run("dashboard", 10, &dashboards(), fuzz_targets::dashboard);
}

#[test]
fn user_file() {
    run("user_file", 10, &[fixture()], fuzz_targets::user_file);
}

/// Every widget type with any scalar in any of the fields that widgets have.
mod any_widget {
    use super::*;
    use eyelet::model::json::Name;
    use eyelet::model::WidgetType;
    use proptest::prelude::*;

    fn fields() -> Vec<String> {
        let mut names: Vec<String> =
            widgets().iter().filter_map(Value::as_object).flat_map(|w| w.keys().cloned()).collect();
        names.sort();
        names.dedup();
        names.retain(|name| name != "type");
        names
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i32>().prop_map(Value::from),
            any::<i16>().prop_map(Value::from),
            any::<f32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            proptest::collection::vec(any::<String>().prop_map(Value::from), 0..3).prop_map(Value::from),
        ]
    }

    proptest! {
        #[test]
        fn is_refused_or_comes_back(
            kind in 0..WidgetType::NAMES.len(),
            given in proptest::collection::vec((proptest::sample::select(fields()), scalar()), 0..4),
        ) {
            let mut widget = json!({"type": WidgetType::NAMES[kind].0, "width": 1, "height": 1});
            for (name, value) in given {
                widget[name] = value;
            }
            fuzz_targets::widget(widget.to_string().as_bytes());
        }
    }
}
