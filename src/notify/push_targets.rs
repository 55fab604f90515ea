//! Pushes through services of today: ntfy, Gotify, Telegram, Pushover or a plain HTTP hook.
//!
//! `push.properties` names them, for the whole server and per account (`account.<mail>.<key>`); without keys nothing is
//! sent. A push goes to every service that is configured for its account. They know nothing of phones' tokens, so they
//! also work for accounts without any phone at the push gateway.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{json, Value};

use super::http_client::{HttpClient, HttpError, Reply};
use super::push::{Priority, Push};
use crate::config::{PushConfig, PushTargets, PushTargetsConfig};

/// Largest answer that is read, bytes: only its reason counts.
const ANSWER_LIMIT: usize = 16 * 1024;
/// Longest reason of a service that is passed on, characters.
const REASON_LIMIT: usize = 200;

/// A service that shows pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// A topic of an ntfy server.
    Ntfy,
    /// An application of a Gotify server.
    Gotify,
    /// A chat with a Telegram bot.
    Telegram,
    /// A Pushover user or group.
    Pushover,
    /// Any HTTP server: gets the push as JSON.
    Hook,
}

impl Service {
    /// All services, in the order in which they are tried.
    pub const ALL: [Self; 5] = [Self::Ntfy, Self::Gotify, Self::Telegram, Self::Pushover, Self::Hook];

    /// The name: also the beginning of its keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ntfy => "ntfy",
            Self::Gotify => "gotify",
            Self::Telegram => "telegram",
            Self::Pushover => "pushover",
            Self::Hook => "hook",
        }
    }
}

/// Why a service did not take a push. The texts hold no tokens and no URL.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A key is missing that the service needs.
    #[error("{0} is missing in push.properties")]
    Missing(&'static str),
    /// The service's answer: what the status usually means, and its own words.
    #[error("{meaning} (status {status}{}{reason})", if reason.is_empty() { "" } else { ": " })]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it means.
        meaning: &'static str,
        /// The service's own words, if any.
        reason: String,
    },
    /// No answer.
    #[error("{0}")]
    Failed(#[from] HttpError),
}

/// One request to a service.
struct Request {
    url: String,
    header: Option<(&'static str, String)>,
    body: Value,
}

/// What a service shows.
struct Note<'a> {
    title: &'a str,
    text: &'a str,
    dash_id: i32,
    email: &'a str,
    priority: Priority,
}

/// All configured services.
pub struct Targets {
    config: PushTargets,
    title: String,
    /// One bit per service: its trouble was logged; once is enough.
    complained: AtomicU32,
}

impl Targets {
    /// The services of `push.properties`; the title is the one of `gcm.properties`.
    pub fn new(targets: &PushTargets, push: &PushConfig, product: &str) -> Self {
        let title = push.notification_title.replace("{PRODUCT_NAME}", product);
        Self { config: targets.clone(), title, complained: AtomicU32::new(0) }
    }

    /// True when a push of this account reaches some service.
    pub fn reaches(&self, email: &str) -> bool {
        reaches(&self.config, email)
    }

    /// Sends the push to all services of its account; failures are logged, each service's first one aloud.
    pub fn send(&self, push: &Push, client: &HttpClient) {
        let note = Note {
            title: &self.title,
            text: &push.text,
            dash_id: push.dash_id,
            email: &push.email,
            priority: push.priority,
        };
        for (service, result) in self.notify(&note, client) {
            let Err(error) = result else { continue };
            let bit = 1 << service as u32;
            if self.complained.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
                log::warn!("push by {} failed: {error} (said once)", service.name());
            } else {
                log::debug!("push by {} failed: {error}", service.name());
            }
        }
    }

    /// Sends a trial push to every service of the account, or to those of the whole server (`--test-push`).
    ///
    /// One line each: `ntfy: sent` or `ntfy: what went wrong`. Empty when no service is configured.
    pub fn test(&self, email: Option<&str>, client: &HttpClient) -> Vec<String> {
        let note = Note {
            title: &self.title,
            text: "This is a trial push.",
            dash_id: 0,
            email: email.unwrap_or_default(),
            priority: Priority::Normal,
        };
        self.notify(&note, client)
            .into_iter()
            .map(|(service, result)| match result {
                Ok(()) => format!("{}: sent", service.name()),
                Err(error) => format!("{}: {error}", service.name()),
            })
            .collect()
    }

    fn notify(&self, note: &Note, client: &HttpClient) -> Vec<(Service, Result<(), TargetError>)> {
        let config = self.config.of(note.email);
        let on = Service::ALL.into_iter().filter(|service| is_on(*service, config));
        on.map(|service| (service, request(service, config, note).and_then(|request| post(&request, client)))).collect()
    }
}

/// True when a push of this account reaches some service.
pub fn reaches(targets: &PushTargets, email: &str) -> bool {
    let config = targets.of(email);
    Service::ALL.into_iter().any(|service| is_on(service, config))
}

/// A service is on when the key is set that has no default.
fn is_on(service: Service, config: &PushTargetsConfig) -> bool {
    !match service {
        Service::Ntfy => config.ntfy_topic.is_empty(),
        Service::Gotify => config.gotify_url.is_empty(),
        Service::Telegram => config.telegram_bot_token.is_empty(),
        Service::Pushover => config.pushover_token.is_empty(),
        Service::Hook => config.hook_url.is_empty(),
    }
}

fn request(service: Service, config: &PushTargetsConfig, note: &Note) -> Result<Request, TargetError> {
    let Note { title, text, .. } = note;
    let high = note.priority == Priority::High;
    let base = |url: &str| url.trim_end_matches('/').to_owned();
    Ok(match service {
        Service::Ntfy => Request {
            url: base(&config.ntfy_url),
            header: (!config.ntfy_token.is_empty())
                .then(|| ("Authorization", format!("Bearer {}", config.ntfy_token.expose()))),
            // The JSON form: a header could not carry a title that is not ASCII.
            body: json!({
                "topic": config.ntfy_topic.expose(),
                "title": title,
                "message": text,
                "priority": if high { 4 } else { 3 },
            }),
        },
        Service::Gotify if config.gotify_token.is_empty() => return Err(TargetError::Missing("gotify.token")),
        Service::Gotify => Request {
            url: base(&config.gotify_url) + "/message",
            header: Some(("X-Gotify-Key", config.gotify_token.expose().to_owned())),
            body: json!({ "title": title, "message": text, "priority": if high { 8 } else { 5 } }),
        },
        Service::Telegram if config.telegram_chat_id.is_empty() => {
            return Err(TargetError::Missing("telegram.chat.id"))
        }
        Service::Telegram => Request {
            url: format!("{}/bot{}/sendMessage", base(&config.telegram_url), config.telegram_bot_token.expose()),
            header: None,
            body: json!({ "chat_id": config.telegram_chat_id, "text": format!("{title}\n{text}") }),
        },
        Service::Pushover if config.pushover_user.is_empty() => return Err(TargetError::Missing("pushover.user")),
        Service::Pushover => Request {
            url: config.pushover_url.clone(),
            header: None,
            body: json!({
                "token": config.pushover_token.expose(),
                "user": config.pushover_user.expose(),
                "title": title,
                "message": text,
                "priority": i32::from(high),
            }),
        },
        Service::Hook => Request {
            url: config.hook_url.clone(),
            header: (!config.hook_authorization.is_empty())
                .then(|| ("Authorization", config.hook_authorization.expose().to_owned())),
            body: json!({
                "title": title,
                "message": text,
                "priority": note.priority.as_str(),
                "dashId": note.dash_id,
                "account": note.email,
            }),
        },
    })
}

fn post(request: &Request, client: &HttpClient) -> Result<(), TargetError> {
    let mut headers = vec![("Content-Type", "application/json; charset=utf-8")];
    headers.extend(request.header.iter().map(|(name, value)| (*name, value.as_str())));
    let reply = client.post(&request.url, &headers, request.body.to_string().as_bytes(), ANSWER_LIMIT)?;
    let meaning = match reply.status {
        200..=299 => return Ok(()),
        301 | 302 | 303 | 307 | 308 => "the service has another address, maybe https instead of http",
        400 | 422 => "the service does not understand the push",
        401 | 403 => "the token is not accepted",
        404 | 405 => "there is no such service at this address",
        413 | 429 => "too many or too large pushes",
        500.. => "the service has trouble of its own",
        _ => "the service refused",
    };
    Err(TargetError::Refused { status: reply.status, meaning, reason: reason(&reply) })
}

/// The reason in an answer's JSON, whatever the service calls it.
fn reason(reply: &Reply) -> String {
    let Some(answer) = reply.json::<Value>() else { return String::new() };
    let words = answer["description"]
        .as_str()
        .or_else(|| answer["errorDescription"].as_str())
        .or_else(|| answer["errors"][0].as_str())
        .or_else(|| answer["error"].as_str());
    words.unwrap_or_default().chars().filter(|c| !c.is_control()).take(REASON_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::super::local_address::LocalAddresses;
    use super::super::test_server::{Seen, TestServer};
    use super::*;

    fn client() -> HttpClient {
        HttpClient::new(LocalAddresses::Allow)
    }

    fn targets(common: PushTargetsConfig) -> Targets {
        let title = PushConfig { notification_title: "{PRODUCT_NAME} Note".to_owned(), ..PushConfig::default() };
        Targets::new(&PushTargets { common, ..PushTargets::default() }, &title, "Blynk")
    }

    fn push(priority: Priority) -> Push {
        Push {
            email: "own@example.com".to_owned(),
            dash_id: 7,
            text: "Tür \"auf\"".to_owned(),
            priority,
            android: Vec::new(),
            ios: Vec::new(),
        }
    }

    /// What arrives for a service that is configured by `set`.
    fn sent(priority: Priority, set: impl Fn(&mut PushTargetsConfig, String)) -> (Seen, Value) {
        let server = TestServer::start(vec![TestServer::answer(200, "{}")]);
        let mut config = PushTargetsConfig::default();
        set(&mut config, server.url("/x"));
        targets(config).send(&push(priority), &client());
        let seen = server.seen();
        assert_eq!(seen.header("content-type"), Some("application/json; charset=utf-8"));
        let body = serde_json::from_slice(&seen.body).unwrap();
        (seen, body)
    }

    #[test]
    fn ntfy() {
        let (seen, body) = sent(Priority::High, |config, url| {
            (config.ntfy_url, config.ntfy_topic, config.ntfy_token) = (url + "/", "topic".into(), "tk".into());
        });
        assert_eq!(seen.line, "POST /x HTTP/1.1");
        assert_eq!(seen.header("authorization"), Some("Bearer tk"));
        assert_eq!(body, json!({"topic":"topic","title":"Blynk Note","message":"Tür \"auf\"","priority":4}));
    }

    #[test]
    fn gotify() {
        let (seen, body) = sent(Priority::Normal, |config, url| {
            (config.gotify_url, config.gotify_token) = (url, "tk".into());
        });
        assert_eq!((seen.line.as_str(), seen.header("x-gotify-key")), ("POST /x/message HTTP/1.1", Some("tk")));
        assert_eq!(body, json!({"title":"Blynk Note","message":"Tür \"auf\"","priority":5}));
    }

    #[test]
    fn telegram() {
        let (seen, body) = sent(Priority::Normal, |config, url| {
            config.telegram_url = url;
            (config.telegram_bot_token, config.telegram_chat_id) = ("12:ab".into(), "-5".to_owned());
        });
        assert_eq!(seen.line, "POST /x/bot12:ab/sendMessage HTTP/1.1");
        assert_eq!(body, json!({"chat_id":"-5","text":"Blynk Note\nTür \"auf\""}));
    }

    #[test]
    fn pushover() {
        let (seen, body) = sent(Priority::High, |config, url| {
            (config.pushover_url, config.pushover_token, config.pushover_user) = (url, "tk".into(), "us".into());
        });
        assert_eq!(seen.line, "POST /x HTTP/1.1");
        let want = json!({"token":"tk","user":"us","title":"Blynk Note","message":"Tür \"auf\"","priority":1});
        assert_eq!(body, want);
    }

    #[test]
    fn hook() {
        let (seen, body) = sent(Priority::Normal, |config, url| {
            (config.hook_url, config.hook_authorization) = (url, "Basic eA==".into());
        });
        assert_eq!(seen.header("authorization"), Some("Basic eA=="));
        let want = json!({"title":"Blynk Note","message":"Tür \"auf\"","priority":"normal","dashId":7,
            "account":"own@example.com"});
        assert_eq!(body, want);
    }

    #[test]
    fn nothing_is_on_until_configured() {
        // The defaults of the table, not the empty ones of the struct.
        let defaults = PushTargetsConfig { ntfy_url: "https://ntfy.sh".to_owned(), ..PushTargetsConfig::default() };
        let off = targets(defaults);
        assert!(!off.reaches("own@example.com"));
        assert!(off.test(None, &client()).is_empty());
    }

    #[test]
    fn accounts_have_their_own_services() {
        let server = TestServer::start(vec![TestServer::answer(200, "{}")]);
        let own = PushTargetsConfig { hook_url: server.url("/own"), ..PushTargetsConfig::default() };
        let config = PushTargets { accounts: [("own@example.com".to_owned(), own)].into(), ..PushTargets::default() };
        let targets = Targets::new(&config, &PushConfig::default(), "Blynk");
        assert!(targets.reaches("Own@Example.com") && !targets.reaches("other@example.com"));
        targets.send(&Push { email: "other@example.com".to_owned(), ..push(Priority::Normal) }, &client());
        targets.send(&push(Priority::Normal), &client());
        assert_eq!(server.seen().line, "POST /own HTTP/1.1");
    }

    #[test]
    fn a_trial_says_what_is_wrong_in_one_line() {
        let trial = |answer: String| {
            let server = TestServer::start(vec![answer]);
            let hook = PushTargetsConfig {
                hook_url: server.url("/secret"),
                hook_authorization: "hidden".into(),
                ..PushTargetsConfig::default()
            };
            let line = targets(hook).test(None, &client()).pop().unwrap();
            assert!(!line.contains("secret") && !line.contains("hidden"), "{line}");
            line
        };
        assert_eq!(trial(TestServer::answer(204, "")), "hook: sent");
        assert_eq!(trial(TestServer::answer(401, "")), "hook: the token is not accepted (status 401)");
        let telegram = r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#;
        assert_eq!(
            trial(TestServer::answer(400, telegram)),
            "hook: the service does not understand the push (status 400: Bad Request: chat not found)"
        );
        let pushover = r#"{"status":0,"errors":["application token is invalid"]}"#;
        assert!(trial(TestServer::answer(400, pushover)).ends_with("(status 400: application token is invalid)"));
        assert!(trial(TestServer::answer(301, "")).contains("https instead of http"));

        let half = PushTargetsConfig { pushover_token: "tk".into(), ..PushTargetsConfig::default() };
        assert_eq!(targets(half).test(None, &client()), ["pushover: pushover.user is missing in push.properties"]);
        let closed = PushTargetsConfig { hook_url: "http://127.0.0.1:1/".to_owned(), ..PushTargetsConfig::default() };
        let line = targets(closed).test(Some("own@example.com"), &client()).pop().unwrap();
        assert!(line.starts_with("hook: ") && line.contains("refused"), "{line}");
    }
}
