//! RESET_PASSWORD (81): a new password by mail.
//!
//! `start\0email\0app`: mails a token; 200 after the mail server took the mail. Errors: fewer parts, a bad address or an
//! unknown user 2; a token waits already 6; the mail failed 19. `verify\0token`: 200, unknown 6. `reset\0token\0hash`:
//! sets the password, 200; unknown 6, the user is gone 19. Too many failures from the address 1. Spec 02 §4.5.

use super::register::HASH_MAX;
use super::Stranger;
use crate::hub::tokens::new_token;
use crate::hub::{Handled, Hub, Reply};
use crate::notify::address;
use crate::wire::body::split_all;
use crate::wire::Status;

/// See the module.
pub fn reset_password(hub: &mut Hub, caller: Stranger, body: &str) -> Handled {
    let ticks = hub.ticks();
    if !hub.attempts.allows(caller.address, ticks) {
        return Err(Status::QuotaLimit);
    }
    let parts: Vec<&str> = split_all(body).take(4).collect();
    let handled = match parts.as_slice() {
        ["start", email, app_name, ..] => start(hub, caller, email, app_name),
        ["verify", token, ..] => find(hub, token).map(|_| Reply::OK),
        ["reset", token, hash, ..] => reset(hub, token, hash),
        _ => Err(Status::IllegalCommand),
    };
    if handled == Err(Status::NotAllowed) {
        // A guessed token, or a mail bomb.
        hub.attempts.failed(caller.address, ticks);
    }
    handled
}

fn start(hub: &mut Hub, caller: Stranger, email: &str, app_name: &str) -> Handled {
    let email = email.trim().to_lowercase();
    if !address::is_valid(&email) || hub.users.find(&email, app_name).is_none() {
        return Err(Status::IllegalCommand);
    }
    let ticks = hub.ticks();
    if hub.reset_tokens.has(&email, app_name, ticks) {
        return Err(Status::NotAllowed);
    }
    log::info!("{email} ({app_name}) asks for a new password.");
    let token = new_token();
    let mail = hub.texts.reset_by_app(&email, app_name, &hub.config.server.restore_host, &token);
    hub.reset_tokens.add(&token, &email, app_name, ticks);
    let (Stranger { conn, id, .. }, sent_token) = (caller, token.clone());
    let queued = hub.jobs.mail(mail, move |hub, result| match result {
        Ok(()) => hub.respond(conn, id, Status::Ok),
        Err(error) => {
            log::warn!("{email}: the mail for a new password was not sent: {error}");
            hub.reset_tokens.remove(&sent_token);
            hub.respond(conn, id, Status::ServerError);
        }
    });
    if queued.is_err() {
        hub.reset_tokens.remove(&token);
        return Err(Status::ServerError);
    }
    Ok(Reply::None)
}

fn find(hub: &mut Hub, token: &str) -> Result<(String, String), Status> {
    let ticks = hub.ticks();
    let reset = hub.reset_tokens.get(token, ticks).ok_or(Status::NotAllowed)?;
    Ok((reset.email.clone(), reset.app_name.clone()))
}

fn reset(hub: &mut Hub, token: &str, hash: &str) -> Handled {
    let (email, app_name) = find(hub, token)?;
    if hash.len() > HASH_MAX {
        return Err(Status::IllegalCommand);
    }
    let user = hub.users.find(&email, &app_name).ok_or(Status::ServerError)?;
    if let Some(account) = hub.users.get_mut(user) {
        account.user.pass = Some(hash.to_owned());
    }
    hub.user_changed(user);
    hub.reset_tokens.remove(token);
    log::info!("{email}: new password");
    let queued = hub.jobs.mail(hub.texts.reset_done(&email), move |_, result| {
        if let Err(error) = result {
            log::warn!("{email}: the confirmation of a new password was not sent: {error}");
        }
    });
    if queued.is_err() {
        log::warn!("a confirmation of a new password was not sent: too many mails wait");
    }
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::ask;
    use crate::hub::testing::{connect, guest, hub, sent, user};
    use crate::hub::{Framing, Job};
    use crate::notify::mail::AttachmentData;
    use crate::wire::Command;

    /// Lets the mail that waits go well or not; the token of its picture.
    fn mailed(hub: &mut Hub, result: Result<(), String>) -> Option<String> {
        let (_, Job::Mail(mail, then)) = hub.jobs.take_kept().pop().unwrap() else { panic!() };
        then(hub, result);
        let AttachmentData::QrJpeg { text, .. } = &mail.attachments.first()?.data else { panic!() };
        Some(text.split("token=").nth(1)?.split('&').next()?.to_owned())
    }

    #[test]
    fn a_password_is_reset_by_mail() {
        let mut hub = hub();
        let id = user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        let (conn, outbox) = connect(&mut hub, Framing::App);
        let ask = |hub: &mut Hub, body: &str| ask(hub, conn, &outbox, Command::RESET_PASSWORD, body);
        assert!(ask(&mut hub, "start| A@b.cc|Blynk").is_empty());
        assert_eq!(ask(&mut hub, "start|a@b.cc|Blynk"), ["= 5 6"]);
        let token = mailed(&mut hub, Ok(())).unwrap();
        assert_eq!(sent(&outbox), ["= 5 200"]);
        for _ in 0..2 {
            assert_eq!(ask(&mut hub, &format!("verify|{token}")), ["= 5 200"]);
        }
        for (body, status) in [
            ("verify|x", 6),
            ("verify", 2),
            ("reset|x|h", 6),
            ("reset|x", 2),
            ("start|a@b.cc", 2),
            ("start|x@b.cc|Blynk", 2),
            ("start|x@y|Blynk", 2),
            ("start|a@b.cc|Other", 2),
            ("undo|x", 2),
            ("|", 2),
            ("", 2),
        ] {
            assert_eq!(ask(&mut hub, body), [format!("= 5 {status}")], "{body}");
        }
        assert_eq!(ask(&mut hub, &format!("reset|{token}|new")), ["= 5 200"]);
        assert_eq!(hub.users.get(id).unwrap().user.pass.as_deref(), Some("new"));
        assert_eq!(mailed(&mut hub, Ok(())), None);
        assert_eq!(ask(&mut hub, &format!("verify|{token}")), ["= 5 6"]);
    }

    #[test]
    fn a_failed_mail_can_be_tried_again() {
        let mut hub = hub();
        let owner = user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        let (conn, outbox) = guest(&mut hub, owner, 1);
        for _ in 0..2 {
            assert!(ask(&mut hub, conn, &outbox, Command::RESET_PASSWORD, "start|a@b.cc|Blynk").is_empty());
            mailed(&mut hub, Err("no".into()));
            assert_eq!(sent(&outbox), ["= 5 19"]);
        }
    }
}
