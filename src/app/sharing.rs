//! SHARING (26), GET_SHARE_TOKEN (30), REFRESH_SHARE_TOKEN (31): letting guests into a project. Spec 02 §12.

use super::request::{part, take_in};
use super::Caller;
use crate::hub::tokens::new_token;
use crate::hub::{ConnId, Handled, Hub, Peer, Reply};
use crate::model::price;
use crate::wire::body::{parse_int32, split_all};
use crate::wire::{Command, Status};

/// SHARING. Body `dash\0on`, anything else than `on` is off; answer 200, other apps get the same message. Guests stay, but
/// while it is off they cannot write. Errors: 2.
pub fn sharing(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let mut parts = split_all(body);
    let (dash, state) = (part(parts.next())?, part(parts.next())?);
    let dash = parse_int32(dash)?;
    caller.dash_mut(hub, dash)?.is_shared = state == "on";
    hub.dash_changed(caller.user(), dash);
    hub.to_other_apps(caller.conn, caller.user(), dash, Command::SHARING, caller.id, body);
    Ok(Reply::OK)
}

/// GET_SHARE_TOKEN. Body `dash`, answer: the token, which is bought at the first time. Errors: not a number 6, unknown project
/// 2, too little energy 21, the account is full 6.
pub fn get_share_token(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let dash = dash_id(body)?;
    let known = &caller.dash(hub, dash)?.shared_token;
    if !known.is_empty() {
        return Ok(Reply::Text(known.clone()));
    }
    let account = caller.account(hub)?;
    if !account.can_pay(price::SHARE_TOKEN) {
        return Err(Status::EnergyLimit);
    }
    let token = new_token();
    take_in(hub, &caller, token.len())?;
    caller.account(hub)?.charge(price::SHARE_TOKEN);
    set_token(hub, &caller, dash, token)
}

/// REFRESH_SHARE_TOKEN. Body `dash`, answer: a new token. Guests are told 6 with this request's id and closed. Errors: not a
/// number 6, unknown project 2, the first one of a full account 6.
pub fn refresh_share_token(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, token) = (dash_id(body)?, new_token());
    if caller.dash(hub, dash)?.shared_token.is_empty() {
        take_in(hub, &caller, token.len())?;
    }
    let old = std::mem::take(&mut caller.dash_mut(hub, dash)?.shared_token);
    hub.tokens.remove_shared(&old, caller.user(), dash);
    for conn in guests_of(hub, &caller, dash) {
        hub.respond(conn, caller.id, Status::NotAllowed);
        hub.close(conn);
    }
    set_token(hub, &caller, dash, token)
}

fn dash_id(body: &str) -> Result<i32, Status> {
    parse_int32(body).map_err(|_| Status::NotAllowed)
}

fn set_token(hub: &mut Hub, caller: &Caller, dash: i32, token: String) -> Handled {
    caller.dash_mut(hub, dash)?.shared_token.clone_from(&token);
    hub.tokens.set_shared(&token, caller.user(), dash);
    hub.user_changed(caller.user());
    hub.dash_changed(caller.user(), dash);
    Ok(Reply::Text(token))
}

fn guests_of(hub: &Hub, caller: &Caller, dash: i32) -> Vec<ConnId> {
    let apps = hub.users.get(caller.user()).map_or(&[][..], |account| &account.apps);
    let is_guest = |conn: &ConnId| matches!(hub.connections.get(*conn).map(|c| c.peer), Some(Peer::App(app)) if app.guest_of == Some(dash));
    apps.iter().copied().filter(is_guest).collect()
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::hub::testing::{app, guest, sent};
    use crate::wire::Command;

    #[test]
    fn sharing_is_switched_and_echoed() {
        let mut one = one(r#"{"id":7}"#);
        let (_, second) = app(&mut one.hub, one.user);
        let (_, shared) = guest(&mut one.hub, one.user, 7);
        let (_, foreign) = guest(&mut one.hub, one.user, 8);
        one.statuses(Command::SHARING, &[("7|on", 200), ("7", 2), ("9|on", 2), ("x|on", 2), ("", 2)]);
        assert!(one.dash().is_shared);
        assert_eq!((sent(&second), sent(&shared)), (vec!["26 5 7|on".to_owned()], vec!["26 5 7|on".to_owned()]));
        one.statuses(Command::SHARING, &[("7|off", 200)]);
        assert!(!one.dash().is_shared && sent(&foreign).is_empty());
    }

    #[test]
    fn a_token_is_bought_once_and_refreshed_for_nothing() {
        let mut one = one(r#"{"id":7}"#);
        let (_, shared) = guest(&mut one.hub, one.user, 7);
        let (_, foreign) = guest(&mut one.hub, one.user, 8);
        let first = one.ask(Command::GET_SHARE_TOKEN, "7").remove(0);
        assert_eq!(one.ask(Command::GET_SHARE_TOKEN, "7"), std::slice::from_ref(&first));
        let token = first.strip_prefix("30 5 ").unwrap();
        assert_eq!(one.hub.tokens.shared(token), Some((one.user, 7)));
        assert_eq!(one.energy(), 99_000);
        let second = one.ask(Command::REFRESH_SHARE_TOKEN, "7").remove(0);
        assert_ne!(second.strip_prefix("31 5 ").unwrap(), token);
        assert!(one.hub.tokens.shared(token).is_none() && one.energy() == 99_000);
        assert!(shared.is_closing() && !foreign.is_closing());
        assert_eq!((sent(&shared), sent(&foreign).len()), (vec!["= 5 6".to_owned()], 0));
        one.statuses(Command::GET_SHARE_TOKEN, &[("9", 2), ("x", 6)]);
        one.statuses(Command::REFRESH_SHARE_TOKEN, &[("9", 2), ("x", 6)]);
        one.hub.users.dash_mut(one.user, 7).unwrap().shared_token.clear();
        one.hub.users.get_mut(one.user).unwrap().user.energy = 999;
        one.statuses(Command::GET_SHARE_TOKEN, &[("7", 21)]);
    }
}
