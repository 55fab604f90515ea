//! SHARE_LOGIN (32): a guest of one project logs in with its share token.
//!
//! Body `email\0token[\0os\0version[\0…]]`; the mail address is the owner's. Answer 200. Errors: one part 2; an unknown
//! token, another owner or a project that is not shared 6; too many failures from the address 1. Spec 02 §4.6.

use super::login::{make_room, parse_os, parse_version};
use super::Stranger;
use crate::hub::{AppLogin, AppOs, Handled, Hub, Reply};
use crate::wire::body::split_all;
use crate::wire::Status;

/// See the module.
pub fn share_login(hub: &mut Hub, caller: Stranger, body: &str) -> Handled {
    let parts: Vec<&str> = split_all(body).take(4).collect();
    let [email, token, rest @ ..] = parts.as_slice() else { return Err(Status::IllegalCommand) };
    let ticks = hub.ticks();
    if !hub.attempts.allows(caller.address, ticks) {
        return Err(Status::QuotaLimit);
    }
    let owner = hub
        .tokens
        .shared(token)
        .filter(|(user, _)| hub.users.get(*user).is_some_and(|account| account.user.email == email.to_lowercase()));
    let Some((user, dash)) = owner else {
        hub.attempts.failed(caller.address, ticks);
        log::warn!("wrong share token from {}", caller.address);
        return Err(Status::NotAllowed);
    };
    if !hub.users.dash(user, dash).is_some_and(|dash| dash.is_shared) {
        return Err(Status::NotAllowed);
    }
    let (os, version) = match rest {
        [os, version] => (parse_os(os), parse_version(version)),
        _ => (AppOs::Other, 0),
    };
    make_room(hub, user, true);
    hub.join_app(caller.conn, AppLogin { user, guest_of: Some(dash), os, version }, caller.id);
    Ok(Reply::None)
}

#[cfg(test)]
mod tests {
    use crate::app::testing::ask;
    use crate::hub::testing::{connect, hub, user};
    use crate::hub::{Framing, Peer};
    use crate::wire::Command;

    #[test]
    fn the_token_and_its_owner_must_fit() {
        let mut hub = hub();
        let owner = user(&mut hub, "a@b.cc", r#"{"id":7,"isShared":true,"sharedToken":"t"}"#);
        let (conn, outbox) = connect(&mut hub, Framing::App);
        for (body, status) in [("a@b.cc", 2), ("a@b.cc|x", 6), ("b@b.cc|t", 6), (" a@b.cc|t", 6)] {
            assert_eq!(ask(&mut hub, conn, &outbox, Command::SHARE_LOGIN, body), [format!("= 5 {status}")]);
        }
        hub.users.dash_mut(owner, 7).unwrap().is_shared = false;
        assert_eq!(ask(&mut hub, conn, &outbox, Command::SHARE_LOGIN, "a@b.cc|t"), ["= 5 6"]);
        hub.users.dash_mut(owner, 7).unwrap().is_shared = true;
        assert_eq!(ask(&mut hub, conn, &outbox, Command::SHARE_LOGIN, "A@b.cc|t|iOS|2.4.1|x|y"), ["= 5 200"]);
        let Peer::App(login) = hub.connections.get(conn).unwrap().peer else { panic!() };
        assert_eq!((login.user, login.guest_of, login.version), (owner, Some(7), 20401));
        assert_eq!(hub.users.get(owner).unwrap().user.last_logged_at, 0);
    }
}
