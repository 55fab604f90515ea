//! CREATE_WIDGET (33), UPDATE_WIDGET (34), DELETE_WIDGET (35), GET_WIDGET (70). Spec 02 §8.1-§8.4.

use super::request::{self, admit, check_size, json_text, part, refused};
use super::Caller;
use crate::hub::{Handled, Hub, Reply};
use crate::model::change_widgets::Place;
use crate::model::json::{to_string, Audience};
use crate::model::price;
use crate::wire::body::{parse_int32, parse_int64, split2, split_all};
use crate::wire::Status;

/// CREATE_WIDGET. Body `dash\0json`, or `dash\0tiles\0template\0json` for a widget of a tile template; answer 200. Errors, in
/// this order: parts missing 2, JSON too long 6, unknown project 2, unreadable 11, no width or height or the id in use
/// 6, unknown tiles widget or template 2, too many widgets 6, too little energy 21, the account is full 6.
pub fn create_widget(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let parts: Vec<&str> = split_all(body).take(5).collect();
    let (dash, place, json) = match parts.as_slice() {
        [dash, tiles, template, json] => (dash, Some((tiles, template)), json),
        [dash, json, ..] => (dash, None, json),
        _ => return Err(Status::IllegalCommand),
    };
    let json = json_text(Some(json))?;
    check_size(json, hub.config.server.user_widget_max_size_limit)?;
    let dash = caller.dash_of(hub, dash)?;
    let place = match place {
        Some((tiles, template)) => Place::Template { tiles: parse_int64(tiles)?, template: parse_int64(template)? },
        None => Place::Project,
    };
    let widget = request::widget(json)?;
    dash.check_new_widget(place, &widget).map_err(refused)?;
    let (dash, now) = (dash.id, hub.now());
    let account = caller.account(hub)?;
    let price = account.price_in(dash, widget.price());
    if !account.can_pay(price) {
        return Err(Status::EnergyLimit);
    }
    admit(hub, &caller, &widget, hub.config.server.user_widget_max_size_limit)?;
    let account = caller.account(hub)?;
    account.profile.create_widget(dash, place, widget, now).map_err(refused)?;
    account.charge(price);
    hub.plan_reports_of(caller.user(), dash);
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

/// UPDATE_WIDGET. Body `dash\0json`, answer 200. Values, push tokens, tiles and reports of the old widget stay. Errors, in
/// this order: parts missing 2, too long 6, unknown project 2, unreadable 11, no width or height 6, unknown id or
/// another type 2, TABS without tabs 11, the account is full 6.
pub fn update_widget(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, json) = split2(body);
    let json = json_text(json)?;
    check_size(json, hub.config.server.user_widget_max_size_limit)?;
    let dash = caller.dash_of(hub, dash)?.id;
    let widget = request::widget(json)?;
    let (limits, now) = (hub.limits(), hub.now());
    caller.dash(hub, dash)?.check_changed_widget(&widget).map_err(refused)?;
    admit(hub, &caller, &widget, hub.config.server.user_widget_max_size_limit)?;
    let account = caller.account(hub)?;
    let gone = account.profile.update_widget(dash, widget, &limits, now).map_err(refused)?;
    account.refund(account.price_in(dash, price::of_widgets(&gone)));
    if !gone.is_empty() {
        hub.plan_reports_of(caller.user(), dash);
    }
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

/// DELETE_WIDGET. Body `dash\0widget`, answer 200. Its energy comes back. Errors: 2.
pub fn delete_widget(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, widget) = ids(body)?;
    let now = hub.now();
    let account = caller.account(hub)?;
    let gone = account.profile.delete_widget(dash, widget, now).map_err(refused)?;
    account.refund(account.price_in(dash, price::of_widgets(&gone)));
    hub.plan_reports_of(caller.user(), dash);
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

/// GET_WIDGET. Body `dash\0widget`, only of the project's own list; answer: JSON without secrets. Errors: 2.
pub fn get_widget(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, widget) = ids(body)?;
    let widget = part(caller.dash(hub, dash)?.widget(widget))?;
    Ok(Reply::Text(to_string(widget, Audience::Restricted)))
}

fn ids(body: &str) -> Result<(i32, i64), Status> {
    let (dash, widget) = split2(body);
    Ok((parse_int32(dash)?, parse_int64(part(widget)?)?))
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::config::Config;
    use crate::model::Kind;
    use crate::wire::Command;
    use std::rc::Rc;

    const TILES: &str = r#"{"id":7,"devices":[{"id":0}],"widgets":[
        {"type":"DEVICE_TILES","id":900,"templates":[{"id":1,"deviceIds":[0]}]},
        {"type":"DEVICE_TILES","id":901,"templates":[{"id":1}]},{"type":"LED","id":5}]}"#;

    #[test]
    fn widgets_are_made_and_paid_for() {
        let mut one = one(TILES);
        let led = r#"{"type":"LED","id":12,"width":1,"height":1}"#;
        let slider = r#"{"type":"SLIDER","id":77,"width":1,"height":1}"#;
        let rows = [
            (format!("7|{led}"), 200),
            (format!("7|{led}"), 6),
            (r#"7|{"type":"LED","id":13,"height":1}"#.into(), 6),
            (r#"7|{"type":"LED","id":13,"width":1"#.into(), 11),
            ("7|null".into(), 11),
            ("7|".into(), 2),
            ("7".into(), 2),
            (format!("8|{led}"), 2),
            (format!("x|{led}"), 2),
            (format!("7|{{{}", "x".repeat(30_000)), 6),
            (format!("7|900|1|{slider}"), 200),
            (format!("7|{slider}"), 6),
            (format!("7|900|9|{}", slider.replace("77", "78")), 2),
            (format!("7|902|1|{}", slider.replace("77", "78")), 2),
            (format!("7|5|1|{}", slider.replace("77", "78")), 2),
        ];
        for (body, status) in rows {
            assert_eq!(one.ask(Command::CREATE_WIDGET, &body), [format!("= 5 {status}")], "{body}");
        }
        assert_eq!(one.energy(), 100_000 - 100 - 200);
        let Kind::Tiles(tiles) = &one.dash().widgets[0].kind else { panic!() };
        assert_eq!(tiles.templates[0].widgets[0].id, 77);
        one.hub.users.get_mut(one.user).unwrap().user.energy = 50;
        one.statuses(Command::CREATE_WIDGET, &[(&format!("7|{}", led.replace("12", "14")), 21)]);
    }

    #[test]
    fn widgets_are_replaced_and_deleted() {
        let mut one = one(TILES);
        one.statuses(Command::CREATE_WIDGET, &[(r#"7|900|1|{"type":"SLIDER","id":77,"width":1,"height":1}"#, 200)]);
        one.statuses(
            Command::UPDATE_WIDGET,
            &[
                (r#"7|{"type":"LED","id":5,"width":1,"height":1,"label":"x"}"#, 200),
                (r#"7|{"type":"SLIDER","id":77,"width":1,"height":1,"label":"y"}"#, 200),
                (r#"7|{"type":"SLIDER","id":5,"width":1,"height":1}"#, 2),
                (r#"7|{"type":"LED","id":6,"width":1,"height":1}"#, 2),
                (r#"8|{"type":"LED","id":5,"width":1,"height":1}"#, 2),
                (r#"7|{"type":"LED","id":5,"height":1}"#, 6),
                ("7|{", 11),
                ("7|", 2),
                ("7", 2),
            ],
        );
        assert_eq!(one.dash().widget(5).unwrap().label, "x");
        assert_eq!(one.dash().find_widget(77).unwrap().label, "y");
        one.statuses(
            Command::DELETE_WIDGET,
            &[("7|77", 200), ("7|77", 2), ("7|5", 200), ("7", 2), ("7|x", 2), ("8|5", 2)],
        );
        assert_eq!(one.energy(), 100_100);
    }

    #[test]
    fn widgets_of_faces_are_free_like_the_faces() {
        let mut one = one(&TILES.replacen("{", r#"{"parentId":5,"#, 1));
        one.statuses(
            Command::CREATE_WIDGET,
            &[
                (r#"7|{"type":"TABLE","id":12,"width":1,"height":1}"#, 200),
                (r#"7|{"type":"REPORT","id":13,"width":1,"height":1}"#, 200),
            ],
        );
        one.statuses(Command::CREATE_TILE_TEMPLATE, &[(r#"7|900|{"id":2,"widgets":[{"type":"TABLE","id":14}]}"#, 200)]);
        one.statuses(Command::DELETE_TILE_TEMPLATE, &[("7|900|2", 200)]);
        one.statuses(Command::DELETE_WIDGET, &[("7|5", 200), ("7|12", 200), ("7|900", 200)]);
        one.statuses(Command::DELETE_DASH, &[("7", 200)]);
        assert_eq!(one.energy(), 100_000);
    }

    #[test]
    fn a_full_account_gets_nothing_more() {
        let mut one = one(TILES);
        let mut config = Config::default();
        config.server.user_account_max_size = 16;
        one.hub.config = Rc::new(config);
        let led =
            |id: i32| format!(r#"7|{{"type":"LED","id":{id},"width":1,"height":1,"label":"{}"}}"#, "n".repeat(9000));
        one.statuses(Command::CREATE_WIDGET, &[(&led(50), 200), (&led(51), 6)]);
        one.statuses(Command::UPDATE_WIDGET, &[(&led(50), 6)]);
        one.statuses(Command::CREATE_DASH, &[(&format!(r#"{{"id":9,"name":"{}"}}"#, "n".repeat(9000)), 6)]);
        let template = format!(r#"7|900|{{"id":2,"deviceIds":{:?},"pin":{{"pin":1}}}}"#, [0; 100]);
        one.statuses(Command::CREATE_TILE_TEMPLATE, &[(&template, 6)]);
        one.statuses(Command::DELETE_WIDGET, &[("7|50", 200)]);
        // What the save of this change would do.
        let account = one.hub.users.get_mut(one.user).unwrap();
        account.budget.loaded(account.user.to_file().len());
        one.statuses(Command::CREATE_WIDGET, &[(&led(51), 200)]);
        assert_eq!(one.energy(), 100_000 - 100);
    }

    #[test]
    fn countless_empty_objects_are_not_stored() {
        let mut one = one(TILES);
        let streams = |n: usize| {
            let list = vec!["{}"; n].join(",");
            format!(r#"7|{{"type":"ENHANCED_GRAPH","id":60,"width":1,"height":1,"dataStreams":[{list}]}}"#)
        };
        one.statuses(Command::CREATE_WIDGET, &[(&streams(3000), 6), (&streams(100), 200)]);
    }

    #[test]
    fn one_widget_is_shown_without_secrets() {
        let mut one = one(r#"{"id":7,"widgets":[{"type":"NOTIFICATION","id":3,"androidTokens":{"u":"t"}},
            {"type":"BUTTON","width":2,"height":1,"id":11,"pinType":"VIRTUAL","pin":4,"label":"Fan"}]}"#);
        let button = concat!(
            r#"70 5 {"type":"BUTTON","id":11,"x":0,"y":0,"color":0,"width":2,"height":1,"tabId":0,"label":"Fan","#,
            r#""isDefaultColor":false,"deviceId":0,"pinType":"VIRTUAL","pin":4,"pwmMode":false,"#,
            r#""rangeMappingOn":false,"min":0.0,"max":0.0,"pushMode":false}"#
        );
        assert_eq!(one.ask(Command::GET_WIDGET, "7|11"), [button]);
        assert!(!one.ask(Command::GET_WIDGET, "7|3")[0].contains("androidTokens"));
        one.statuses(Command::GET_WIDGET, &[("7|12", 2), ("8|11", 2), ("7", 2)]);
    }
}
