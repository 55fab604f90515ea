//! PUSH_NOTIFICATION (14), body = text for the phones of the project's NOTIFICATION widget.
//!
//! In this order: 13 empty or longer than 255 characters; 8 project inactive; 14 no widget, or nobody who hears of it; 1 too soon
//! after the last one of this connection; 13 too long or empty with `{DEVICE_NAME}` replaced (the interval has begun all the
//! same); 200, without waiting for the push service.

use super::Caller;
use crate::hub::{Handled, Hub, Reply};
use crate::wire::{body, Status};

/// Longest text, in characters.
const TEXT_MAX: usize = 255;

fn check(text: &str) -> Result<(), Status> {
    if text.is_empty() || body::utf16_len(text) > TEXT_MAX {
        return Err(Status::NotificationInvalidBody);
    }
    Ok(())
}

/// Handles PUSH_NOTIFICATION.
pub fn handle(hub: &mut Hub, caller: Caller, _id: u16, text: &str) -> Handled {
    check(text)?;
    let device = caller.device;
    let dash = hub.users.dash(device.user, device.dash).filter(|d| d.is_active).ok_or(Status::NoActiveDashboard)?;
    if hub.push_reaches(device.user, device.dash) != Some(true) {
        return Err(Status::NotificationNotAuthorized);
    }
    let name = dash.device(device.device).map_or("", |d| d.name.as_str());
    let text = text.replace("{DEVICE_NAME}", name);
    let interval = hub.notification_interval();
    if !hub.take_slot(caller.conn, |last| &mut last.push, interval) {
        return Err(Status::QuotaLimit);
    }
    check(&text)?;
    hub.push_to_phones(device.user, device.dash, text);
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use crate::hardware::testing::{World, TOKEN};
    use crate::hub::jobs::Job;
    use crate::hub::testing::{advance, sent};
    use crate::wire::Command;

    const WIDGET: &str =
        r#"{"type":"NOTIFICATION","id":9,"androidTokens":{"u1":"t1","u2":"t2"},"iOSTokens":{"u3":"t3"}}"#;

    fn push(w: &mut World, text: &str) -> Vec<String> {
        w.send(Command::PUSH_NOTIFICATION, 9, text)
    }

    #[test]
    fn the_checks_in_their_order() {
        let mut w = World::new();
        w.dash().is_active = false;
        assert_eq!(push(&mut w, ""), ["= 9 13"]);
        assert_eq!(push(&mut w, &"x".repeat(256)), ["= 9 13"]);
        assert_eq!(push(&mut w, "Hi"), ["= 9 8"]);
        w.dash().is_active = true;
        assert_eq!(push(&mut w, "Hi"), ["= 9 14"]);
        let mut w = World::with(r#"{"type":"NOTIFICATION","id":9}"#);
        assert_eq!(push(&mut w, "Hi"), ["= 9 14"]);
        assert!(w.hub.jobs.take_kept().is_empty());
    }

    #[test]
    fn all_phones_get_the_text() {
        let mut w = World::with(WIDGET);
        assert_eq!(push(&mut w, "{DEVICE_NAME} is {DEVICE_NAME}"), ["= 9 200"]);
        let Some((_, Job::Push(sent, _))) = w.hub.jobs.take_kept().pop() else { panic!() };
        assert_eq!((sent.text.as_str(), sent.dash_id, sent.email.as_str()), ("Pump is Pump", 17, "me@example.com"));
        assert_eq!((sent.android.len(), sent.ios[0].token.as_str()), (2, "t3"));
    }

    #[test]
    fn each_connection_has_its_interval() {
        let mut w = World::with(WIDGET);
        let interval = w.hub.notification_interval();
        assert!(interval > 0);
        assert_eq!(push(&mut w, "Hi"), ["= 9 200"]);
        assert_eq!(push(&mut w, "Hi"), ["= 9 1"]);
        let (conn, outbox) = w.login(TOKEN);
        w.send_on(conn, Command::PUSH_NOTIFICATION, 3, "Hi");
        assert_eq!(sent(&outbox), ["= 3 200"]);
        advance(&mut w.hub, interval - 1);
        assert_eq!(push(&mut w, "Hi"), ["= 9 1"]);
        advance(&mut w.hub, 1);
        assert_eq!(push(&mut w, "Hi"), ["= 9 200"]);
    }

    #[test]
    fn a_name_that_makes_it_too_long_uses_up_the_interval() {
        let mut w = World::with(WIDGET);
        w.dash().device_mut(3).unwrap().name = "x".repeat(50);
        assert_eq!(push(&mut w, &"{DEVICE_NAME}".repeat(6)), ["= 9 13"]);
        assert_eq!(push(&mut w, "Hi"), ["= 9 1"]);
    }
}
