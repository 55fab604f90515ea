//! SMS (18), body = text.
//!
//! In this order: 13 empty or longer than 160 characters; 14 no SMS widget, project inactive, or no number in the widget; 1
//! too soon after the last one of this connection; 15 there is no gateway, or too many messages wait; 200, without waiting
//! for the gateway.

use super::Caller;
use crate::hub::{Handled, Hub, Reply};
use crate::wire::{body, Status};

/// Longest text, in characters.
const TEXT_MAX: usize = 160;

/// Handles SMS.
pub fn handle(hub: &mut Hub, caller: Caller, _id: u16, text: &str) -> Handled {
    if text.is_empty() || body::utf16_len(text) > TEXT_MAX {
        return Err(Status::NotificationInvalidBody);
    }
    let dash = hub.users.dash(caller.device.user, caller.device.dash).filter(|d| d.is_active);
    let to = dash.and_then(|d| d.sms()).map(|widget| widget.to.clone());
    let to = to.filter(|to| !to.is_empty()).ok_or(Status::NotificationNotAuthorized)?;
    let interval = hub.notification_interval();
    if !hub.take_slot(caller.conn, |last| &mut last.sms, interval) {
        return Err(Status::QuotaLimit);
    }
    send(hub, to, text)?;
    Ok(Reply::OK)
}

#[cfg(feature = "sms")]
fn send(hub: &mut Hub, to: String, text: &str) -> Result<(), Status> {
    use crate::hub::{Job, Queue};
    if hub.config.sms.is_none() {
        log::debug!("a text message of a device was not sent: no gateway is configured");
        return Err(Status::NotificationError);
    }
    let sms = crate::notify::sms::Sms { to, text: text.to_owned() };
    let then = |_: &mut Hub, sent: Result<(), String>| {
        if let Err(error) = sent {
            log::warn!("a text message of a device was not sent: {error}");
        }
    };
    hub.jobs.put(Queue::Network, Job::Sms(sms, Box::new(then))).map_err(|_| Status::NotificationError)
}

/// This build has no gateway for text messages.
#[cfg(not(feature = "sms"))]
fn send(_hub: &mut Hub, _to: String, _text: &str) -> Result<(), Status> {
    Err(Status::NotificationError)
}

#[cfg(test)]
mod tests {
    use crate::hardware::testing::World;
    use crate::wire::Command;

    fn sms(w: &mut World, text: &str) -> Vec<String> {
        w.send(Command::SMS, 12, text)
    }

    #[test]
    fn the_checks_in_their_order() {
        for widget in ["", r#"{"type":"SMS","id":1}"#, r#"{"type":"SMS","id":1,"to":""}"#] {
            let mut w = World::with(widget);
            assert_eq!(sms(&mut w, ""), ["= 12 13"]);
            assert_eq!(sms(&mut w, &"x".repeat(161)), ["= 12 13"]);
            assert_eq!(sms(&mut w, &"x".repeat(160)), ["= 12 14"]);
        }
        let mut w = World::with(r#"{"type":"SMS","id":1,"to":"4179"}"#);
        w.dash().is_active = false;
        assert_eq!(sms(&mut w, "x"), ["= 12 14"]);
        w.dash().is_active = true;
        assert_eq!(sms(&mut w, "x"), ["= 12 15"]);
        assert_eq!(sms(&mut w, "x"), ["= 12 1"]);
    }

    #[cfg(feature = "sms")]
    #[test]
    fn the_gateway_is_not_waited_for() {
        use crate::config::{Config, SmsConfig};
        use crate::hub::Job;
        let mut w = World::with(r#"{"type":"SMS","id":1,"to":"4179"}"#);
        let config = Config { sms: Some(SmsConfig::default()), ..(*w.hub.config).clone() };
        w.hub.config = std::rc::Rc::new(config);
        assert_eq!(sms(&mut w, "yo"), ["= 12 200"]);
        let Some((_, Job::Sms(job, _))) = w.hub.jobs.take_kept().pop() else { panic!() };
        assert_eq!((job.to.as_str(), job.text.as_str()), ("4179", "yo"));
    }
}
