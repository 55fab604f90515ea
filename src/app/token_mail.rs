//! EMAIL (13): mails to the account's own address.
//!
//! Body `dash\0device`: the device's token. `dash` (or any other number of parts): the tokens of all devices.
//! `template\0dash\0tiles\0template`: the id by which devices find a tile template. Answer 200 when the mail server took the
//! mail. Errors: missing parts, an unknown project, tiles widget or template 2; a device that is unknown or has no token 11;
//! too many mails of the account in a day 1; the mail was not sent 15. Spec 02 §15.7.

use super::request::part;
use super::{reply_later, Caller};
use crate::hub::allowances::Allowance;
use crate::hub::{Handled, Hub, Reply};
use crate::model::{Dashboard, Device};
use crate::notify::mail::Mail;
use crate::notify::mail_texts::MailTexts;
use crate::wire::body::{parse_int32, parse_int64, split_all};
use crate::wire::{Command, Status};

/// See the module.
pub fn email(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let parts: Vec<&str> = split_all(body).take(4).collect();
    let to = &part(hub.users.get(caller.user()))?.user.email;
    let texts = &hub.texts;
    let mail = match parts.as_slice() {
        ["template", dash, tiles, template] => {
            let dash = caller.dash_of(hub, dash)?;
            let tiles = part(dash.tiles(parse_int64(tiles)?))?;
            let id = parse_int64(template)?;
            let template = part(tiles.templates.iter().find(|template| template.id == id))?;
            texts.template_id(to, &template.name, &template.template_id)
        }
        ["template", ..] | [] => return Err(Status::IllegalCommand),
        [dash, device] => {
            let dash = caller.dash_of(hub, dash)?;
            one_token(texts, to, dash, dash.device(parse_int32(device)?))?
        }
        [dash, ..] => {
            let dash = caller.dash_of(hub, dash)?;
            match dash.devices.as_slice() {
                [only] => one_token(texts, to, dash, Some(only))?,
                all => {
                    let tokens: Vec<_> = all.iter().map(|device| (given(&device.name), &*device.token)).collect();
                    texts.all_tokens(to, given(&dash.name), &tokens)
                }
            }
        }
    };
    send_mail(hub, caller, Command::EMAIL, mail)
}

/// Sends a mail that the caller asked for; 200 follows when the mail server took it, 15 when it did not.
///
/// Errors: too many mails of the account in a day 1, too many waiting mails 15.
pub fn send_mail(hub: &mut Hub, caller: Caller, command: Command, mail: Mail) -> Handled {
    let ticks = hub.ticks();
    if !hub.allowances.take(caller.user(), Allowance::Mail, 1, ticks) {
        return Err(Status::QuotaLimit);
    }
    let queued = hub.jobs.mail(mail, move |hub, result| {
        // The worker logs what went wrong.
        let answer = result.map(|()| Reply::OK).map_err(|_| Status::NotificationError);
        reply_later(hub, caller, command, answer);
    });
    queued.map_err(|_| Status::NotificationError)?;
    Ok(Reply::None)
}

fn one_token(texts: &MailTexts, to: &str, dash: &Dashboard, device: Option<&Device>) -> Result<Mail, Status> {
    let device = device.filter(|device| !device.token.is_empty()).ok_or(Status::IllegalCommandBody)?;
    Ok(texts.one_token(to, given(&dash.name), given(&device.name), &device.token))
}

/// A name that somebody gave.
pub fn given(name: &str) -> Option<&str> {
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::app::testing::*;
    use crate::hub::testing::{advance, sent};
    use crate::hub::Job;
    use crate::notify::mail::MailBody;
    use crate::wire::Command;

    const DASH: &str = r#"{"id":7,"name":"House","devices":[{"id":0,"name":"Pump","token":"t0"},{"id":1,"token":"t1"},
        {"id":2}],"widgets":[{"type":"LED","id":4},{"type":"DEVICE_TILES","id":5,
        "templates":[{"id":9,"mode":"PAGE","name":"Lamp","templateId":"TMPL9"}]}]}"#;

    /// Subject and text of the mail that a request causes, which the mail server takes or not.
    fn mailed(one: &mut One, body: &str, result: Result<(), String>) -> (String, String) {
        assert!(one.ask(Command::EMAIL, body).is_empty());
        let (_, job) = one.hub.jobs.take_kept().remove(0);
        let Job::Mail(mail, then) = job else { panic!() };
        assert_eq!(mail.to, ["a@b.cc"]);
        let taken = result.is_ok();
        then(&mut one.hub, result);
        assert_eq!(sent(&one.outbox), [if taken { "= 5 200" } else { "= 5 15" }]);
        let (MailBody::Text(text) | MailBody::Html(text)) = mail.body;
        (mail.subject, text)
    }

    #[test]
    fn tokens_are_mailed() {
        let mut one = one(DASH);
        let (subject, text) = mailed(&mut one, "7|0", Ok(()));
        assert_eq!(subject, "Auth Token for House project and device Pump");
        assert!(text.starts_with("Auth Token : t0\n"), "{text}");
        for body in ["7", "7|0|x"] {
            let (subject, text) = mailed(&mut one, body, Ok(()));
            assert_eq!(subject, "Auth Tokens for House project and 3 devices");
            assert!(text.starts_with("Auth Token for device 'Pump' : t0\nAuth Token for device 'New Device' : t1\n"));
        }
        mailed(&mut one, "7|1", Err("refused".into()));
        one.statuses(Command::EMAIL, &[("7|9", 11), ("7|2", 11), ("8|0", 2), ("8", 2), ("7|x", 2), ("x", 2), ("", 2)]);
        let dash = one.hub.users.dash_mut(one.user, 7).unwrap();
        dash.devices.truncate(1);
        assert_eq!(mailed(&mut one, "7", Ok(())).0, "Auth Token for House project and device Pump");
        one.hub.users.dash_mut(one.user, 7).unwrap().devices.clear();
        assert_eq!(mailed(&mut one, "7", Ok(())).0, "Auth Tokens for House project and 0 devices");
    }

    #[test]
    fn template_ids_are_mailed() {
        let mut one = one(DASH);
        let (subject, text) = mailed(&mut one, "template|7|5|9", Ok(()));
        assert!(subject == "Template ID for Lamp" && text.contains("TMPL9"));
        one.statuses(
            Command::EMAIL,
            &[
                ("template", 2),
                ("template|7", 2),
                ("template|7|5", 2),
                ("template|8|5|9", 2),
                ("template|7|4|9", 2),
                ("template|7|6|9", 2),
                ("template|7|5|8", 2),
                ("template|7|5|x", 2),
            ],
        );
    }

    #[test]
    fn mails_per_day_are_limited() {
        let mut one = one(DASH);
        for _ in 0..100 {
            mailed(&mut one, "7|0", Ok(()));
        }
        one.statuses(Command::EMAIL, &[("7|0", 1)]);
        advance(&mut one.hub, 24 * 3600 * 1000);
        mailed(&mut one, "7|0", Ok(()));
    }
}
