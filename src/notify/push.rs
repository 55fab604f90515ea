//! Pushes to phones through a gateway that speaks the legacy FCM interface (`gcm.server`).

use std::sync::atomic::{AtomicBool, Ordering};

use super::http_client::HttpClient;
use crate::config::{PushConfig, Secret};

/// One text for all phones of a notification widget.
#[derive(Clone, PartialEq, Eq)]
pub struct Push {
    /// Owner of the project: chooses the account's own push targets.
    pub email: String,
    /// The project's id, sent along so that the app opens it.
    pub dash_id: i32,
    /// The text, placeholders replaced.
    pub text: String,
    /// The widget's `priority`.
    pub priority: Priority,
    /// The widget's `androidTokens`, in order.
    pub android: Vec<PhoneToken>,
    /// The widget's `iOSTokens`, in order.
    pub ios: Vec<PhoneToken>,
}

/// How urgent the phone's system takes a push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// May wait for the phone to wake up.
    #[default]
    Normal,
    /// Wakes the phone.
    High,
}

/// A phone as the app registered it.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneToken {
    /// The app's own id for the phone: the key in the widget's map.
    pub uid: String,
    /// The push service's name for the phone: a secret.
    pub token: String,
}

/// What became of a [`Push`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Uids of Android phones that no longer exist: remove them from the widget.
    pub gone_android: Vec<String>,
    /// Uids of iOS phones that no longer exist: remove them from the widget.
    pub gone_ios: Vec<String>,
}

// Tokens must not reach a log through `{:?}`.
impl std::fmt::Debug for PhoneToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhoneToken")
    }
}

impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Push(project {}, {} Android, {} iOS)", self.dash_id, self.android.len(), self.ios.len())
    }
}

/// A gateway that speaks the legacy FCM interface.
pub struct Gateway {
    /// Where to POST; `None` = no gateway is configured.
    url: Option<String>,
    api_key: Secret,
    /// What iOS shows above the text.
    title: String,
    /// A trouble that concerns every push (wrong key, not reachable) was logged; once is enough.
    complained: AtomicBool,
}

/// Largest answer that is read, bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Why one phone did not get a push. The texts hold no tokens.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PushError {
    /// `gcm.server` or `gcm.api.key` is not set.
    #[error("no push gateway is configured (gcm.server and gcm.api.key in gcm.properties)")]
    NotConfigured,
    /// The phone no longer has the app: forget its token.
    #[error("the phone is not registered any more")]
    Gone,
    /// The gateway's own word.
    #[error("the push gateway refused: {0}")]
    Refused(String),
    /// Another HTTP status than 200; 401 is a wrong `gcm.api.key`.
    #[error("the push gateway answered with status {0}")]
    Status(u16),
    /// No answer.
    #[error("the push gateway failed: {0}")]
    Failed(String),
}

// The field order is that of the reference's requests.
#[derive(serde::Serialize)]
struct AndroidMessage<'a> {
    to: &'a str,
    priority: &'static str,
    data: AndroidData<'a>,
}

#[derive(serde::Serialize)]
struct AndroidData<'a> {
    message: &'a str,
    #[serde(rename = "dashId")]
    dash_id: i32,
}

#[derive(serde::Serialize)]
struct IosMessage<'a> {
    to: &'a str,
    priority: &'static str,
    notification: IosNotification<'a>,
}

#[derive(serde::Serialize)]
struct IosNotification<'a> {
    body: &'a str,
    #[serde(rename = "dashId")]
    dash_id: i32,
    sound: &'static str,
    title: &'a str,
}

#[derive(serde::Deserialize)]
struct GatewayAnswer {
    #[serde(default)]
    failure: i64,
    #[serde(default)]
    results: Vec<PhoneResult>,
}

#[derive(serde::Deserialize)]
struct PhoneResult {
    error: Option<String>,
}

impl Priority {
    /// The word in widgets and in requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

impl Gateway {
    /// The gateway of `gcm.properties`.
    pub fn new(config: &PushConfig, product: &str) -> Self {
        Self {
            url: config.gateway_configured().then(|| config.gcm_server.clone()),
            api_key: config.gcm_api_key.clone(),
            title: config.notification_title.replace("{PRODUCT_NAME}", product),
            complained: AtomicBool::new(false),
        }
    }

    /// True when there is a gateway to send to. Without one [`Gateway::send`] only complains.
    pub fn is_configured(&self) -> bool {
        self.url.is_some()
    }

    /// Sends the text to all phones, one request each; failures are logged and skipped.
    pub fn send(&self, push: &Push, client: &HttpClient) -> Outcome {
        let mut outcome = Outcome::default();
        for phone in &push.android {
            let data = AndroidData { message: &push.text, dash_id: push.dash_id };
            let message = AndroidMessage { to: &phone.token, priority: push.priority.as_str(), data };
            if self.is_gone(self.post(&message, client)) {
                outcome.gone_android.push(phone.uid.clone());
            }
        }
        for phone in &push.ios {
            let notification =
                IosNotification { body: &push.text, dash_id: push.dash_id, sound: "default", title: &self.title };
            let message = IosMessage { to: &phone.token, priority: push.priority.as_str(), notification };
            if self.is_gone(self.post(&message, client)) {
                outcome.gone_ios.push(phone.uid.clone());
            }
        }
        outcome
    }

    /// Logs a failure: those of the gateway itself once, those of a phone for who looks for them.
    fn is_gone(&self, result: Result<(), PushError>) -> bool {
        match result {
            Ok(()) => false,
            Err(PushError::Gone) => {
                log::debug!("a phone is not registered for pushes any more, its token is removed");
                true
            }
            Err(error @ PushError::Refused(_)) => {
                log::debug!("push not delivered: {error}");
                false
            }
            Err(error) if self.complained.swap(true, Ordering::Relaxed) => {
                log::debug!("push not delivered: {error}");
                false
            }
            Err(error) => {
                log::warn!("push not delivered: {error} (said once)");
                false
            }
        }
    }

    fn post(&self, message: &impl serde::Serialize, client: &HttpClient) -> Result<(), PushError> {
        let url = self.url.as_deref().ok_or(PushError::NotConfigured)?;
        let body = serde_json::to_vec(message).map_err(|e| PushError::Failed(e.to_string()))?;
        let key = format!("key={}", self.api_key.expose());
        let headers = [("Authorization", key.as_str()), ("Content-Type", "application/json; charset=utf-8")];
        let reply =
            client.post(url, &headers, &body, ANSWER_LIMIT).map_err(|error| PushError::Failed(error.to_string()))?;
        if reply.status != 200 {
            return Err(PushError::Status(reply.status));
        }
        let answer: GatewayAnswer =
            reply.json().ok_or_else(|| PushError::Failed("its answer is not JSON".to_owned()))?;
        if answer.failure != 1 {
            return Ok(());
        }
        match answer.results.into_iter().next().and_then(|result| result.error) {
            Some(error) if error.contains("NotRegistered") => Err(PushError::Gone),
            Some(error) => Err(PushError::Refused(error.chars().filter(|c| !c.is_control()).take(100).collect())),
            None => Err(PushError::Refused("no reason given".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::local_address::LocalAddresses;
    use super::super::test_server::TestServer;
    use super::*;

    fn phone(name: &str) -> PhoneToken {
        PhoneToken { uid: format!("uid{name}"), token: format!("tok{name}") }
    }

    fn push(android: &[&str], ios: &[&str]) -> Push {
        Push {
            email: "own@example.com".to_owned(),
            dash_id: 1,
            text: "Door \"öpen\"".to_owned(),
            priority: if ios.is_empty() { Priority::High } else { Priority::Normal },
            android: android.iter().map(|name| phone(name)).collect(),
            ios: ios.iter().map(|name| phone(name)).collect(),
        }
    }

    fn gateway(url: Option<String>) -> Gateway {
        let config = PushConfig {
            gcm_server: url.unwrap_or_default(),
            gcm_api_key: Secret::new("K"),
            notification_title: "{PRODUCT_NAME} Notification".to_owned(),
            ..PushConfig::default()
        };
        Gateway::new(&config, "Blynk")
    }

    fn client() -> HttpClient {
        HttpClient::new(LocalAddresses::Allow)
    }

    #[test]
    fn requests_are_byte_equal_to_the_references() {
        let server = TestServer::start(vec![TestServer::answer(200, r#"{"success":1,"failure":0}"#); 2]);
        let gateway = gateway(Some(server.url("/fcm/send")));
        assert_eq!(gateway.send(&push(&["A"], &[]), &client()), Outcome::default());
        let android = server.seen();
        assert_eq!(android.line, "POST /fcm/send HTTP/1.1");
        assert_eq!(android.header("authorization"), Some("key=K"));
        assert_eq!(android.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(android.text(), r#"{"to":"tokA","priority":"high","data":{"message":"Door \"öpen\"","dashId":1}}"#);
        gateway.send(&push(&[], &["B"]), &client());
        assert_eq!(
            server.seen().text(),
            concat!(
                r#"{"to":"tokB","priority":"normal","notification":{"body":"Door \"öpen\"","dashId":1,"#,
                r#""sound":"default","title":"Blynk Notification"}}"#
            )
        );
    }

    #[test]
    fn only_phones_that_are_gone_are_reported() {
        let failure =
            |error: &str| TestServer::answer(200, &format!(r#"{{"failure":1,"results":[{{"error":"{error}"}}]}}"#));
        let server = TestServer::start(vec![
            failure("NotRegistered"),
            failure("InvalidRegistration"),
            TestServer::answer(401, ""),
            TestServer::answer(200, "nonsense"),
            TestServer::answer(200, r#"{"failure":1}"#),
            failure("xNotRegisteredx"),
        ]);
        let outcome = gateway(Some(server.url("/"))).send(&push(&["1", "2", "3"], &["4", "5", "6"]), &client());
        assert_eq!(outcome, Outcome { gone_android: vec!["uid1".to_owned()], gone_ios: vec!["uid6".to_owned()] });
    }

    #[test]
    fn no_gateway_is_no_trouble_for_the_phone() {
        assert!(!gateway(None).is_configured());
        assert_eq!(gateway(None).send(&push(&["1"], &["2"]), &client()), Outcome::default());
        let closed = gateway(Some("http://127.0.0.1:1/".to_owned()));
        assert_eq!(closed.send(&push(&["1"], &[]), &client()), Outcome::default());
    }
}
