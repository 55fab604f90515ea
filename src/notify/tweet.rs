//! Tweets: OAuth 1.0a signed requests to Twitter's 1.1 interface.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{Engine, BASE64_STANDARD as BASE64};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use super::http_client::{HttpClient, HttpError};
use super::percent::{encode, form};
use crate::config::TwitterConfig;

/// One tweet with the credentials of the Twitter widget.
#[derive(Clone, PartialEq, Eq)]
pub struct Tweet {
    /// The text, at most 140 UTF-16 units.
    pub text: String,
    /// The widget's `token`.
    pub token: String,
    /// The widget's `secret`.
    pub secret: String,
}

// Token and secret must not reach a log through `{:?}`.
impl std::fmt::Debug for Tweet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tweet")
    }
}

/// Largest answer that is read, bytes; only its status counts.
const ANSWER_LIMIT: usize = 16 * 1024;

/// Why a tweet was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TweetError {
    /// `oauth.consumerKey` or `oauth.consumerSecret` is empty, so nothing can be signed.
    #[error("no Twitter application is configured (twitter4j.properties)")]
    NotConfigured,
    /// Another HTTP status than 200.
    #[error("Twitter answered with status {0}")]
    Status(u16),
    /// No answer.
    #[error("Twitter failed: {0}")]
    Failed(#[from] HttpError),
}

/// Posts one tweet.
///
/// # Errors
/// See [`TweetError`].
pub fn send(tweet: &Tweet, config: &TwitterConfig, client: &HttpClient) -> Result<(), TweetError> {
    if config.oauth_consumer_key.is_empty() || config.oauth_consumer_secret.is_empty() {
        return Err(TweetError::NotConfigured);
    }
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut random = [0_u8; 16];
    // Twitter refuses a nonce that it saw before, so a failing random source is a refused tweet and no more.
    let _ = SystemRandom::new().fill(&mut random);
    let nonce: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let authorization = authorization(tweet, config, seconds, &nonce);
    let url = format!("{}?status={}", config.twitter_url, encode(&tweet.text));
    let reply = client.post(&url, &[("Authorization", &authorization)], &[], ANSWER_LIMIT)?;
    if reply.status == 200 {
        Ok(())
    } else {
        Err(TweetError::Status(reply.status))
    }
}

/// The OAuth 1.0a header: the signature covers the method, the URL, these fields and the tweet's text.
fn authorization(tweet: &Tweet, config: &TwitterConfig, seconds: u64, nonce: &str) -> String {
    let time = seconds.to_string();
    // In the order of their names, as the signature wants them; `status` sorts after all of them.
    let fields = [
        ("oauth_consumer_key", config.oauth_consumer_key.expose()),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", &time),
        ("oauth_token", &tweet.token),
        ("oauth_version", "1.0"),
    ];
    let mut parameters = fields.to_vec();
    parameters.push(("status", &tweet.text));
    let signed = format!("POST&{}&{}", encode(&config.twitter_url), encode(&form(&parameters)));
    let key = format!("{}&{}", encode(config.oauth_consumer_secret.expose()), encode(&tweet.secret));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let signature = BASE64.encode(hmac::sign(&key, signed.as_bytes()));
    let mut header = "OAuth ".to_owned();
    for (name, value) in fields {
        // Writing to a string cannot fail.
        let _ = write!(header, "{name}=\"{}\", ", encode(value));
    }
    let _ = write!(header, "oauth_signature=\"{}\"", encode(&signature));
    header
}

#[cfg(test)]
mod tests {
    use super::super::local_address::LocalAddresses;
    use super::super::test_server::TestServer;
    use super::*;

    fn tweet() -> Tweet {
        Tweet { text: "Rain & wind".to_owned(), token: "tk".to_owned(), secret: "ts".to_owned() }
    }

    fn config(url: &str) -> TwitterConfig {
        TwitterConfig {
            twitter_url: url.to_owned(),
            oauth_consumer_key: "ck".into(),
            oauth_consumer_secret: "cs".into(),
        }
    }

    #[test]
    fn the_signature_is_that_of_the_specification() {
        let header =
            authorization(&tweet(), &config("https://api.twitter.com/1.1/statuses/update.json"), 1_700_000_000, "n1");
        assert_eq!(
            header,
            "OAuth oauth_consumer_key=\"ck\", oauth_nonce=\"n1\", oauth_signature_method=\"HMAC-SHA1\", \
             oauth_timestamp=\"1700000000\", oauth_token=\"tk\", oauth_version=\"1.0\", \
             oauth_signature=\"SCvjeN%2BfhPYpKBOMohq3HvPhtKA%3D\""
        );
    }

    #[test]
    fn only_status_200_is_success() {
        let server = TestServer::start(vec![TestServer::answer(200, "{}"), TestServer::answer(403, "{}")]);
        let config = config(&server.url("/1.1/statuses/update.json"));
        let client = HttpClient::new(LocalAddresses::Allow);
        send(&tweet(), &config, &client).unwrap();
        let seen = server.seen();
        assert_eq!(seen.line, "POST /1.1/statuses/update.json?status=Rain%20%26%20wind HTTP/1.1");
        assert_eq!(seen.header("content-length"), Some("0"));
        assert!(seen.header("authorization").unwrap().starts_with("OAuth oauth_consumer_key=\"ck\""));
        assert!(matches!(send(&tweet(), &config, &client), Err(TweetError::Status(403))));
    }

    #[test]
    fn without_an_application_nothing_is_sent() {
        let config = TwitterConfig { oauth_consumer_key: "".into(), ..config("http://127.0.0.1:1/") };
        let sent = send(&tweet(), &config, &HttpClient::new(LocalAddresses::Allow));
        assert!(matches!(sent, Err(TweetError::NotConfigured)));
    }
}
