//! REGISTER (1): makes an account.
//!
//! Body `email\0hash\0app`. Answer 200. Errors, in this order: a second registration on the connection 6 and close; too
//! many attempts on the server in this hour 6; fewer than three parts, a bad mail address or app name 2; the account
//! exists 4. Spec 02 §4.2.

use super::get_server::APP_NAME_MAX;
use super::request::part;
use super::Stranger;
use crate::hub::{Handled, Hub, Peer, Reply};
use crate::model::{User, MAIN_APP};
use crate::notify::address;
use crate::wire::body::{split3, utf16_len};
use crate::wire::Status;

/// Length of the window in which attempts are counted, ms.
const WINDOW: u64 = 3_600_000;

/// Longest password hash, bytes. Apps send 44.
pub const HASH_MAX: usize = 1024;

/// See the module.
pub fn register(hub: &mut Hub, caller: Stranger, body: &str) -> Handled {
    if caller.registered {
        hub.respond(caller.conn, caller.id, Status::NotAllowed);
        return Ok(Reply::Close);
    }
    count_attempt(hub)?;
    let (email, hash, app_name) = split3(body);
    let (hash, app_name) = (part(hash)?, part(app_name)?);
    let email = email.trim().to_lowercase();
    if !address::is_valid(&email) || email.contains(['/', '\\']) || !is_app_name(app_name) || hash.len() > HASH_MAX {
        return Err(Status::IllegalCommand);
    }
    if hub.users.find(&email, app_name).is_some() {
        return Err(Status::UserAlreadyRegistered);
    }

    let server = &hub.config.server;
    let user = User {
        name: email.clone(),
        email: email.clone(),
        app_name: app_name.to_owned(),
        region: server.region.clone(),
        ip: hub.host.to_string(),
        pass: Some(hash.to_owned()),
        energy: server.initial_energy,
        ..User::default()
    };
    let user = hub.add_user(user);
    hub.user_changed(user);
    log::info!("{email} ({app_name}) registered.");
    hub.stats.registrations = hub.stats.registrations.wrapping_add(1);
    if app_name == MAIN_APP {
        let mail = hub.texts.welcome(&email);
        let sent = hub.jobs.mail(mail, move |_, result| {
            if let Err(error) = result {
                log::warn!("{email}: the welcome mail was not sent: {error}");
            }
        });
        if sent.is_err() {
            log::warn!("a welcome mail was not sent: too many mails wait");
        }
    } else {
        super::exported::fill(hub, user, app_name);
    }
    if let Some(connection) = hub.connections.get_mut(caller.conn) {
        connection.peer = Peer::New { registered: true };
    }
    Ok(Reply::OK)
}

/// Every attempt counts, valid or not; one more than the limit is let through.
fn count_attempt(hub: &mut Hub) -> Result<(), Status> {
    let (ticks, limit) = (hub.ticks(), hub.config.server.hourly_registrations_limit);
    let (count, since) = &mut hub.registrations;
    if ticks.saturating_sub(*since) >= WINDOW {
        (*count, *since) = (0, ticks);
    }
    if *count > limit {
        return Err(Status::NotAllowed);
    }
    *count = count.saturating_add(1);
    Ok(())
}

/// App names become part of file names, as addresses do.
fn is_app_name(name: &str) -> bool {
    (1..=APP_NAME_MAX).contains(&utf16_len(name)) && !name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{ask, send};
    use crate::config::Config;
    use crate::hub::testing::{advance, connect, hub, sent};
    use crate::hub::{Flow, Framing, Job, Unsaved};
    use crate::wire::Command;
    use std::rc::Rc;

    fn register(hub: &mut Hub, body: &str) -> Vec<String> {
        let (conn, outbox) = connect(hub, Framing::App);
        ask(hub, conn, &outbox, Command::REGISTER, body)
    }

    #[test]
    fn an_account_is_made_once_per_app() {
        let mut hub = hub();
        assert_eq!(register(&mut hub, " X@Y.com |h|Blynk"), ["= 5 200"]);
        let id = hub.users.find("x@y.com", "Blynk").unwrap();
        let user = &hub.users.get(id).unwrap().user;
        assert_eq!((user.name.as_str(), user.pass.as_deref(), user.energy), ("x@y.com", Some("h"), 100_000));
        let jobs = hub.jobs.take_kept();
        assert!(matches!(&jobs[0].1, Job::Mail(mail, _) if mail.subject == "Get started with Blynk"));
        assert_eq!(hub.users.take_unsaved(Unsaved::Changes), [id]);
        assert_eq!(register(&mut hub, "x@y.com|h|Blynk"), ["= 5 4"]);
        assert_eq!(register(&mut hub, "x@y.com|h|Other"), ["= 5 200"]);
        assert!(hub.jobs.take_kept().is_empty());
    }

    #[test]
    fn bad_requests() {
        let mut hub = hub();
        for email in ["", "a/b@y.com", "xy.com", "x@y", "x@y.c?m", ".x@y.com", "x@y.com."] {
            assert_eq!(register(&mut hub, &format!("{email}|h|Blynk")), ["= 5 2"], "{email}");
        }
        assert_eq!(register(&mut hub, "x@y.com|h"), ["= 5 2"]);
        for app in ["", "a/b", "a\\b", "../x", "a\nb", &"n".repeat(101)] {
            assert_eq!(register(&mut hub, &format!("x@y.com|h|{app}")), ["= 5 2"], "{app}");
        }
    }

    #[test]
    fn a_second_account_on_a_connection_closes_it() {
        let mut hub = hub();
        let (conn, outbox) = connect(&mut hub, Framing::App);
        assert_eq!(send(&mut hub, conn, Command::REGISTER, "x@y.com|h|Blynk"), Flow::Continue);
        assert_eq!(send(&mut hub, conn, Command::REGISTER, "z@y.com|h|Blynk"), Flow::Close);
        assert_eq!(sent(&outbox), ["= 5 200", "= 5 6"]);
        assert_eq!(hub.users.len(), 1);
    }

    #[test]
    fn attempts_per_hour_are_limited() {
        let mut hub = hub();
        let mut config = Config::default();
        config.server.hourly_registrations_limit = 2;
        hub.config = Rc::new(config);
        for answer in ["= 5 2", "= 5 2", "= 5 2", "= 5 6"] {
            assert_eq!(register(&mut hub, "nobody"), [answer]);
        }
        advance(&mut hub, 3_600_000);
        assert_eq!(register(&mut hub, "x@y.com|h|Blynk"), ["= 5 200"]);
    }
}
