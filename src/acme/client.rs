//! Talks to an ACME server: its directory, the nonces of requests, signed requests, refusals.

use super::jws::AccountKey;
use super::AcmeError;
use crate::certificates::on_worker;
use crate::hub::Queue;
use crate::net::server::Server;
use crate::notify::http_client::{HttpClient, Reply};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Longest answer that is read, bytes. A chain of certificates has some thousand.
const ANSWER_MAX: usize = 128 * 1024;
/// How often a request is sent again because its nonce was not good any more.
const NONCE_TRIES: u32 = 10;
/// Longest text of a refusal that is shown, characters.
const TEXT_MAX: usize = 300;
/// Every request must say who asks (RFC 8555, 6.1).
const USER_AGENT: &str = concat!("eyelet/", env!("CARGO_PKG_VERSION"));

/// What came back for a request that was not refused.
pub struct Answer(Reply);

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value, AcmeError> {
        self.0.json().ok_or(AcmeError::Answer("no JSON"))
    }

    /// The body as it is.
    pub fn into_body(self) -> Vec<u8> {
        self.0.body
    }

    /// Where what was made is.
    pub fn location(&self) -> Result<String, AcmeError> {
        Ok(self.0.header("location").ok_or(AcmeError::Answer("no location"))?.to_owned())
    }

    /// How long to wait before asking again.
    pub fn wait(&self) -> Option<Duration> {
        wait(&self.0)
    }
}

/// Requests of one account to one server.
pub struct Client<'a> {
    server: &'a Server,
    http: Arc<HttpClient>,
    key: &'a AccountKey,
    new_nonce: String,
    new_account: String,
    /// Where orders begin.
    pub new_order: String,
    /// The account's address, when it is known.
    account: Option<String>,
    nonce: Option<String>,
}

impl<'a> Client<'a> {
    /// Reads the directory at this address.
    pub async fn connect(
        server: &'a Server,
        http: HttpClient,
        key: &'a AccountKey,
        directory: &str,
    ) -> Result<Client<'a>, AcmeError> {
        let http = Arc::new(http);
        let found = exchange(server, &http, "GET", directory, None).await?;
        let found = Answer(accepted(found)?).json()?;
        if found["meta"]["externalAccountRequired"].as_bool() == Some(true) {
            return Err(AcmeError::ExternalAccount);
        }
        let address = |name: &str| found[name].as_str().map(str::to_owned).ok_or(AcmeError::Answer("no directory"));
        let (new_nonce, new_account, new_order) = (address("newNonce")?, address("newAccount")?, address("newOrder")?);
        Ok(Client { server, http, key, new_nonce, new_account, new_order, account: None, nonce: None })
    }

    /// Makes the account of the key, or finds it.
    pub async fn log_in(&mut self, contact: &str) -> Result<(), AcmeError> {
        let url = self.new_account.clone();
        let wish = serde_json::json!({"termsOfServiceAgreed": true, "contact": [format!("mailto:{contact}")]});
        let answer = self.post(&url, &wish.to_string()).await?;
        self.account = Some(answer.location()?);
        Ok(())
    }

    /// Sends a request; `payload` empty: one that only reads.
    pub async fn post(&mut self, url: &str, payload: &str) -> Result<Answer, AcmeError> {
        let mut tries = 0;
        loop {
            let nonce = match self.nonce.take() {
                Some(nonce) => nonce,
                None => {
                    let reply = exchange(self.server, &self.http, "HEAD", &self.new_nonce, None).await?;
                    nonce_of(&accepted(reply)?).ok_or(AcmeError::Answer("no nonce"))?
                }
            };
            let body = self.key.sign(self.account.as_deref(), &nonce, url, payload);
            let body = body.map_err(|_| AcmeError::Account("the account's key".to_owned()))?;
            let reply = exchange(self.server, &self.http, "POST", url, Some(body)).await?;
            self.nonce = nonce_of(&reply);
            tries += 1;
            if tries < NONCE_TRIES && kind_of(&reply).is_some_and(|kind| kind.ends_with(":badNonce")) {
                log::debug!("A request to the ACME server is sent again: its nonce was not good any more");
                continue;
            }
            return accepted(reply).map(Answer);
        }
    }

    /// What the answer to a challenge ends with.
    pub fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }
}

async fn exchange(
    server: &Server,
    http: &Arc<HttpClient>,
    method: &'static str,
    url: &str,
    body: Option<String>,
) -> Result<Reply, AcmeError> {
    let (http, url) = (Arc::clone(http), url.to_owned());
    let work = move || {
        let headers = [("user-agent", USER_AGENT), ("content-type", "application/jose+json")];
        let headers = if body.is_some() { &headers[..] } else { &headers[..1] };
        http.request(method, &url, headers, body.as_deref().map(str::as_bytes), ANSWER_MAX)
    };
    let reply = on_worker(server, Queue::Network, work).await.ok_or(AcmeError::Busy)??;
    if reply.truncated {
        return Err(AcmeError::Answer("too long"));
    }
    Ok(reply)
}

fn nonce_of(reply: &Reply) -> Option<String> {
    reply.header("replay-nonce").map(str::to_owned)
}

/// The kind of a refusal (RFC 7807).
fn kind_of(reply: &Reply) -> Option<String> {
    if reply.status < 400 {
        return None;
    }
    let problem: Value = reply.json()?;
    Some(problem["type"].as_str()?.to_owned())
}

fn accepted(reply: Reply) -> Result<Reply, AcmeError> {
    if (200..300).contains(&reply.status) {
        return Ok(reply);
    }
    let problem = reply.json().unwrap_or(Value::Null);
    let text = format!("status {}: {}", reply.status, refusal(&problem));
    Err(AcmeError::Refused { text, wait: wait(&reply) })
}

/// What a problem document says, as one line.
pub fn refusal(problem: &Value) -> String {
    let kind = problem["type"].as_str().unwrap_or("no reason given");
    let kind = kind.strip_prefix("urn:ietf:params:acme:error:").unwrap_or(kind);
    let mut parts = vec![kind];
    parts.extend(problem["detail"].as_str());
    // Which of several names is refused, and why.
    let more = problem["subproblems"].as_array().into_iter().flatten();
    parts.extend(more.filter_map(|problem| problem["detail"].as_str()));
    let text = parts.join(", ");
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_MAX).collect()
}

fn wait(reply: &Reply) -> Option<Duration> {
    let text = reply.header("retry-after")?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_one_bounded_line() {
        let problem = serde_json::json!({
            "type": "urn:ietf:params:acme:error:rateLimited",
            "detail": "too many\ncertificates",
            "subproblems": [{"detail": "for a.example"}, 7],
        });
        assert_eq!(refusal(&problem), "rateLimited, too many certificates, for a.example");
        assert_eq!(refusal(&Value::Null), "no reason given");
        assert_eq!(refusal(&serde_json::json!({"type": "x".repeat(1000)})).len(), TEXT_MAX);
    }
}
