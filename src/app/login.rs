//! LOGIN (2): an app logs in with the hash of its user's password.
//!
//! Body `email\0hash[\0os\0version[\0app]]`, more parts are ignored. Answer 200, then OUTDATED_APP_NOTIFICATION for
//! version 1.1.1. Errors: one part 2, no such user 3, no password 22, wrong hash 5, too many failures from the address
//! 1. A fifth part `facebook` asks for a login through Facebook, which is refused with 6. Spec 02 §4.4.

use super::Stranger;
use crate::hub::{AppLogin, AppOs, Handled, Hub, Peer, Reply, Unsaved, UserId};
use crate::model::{LoggedAddress, MAIN_APP};
use crate::wire::body::split_all;
use crate::wire::{Command, Status};

/// The version that is told to be too old: a hook for tests of apps.
const OUTDATED: i32 = 10101;
const OUTDATED_TEXT: &str = "Your app is outdated. Please update it to the latest version. Thank you!";
/// Most apps of one account at the same time, and most guests. The oldest one makes room.
pub const APPS_MAX: usize = 50;

/// See the module.
pub fn login(hub: &mut Hub, caller: Stranger, body: &str) -> Handled {
    let parts: Vec<&str> = split_all(body).take(5).collect();
    let [email, hash, rest @ ..] = parts.as_slice() else { return Err(Status::IllegalCommand) };
    let ticks = hub.ticks();
    if !hub.attempts.allows(caller.address, ticks) {
        return Err(Status::QuotaLimit);
    }
    let app_name = rest.get(2).copied().unwrap_or(MAIN_APP);
    let (os, version) = match rest {
        [os, version, ..] => (parse_os(os), parse_version(version)),
        _ => (AppOs::Other, 0),
    };
    if app_name == "facebook" {
        return Err(Status::NotAllowed);
    }
    let found = hub.users.find(&email.to_lowercase(), app_name).and_then(|id| Some((id, hub.users.get(id)?)));
    let Some((user, account)) = found else {
        hub.attempts.failed(caller.address, ticks);
        log::warn!("login of an unknown user from {}", caller.address);
        return Err(Status::UserNotRegistered);
    };
    let Some(pass) = &account.user.pass else { return Err(Status::FacebookUserLoginWithPass) };
    if !same_secret(pass, hash) {
        hub.attempts.failed(caller.address, ticks);
        log::warn!("{}: wrong password from {}", account.user.email, caller.address);
        return Err(Status::UserNotAuthenticated);
    }

    let now = hub.now();
    let region = hub.config.server.region.clone();
    let store_ip = hub.config.server.allow_store_ip;
    if let Some(account) = hub.users.get_mut(user) {
        if account.user.region.is_empty() {
            account.user.region = region;
        }
        if store_ip {
            account.user.last_logged_ip = LoggedAddress::Ip(caller.address);
        }
        account.user.last_logged_at = now;
        // The file of an account that nobody changes stays as it is.
        if account.written_at.is_some() {
            hub.users.mark(user, Unsaved::Presence);
        }
    }
    let shown = rest.get(..2).unwrap_or_default().join("-");
    log::info!("{} {app_name}-app ({shown}) joined.", email.to_lowercase());
    make_room(hub, user, false);
    hub.join_app(caller.conn, AppLogin { user, guest_of: None, os, version }, caller.id);
    if version == OUTDATED {
        hub.push(caller.conn, Command::OUTDATED_APP_NOTIFICATION, caller.id, OUTDATED_TEXT);
    }
    Ok(Reply::None)
}

/// Closes the account's oldest app, or its oldest guest, when there are as many as one account may have.
pub fn make_room(hub: &mut Hub, user: UserId, guests: bool) {
    let apps = hub.users.get(user).map_or(&[][..], |account| &account.apps);
    let mut same_kind = apps.iter().copied().filter(|conn| {
        let Some(connection) = hub.connections.get(*conn) else { return false };
        let is_guest = matches!(connection.peer, Peer::App(app) if app.guest_of.is_some());
        is_guest == guests && !connection.outbox.is_closing()
    });
    let oldest = same_kind.next();
    if let (Some(oldest), true) = (oldest, same_kind.count() + 1 >= APPS_MAX) {
        hub.close(oldest);
    }
}

/// The operating system that an app names, in any case.
pub fn parse_os(text: &str) -> AppOs {
    if text.eq_ignore_ascii_case("android") {
        AppOs::Android
    } else if text.eq_ignore_ascii_case("ios") {
        AppOs::Ios
    } else {
        AppOs::Other
    }
}

/// `a.b.c` as a·10000+b·100+c; anything else is 0.
pub fn parse_version(text: &str) -> i32 {
    let mut numbers = text.split('.').map(|n| n.parse::<i32>().ok());
    match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
        (Some(Some(a)), Some(Some(b)), Some(Some(c)), None) => {
            a.wrapping_mul(10_000).wrapping_add(b.wrapping_mul(100)).wrapping_add(c)
        }
        _ => 0,
    }
}

/// Compares secrets by their digests: how long it takes says nothing about where they differ.
pub fn same_secret(a: &str, b: &str) -> bool {
    use ring::digest::{digest, SHA256};
    digest(&SHA256, a.as_bytes()).as_ref() == digest(&SHA256, b.as_bytes()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::ask;
    use crate::hub::testing::{connect, guest, hub, sent, user, START};
    use crate::hub::Framing;

    #[test]
    fn versions_and_systems() {
        assert_eq!(parse_version("2.27.34"), 22734);
        for bad in ["", "1.1", "1.1.1.1", "a.b.c", "2.27.x"] {
            assert_eq!(parse_version(bad), 0, "{bad}");
        }
        assert_eq!((parse_os("ANDROID"), parse_os("iOS"), parse_os("Web")), (AppOs::Android, AppOs::Ios, AppOs::Other));
        assert!(same_secret("abc", "abc") && !same_secret("abc", "abd") && !same_secret("", "a"));
    }

    #[test]
    fn forms_and_errors() {
        let mut hub = hub();
        let id = user(&mut hub, "ann@b.cc", r#"{"id":1}"#);
        hub.users.get_mut(id).unwrap().user.pass = Some("h".into());
        let (conn, outbox) = connect(&mut hub, Framing::App);
        for (body, status) in [
            ("", 2),
            ("ann@b.cc", 2),
            (" ann@b.cc|h", 3),
            ("ann@b.cc|H", 5),
            ("bob@b.cc|h", 3),
            ("ann@b.cc|h|a|b|Other", 3),
            ("ann@b.cc|h|a|b|facebook", 6),
        ] {
            assert_eq!(ask(&mut hub, conn, &outbox, Command::LOGIN, body), [format!("= 5 {status}")], "{body}");
        }
        for rest in ["", "|Android", "|iOS|2.1.0", "|Android|2.27.18|", "|Android|2.27.18|Blynk", "|a|b|Blynk|more"] {
            let (conn, outbox) = connect(&mut hub, Framing::App);
            let body = format!("Ann@B.cc|h{rest}");
            assert_eq!(ask(&mut hub, conn, &outbox, Command::LOGIN, &body), ["= 5 200"], "{body}");
            assert!(matches!(hub.connections.get(conn).unwrap().peer, Peer::App(a) if a.user == id));
            assert_eq!(ask(&mut hub, conn, &outbox, Command::LOGIN, &body), [""; 0]);
        }
        let account = hub.users.get(id).unwrap();
        assert_eq!((account.user.last_logged_at, account.apps.len()), (START, 6));
    }

    #[test]
    fn a_user_without_password_and_an_old_app() {
        let mut hub = hub();
        let id = user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        let (conn, outbox) = connect(&mut hub, Framing::App);
        assert_eq!(ask(&mut hub, conn, &outbox, Command::LOGIN, "a@b.cc|h"), ["= 5 22"]);
        hub.users.get_mut(id).unwrap().user.pass = Some("h".into());
        let answers = ask(&mut hub, conn, &outbox, Command::LOGIN, "a@b.cc|h|Android|1.1.1");
        assert_eq!(answers[0], "= 5 200");
        assert!(answers[1].starts_with("72 5 Your app"));
    }

    #[test]
    fn the_oldest_app_makes_room() {
        let mut hub = hub();
        let id = user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        hub.users.get_mut(id).unwrap().user.pass = Some("h".into());
        let (_, shared) = guest(&mut hub, id, 1);
        let mut outboxes = Vec::new();
        for _ in 0..51 {
            let (conn, outbox) = connect(&mut hub, Framing::App);
            ask(&mut hub, conn, &outbox, Command::LOGIN, "a@b.cc|h");
            outboxes.push(outbox);
        }
        assert!(outboxes[0].is_closing() && !outboxes[1].is_closing() && !shared.is_closing());
    }

    #[test]
    fn guessing_is_slowed_down() {
        let mut hub = hub();
        user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        let (conn, outbox) = connect(&mut hub, Framing::App);
        for _ in 0..100 {
            ask(&mut hub, conn, &outbox, Command::LOGIN, "who@b.cc|h");
        }
        assert_eq!(ask(&mut hub, conn, &outbox, Command::LOGIN, "a@b.cc|h"), ["= 5 1"]);
        sent(&outbox);
    }
}
