//! The key of an account, and requests signed with it (RFC 7515, RFC 7638, RFC 8555 section 6.2).

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use ring::digest::{digest, SHA256};
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::signature::{EcdsaKeyPair, KeyPair, ECDSA_P256_SHA256_FIXED_SIGNING};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::Value;

/// Length of a coordinate of a public key, bytes.
const COORDINATE: usize = 32;

/// Base64 as ACME has it everywhere.
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The P-256 key of an account.
pub struct AccountKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl AccountKey {
    /// From PKCS#8 in PEM; `None` when that is no P-256 key.
    pub fn from_pem(pem: &[u8]) -> Option<AccountKey> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).ok()?;
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der(), &random).ok()?;
        Some(AccountKey { pair, random })
    }

    /// The public key, in the form that its thumbprint is taken of.
    fn jwk(&self) -> String {
        // A byte that says "not compressed", then both coordinates.
        let point = self.pair.public_key().as_ref().get(1..).unwrap_or_default();
        let (x, y) = point.split_at(COORDINATE.min(point.len()));
        format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, base64url(x), base64url(y))
    }

    /// What the answer to a challenge ends with.
    pub fn thumbprint(&self) -> String {
        base64url(digest(&SHA256, self.jwk().as_bytes()))
    }

    /// A request's body. `account`: its address; `None`: the request carries the key, since there is no account yet.
    /// `payload`: JSON, or empty for a request that only reads.
    ///
    /// # Errors
    /// No random numbers.
    pub fn sign(&self, account: Option<&str>, nonce: &str, url: &str, payload: &str) -> Result<String, Unspecified> {
        let quoted = |text: &str| Value::from(text).to_string();
        let who = match account {
            Some(account) => format!(r#""kid":{}"#, quoted(account)),
            None => format!(r#""jwk":{}"#, self.jwk()),
        };
        let head = format!(r#"{{"alg":"ES256",{who},"nonce":{},"url":{}}}"#, quoted(nonce), quoted(url));
        let (head, payload) = (base64url(head), base64url(payload));
        let signature = self.pair.sign(&self.random, format!("{head}.{payload}").as_bytes())?;
        let signature = base64url(signature);
        Ok(format!(r#"{{"protected":"{head}","payload":"{payload}","signature":"{signature}"}}"#))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{UnparsedPublicKey, ECDSA_P256_SHA256_FIXED};

    fn key() -> AccountKey {
        AccountKey::from_pem(rcgen::KeyPair::generate().unwrap().serialize_pem().as_bytes()).unwrap()
    }

    fn decoded(text: &Value) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
    }

    #[test]
    fn requests_are_signed_by_the_key_that_they_carry() {
        let key = key();
        for account in [None, Some("https://ca/acct/\"1")] {
            let body = key.sign(account, "n\"1", "https://ca/x", r#"{"a":1}"#).unwrap();
            let body: Value = serde_json::from_str(&body).unwrap();
            let head: Value = serde_json::from_slice(&decoded(&body["protected"])).unwrap();
            assert_eq!(
                (head["alg"].as_str(), head["nonce"].as_str(), head["url"].as_str()),
                (Some("ES256"), Some("n\"1"), Some("https://ca/x"))
            );
            assert_eq!((head["kid"].as_str(), head["jwk"].is_object()), (account, account.is_none()));
            assert_eq!(decoded(&body["payload"]), br#"{"a":1}"#);
            let message = format!("{}.{}", body["protected"].as_str().unwrap(), body["payload"].as_str().unwrap());
            let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.pair.public_key().as_ref());
            public.verify(message.as_bytes(), &decoded(&body["signature"])).unwrap();
        }
    }

    #[test]
    fn the_thumbprint_is_that_of_the_canonical_form() {
        let jwk: Value = serde_json::from_str(&key().jwk()).unwrap();
        assert_eq!((decoded(&jwk["x"]).len(), decoded(&jwk["y"]).len()), (32, 32));
        let names: Vec<&String> = jwk.as_object().unwrap().keys().collect();
        assert_eq!(names, ["crv", "kty", "x", "y"]);
        assert_eq!(key().thumbprint().len(), 43);
        assert!(AccountKey::from_pem(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").is_none());
    }
}
