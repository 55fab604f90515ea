//! From an order to a certificate: proves that the name is this server's, sends the request for the certificate, waits for it.

use super::client::{refusal, Answer, Client};
use super::jws::base64url;
use super::AcmeError;
use crate::net::server::Server;
use async_io::Timer;
use serde_json::{json, Value};
use std::time::Duration;

/// Pauses between looks: the first, and the longest that the server can ask for.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How often it is looked: about two minutes in all.
const LOOKS: u32 = 20;

/// Gets a certificate chain, in PEM, for a name. The client is logged in.
pub async fn obtain(
    client: &mut Client<'_>,
    server: &Server,
    host: &str,
    key: &rcgen::KeyPair,
) -> Result<Vec<u8>, AcmeError> {
    let wish = json!({"identifiers": [{"type": "dns", "value": host}]});
    let url = client.new_order.clone();
    let answer = client.post(&url, &wish.to_string()).await?;
    let (at, order) = (answer.location()?, answer.json()?);
    for authorization in order["authorizations"].as_array().ok_or(AcmeError::Answer("no authorizations"))? {
        let url = authorization.as_str().ok_or(AcmeError::Answer("no authorization"))?;
        let proven = authorize(client, server, host, url).await;
        server.hub.borrow_mut().certificate.challenge = None;
        proven?;
    }
    let ready = settled(client, &at, "pending").await?;
    if status(&ready) == "ready" {
        let request = rcgen::CertificateParams::new(vec![host.to_owned()])?;
        let request = without_name(request).serialize_request(key)?;
        let finalize = ready["finalize"].as_str().ok_or(AcmeError::Answer("no finalize"))?;
        client.post(finalize, &json!({"csr": base64url(request.der())}).to_string()).await?;
    }
    let done = settled(client, &at, "processing").await?;
    if status(&done) != "valid" {
        return Err(AcmeError::Refused { text: refusal(&done["error"]), wait: None });
    }
    let certificate = done["certificate"].as_str().ok_or(AcmeError::Answer("no certificate"))?;
    client.post(certificate, "").await.map(Answer::into_body)
}

/// The name is among the alternative ones; as common name it could be too long.
fn without_name(mut params: rcgen::CertificateParams) -> rcgen::CertificateParams {
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
}

fn status(object: &Value) -> &str {
    object["status"].as_str().unwrap_or_default()
}

/// Shows that the name is ours, unless that is known still.
async fn authorize(client: &mut Client<'_>, server: &Server, host: &str, url: &str) -> Result<(), AcmeError> {
    let unverified = |text: String| AcmeError::Unverified { host: host.to_owned(), text };
    let authorization = client.post(url, "").await?.json()?;
    if status(&authorization) == "valid" {
        return Ok(());
    }
    let challenges = authorization["challenges"].as_array().into_iter().flatten();
    let challenge = challenges.into_iter().find(|challenge| challenge["type"] == "http-01");
    let challenge = challenge.ok_or(AcmeError::Answer("it does not ask over HTTP"))?;
    let token = challenge["token"].as_str().filter(|token| is_token(token)).ok_or(AcmeError::Answer("no token"))?;
    let answer = format!("{token}.{}", client.thumbprint());
    server.hub.borrow_mut().certificate.challenge = Some((token.to_owned(), answer));
    client.post(challenge["url"].as_str().ok_or(AcmeError::Answer("no challenge"))?, "{}").await?;
    let authorization = settled(client, url, "pending").await?;
    if status(&authorization) == "valid" {
        return Ok(());
    }
    let challenges = authorization["challenges"].as_array().into_iter().flatten();
    let reason = challenges.map(|challenge| &challenge["error"]).find(|error| error.is_object());
    Err(unverified(refusal(reason.unwrap_or(&Value::Null))))
}

/// Characters that base64url has; what is asked for is compared with it.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Looks at an object until it has another status than this one.
async fn settled(client: &mut Client<'_>, url: &str, passing: &str) -> Result<Value, AcmeError> {
    let mut pause = FIRST_PAUSE;
    for _ in 0..LOOKS {
        let answer = client.post(url, "").await?;
        let object = answer.json()?;
        if status(&object) != passing {
            return Ok(object);
        }
        Timer::after(answer.wait().unwrap_or(pause).clamp(FIRST_PAUSE, LONGEST_PAUSE)).await;
        pause = (pause * 2).min(LONGEST_PAUSE / 2);
    }
    Err(AcmeError::Slow)
}
