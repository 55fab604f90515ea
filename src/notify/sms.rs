//! Text messages through Nexmo's HTTP interface.

use super::http_client::{HttpClient, HttpError};
use super::percent;
use crate::config::SmsConfig;

/// One text message.
#[derive(Clone, PartialEq, Eq)]
pub struct Sms {
    /// The number as the user typed it into the widget.
    pub to: String,
    /// The text, at most 160 UTF-16 units.
    pub text: String,
}

impl std::fmt::Debug for Sms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sms")
    }
}

/// Largest answer that is read, bytes.
const ANSWER_LIMIT: usize = 16 * 1024;
/// Longest error text of the gateway that is passed on, characters.
const REASON_LIMIT: usize = 200;

/// Why a text message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SmsError {
    /// `nexmo.api.key` or `nexmo.api.secret` is empty.
    #[error("no SMS gateway is configured (sms.properties)")]
    NotConfigured,
    /// The gateway's own words.
    #[error("the SMS gateway refused: {0}")]
    Refused(String),
    /// Another HTTP status than 200.
    #[error("the SMS gateway answered with status {0}")]
    Status(u16),
    /// No answer.
    #[error("the SMS gateway failed: {0}")]
    Failed(#[from] HttpError),
}

#[derive(serde::Deserialize)]
struct GatewayAnswer {
    #[serde(default)]
    messages: Vec<MessageResult>,
}

#[derive(serde::Deserialize)]
struct MessageResult {
    #[serde(default)]
    status: String,
    #[serde(default, rename = "error-text")]
    error_text: String,
}

/// Hands one message to the gateway.
///
/// The parameters go as a form body, not in the query as the reference did: proxies log queries, and one of them is
/// the secret.
///
/// # Errors
/// See [`SmsError`].
pub fn send(sms: &Sms, config: &SmsConfig, client: &HttpClient) -> Result<(), SmsError> {
    if config.nexmo_api_key.is_empty() || config.nexmo_api_secret.is_empty() {
        return Err(SmsError::NotConfigured);
    }
    let form = percent::form(&[
        ("api_key", config.nexmo_api_key.expose()),
        ("api_secret", config.nexmo_api_secret.expose()),
        ("from", &config.nexmo_from),
        ("to", &sms.to),
        ("text", &sms.text),
        // Without it the gateway drops all but the GSM alphabet.
        ("type", if sms.text.is_ascii() { "text" } else { "unicode" }),
    ]);
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let reply = client.post(&config.nexmo_url, &headers, form.as_bytes(), ANSWER_LIMIT)?;
    if reply.status != 200 {
        return Err(SmsError::Status(reply.status));
    }
    let answer: GatewayAnswer =
        reply.json().ok_or_else(|| SmsError::Refused("its answer is not the JSON that was expected".to_owned()))?;
    match answer.messages.first() {
        Some(message) if message.status != "0" => {
            Err(SmsError::Refused(message.error_text.chars().filter(|c| !c.is_control()).take(REASON_LIMIT).collect()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::local_address::LocalAddresses;
    use super::super::test_server::TestServer;
    use super::*;

    fn run(server: &TestServer, text: &str, secret: &str) -> Result<(), SmsError> {
        let config = SmsConfig {
            nexmo_url: server.url("/sms/json"),
            nexmo_api_key: "K".into(),
            nexmo_api_secret: secret.into(),
            nexmo_from: "Blynk".to_owned(),
        };
        let sms = Sms { to: "+1 555".to_owned(), text: text.to_owned() };
        send(&sms, &config, &HttpClient::new(LocalAddresses::Allow))
    }

    #[test]
    fn one_form_with_the_five_parameters() {
        let server = TestServer::start(vec![TestServer::answer(200, r#"{"messages":[{"status":"0"}]}"#); 2]);
        run(&server, "Pump on", "S").unwrap();
        let seen = server.seen();
        assert_eq!(seen.line, "POST /sms/json HTTP/1.1");
        assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(seen.text(), "api_key=K&api_secret=S&from=Blynk&to=%2B1%20555&text=Pump%20on&type=text");
        run(&server, "grün", "S").unwrap();
        assert!(server.seen().text().ends_with("&text=gr%C3%BCn&type=unicode"));
    }

    #[test]
    fn refusals_are_errors_without_secrets() {
        let server = TestServer::start(vec![
            TestServer::answer(
                200,
                r#"{"message-count":"1","messages":[{"status":"4","error-text":"Bad credentials"}]}"#,
            ),
            TestServer::answer(401, ""),
            TestServer::answer(200, "<html>"),
        ]);
        let mut texts = (0..3).map(|_| run(&server, "x", "hidden").unwrap_err().to_string());
        assert_eq!(texts.next().unwrap(), "the SMS gateway refused: Bad credentials");
        assert_eq!(texts.next().unwrap(), "the SMS gateway answered with status 401");
        assert!(!texts.next().unwrap().contains("hidden"));
        assert!(matches!(run(&server, "x", ""), Err(SmsError::NotConfigured)));
    }
}
