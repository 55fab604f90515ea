//! What apps can do to an account that is full: a test walks over all commands.

use super::handler;
use super::testing::*;
use crate::hub::testing::{fill, held};
use crate::model::{App, Kind};
use crate::wire::Command;

/// Times are set, so that only what a request brings makes a difference. `@` stands for a long text.
const DASH: &str = r#"{"id":7,"isActive":true,"isShared":true,"createdAt":1700000000000,"updatedAt":1700000000000,
    "devices":[{"id":0,"name":"d","boardType":"NodeMCU","token":"t"},{"id":1,"boardType":"NodeMCU"}],
    "tags":[{"id":100000,"name":"t","deviceIds":[0]}],"widgets":[
    {"type":"NOTIFICATION","id":3},{"type":"REPORT","id":4,"reports":[{"id":1,"name":"r"}]},
    {"type":"TEXT_INPUT","id":5,"pinType":"VIRTUAL","pin":5,"value":"1"},
    {"type":"DEVICE_TILES","id":900,"templates":[{"id":1}]}]}"#;

/// Requests that make an account hold more.
const GROWING: &[(Command, &str)] = &[
    (Command::ADD_PUSH_TOKEN, "7|uid|@"),
    (Command::CREATE_DASH, r#"{"id":8}"#),
    (Command::UPDATE_DASH, r#"{"id":7,"name":"@@@@@@@@@@"}"#),
    (Command::UPDATE_PROJECT_SETTINGS, r#"7|{"name":"@"}"#),
    (Command::CREATE_WIDGET, r#"7|{"type":"LED","id":12,"width":1,"height":1}"#),
    (Command::CREATE_WIDGET, r#"7|900|1|{"type":"LED","id":12,"width":1,"height":1}"#),
    (Command::UPDATE_WIDGET, r#"7|{"type":"TEXT_INPUT","id":5,"width":1,"height":1,"label":"@"}"#),
    (Command::CREATE_TILE_TEMPLATE, r#"7|900|{"id":2}"#),
    (Command::UPDATE_TILE_TEMPLATE, r#"7|900|{"id":1,"name":"@"}"#),
    (Command::UPDATE_TILE_TEMPLATE, r#"7|900|{"id":1,"deviceIds":[0,1]}"#),
    (Command::SET_WIDGET_PROPERTY, "7|5|label|@"),
    (Command::CREATE_DEVICE, r#"7|{"id":2,"boardType":"NodeMCU"}"#),
    (Command::UPDATE_DEVICE, r#"7|{"id":0,"boardType":"NodeMCU","name":"a name that is longer"}"#),
    (Command::REFRESH_TOKEN, "7|1"),
    (Command::CREATE_TAG, r#"7|{"id":100001,"name":"u"}"#),
    (Command::UPDATE_TAG, r#"7|{"id":100000,"name":"t","deviceIds":[0,1]}"#),
    (Command::CREATE_APP, r#"{"theme":"Blynk","provisionType":"STATIC","name":"A","projectIds":[7]}"#),
    (Command::UPDATE_APP, r#"{"id":"mine","theme":"Blynk","provisionType":"STATIC","name":"@","projectIds":[10]}"#),
    (Command::UPDATE_FACE, "7"),
    (Command::HARDWARE, "7|vw|5|@"),
    (Command::HARDWARE, "7-0|vw|6|@"),
    (Command::HARDWARE, "7-100000|vw|6|@"),
    (Command::HARDWARE_RESEND_FROM_BLUETOOTH, "7-0|vw|5|@"),
    (Command::GET_SHARE_TOKEN, "7"),
    (Command::REFRESH_SHARE_TOKEN, "7"),
    (Command::CREATE_REPORT, r#"7|{"id":2,SOURCES}"#),
    (Command::UPDATE_REPORT, r#"7|{"id":1,"name":"@",SOURCES}"#),
];

/// What every report needs.
const SOURCES: &str = r#""reportType":{"type":"ONE_TIME","rangeMillis":86400000},"recipients":"a@b.cc",
    "reportSources":[{"type":"DEVICE","deviceIds":[0],"reportDataStreams":[{"pin":5,"pinType":"VIRTUAL"}]}]"#;

/// Commands that take away, show, or change what has a length of its own: flags, ids, times, energy. The rest makes
/// something else than the account hold more, or asks later: ASSIGN_TOKEN, GET_PROVISION_TOKEN, GET_PROJECT_BY_CLONE_CODE.
const OTHERS: &[Command] = &[
    Command::GET_SERVER,
    Command::LOGIN,
    Command::HARDWARE_LOGIN,
    Command::REGISTER,
    Command::SHARE_LOGIN,
    Command::RESET_PASSWORD,
    Command::PING,
    Command::LOGOUT,
    Command::LOAD_PROFILE_GZIPPED,
    Command::DELETE_DASH,
    Command::DELETE_WIDGET,
    Command::GET_WIDGET,
    Command::DELETE_TILE_TEMPLATE,
    Command::DELETE_DEVICE,
    Command::GET_DEVICES,
    Command::MOBILE_GET_DEVICE,
    Command::ASSIGN_TOKEN,
    Command::GET_PROVISION_TOKEN,
    Command::DELETE_TAG,
    Command::GET_TAGS,
    Command::DELETE_APP,
    Command::GET_CLONE_CODE,
    Command::GET_PROJECT_BY_CLONE_CODE,
    Command::EMAIL_QR,
    Command::GET_PROJECT_BY_TOKEN,
    Command::EMAIL,
    Command::ACTIVATE_DASHBOARD,
    Command::DEACTIVATE_DASHBOARD,
    Command::APP_SYNC,
    Command::SHARING,
    Command::GET_ENERGY,
    Command::ADD_ENERGY,
    Command::REDEEM,
    Command::GET_ENHANCED_GRAPH_DATA,
    Command::DELETE_ENHANCED_GRAPH_DATA,
    Command::EXPORT_GRAPH_DATA,
    Command::DELETE_DEVICE_DATA,
    Command::DELETE_REPORT,
    Command::EXPORT_REPORT,
];

fn account() -> One {
    let mut one = one(DASH);
    let (user, now) = (one.user, one.hub.now());
    let mut face = one.dash().clone();
    (face.id, face.parent_id, face.widgets) = (10, 7, Default::default());
    let account = &mut one.hub.users.get_mut(user).unwrap().user;
    account.profile.dashboards.push(face);
    account.profile.apps.push(App { id: "mine".into(), project_ids: Some(vec![10]), ..App::default() });
    account.last_modified_ts = now;
    // As a dear thing changes it to.
    account.energy = 90_000;
    one
}

#[test]
fn a_full_account_holds_no_more_whatever_is_asked() {
    for &(command, body) in GROWING {
        let body = body.replace('@', &"long ".repeat(50)).replace("SOURCES", SOURCES);
        let mut room = account();
        let before = held(&room.hub, room.user);
        let answers = room.ask(command, &body);
        assert!(held(&room.hub, room.user) > before, "{command} {body}: {answers:?}");
        let mut full = account();
        fill(&mut full.hub, full.user);
        let answers = full.ask(command, &body);
        assert!(held(&full.hub, full.user) <= before, "{command} {body}: {answers:?}");
    }
}

#[test]
fn no_command_was_forgotten() {
    for command in (0..=u8::MAX).filter_map(Command::from_byte).filter(|command| handler(*command).is_some()) {
        let grows = GROWING.iter().any(|(growing, _)| *growing == command);
        assert_ne!(grows, OTHERS.contains(&command), "{command}");
    }
}

#[test]
fn what_replaces_something_longer_always_fits() {
    let mut one = account();
    for (command, long, short) in [
        (Command::UPDATE_PROJECT_SETTINGS, r#"7|{"name":"longer"}"#, r#"7|{"name":"long"}"#),
        (Command::UPDATE_TAG, r#"7|{"id":100000,"name":"longer"}"#, r#"7|{"id":100000,"name":"long"}"#),
        (
            Command::UPDATE_DEVICE,
            r#"7|{"id":0,"boardType":"NodeMCU","name":"longer"}"#,
            r#"7|{"id":0,"boardType":"NodeMCU","name":"long"}"#,
        ),
    ] {
        one.statuses(command, &[(long, 200)]);
        fill(&mut one.hub, one.user);
        one.statuses(command, &[(short, 200), (long, 200), (&long.replace("longer", "longest"), 6)]);
        one.hub.users.get_mut(one.user).unwrap().budget.loaded(0);
    }
}

#[test]
fn what_was_refused_for_something_else_does_not_count() {
    let mut one = account();
    let mut config = (*one.hub.config).clone();
    config.server.user_account_max_size = 64;
    one.hub.config = std::rc::Rc::new(config);
    let long = "n".repeat(10_000);
    for _ in 0..20 {
        one.statuses(Command::UPDATE_TAG, &[(&format!(r#"7|{{"id":100000,"name":"{long}"}}"#), 2)]);
        one.statuses(Command::SET_WIDGET_PROPERTY, &[(&format!("7|5|min|{long}"), 2)]);
    }
    one.statuses(Command::SET_WIDGET_PROPERTY, &[(&format!("7|5|label|{long}"), 200)]);
}

#[test]
fn a_full_account_lets_its_terminal_be_emptied() {
    let mut one = one(r#"{"id":7,"isActive":true,"devices":[{"id":0}],"widgets":[
        {"type":"TERMINAL","id":1,"pinType":"VIRTUAL","pin":1},{"type":"MAP","id":2,"pinType":"VIRTUAL","pin":2},
        {"type":"TABLE","id":3,"pinType":"VIRTUAL","pin":3,"rows":[{"id":1}]}]}"#);
    for body in ["7|vw|1|line", "7|vw|2|1|50.4|30.5|here", "7|vw|3|add|2|n|v"] {
        one.ask(Command::HARDWARE, body);
    }
    let before = held(&one.hub, one.user);
    fill(&mut one.hub, one.user);
    for pin in 1..=3 {
        one.ask(Command::HARDWARE, &format!("7|vw|{pin}|clr"));
    }
    let [terminal, map, table] = &one.dash().widgets[..] else { panic!() };
    let (Kind::Terminal(terminal), Kind::Map(map), Kind::Table(table)) = (&terminal.kind, &map.kind, &table.kind)
    else {
        panic!()
    };
    assert!(terminal.lines.is_empty() && map.lines.is_empty() && table.rows.is_empty());
    assert!(held(&one.hub, one.user) < before);
}
