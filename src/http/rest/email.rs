//! `POST /{token}/email`, body `{"to":"a@b.cc,c@d.ee","subj":"subject","title":"the text"}`: a plain mail to one to five
//! addresses. The answer is an empty 200 as soon as the mail waits to be sent.
//!
//! Errors: 500 for a bad content type or body; 400 `Invalid token.`, `Project is not active.`, `No email widget.`,
//! `Email body is wrong. Missing or empty fields 'to', 'subj'.` (also for bad addresses); 429 within the interval and over
//! the daily number of mails of devices.

use super::json::{Fields, Read};
use super::{count, device, json, project, Answered};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::hub::Hub;
use crate::model::Kind;
use crate::notify::address;
use crate::notify::mail::Mail;
use crate::wire::Command;
use serde_json::value::RawValue;

#[derive(Default)]
struct Body<'a> {
    to: Option<&'a RawValue>,
    subj: Option<&'a RawValue>,
    title: Option<&'a RawValue>,
}

impl<'a> Fields<'a> for Body<'a> {
    fn take(&mut self, name: &str, value: Option<&'a RawValue>) {
        match name {
            "to" => self.to = value,
            "subj" => self.subj = value,
            "title" => self.title = value,
            _ => {}
        }
    }
}

/// See the module.
pub fn handle(hub: &mut Hub, request: &Request) -> Response {
    answer(hub, request).unwrap_or_else(|refusal| refusal)
}

fn answer(hub: &mut Hub, request: &Request) -> Answered {
    let body: Option<Read<Body<'_>>> = json::body(request)?;
    let body = body.map_or_else(Body::default, |Read(body)| body);
    let field = |raw: Option<&RawValue>| match raw {
        Some(raw) => json::scalar(raw).ok_or_else(|| json::bad_body(request)),
        None => Ok(String::new()),
    };
    let (to, subject, text) = (field(body.to)?, field(body.subj)?, field(body.title)?);
    let device = device(hub, request)?;
    count(hub, Command::HTTP_EMAIL);
    let refuse = |text: &str| Err(Response::text(400, text));
    let dash = project(hub, device)?;
    if !dash.is_active {
        return refuse("Project is not active.");
    }
    if !dash.widgets.iter().any(|w| matches!(w.kind, Kind::Email(_))) {
        return refuse("No email widget.");
    }
    let recipients = address::recipients(&to).filter(|_| !subject.is_empty());
    let Some(recipients) = recipients else {
        return refuse("Email body is wrong. Missing or empty fields 'to', 'subj'.");
    };
    let mut mail = Mail::text("", subject, text);
    mail.to = recipients.into_iter().map(str::to_owned).collect();
    let (ticks, interval) = (hub.ticks(), hub.notification_interval());
    if !hub.may_mail(device.user) || !hub.http_mails.take(device.user, device.dash, ticks, interval) {
        return Err(Response::text(429, "Too many mails."));
    }
    hub.count_mail(device.user);
    let queued = hub.jobs.mail(mail, |_, result| {
        if let Err(error) = result {
            log::warn!("a mail asked for by HTTP was not sent: {error}");
        }
    });
    queued.map_err(|_| Response::failure())?;
    Ok(Response::empty(200))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::testing::json;
    use crate::http::request::Method;
    use crate::http::rest::testing::{hub_with, TOKEN};
    use crate::hub::{testing, Job};
    use crate::notify::mail::MailBody;

    fn post(hub: &mut Hub, body: &str) -> (u16, String) {
        let response = handle(hub, &json(Method::Post, "", &[TOKEN], body));
        (response.status, String::from_utf8(response.body).unwrap())
    }

    const GOOD: &str = r#"{"to":"o@b.cc, p@b.cc","subj":"Tank","title":"Low"}"#;

    #[test]
    fn errors_in_order() {
        let (mut hub, user) = hub_with("[]");
        assert_eq!(post(&mut hub, "{"), (500, "Error parsing body param. {".into()));
        assert_eq!(post(&mut hub, "{}"), (400, "No email widget.".into()));
        hub.users.dash_mut(user, 1).unwrap().is_active = false;
        assert_eq!(post(&mut hub, "{}"), (400, "Project is not active.".into()));
        let (mut hub, _) = hub_with(r#"[{"type":"EMAIL","id":8}]"#);
        for bad in [
            "{}",
            "null",
            r#"{"to":"","subj":"s"}"#,
            r#"{"to":"o@b.cc"}"#,
            r#"{"to":"nobody","subj":"s"}"#,
            r#"{"to":"o@b.cc","subj":"s","subj":null}"#,
        ] {
            let text = "Email body is wrong. Missing or empty fields 'to', 'subj'.";
            assert_eq!(post(&mut hub, bad), (400, text.into()), "{bad}");
        }
    }

    #[test]
    fn a_mail_per_interval_and_a_hundred_a_day() {
        let (mut hub, _) = hub_with(r#"[{"type":"EMAIL","id":8}]"#);
        assert_eq!(post(&mut hub, GOOD), (200, "".into()));
        assert_eq!(post(&mut hub, GOOD).0, 429);
        let (_, Job::Mail(mail, _)) = hub.jobs.take_kept().remove(0) else { panic!() };
        assert_eq!((mail.to, mail.subject.as_str()), (vec!["o@b.cc".to_owned(), "p@b.cc".into()], "Tank"));
        assert!(matches!(&mail.body, MailBody::Text(text) if text == "Low"));
        let mut sent = 1;
        for _ in 0..150 {
            testing::advance(&mut hub, 15_000);
            sent += i32::from(post(&mut hub, GOOD).0 == 200);
        }
        assert_eq!(sent, 101);
    }
}
