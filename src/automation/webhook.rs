//! WEBHOOK widgets: which one a written value calls, and with which request (spec 07 §4).

use crate::model::enums::WebhookMethod;
use crate::model::values::parts;
use crate::model::widget::Webhook;
use crate::model::{Dashboard, Kind, PinType};
use crate::notify::webhook::{Call, Method};

/// A URL or body does not grow beyond that, bytes; larger requests are not sent.
const TEXT_MAX: usize = 256 * 1024;
/// Numbered placeholders: `/pin[0]/` to `/pin[9]/`.
const PARTS_MAX: usize = 10;
/// After so long a muted webhook is tried once, ms.
const RETRY_AFTER: u64 = 10 * 60 * 1000;
/// Calls of one webhook that may wait for their answers or their turn at the same time.
const UNANSWERED_MAX: u8 = 100;

/// The id of the first webhook of a pin.
pub fn find(dash: &Dashboard, device_id: i32, pin_type: PinType, pin: u8) -> Option<i64> {
    dash.widgets.of_pin(pin).find_map(|widget| match &widget.kind {
        Kind::Webhook(webhook) if webhook.pin.is_same(device_id, pin_type, pin) => Some(widget.id),
        _ => None,
    })
}

/// The webhook with this widget id.
pub fn by_id(dash: &mut Dashboard, id: i64) -> Option<&mut Webhook> {
    match &mut dash.widgets.keeping_pins().iter_mut().find(|widget| widget.id == id)?.kind {
        Kind::Webhook(webhook) => Some(webhook),
        _ => None,
    }
}

impl Webhook {
    /// Whether it failed this often in a row (0 = no limit).
    pub fn is_muted(&self, limit: u32) -> bool {
        limit > 0 && self.failures >= limit
    }

    /// Whether it may be called at `ticks` (ms since start), with this limit of failures in a row (0 = none).
    pub fn may_call(&self, limit: u32, ticks: u64) -> bool {
        let rests = self.is_muted(limit) && ticks < self.failed_at + RETRY_AFTER;
        !(self.url.is_empty() || self.unanswered >= UNANSWERED_MAX || rests)
    }

    /// A call was given away.
    pub fn called(&mut self, ticks: u64) {
        self.unanswered = self.unanswered.saturating_add(1);
        // While the trial of a muted webhook is under way there is no other.
        self.failed_at = ticks;
    }

    /// The result of a call is there. `counts`: whether it says something about the called server.
    pub fn answered(&mut self, success: bool, counts: bool, ticks: u64) {
        self.unanswered = self.unanswered.saturating_sub(1);
        if success {
            self.failures = 0;
        } else if counts {
            self.failures = self.failures.saturating_add(1);
            self.failed_at = ticks;
        }
    }

    /// The request for a written value; `None`: nothing that can be sent. `now_ms`: ms since 1970.
    pub fn call(&self, value: &str, owner_email: &str, now_ms: i64) -> Option<Call> {
        let placeholders = Placeholders { value, parts: parts(value).collect(), owner_email, now_ms };
        let url = placeholders.fill(&self.url)?;
        if !url.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http")) {
            return None;
        }
        let method = match self.method {
            WebhookMethod::Get => Method::Get,
            WebhookMethod::Post => Method::Post,
            WebhookMethod::Put => Method::Put,
            WebhookMethod::Delete => Method::Delete,
        };
        let headers = self.headers.iter().filter(|h| !h.name.is_empty() && !h.value.is_empty());
        let body = if self.body.is_empty() { None } else { Some(placeholders.fill(&self.body)?) };
        Some(Call { method, url, headers: headers.map(|h| (h.name.clone(), h.value.clone())).collect(), body })
    }
}

struct Placeholders<'a> {
    value: &'a str,
    parts: Vec<&'a str>,
    owner_email: &'a str,
    now_ms: i64,
}

impl Placeholders<'_> {
    /// Replaces every placeholder; what was put in is not looked at again. `None`: the text grows too long.
    fn fill(&self, template: &str) -> Option<String> {
        let mut text = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(at) = rest.find(['/', '%', 'd', 'D']) {
            let (before, here) = rest.split_at(at);
            text.push_str(before);
            let length = match self.replace(here, &mut text) {
                Some(length) => length,
                None => {
                    text.push_str(&here[..1]);
                    1
                }
            };
            if text.len() > TEXT_MAX {
                return None;
            }
            rest = &here[length..];
        }
        text.push_str(rest);
        Some(text)
    }

    /// If a placeholder begins `here`: appends what it stands for and gives its length.
    fn replace(&self, here: &str, text: &mut String) -> Option<usize> {
        const EMAIL: &str = "device_owner_email";
        let starts = |placeholder: &str| here.starts_with(placeholder).then_some(placeholder.len());
        if let Some(length) = starts("/pin/").or_else(|| starts("%s")) {
            text.push_str(self.value);
            return Some(length);
        }
        if let Some(number) = here.strip_prefix("/pin[") {
            let index = number.bytes().next().filter(u8::is_ascii_digit).map(|digit| usize::from(digit - b'0'))?;
            let part = self.parts.get(index).filter(|_| index < PARTS_MAX && number[1..].starts_with("]/"))?;
            text.push_str(part);
            return Some("/pin[0]/".len());
        }
        if let Some(length) = starts("/datetime_iso/") {
            text.push_str(&jiff::Timestamp::from_millisecond(self.now_ms).ok()?.to_string());
            return Some(length);
        }
        if here.get(..EMAIL.len()).is_some_and(|word| word.eq_ignore_ascii_case(EMAIL)) {
            text.push_str(self.owner_email);
            return Some(EMAIL.len());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::widget::Header;

    fn fill(template: &str, value: &str) -> String {
        let placeholders =
            Placeholders { value, parts: parts(value).collect(), owner_email: "me@x.cc", now_ms: 1_700_000_000_144 };
        placeholders.fill(template).unwrap()
    }

    #[test]
    fn placeholders() {
        for (template, value, wanted) in [
            ("http://h/u?f=/pin[0]/&g=/pin[1]/&t=%s", "a b\0c", "http://h/u?f=a b&g=c&t=a b\0c"),
            ("/pin/pin/", "5", "5pin/"),
            ("/pin//pin/ /pin[0]//pin[0]/", "5", "55 55"),
            ("[/pin[0]/,/pin[1]/,/pin[2]/]", "11", "[11,/pin[1]/,/pin[2]/]"),
            ("/pin[9]/ /pin[10]/ /pin[x]/ /pin[", "0\01\02\03\04\05\06\07\08\09\0a", "9 /pin[10]/ /pin[x]/ /pin["),
            ("%s%%s%", "%s", "%s%%s%"),
            ("{DEVICE_OWNER_email} device_owner", "", "{me@x.cc} device_owner"),
            ("/datetime_iso/", "", "2023-11-14T22:13:20.144Z"),
            ("é/pin/é", "$1\\", "é$1\\é"),
            ("a/pin/", "device_owner_email /pin[0]/", "adevice_owner_email /pin[0]/"),
        ] {
            assert_eq!(fill(template, value), wanted, "{template}");
        }
    }

    #[test]
    fn requests() {
        let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
        let mut webhook = Webhook {
            url: "/pin/".into(),
            method: WebhookMethod::Put,
            headers: vec![header("X-Key", "/pin/"), header("", "x"), header("A", "")],
            body: "[\"/pin/\"]".into(),
            ..Webhook::default()
        };
        let call = webhook.call("HTTPS://h/", "me@x.cc", 0).unwrap();
        assert_eq!(
            (call.method, call.url.as_str(), call.body.as_deref()),
            (Method::Put, "HTTPS://h/", Some("[\"HTTPS://h/\"]"))
        );
        assert_eq!(call.headers, [("X-Key".to_owned(), "/pin/".to_owned())]);
        for bad in ["abc", "ftp://h/", "", "htt", "hé"] {
            assert!(webhook.call(bad, "", 0).is_none(), "{bad}");
        }
        webhook.body = "/pin/".repeat(1000);
        assert!(webhook.call(&format!("http://h/{}", "x".repeat(30_000)), "", 0).is_none());
    }

    #[test]
    fn ten_failures_mute_until_a_trial_succeeds() {
        let mut webhook = Webhook { url: "http://h".into(), ..Webhook::default() };
        for round in 0..10 {
            assert!(webhook.may_call(10, round));
            webhook.called(round);
            webhook.answered(false, true, round);
        }
        assert!(!webhook.may_call(10, 11) && webhook.may_call(0, 11));
        let later = 9 + RETRY_AFTER;
        assert!(webhook.may_call(10, later));
        webhook.called(later);
        assert!(!webhook.may_call(10, later + 1));
        webhook.answered(true, true, later + 1);
        assert!(webhook.may_call(10, later + 2));
    }

    #[test]
    fn few_calls_wait_at_the_same_time() {
        let mut webhook = Webhook { url: "http://h".into(), ..Webhook::default() };
        for _ in 0..UNANSWERED_MAX {
            assert!(webhook.may_call(10, 1));
            webhook.called(1);
        }
        assert!(!webhook.may_call(10, 1));
        webhook.answered(false, false, 2);
        assert!(webhook.may_call(10, 2) && webhook.failures == 0);
        webhook.url.clear();
        assert!(!webhook.may_call(0, 2));
    }
}
