//! Feeds the handlers of every app command that carries JSON with mutated bodies, on a stable compiler.
//!
//! `EYELET_FUZZ_RUNS` is the number of executions per command (3,000 by default), `EYELET_FUZZ_SEED` the seed, so that a
//! failure can be repeated. Long runs: `EYELET_FUZZ_RUNS=5000000 cargo test --profile fuzz --test fuzz_app -- --nocapture`.

mod common {
    pub mod json_spans;
}

use common::json_spans::Text;
use eyelet::app::fuzz_targets::{World, APP_ID, COMMANDS};
use eyelet::wire::Command;
use serde_json::{json, Value};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Instant;

const USER_FILE: &str = include_str!("data/example-profile.user.json");
/// After so many executions what is stored is checked, and a new world begins: what was made in this one makes later
/// messages slower.
const WORLD: u64 = 200;
/// What may stand in place of any value.
const ODD: &[&str] = &[
    "null",
    "-1",
    "0",
    "1",
    "7",
    "256",
    "32768",
    "100000",
    "200000",
    "2147483647",
    "2147483648",
    "-9223372036854775808",
    "18446744073709551615",
    "1e99",
    "-0.5",
    "true",
    "\"\"",
    "\"\\u0000\"",
    "\"7\"",
    "\" 1.5 \"",
    "\"NaN\"",
    "\"Infinity\"",
    "\"VIRTUAL\"",
    "\"TABS\"",
    "\"DEVICE_TILES\"",
    "\"TABLE\"",
    "\"REPORT\"",
    "\"Europe/Kiev\"",
    "\"\u{1F600}\\ud83d\"",
    "[]",
    "{}",
    "[null]",
    "[[]]",
    "[{}]",
    "{\"type\":\"BUTTON\"}",
    "{\"type\":7}",
    "{\"1-0-v5\":{\"type\":\"LCD\",\"values\":[null,1]}}",
];

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Bodies of one command: what stands before the JSON, with `|` for NUL, and the JSON texts.
struct Bodies {
    prefixes: Vec<String>,
    texts: Vec<Text>,
}

impl Bodies {
    fn new(prefixes: &[&str], values: &[Value]) -> Bodies {
        let texts = values.iter().map(|value| Text::new(&value.to_string())).collect();
        Bodies { prefixes: prefixes.iter().map(|prefix| prefix.replace('|', "\0")).collect(), texts }
    }

    /// Makes the next body.
    fn mutate(&self, random: &mut fastrand::Rng, data: &mut Vec<u8>) {
        data.clear();
        data.extend_from_slice(self.prefixes[random.usize(..self.prefixes.len())].as_bytes());
        let text = &self.texts[random.usize(..self.texts.len())];
        // Some values are replaced by odd ones, or by values of another text.
        let mut places: Vec<usize> = (0..random.usize(..4)).map(|_| random.usize(..text.values.len())).collect();
        places.sort_unstable();
        let (bytes, mut from) = (text.text.as_bytes(), 0);
        for place in places.into_iter().map(|n| text.values[n].clone()) {
            if place.start < from {
                continue;
            }
            data.extend_from_slice(&bytes[from..place.start]);
            if random.u8(..) < 96 {
                let other = &self.texts[random.usize(..self.texts.len())];
                data.extend_from_slice(other.text[other.values[random.usize(..other.values.len())].clone()].as_bytes());
            } else {
                data.extend_from_slice(ODD[random.usize(..ODD.len())].as_bytes());
            }
            from = place.end;
        }
        data.extend_from_slice(&bytes[from..]);
        if random.u8(..) < 64 {
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..data.len());
                match random.u8(..6) {
                    0 => data[at] = random.u8(..),
                    1 => drop(data.remove(at)),
                    2 => data.insert(at, b"{}[],:\"\\0-.en"[random.usize(..13)]),
                    3 => data.insert(at, 0),
                    4 if random.bool() => data.truncate(at + 1),
                    _ => data[at] = b'0' + random.u8(..10),
                }
                if data.is_empty() {
                    break;
                }
            }
        }
    }
}

/// The parts of the example profile that commands carry.
struct Parts {
    projects: Vec<Value>,
    settings: Vec<Value>,
    widgets: Vec<Value>,
    templates: Vec<Value>,
    devices: Vec<Value>,
    tags: Vec<Value>,
    reports: Vec<Value>,
}

fn items(value: &Value) -> impl Iterator<Item = Value> + '_ {
    value.as_array().into_iter().flatten().cloned()
}

fn parts() -> Parts {
    let fixture: Value = serde_json::from_str(USER_FILE).expect("the fixture is JSON");
    let mut settings = fixture["profile"]["dashBoards"][0].clone();
    let fields = settings.as_object_mut().expect("a project");
    let take = |fields: &mut serde_json::Map<String, Value>, name| fields.remove(name).unwrap_or_default();
    let (widgets, devices, tags) = (take(fields, "widgets"), take(fields, "devices"), take(fields, "tags"));
    let widgets: Vec<Value> = items(&widgets).collect();
    let templates: Vec<Value> = widgets.iter().flat_map(|widget| items(&widget["templates"])).collect();
    let reports: Vec<Value> = widgets.iter().flat_map(|widget| items(&widget["reports"])).collect();
    assert!(!templates.is_empty() && !reports.is_empty());
    // Whole projects are small ones: a few widgets each, so that there is time for many.
    let projects = widgets.chunks(2).map(|widgets| {
        let mut project = settings.clone();
        (project["widgets"], project["devices"], project["tags"]) = (json!(widgets), devices.clone(), tags.clone());
        project
    });
    Parts {
        projects: projects.collect(),
        settings: vec![settings.clone(), json!({"id": 1, "name": "x"})],
        templates,
        reports,
        devices: items(&devices).collect(),
        tags: items(&tags).collect(),
        widgets,
    }
}

/// The values with other ids.
fn renumbered(values: &[Value], first: i64) -> Vec<Value> {
    let mut values = values.to_vec();
    for (n, value) in (0..).zip(&mut values) {
        value["id"] = json!(first + n);
    }
    values
}

fn bodies(command: Command) -> Bodies {
    let parts = parts();
    let both = |old: &[Value], first| [old.to_vec(), renumbered(old, first)].concat();
    let app = json!({"id": APP_ID, "theme": "Blynk", "provisionType": "STATIC", "name": "A", "color": -1,
        "isMultiFace": true, "projectIds": [1, 2]});
    match command {
        Command::CREATE_DASH => Bodies::new(&["", "no_token|"], &renumbered(&parts.projects, 10)),
        Command::UPDATE_DASH => Bodies::new(&[""], &parts.projects),
        Command::UPDATE_PROJECT_SETTINGS => Bodies::new(&[""], &parts.settings),
        Command::CREATE_WIDGET => Bodies::new(&["1|", "2|", "1|60|1|", "1|60|2|"], &renumbered(&parts.widgets, 1000)),
        Command::UPDATE_WIDGET => Bodies::new(&["1|", "1|", "2|"], &parts.widgets),
        Command::CREATE_TILE_TEMPLATE => Bodies::new(&["1|60|"], &renumbered(&parts.templates, 10)),
        Command::UPDATE_TILE_TEMPLATE => Bodies::new(&["1|60|"], &parts.templates),
        Command::CREATE_DEVICE | Command::GET_PROVISION_TOKEN => {
            Bodies::new(&["1|", "2|"], &renumbered(&parts.devices, 10))
        }
        Command::UPDATE_DEVICE => Bodies::new(&["1|", "2|"], &both(&parts.devices, 10)),
        Command::CREATE_TAG => Bodies::new(&["1|", "2|"], &both(&parts.tags, 100_010)),
        Command::UPDATE_TAG => Bodies::new(&["1|"], &parts.tags),
        Command::CREATE_APP | Command::UPDATE_APP => {
            Bodies::new(&[""], &[app, json!({"id": APP_ID, "name": "B", "projectIds": []})])
        }
        Command::CREATE_REPORT => Bodies::new(&["1|"], &both(&parts.reports, 10)),
        Command::UPDATE_REPORT => Bodies::new(&["1|"], &parts.reports),
        other => panic!("no bodies for {other}"),
    }
}

fn run(command: Command) {
    let (runs, seed) = (setting("EYELET_FUZZ_RUNS", 3_000), setting("EYELET_FUZZ_SEED", 1));
    let mut random = fastrand::Rng::with_seed(seed);
    let (bodies, account) = (bodies(command), World::account(USER_FILE));
    let (mut world, mut data, start) = (World::new(account.clone()), Vec::new(), Instant::now());
    for n in 0..runs {
        bodies.mutate(&mut random, &mut data);
        let id = random.u16(1..);
        let result = catch_unwind(AssertUnwindSafe(|| {
            world.send(command, id, &data);
            if n % WORLD == WORLD - 1 {
                world.check();
                world = World::new(account.clone());
            }
        }));
        if result.is_err() {
            panic!("{command}, seed {seed}, execution {n}: fails on {:?}", data.escape_ascii().to_string());
        }
    }
    println!("{command}: {runs} executions in {:.1} s", start.elapsed().as_secs_f32());
}

macro_rules! commands {
    ($($name:ident $command:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            run(Command::$command);
        })*

        #[test]
        fn every_command_has_a_test() {
            assert_eq!([$(Command::$command),*], COMMANDS);
        }
    };
}

commands! {
    create_dash CREATE_DASH,
    update_dash UPDATE_DASH,
    update_project_settings UPDATE_PROJECT_SETTINGS,
    create_widget CREATE_WIDGET,
    update_widget UPDATE_WIDGET,
    create_tile_template CREATE_TILE_TEMPLATE,
    update_tile_template UPDATE_TILE_TEMPLATE,
    create_device CREATE_DEVICE,
    update_device UPDATE_DEVICE,
    get_provision_token GET_PROVISION_TOKEN,
    create_tag CREATE_TAG,
    update_tag UPDATE_TAG,
    create_app CREATE_APP,
    update_app UPDATE_APP,
    create_report CREATE_REPORT,
    update_report UPDATE_REPORT,
}
