//! PING (6), LOGOUT (66), ADD_PUSH_TOKEN (27). Spec 02 §5.

use super::request::{part, take_in};
use super::Caller;
use crate::hub::{AppOs, Handled, Hub, Reply};
use crate::model::weight::text_weight;
use crate::wire::body::{parse_int32, split3};
use crate::wire::Status;

/// Most phones of one kind that a widget knows; the first one makes room.
const PHONES_MAX: usize = 100;
/// Longest installation id and push token, bytes.
const TOKEN_MAX: usize = 4096;

/// PING. Body ignored, answer 200.
pub fn ping(_: &mut Hub, _: Caller, _: &str) -> Handled {
    Ok(Reply::OK)
}

/// LOGOUT. Body: empty, or the installation id of the app. Answer 200, then the id's push tokens are forgotten in all
/// projects (all tokens without an id), then close. Guests lose only their own token in their own project.
pub fn logout(hub: &mut Hub, caller: Caller, uid: &str) -> Handled {
    hub.respond(caller.conn, caller.id, Status::Ok);
    let guest_of = caller.login.guest_of;
    let mut changed = false;
    if let Some(profile) = hub.users.profile_mut(caller.user()).filter(|_| guest_of.is_none() || !uid.is_empty()) {
        for dash in profile.dashboards.iter_mut().filter(|d| guest_of.is_none_or(|own| own == d.id)) {
            let Some(widget) = dash.notification_mut() else { continue };
            for tokens in [&mut widget.android_tokens.0, &mut widget.ios_tokens.0] {
                let before = tokens.len();
                tokens.retain(|known, _| !uid.is_empty() && known != uid);
                changed |= tokens.len() != before;
            }
        }
    }
    if changed {
        hub.user_changed(caller.user());
    }
    Ok(Reply::Close)
}

/// ADD_PUSH_TOKEN. Body `dash\0uid\0token`; the token is stored for the system that the app named at login, and nowhere
/// for other systems. Answer 200. Errors: fewer than three parts or an unknown project 2; no NOTIFICATION widget 6.
pub fn add_push_token(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let (dash, uid, token) = split3(body);
    let (uid, token) = (part(uid)?, part(token)?);
    let dash_id = parse_int32(dash)?;
    caller.dash(hub, dash_id)?.notification().ok_or(Status::NotAllowed)?;
    if uid.len() > TOKEN_MAX || token.len() > TOKEN_MAX {
        return Err(Status::NotAllowed);
    }
    let of_android = match caller.login.os {
        AppOs::Android => true,
        AppOs::Ios => false,
        AppOs::Other => return Ok(Reply::OK),
    };
    take_in(hub, &caller, text_weight(uid) + text_weight(token))?;
    let widget = part(caller.dash_mut(hub, dash_id)?.notification_mut())?;
    let tokens = if of_android { &mut widget.android_tokens.0 } else { &mut widget.ios_tokens.0 };
    tokens.insert(uid.to_owned(), token.to_owned());
    if tokens.len() > PHONES_MAX {
        tokens.shift_remove_index(0);
    }
    hub.dash_changed(caller.user(), dash_id);
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::*;
    use crate::hub::testing::{guest, sent, user};
    use crate::hub::{Flow, Peer};
    use crate::model::{Dashboard, Kind};
    use crate::wire::Command;

    const DASH: &str = r#"{"id":1,"widgets":[{"type":"NOTIFICATION","id":3,"androidTokens":{"old":"o"}}]}"#;

    fn phones(one: &One) -> (Vec<String>, Vec<String>) {
        let Kind::Notification(widget) = &one.dash().widgets[0].kind else { panic!() };
        let list = |map: &crate::model::storage::StringMap| map.0.iter().map(|(k, v)| format!("{k}={v}")).collect();
        (list(&widget.android_tokens), list(&widget.ios_tokens))
    }

    #[test]
    fn tokens_are_stored_by_system() {
        let mut one = one(DASH);
        one.statuses(Command::PING, &[("x", 200)]);
        one.statuses(Command::ADD_PUSH_TOKEN, &[("1|u|a|b", 200), ("1|u", 2), ("9|u|t", 2), ("x|u|t", 2)]);
        for (os, uid) in [(AppOs::Ios, "i"), (AppOs::Other, "w")] {
            let Peer::App(login) = &mut one.hub.connections.get_mut(one.conn).unwrap().peer else { panic!() };
            login.os = os;
            one.statuses(Command::ADD_PUSH_TOKEN, &[(&format!("1|{uid}|t"), 200)]);
        }
        assert_eq!(phones(&one), (vec!["old=o".into(), "u=a\0b".into()], vec!["i=t".into()]));
        let other = user(&mut one.hub, "b@b.cc", r#"{"id":1}"#);
        let (conn, outbox) = crate::hub::testing::app(&mut one.hub, other);
        assert_eq!(ask(&mut one.hub, conn, &outbox, Command::ADD_PUSH_TOKEN, "1|u|t"), ["= 5 6"]);
    }

    #[test]
    fn logout_forgets_phones_and_closes() {
        let mut one = one(DASH);
        one.statuses(Command::ADD_PUSH_TOKEN, &[("1|u|t", 200), ("1|v|t", 200)]);
        assert_eq!(send(&mut one.hub, one.conn, Command::LOGOUT, "u"), Flow::Close);
        assert_eq!(sent(&one.outbox), ["= 5 200"]);
        assert_eq!(phones(&one).0, ["old=o", "v=t"]);
        send(&mut one.hub, one.conn, Command::LOGOUT, "");
        assert!(phones(&one).0.is_empty());
    }

    #[test]
    fn a_guest_takes_only_its_own_token_away() {
        let mut one = one(DASH);
        one.hub.users.profile_mut(one.user).unwrap().dashboards.push(Dashboard { id: 2, ..Dashboard::default() });
        let (conn, outbox) = guest(&mut one.hub, one.user, 1);
        let hub = &mut one.hub;
        assert_eq!(ask(hub, conn, &outbox, Command::ADD_PUSH_TOKEN, "2|g|t"), ["= 5 6"]);
        assert_eq!(ask(hub, conn, &outbox, Command::ADD_PUSH_TOKEN, "1|g|t"), ["= 5 200"]);
        assert_eq!(send(hub, conn, Command::LOGOUT, ""), Flow::Close);
        assert_eq!(phones(&one).0, ["old=o", "g=t"]);
        send(&mut one.hub, conn, Command::LOGOUT, "g");
        assert_eq!(phones(&one).0, ["old=o"]);
    }
}
