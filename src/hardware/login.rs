//! LOGIN (2) and HARDWARE_LOGIN (29), body = auth token.
//!
//! * 200, then pin modes as HARDWARE with id 1; HARDWARE_CONNECTED to the apps.
//! * 9: nobody has this token. CONNECT_REDIRECT (41) `<host>\0<port>`: another server has it. 19: the look-up was not
//!   possible. After each of them the device may try again, a few times.
//! * 4: this connection has logged in already; the body is not looked at.

use super::Caller;
use crate::hub::database::NoAnswer;
use crate::hub::{ConnId, DeviceRef, Flow, Handled, Hub, Peer};
use crate::wire::{body, Command, Status};

/// Length of the tokens that servers make, in characters: only such ones are looked up elsewhere.
const TOKEN_LENGTH: usize = 32;
/// A connection is closed after so many refused logins: tokens are not to be guessed.
const FAILURES_MAX: u8 = 10;

/// Handles a login of a connection that has not logged in.
pub fn handle(hub: &mut Hub, conn: ConnId, id: u16, body: &str) -> Flow {
    let token = body.trim_matches(|c| c <= ' ');
    if let Some(device) = find(hub, token) {
        hub.join_hardware(conn, device, id);
        return Flow::Continue;
    }
    if body::utf16_len(token) != TOKEN_LENGTH || token.contains('\0') {
        return refuse(hub, conn, id, token);
    }
    let refused = token.to_owned();
    let looked_up = hub.find_token_host(token, move |hub, host| {
        let still_new = matches!(hub.connections.get(conn).map(|c| c.peer), Some(Peer::New { .. }));
        if !still_new {
            return;
        }
        match host {
            Ok(Some(host)) if *host != *hub.host => redirect(hub, conn, id, &host),
            Ok(_) => {
                if refuse(hub, conn, id, &refused) == Flow::Close {
                    hub.close(conn);
                }
            }
            Err(NoAnswer) => hub.respond(conn, id, Status::ServerError),
        }
    });
    if looked_up.is_err() {
        hub.respond(conn, id, Status::ServerError);
    }
    Flow::Continue
}

/// Handles a login of a connection that has logged in already.
pub fn handle_again(_hub: &mut Hub, _caller: Caller, _id: u16, _body: &str) -> Handled {
    Err(Status::UserAlreadyRegistered)
}

/// The device with this token, if its project and device are there. A promised device joins its project.
fn find(hub: &mut Hub, token: &str) -> Option<DeviceRef> {
    let device = match hub.tokens.device(token) {
        Some(device) => device,
        None => hub.claim_promised(token)?,
    };
    hub.users.dash(device.user, device.dash)?.device(device.device)?;
    Some(device)
}

/// Answers a login with a token that nobody has; the last allowed one ends the connection.
fn refuse(hub: &mut Hub, conn: ConnId, id: u16, token: &str) -> Flow {
    hub.respond(conn, id, Status::InvalidToken);
    let now = hub.now();
    let Some(connection) = hub.connections.get_mut(conn) else { return Flow::Close };
    connection.failures = connection.failures.saturating_add(1);
    hub.refused.add(token, connection.origin.address, now);
    log::debug!("wrong token of a device from {}", connection.origin.address);
    if connection.failures < FAILURES_MAX {
        return Flow::Continue;
    }
    log::debug!("{} failed to log in {FAILURES_MAX} times", connection.origin.address);
    Flow::Close
}

/// Sends the device to another server: with TLS to the port it came to, as port 80 speaks none.
fn redirect(hub: &mut Hub, conn: ConnId, id: u16, host: &str) {
    let Some(connection) = hub.connections.get(conn) else { return };
    let to_80 = hub.config.server.force_port_80_for_redirect && !connection.origin.tls;
    let port = if to_80 { 80 } else { connection.origin.port };
    let text = format!("{host}\0{port}");
    hub.answer(conn, Command::CONNECT_REDIRECT, id, body::ascii(&text).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::testing::{World, TOKEN};
    use crate::hub::testing::{connect, fill, sent, START};
    use crate::hub::tokens::Provisional;
    use crate::hub::Framing;
    use crate::model::enums::DeviceStatus;
    use crate::model::Device;

    const LOGIN: Command = Command::HARDWARE_LOGIN;

    fn login(w: &mut World, command: Command, id: u16, token: &str) -> (Flow, Vec<String>) {
        let (conn, outbox) = connect(&mut w.hub, Framing::Hardware);
        let flow = w.send_on(conn, command, id, token);
        (flow, sent(&outbox))
    }

    #[test]
    fn wrong_tokens_and_then_the_right_one() {
        let mut w = World::new();
        let (conn, outbox) = connect(&mut w.hub, Framing::Hardware);
        for token in ["x-of-device-3-aaaaaaaaaaaaaaaaaaa", &TOKEN[1..], &format!("{TOKEN}a"), "", &TOKEN.to_uppercase()]
        {
            assert_eq!(w.send_on(conn, LOGIN, 1, token), Flow::Continue);
            assert_eq!(sent(&outbox), ["= 1 9"]);
        }
        assert_eq!(w.send_on(conn, LOGIN, 2, &format!(" {TOKEN}|\r\n")), Flow::Continue);
        assert_eq!(sent(&outbox), ["= 2 200"]);
    }

    #[test]
    fn guessing_is_ended() {
        let mut w = World::new();
        let (conn, outbox) = connect(&mut w.hub, Framing::Hardware);
        for n in 1..=FAILURES_MAX {
            let flow = w.send_on(conn, LOGIN, 1, if n % 2 == 0 { "" } else { "x-of-device-3-aaaaaaaaaaaaaaaaaa" });
            assert_eq!(flow == Flow::Close || outbox.is_closing(), n == FAILURES_MAX, "{n}");
            assert_eq!(sent(&outbox), ["= 1 9"]);
        }
    }

    #[test]
    fn the_apps_hear_of_it_with_the_logins_id() {
        let mut w = World::new();
        assert_eq!(login(&mut w, LOGIN, 77, TOKEN).1, ["= 77 200"]);
        assert_eq!(w.told(), ["4 77 17-3"]);
        assert_eq!(login(&mut w, Command::LOGIN, 78, TOKEN).1, ["= 78 200"]);
        assert_eq!(w.told(), ["4 78 17-3"]);
    }

    #[test]
    fn pin_modes_have_id_1_and_need_an_active_project() {
        let mut w = World::with(
            r#"{"type":"BUTTON","id":1,"deviceId":3,"pinType":"DIGITAL","pin":5},
               {"type":"BUTTON","id":2,"deviceId":4,"pinType":"DIGITAL","pin":6},
               {"type":"GAUGE","id":3,"deviceId":3,"pinType":"ANALOG","pin":3}"#,
        );
        assert_eq!(login(&mut w, LOGIN, 9, TOKEN).1, ["= 9 200", "20 1 pm|5|out|3|in"]);
        w.dash().is_active = false;
        w.quiet();
        assert_eq!(login(&mut w, LOGIN, 9, TOKEN).1, ["= 9 200"]);
        assert_eq!(w.told(), ["4 9 17-3"]);
    }

    #[test]
    fn a_second_login_is_refused() {
        let mut w = World::new();
        assert_eq!(w.send(LOGIN, 5, ""), ["= 5 4"]);
        assert_eq!(w.send(Command::LOGIN, 6, TOKEN), ["= 6 4"]);
        assert_eq!(w.told(), [""; 0]);
    }

    #[test]
    fn the_device_remembers_its_login() {
        let mut w = World::new();
        let device = w.dash().device(3).unwrap().clone();
        assert_eq!((device.status, device.connect_time), (DeviceStatus::Online, START));
        assert_eq!(device.first_connect_time, START);
        crate::hub::testing::advance(&mut w.hub, 5000);
        login(&mut w, LOGIN, 1, TOKEN);
        let device = w.dash().device(3).unwrap();
        assert_eq!((device.connect_time, device.first_connect_time), (START + 5000, START));
        let stored = w.hub.config.server.allow_store_ip;
        assert_eq!(w.dash().device(3).unwrap().last_logged_ip.to_string() == "127.0.0.1", stored);
    }

    #[test]
    fn a_promised_device_joins_its_project() {
        let mut w = World::new();
        let token = "promised-token-aaaaaaaaaaaaaaaaa";
        let device = Device { id: 7, token: token.into(), ..Device::default() };
        w.hub.tokens.promise(token, Provisional { user: w.user, dash: 17, device, made_at: 0 });
        fill(&mut w.hub, w.user);
        assert_eq!(login(&mut w, LOGIN, 3, token).1, ["= 3 9"], "there is no room for it");
        w.hub.users.get_mut(w.user).unwrap().budget.loaded(0);
        assert_eq!(login(&mut w, LOGIN, 3, token).1, ["= 3 200"]);
        assert_eq!(w.told(), ["4 3 17-7"]);
        assert_eq!(w.dash().devices.len(), 3);
        assert_eq!(w.unsaved(), crate::hub::Unsaved::Changes);
        assert_eq!(login(&mut w, LOGIN, 3, token).1, ["= 3 200"]);
        assert_eq!(w.dash().devices.len(), 3);
    }

    #[test]
    fn a_promise_for_a_project_that_is_gone_is_worth_nothing() {
        let mut w = World::new();
        let token = "promised-token-aaaaaaaaaaaaaaaaa";
        let device = Device { id: 7, token: token.into(), ..Device::default() };
        w.hub.tokens.promise(token, Provisional { user: w.user, dash: 18, device, made_at: 0 });
        assert_eq!(login(&mut w, LOGIN, 3, token).1, ["= 3 9"]);
        // A device that got the id meanwhile takes over the token.
        let device = Device { id: 4, token: token.into(), ..Device::default() };
        w.hub.tokens.promise(token, Provisional { user: w.user, dash: 17, device, made_at: 0 });
        assert_eq!(login(&mut w, LOGIN, 3, token).1, ["= 3 200"]);
        assert_eq!(w.dash().devices.len(), 2);
        assert_eq!(w.dash().device(4).unwrap().token, token);
    }

    #[test]
    fn redirects_name_host_and_port() {
        let mut w = World::new();
        let (conn, outbox) = connect(&mut w.hub, Framing::Hardware);
        redirect(&mut w.hub, conn, 1, "10.0.0.7");
        let port = if w.hub.config.server.force_port_80_for_redirect { 80 } else { 8080 };
        assert_eq!(sent(&outbox), [format!("41 1 10.0.0.7|{port}")]);
        w.hub.connections.get_mut(conn).unwrap().origin.tls = true;
        redirect(&mut w.hub, conn, 1, "10.0.0.7");
        assert_eq!(sent(&outbox), ["41 1 10.0.0.7|8080"]);
    }
}
