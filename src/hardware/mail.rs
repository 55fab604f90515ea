//! EMAIL (13), `<to>\0<subject>\0<text>` or `<subject>\0<text>`.
//!
//! In this order: 6 no EMAIL widget, or the project is inactive; 2 empty; 1 more than 100 mails in the account's running
//! 24 hours; 2 fewer than two parts; 1 too soon after the last one of this connection; 2 no valid receiver (the interval
//! has begun all the same). Then the mail is sent in the background: 200 when it was, 15 when that failed; no reply when
//! too many mails wait.
//!
//! The widget's own address wins over the device's. Four and more parts count as `<subject>\0<text>`, as they always did.

use super::Caller;
use crate::hub::{Handled, Hub, Reply};
use crate::model::enums::ContentType;
use crate::notify::address;
use crate::notify::mail::Mail;
use crate::wire::{body, Status};

/// Handles EMAIL.
pub fn handle(hub: &mut Hub, caller: Caller, id: u16, text: &str) -> Handled {
    let device = caller.device;
    let dash = hub.users.dash(device.user, device.dash).ok_or(Status::NotAllowed)?;
    let widget = dash.email().filter(|_| dash.is_active).cloned().ok_or(Status::NotAllowed)?;
    let device_name = dash.device(device.device).map(|d| d.name.clone()).unwrap_or_default();
    if text.is_empty() {
        return Err(Status::IllegalCommand);
    }
    if !hub.may_mail(device.user) {
        return Err(Status::QuotaLimit);
    }
    let owner = hub.users.get(device.user).map(|a| a.user.email.clone()).unwrap_or_default();
    let vendor = hub.config.server.vendor_email.clone();
    let parts: Vec<&str> = body::split_all(text).take(4).collect();
    let (to, subject, message) = match parts[..] {
        [to, subject, message] => {
            (to.replace("{VENDOR_EMAIL}", &vendor).replace("{DEVICE_OWNER_EMAIL}", &owner), subject, message)
        }
        [subject, message, ..] => (owner.clone(), subject, message),
        _ => return Err(Status::IllegalCommand),
    };
    let to = if widget.to.is_empty() { to } else { widget.to };
    let interval = hub.notification_interval();
    if !hub.take_slot(caller.conn, |last| &mut last.mail, interval) {
        return Err(Status::QuotaLimit);
    }
    if !address::is_valid(&to) {
        return Err(Status::IllegalCommand);
    }
    let fill = |text: &str| {
        let named = text.replace("{DEVICE_NAME}", &device_name);
        named.replace("{VENDOR_EMAIL}", &vendor).replace("{DEVICE_OWNER_EMAIL}", &owner)
    };
    let (to, subject, message) = (to.trim(), fill(subject), fill(message));
    let mail = match widget.content_type {
        ContentType::Html => Mail::html(to, subject, message),
        ContentType::Plain => Mail::text(to, subject, message),
    };
    let conn = caller.conn;
    let queued = hub.jobs.mail(mail, move |hub, sent| {
        let status = match sent {
            Ok(()) => Status::Ok,
            Err(error) => {
                log::warn!("a mail of a device was not sent: {error}");
                Status::NotificationError
            }
        };
        hub.respond(conn, id, status);
    });
    match queued {
        Ok(()) => hub.count_mail(device.user),
        Err(full) => log::warn!("a mail of a device is dropped: {full}"),
    }
    Ok(Reply::None)
}

#[cfg(test)]
mod tests {
    use crate::hardware::testing::World;
    use crate::hub::jobs::Job;
    use crate::hub::testing::{advance, sent};
    use crate::notify::mail::{Mail, MailBody};
    use crate::wire::Command;

    fn mail(w: &mut World, body: &str) -> Vec<String> {
        w.send(Command::EMAIL, 5, body)
    }

    /// Sends with the interval over; the mail that was queued.
    fn queued(w: &mut World, body: &str) -> Mail {
        let interval = w.hub.notification_interval();
        advance(&mut w.hub, interval);
        assert_eq!(mail(w, body), [""; 0], "{body}");
        let Some((_, Job::Mail(mail, _))) = w.hub.jobs.take_kept().pop() else { panic!("no mail for {body}") };
        mail
    }

    #[test]
    fn the_checks_in_their_order() {
        let mut w = World::new();
        assert_eq!(mail(&mut w, ""), ["= 5 6"]);
        assert_eq!(mail(&mut w, "a@example.com|s|t"), ["= 5 6"]);
        let mut w = World::with(r#"{"type":"EMAIL","id":1}"#);
        w.dash().is_active = false;
        assert_eq!(mail(&mut w, ""), ["= 5 6"]);
        w.dash().is_active = true;
        for body in ["", "one", "one|", "|"] {
            assert_eq!(mail(&mut w, body), ["= 5 2"], "{body}");
        }
        // A bad receiver uses up the interval.
        assert_eq!(mail(&mut w, "nobody|s|t"), ["= 5 2"]);
        assert_eq!(mail(&mut w, "a@example.com|s|t"), ["= 5 1"]);
        assert!(w.hub.jobs.take_kept().is_empty());
    }

    #[test]
    fn receivers_and_placeholders() {
        let mut w = World::with(r#"{"type":"EMAIL","id":1}"#);
        let sent = queued(&mut w, "a@example.com|{DEVICE_NAME} is hot|<b>{DEVICE_OWNER_EMAIL}</b>{VENDOR_EMAIL}");
        assert_eq!((sent.to, sent.subject.as_str()), (vec!["a@example.com".to_owned()], "Pump is hot"));
        assert!(sent.body == MailBody::Html("<b>me@example.com</b>".into()));
        let sent = queued(&mut w, "s|t");
        assert_eq!((sent.to, sent.subject.as_str()), (vec!["me@example.com".to_owned()], "s"));
        assert_eq!(queued(&mut w, "{DEVICE_OWNER_EMAIL}|s|t").to, ["me@example.com"]);
        let sent = queued(&mut w, "x@example.com|s|t|more");
        assert_eq!((sent.to, sent.subject.as_str()), (vec!["me@example.com".to_owned()], "x@example.com"));

        let mut w = World::with(r#"{"type":"EMAIL","id":1,"to":"widget@example.com","contentType":"TEXT_PLAIN"}"#);
        let sent = queued(&mut w, "x@example.com|s|t");
        assert_eq!(sent.to, ["widget@example.com"]);
        assert!(sent.body == MailBody::Text("t".into()));
    }

    #[test]
    fn the_answer_comes_when_the_mail_is_sent() {
        for (result, answer) in [(Ok(()), "= 5 200"), (Err("refused".to_owned()), "= 5 15")] {
            let mut w = World::with(r#"{"type":"EMAIL","id":1}"#);
            assert_eq!(mail(&mut w, "s|t"), [""; 0]);
            let Some((_, Job::Mail(_, then))) = w.hub.jobs.take_kept().pop() else { panic!() };
            then(&mut w.hub, result);
            assert_eq!(sent(&w.device), [answer]);
        }
    }

    #[test]
    fn a_hundred_and_one_mails_a_day() {
        let mut w = World::with(r#"{"type":"EMAIL","id":1}"#);
        for _ in 0..101 {
            queued(&mut w, "s|t");
        }
        assert_eq!(mail(&mut w, "s|t"), ["= 5 1"]);
        advance(&mut w.hub, 24 * 3600 * 1000);
        queued(&mut w, "s|t");
    }
}
