//! The commands that phone apps and web dashboards send (spec 02): one file per command group, one line per command in
//! [`handler`].

mod activate;
mod clone;
mod dash;
mod device;
mod device_data;
mod energy;
mod exported;
mod face;
mod flashed;
#[doc(hidden)]
pub mod fuzz_targets;
mod get_server;
mod graph;
mod hardware;
mod login;
mod packed;
mod profile;
mod property;
mod published;
mod register;
mod report;
mod request;
mod reset_password;
mod session;
mod share_login;
mod sharing;
mod sync;
mod tag;
mod template;
mod token_mail;
mod widget;

#[cfg(test)]
mod full_account;
#[cfg(test)]
mod testing;

pub use request::{Caller, Stranger};

use crate::hub::{ConnId, Flow, Framing, Handled, Hub, Peer, Reply};
use crate::wire::{body, Command, Message, Status};

/// Handles a command of a connection that is not logged in.
type BeforeLogin = fn(&mut Hub, Stranger, &str) -> Handled;
/// Handles a command of a logged-in app.
type AfterLogin = fn(&mut Hub, Caller, &str) -> Handled;

/// When a command is legal, and who handles it.
#[derive(Clone, Copy)]
enum Handler {
    /// Before login, by phone apps only.
    New(BeforeLogin),
    /// Before login, also by web dashboards.
    NewOrWeb(BeforeLogin),
    /// Before login, and by guests.
    NewOrGuest(BeforeLogin),
    /// By the owner's apps.
    Owner(AfterLogin),
    /// By the owner's apps and by guests.
    Any(AfterLogin),
}

/// The table of commands. Those that are not in it are ignored after login.
fn handler(command: Command) -> Option<Handler> {
    use Handler::{Any, New, NewOrGuest, NewOrWeb, Owner};
    Some(match command {
        Command::GET_SERVER => NewOrWeb(get_server::get_server),
        Command::LOGIN | Command::HARDWARE_LOGIN => NewOrWeb(login::login),
        Command::REGISTER => New(register::register),
        Command::SHARE_LOGIN => New(share_login::share_login),
        Command::RESET_PASSWORD => NewOrGuest(reset_password::reset_password),

        Command::PING => Any(session::ping),
        Command::LOGOUT => Any(session::logout),
        Command::ADD_PUSH_TOKEN => Any(session::add_push_token),
        Command::LOAD_PROFILE_GZIPPED => Any(profile::load_profile),

        Command::CREATE_DASH => Owner(dash::create_dash),
        Command::UPDATE_DASH => Owner(dash::update_dash),
        Command::UPDATE_PROJECT_SETTINGS => Owner(dash::update_settings),
        Command::DELETE_DASH => Owner(dash::delete_dash),

        Command::CREATE_WIDGET => Owner(widget::create_widget),
        Command::UPDATE_WIDGET => Owner(widget::update_widget),
        Command::DELETE_WIDGET => Owner(widget::delete_widget),
        Command::GET_WIDGET => Owner(widget::get_widget),
        Command::CREATE_TILE_TEMPLATE => Owner(template::create_template),
        Command::UPDATE_TILE_TEMPLATE => Owner(template::update_template),
        Command::DELETE_TILE_TEMPLATE => Owner(template::delete_template),
        Command::SET_WIDGET_PROPERTY => Owner(property::set_property),

        Command::CREATE_DEVICE => Owner(device::create_device),
        Command::UPDATE_DEVICE => Owner(device::update_device),
        Command::DELETE_DEVICE => Owner(device::delete_device),
        Command::GET_DEVICES => Any(device::get_devices),
        Command::MOBILE_GET_DEVICE => Owner(device::get_device),
        Command::REFRESH_TOKEN => Owner(device::refresh_token),
        Command::ASSIGN_TOKEN => Owner(flashed::assign_token),
        Command::GET_PROVISION_TOKEN => Owner(device::get_provision_token),

        Command::CREATE_TAG => Owner(tag::create_tag),
        Command::UPDATE_TAG => Owner(tag::update_tag),
        Command::DELETE_TAG => Owner(tag::delete_tag),
        Command::GET_TAGS => Owner(tag::get_tags),

        Command::CREATE_APP => Owner(published::create_app),
        Command::UPDATE_APP => Owner(published::update_app),
        Command::DELETE_APP => Owner(published::delete_app),
        Command::UPDATE_FACE => Owner(face::update_face),
        Command::GET_CLONE_CODE => Owner(clone::get_clone_code),
        Command::GET_PROJECT_BY_CLONE_CODE => Owner(clone::get_project_by_clone_code),
        Command::EMAIL_QR => Owner(flashed::email_qr),
        Command::GET_PROJECT_BY_TOKEN => Owner(flashed::get_project_by_token),
        Command::EMAIL => Owner(token_mail::email),

        Command::HARDWARE => Any(hardware::write),
        Command::HARDWARE_RESEND_FROM_BLUETOOTH => Owner(hardware::resend_from_bluetooth),
        Command::ACTIVATE_DASHBOARD => Owner(activate::activate),
        Command::DEACTIVATE_DASHBOARD => Owner(activate::deactivate),
        Command::APP_SYNC => Any(sync::app_sync),

        Command::SHARING => Owner(sharing::sharing),
        Command::GET_SHARE_TOKEN => Owner(sharing::get_share_token),
        Command::REFRESH_SHARE_TOKEN => Owner(sharing::refresh_share_token),
        Command::GET_ENERGY => Owner(energy::get_energy),
        Command::ADD_ENERGY => Owner(energy::add_energy),
        Command::REDEEM => Owner(energy::redeem),

        Command::GET_ENHANCED_GRAPH_DATA => Any(graph::get_graph_data),
        Command::DELETE_ENHANCED_GRAPH_DATA => Owner(graph::delete_graph_data),
        Command::EXPORT_GRAPH_DATA => Owner(graph::export_graph_data),
        Command::DELETE_DEVICE_DATA => Any(device_data::delete_device_data),
        Command::CREATE_REPORT => Owner(report::create_report),
        Command::UPDATE_REPORT => Owner(report::update_report),
        Command::DELETE_REPORT => Owner(report::delete_report),
        Command::EXPORT_REPORT => Owner(report::export_report),
        _ => return None,
    })
}

/// Whether a request looks at everything that the account holds.
fn goes_through_all(command: Command) -> bool {
    matches!(
        command,
        Command::LOAD_PROFILE_GZIPPED
            | Command::APP_SYNC
            | Command::ACTIVATE_DASHBOARD
            | Command::GET_CLONE_CODE
            | Command::UPDATE_FACE
    )
}

/// Handles one message of an app connection.
pub fn dispatch(hub: &mut Hub, conn: ConnId, message: Message<'_>) -> Flow {
    let Some(connection) = hub.connections.get(conn) else { return Flow::Close };
    let (peer, address, framing) = (connection.peer, connection.origin.address, connection.outbox.framing());
    hub.stats.count(message.command);
    hub.stats.apps = hub.stats.apps.wrapping_add(1);

    let Message { command, id, body } = message;
    if matches!(peer, Peer::App(login) if !hub.may_work(login, body.len(), goes_through_all(command))) {
        hub.respond(conn, id, Status::QuotaLimit);
        return Flow::Continue;
    }
    let text = body::text(body);
    let handled = match (peer, handler(command)) {
        (Peer::New { registered }, row) => {
            let stranger = Stranger { conn, id, address, registered };
            match row {
                Some(Handler::NewOrWeb(handle)) => handle(hub, stranger, &text),
                Some(Handler::New(handle) | Handler::NewOrGuest(handle)) if framing != Framing::AppWebSocket => {
                    handle(hub, stranger, &text)
                }
                // The web dashboard makes no accounts; a phone app that asks for one is told so.
                _ if command == Command::REGISTER => {
                    hub.respond(conn, id, Status::NotAllowed);
                    Ok(Reply::Close)
                }
                _ => Ok(Reply::Close),
            }
        }
        (Peer::App(login), Some(Handler::Any(handle))) => handle(hub, Caller { conn, id, login }, &text),
        (Peer::App(login), Some(Handler::Owner(handle))) if login.guest_of.is_none() => {
            handle(hub, Caller { conn, id, login }, &text)
        }
        (Peer::App(login), Some(Handler::NewOrGuest(handle))) if login.guest_of.is_some() => {
            handle(hub, Stranger { conn, id, address, registered: false }, &text)
        }
        (Peer::App(_), _) => Ok(Reply::None),
        // A device does not speak the app protocol.
        (Peer::Hardware(_), _) => Ok(Reply::Close),
    };
    if let Peer::App(login) = peer {
        hub.end_request(login.user, handled.is_err());
    }
    reply(hub, conn, command, id, handled)
}

/// Answers a request whose work a worker did.
fn reply_later(hub: &mut Hub, caller: Caller, command: Command, handled: Handled) {
    reply(hub, caller.conn, command, caller.id, handled);
}

fn reply(hub: &mut Hub, conn: ConnId, command: Command, id: u16, handled: Handled) -> Flow {
    match handled {
        Ok(Reply::None) => {}
        Ok(Reply::Status(status)) | Err(status) => hub.respond(conn, id, status),
        Ok(Reply::Text(text)) => hub.answer(conn, command, id, text.as_bytes()),
        Ok(Reply::Packed(json)) => packed::answer(hub, conn, command, id, json),
        Ok(Reply::Close) => return Flow::Close,
    }
    match hub.connections.get(conn) {
        Some(connection) if !connection.outbox.is_closing() => Flow::Continue,
        _ => Flow::Close,
    }
}

#[cfg(test)]
mod tests {
    use super::testing::*;
    use super::*;
    use crate::hub::testing::{advance, connect, guest, hub, sent, user};

    #[test]
    fn strangers_may_only_log_in() {
        let mut hub = hub();
        for command in [Command::PING, Command::RESPONSE, Command::GET_ENERGY, Command::from_byte(5).unwrap()] {
            let (conn, outbox) = connect(&mut hub, Framing::App);
            assert_eq!(send(&mut hub, conn, command, ""), Flow::Close, "{command}");
            assert!(sent(&outbox).is_empty());
        }
        let (conn, outbox) = connect(&mut hub, Framing::App);
        assert_eq!(send(&mut hub, conn, Command::HARDWARE_LOGIN, "a"), Flow::Continue);
        assert_eq!(sent(&outbox), ["= 5 2"]);
    }

    #[test]
    fn web_dashboards_may_only_log_in_and_ask_for_their_server() {
        let mut hub = hub();
        for (command, flow, answers) in [
            (Command::REGISTER, Flow::Close, 1),
            (Command::SHARE_LOGIN, Flow::Close, 0),
            (Command::RESET_PASSWORD, Flow::Close, 0),
            (Command::LOGIN, Flow::Continue, 1),
            (Command::GET_SERVER, Flow::Continue, 1),
        ] {
            let (conn, outbox) = connect(&mut hub, Framing::AppWebSocket);
            assert_eq!(send(&mut hub, conn, command, "a"), flow, "{command}");
            assert_eq!(outbox.waiting() > 0, answers == 1, "{command}");
        }
    }

    #[test]
    fn login_commands_after_login_and_retired_ones_are_ignored() {
        let mut hub = hub();
        let user = user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        let (conn, outbox) = crate::hub::testing::app(&mut hub, user);
        for byte in [0, 1, 2, 5, 10, 14, 17, 29, 32, 40, 41, 52, 64, 71, 72, 73, 75, 81, 82, 99] {
            let command = Command::from_byte(byte).unwrap();
            assert_eq!(send(&mut hub, conn, command, "x"), Flow::Continue);
            assert!(sent(&outbox).is_empty(), "{command}");
        }
    }

    #[test]
    fn an_app_that_makes_too_much_work_is_told_to_wait() {
        let mut one = one(&format!(r#"{{"id":1,"name":"{}"}}"#, "n".repeat(1024 * 1024)));
        let mut answers = Vec::new();
        while answers.len() < 200 && answers.last().is_none_or(|last| last != "= 5 1") {
            answers.push(one.ask(Command::APP_SYNC, "1").remove(0));
        }
        assert!((50..70).contains(&answers.len()), "{}", answers.len());
        one.statuses(Command::PING, &[("", 1)]);
        advance(&mut one.hub, 1000);
        one.statuses(Command::APP_SYNC, &[("1", 200)]);
    }

    #[test]
    fn guests_may_do_little() {
        let mut hub = hub();
        let user = user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        let (conn, outbox) = guest(&mut hub, user, 1);
        for command in (0..100).filter_map(Command::from_byte) {
            let answers = matches!(handler(command), Some(Handler::Any(_) | Handler::NewOrGuest(_)));
            if command != Command::LOGOUT {
                assert_eq!(send(&mut hub, conn, command, ""), Flow::Continue);
                assert_eq!(!sent(&outbox).is_empty(), answers, "{command}");
            }
        }
    }
}
