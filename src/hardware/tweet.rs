//! TWEET (12), body = text.
//!
//! In this order: 13 empty or longer than 140 characters; 14 no TWITTER widget, project inactive, or the widget is not
//! connected to an account; 1 too soon after the last one of this connection. Then it is posted in the background: 200 when
//! it was, 15 when that failed.

use super::Caller;
use crate::hub::jobs::Job;
use crate::hub::{Handled, Hub, Queue, Reply};
use crate::notify::tweet::{Tweet, TweetError};
use crate::wire::{body, Status};

/// Longest text, in characters.
const TEXT_MAX: usize = 140;

/// Handles TWEET.
pub fn handle(hub: &mut Hub, caller: Caller, id: u16, text: &str) -> Handled {
    if text.is_empty() || body::utf16_len(text) > TEXT_MAX {
        return Err(Status::NotificationInvalidBody);
    }
    let dash = hub.users.dash(caller.device.user, caller.device.dash).filter(|d| d.is_active);
    let tweet = dash
        .and_then(|d| d.twitter())
        .filter(|widget| !widget.token.is_empty() && !widget.secret.is_empty())
        .map(|widget| Tweet { text: text.to_owned(), token: widget.token.clone(), secret: widget.secret.clone() })
        .ok_or(Status::NotificationNotAuthorized)?;
    let interval = hub.notification_interval();
    if !hub.take_slot(caller.conn, |last| &mut last.tweet, interval) {
        return Err(Status::QuotaLimit);
    }
    let conn = caller.conn;
    let then = move |hub: &mut Hub, sent: Result<(), TweetError>| {
        let status = match sent {
            Ok(()) => Status::Ok,
            Err(error) => {
                log::warn!("a tweet of a device was not sent: {error}");
                Status::NotificationError
            }
        };
        hub.respond(conn, id, status);
    };
    hub.jobs.put(Queue::Network, Job::Tweet(tweet, Box::new(then))).map_err(|_| Status::NotificationError)?;
    Ok(Reply::None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::testing::World;
    use crate::hub::testing::{advance, sent};
    use crate::wire::Command;

    fn tweet(w: &mut World, text: &str) -> Vec<String> {
        w.send(Command::TWEET, 11, text)
    }

    #[test]
    fn the_checks_in_their_order() {
        for widget in ["", r#"{"type":"TWITTER","id":1}"#, r#"{"type":"TWITTER","id":1,"token":"t"}"#] {
            let mut w = World::with(widget);
            assert_eq!(tweet(&mut w, ""), ["= 11 13"]);
            assert_eq!(tweet(&mut w, &"x".repeat(141)), ["= 11 13"]);
            assert_eq!(tweet(&mut w, &"x".repeat(140)), ["= 11 14"]);
        }
        let mut w = World::with(r#"{"type":"TWITTER","id":1,"token":"t","secret":"s"}"#);
        w.dash().is_active = false;
        assert_eq!(tweet(&mut w, "x"), ["= 11 14"]);
    }

    #[test]
    fn the_answer_comes_when_it_was_posted() {
        let mut w = World::with(r#"{"type":"TWITTER","id":1,"token":"t","secret":"s"}"#);
        let interval = w.hub.notification_interval();
        for (result, answer) in [
            (Ok(()), "= 11 200"),
            (Err(TweetError::Status(403)), "= 11 15"),
            (Err(TweetError::NotConfigured), "= 11 15"),
        ] {
            advance(&mut w.hub, interval);
            assert_eq!(tweet(&mut w, "hi"), [""; 0]);
            let Some((_, Job::Tweet(job, then))) = w.hub.jobs.take_kept().pop() else { panic!() };
            assert_eq!((job.text.as_str(), job.token.as_str(), job.secret.as_str()), ("hi", "t", "s"));
            then(&mut w.hub, result);
            assert_eq!(sent(&w.device), [answer]);
            assert_eq!(tweet(&mut w, "hi"), ["= 11 1"]);
        }
    }
}
