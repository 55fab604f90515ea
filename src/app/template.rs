//! CREATE_TILE_TEMPLATE (67), UPDATE_TILE_TEMPLATE (68), DELETE_TILE_TEMPLATE (69). Spec 02 §8.5.

use super::request::{self, check_size, json_text, part, refused, tagged, take_in};
use super::Caller;
use crate::hub::{Handled, Hub, Reply};
use crate::model::widget::Template;
use crate::wire::body::{parse_int32, parse_int64, split3};
use crate::wire::Status;

/// Body `dash\0tiles\0json`: the ids and the template.
fn read(hub: &Hub, caller: &Caller, body: &str) -> Result<(i32, i64, Template), Status> {
    let (dash, tiles, json) = split3(body);
    let (tiles, json) = (part(tiles)?, json_text(json)?);
    check_size(json, hub.config.server.user_widget_max_size_limit)?;
    let (dash, tiles) = (caller.dash_of(hub, dash)?, parse_int64(tiles)?);
    part(dash.tiles(tiles))?;
    Ok((dash.id, tiles, tagged(json)?))
}

/// Counts a template and the tiles that it will have, see [`request::admit`].
fn admit(hub: &mut Hub, caller: &Caller, template: &Template) -> Result<(), Status> {
    take_in(hub, caller, template.tiles_weight())?;
    request::admit(hub, caller, template, hub.config.server.user_widget_max_size_limit)
}

/// CREATE_TILE_TEMPLATE. Body `dash\0tiles\0json`, answer 200. Errors: parts or ids unknown 2, too long 6, unreadable 11, the
/// id in use 6, a widget's id in use 6, too many templates, widgets or devices 6, too little energy for its widgets 21, the
/// account is full 6.
pub fn create_template(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash_id, tiles, template) = read(hub, &caller, body)?;
    let now = hub.now();
    caller.dash(hub, dash_id)?.check_new_template(tiles, &template).map_err(refused)?;
    let account = caller.account(hub)?;
    let price = account.price_in(dash_id, template.price());
    if !account.can_pay(price) {
        return Err(Status::EnergyLimit);
    }
    admit(hub, &caller, &template)?;
    let account = caller.account(hub)?;
    account.profile.create_template(dash_id, tiles, template, now).map_err(refused)?;
    account.charge(price);
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

/// UPDATE_TILE_TEMPLATE. Body `dash\0tiles\0json`, answer 200; the stored widgets stay. Errors: parts or ids unknown 2, too
/// long 6, unreadable 11, too many devices or the account is full 6.
pub fn update_template(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, tiles, template) = read(hub, &caller, body)?;
    let now = hub.now();
    let known = caller.dash(hub, dash)?.tiles(tiles).is_some_and(|t| t.templates.iter().any(|t| t.id == template.id));
    part(known.then_some(()))?;
    template.check_devices().map_err(refused)?;
    admit(hub, &caller, &template)?;
    caller.profile(hub)?.update_template(dash, tiles, template, now).map_err(refused)?;
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

/// DELETE_TILE_TEMPLATE. Body `dash\0tiles\0template`, answer 200. The energy of its widgets comes back. Errors: 2.
pub fn delete_template(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, tiles, template) = split3(body);
    let (dash, tiles) = (parse_int32(dash)?, parse_int64(part(tiles)?)?);
    let template = parse_int64(part(template)?)?;
    let now = hub.now();
    let account = caller.account(hub)?;
    let gone = account.profile.delete_template(dash, tiles, template, now).map_err(refused)?;
    account.refund(account.price_in(dash, gone.price()));
    hub.user_changed(caller.user());
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::model::Kind;
    use crate::wire::Command;

    #[test]
    fn templates_and_their_tiles() {
        let mut one = one(
            r#"{"id":7,"devices":[{"id":0},{"id":1}],"widgets":[{"type":"DEVICE_TILES","id":900},{"type":"LED","id":5}]}"#,
        );
        one.statuses(
            Command::CREATE_TILE_TEMPLATE,
            &[
                (r#"7|900|{"id":1,"deviceIds":[0],"pin":{"pin":5,"pinType":"VIRTUAL"}}"#, 200),
                (r#"7|900|{"id":1}"#, 6),
                (r#"7|900|{"id":2,"widgets":[{"type":"TABLE","id":6}]}"#, 200),
                (r#"7|900|{"id":3,"widgets":[{"type":"TABLE","id":6}]}"#, 6),
                ("7|900|{", 11),
                ("7|900|null", 2),
                (r#"7|5|{"id":3}"#, 2),
                (r#"7|901|{"id":3}"#, 2),
                (r#"8|900|{"id":3}"#, 2),
                ("7|900|", 2),
                ("7|900", 2),
                ("7", 2),
            ],
        );
        assert_eq!(one.energy(), 100_000 - 800);
        one.statuses(
            Command::UPDATE_TILE_TEMPLATE,
            &[
                (r#"7|900|{"id":1,"deviceIds":[1,0],"pin":{"pin":5,"pinType":"VIRTUAL"}}"#, 200),
                (r#"7|900|{"id":3}"#, 2),
                ("7|900|", 2),
            ],
        );
        let Kind::Tiles(tiles) = &one.dash().widgets[0].kind else { panic!() };
        assert_eq!(tiles.tiles.iter().map(|t| t.device_id).collect::<Vec<_>>(), [1, 0]);
        one.statuses(
            Command::DELETE_TILE_TEMPLATE,
            &[("7|900|3", 2), ("7|5|1", 2), ("7|900", 2), ("7", 2), ("7|900|2", 200), ("7|900|2", 2)],
        );
        assert_eq!(one.energy(), 100_000);
    }
}
