//! Logging in by SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding.
//!
//! `postgres-protocol` has this, too, with tables of Unicode for SASLprep that are larger than the rest of it. Without
//! tables nearly all passwords are prepared as well: only letters that NFKC would replace stay as they were written.

use super::error::PgError;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use ring::digest::{digest, SHA256, SHA256_OUTPUT_LEN};
use ring::hmac::{self, Key, HMAC_SHA256};
use ring::pbkdf2::{derive, PBKDF2_HMAC_SHA256};
use ring::rand::{SecureRandom, SystemRandom};
use std::num::NonZeroU32;

/// The name of this way to log in.
pub const SCRAM_SHA_256: &str = "SCRAM-SHA-256";
/// Random bytes of a nonce.
const NONCE_BYTES: usize = 18;
/// Most rounds that a server may ask for: PostgreSQL's default is 4,096, and a false server must not keep us busy.
const ROUNDS_MAX: u32 = 100_000;
/// "No channel binding", in the first message and, as Base64, in the last.
const NO_BINDING: (&str, &str) = ("n,,", "biws");

/// A log-in that has begun.
pub struct Scram {
    nonce: String,
}

/// What the server is told at last, and how it must answer.
pub struct Proof {
    message: String,
    server: Key,
    agreed: String,
}

impl Scram {
    /// Begins one.
    ///
    /// # Errors
    /// No random numbers.
    pub fn new() -> Result<Scram, PgError> {
        let mut random = [0; NONCE_BYTES];
        SystemRandom::new().fill(&mut random).map_err(|_| std::io::Error::other("no random numbers"))?;
        Ok(Scram { nonce: STANDARD.encode(random) })
    }

    /// The first message. PostgreSQL knows the user already.
    pub fn first(&self) -> String {
        format!("{}{}", NO_BINDING.0, self.bare())
    }

    fn bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// What follows from the server's first message.
    ///
    /// # Errors
    /// It is none, or not an answer to ours.
    pub fn answer(&self, message: &[u8], password: &str) -> Result<Proof, PgError> {
        let (message, nonce, salt, rounds) = parts(message).ok_or(PgError::Protocol("during the log-in"))?;
        if !nonce.starts_with(&self.nonce) {
            return Err(PgError::Protocol("a log-in of somebody else"));
        }
        if rounds.get() > ROUNDS_MAX {
            return Err(PgError::Protocol("too many rounds for a log-in"));
        }
        let mut salted = [0; SHA256_OUTPUT_LEN];
        derive(PBKDF2_HMAC_SHA256, rounds, &salt, prepared(password).as_bytes(), &mut salted);
        let salted = Key::new(HMAC_SHA256, &salted);
        let client = hmac::sign(&salted, b"Client Key");
        let last = format!("c={},r={nonce}", NO_BINDING.1);
        let agreed = format!("{},{message},{last}", self.bare());
        let signature =
            hmac::sign(&Key::new(HMAC_SHA256, digest(&SHA256, client.as_ref()).as_ref()), agreed.as_bytes());
        let proof: Vec<u8> = client.as_ref().iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect();
        let server = Key::new(HMAC_SHA256, hmac::sign(&salted, b"Server Key").as_ref());
        Ok(Proof { message: format!("{last},p={}", STANDARD.encode(proof)), server, agreed })
    }
}

impl Proof {
    /// The last message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether this last message of the server says that it knows the password, too.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&self, message: &[u8]) -> Result<(), PgError> {
        let signature = message.strip_prefix(b"v=").and_then(|text| STANDARD.decode(text).ok());
        let is_right = signature.is_some_and(|it| hmac::verify(&self.server, self.agreed.as_bytes(), &it).is_ok());
        is_right.then_some(()).ok_or(PgError::Protocol("it does not know the password"))
    }
}

/// The server's first message as text, its nonce, salt and number of rounds.
fn parts(message: &[u8]) -> Option<(&str, &str, Vec<u8>, NonZeroU32)> {
    let message = std::str::from_utf8(message).ok()?;
    let mut parts = message.split(',');
    let mut part = |name: &str| parts.next()?.strip_prefix(name);
    let (nonce, salt, rounds) = (part("r=")?, part("s=")?, part("i=")?);
    let parts = (message, nonce, STANDARD.decode(salt).ok()?, rounds.parse().ok()?);
    part("").is_none().then_some(parts)
}

/// A password as RFC 4013 prepares it, but for NFKC: all spaces are plain ones, and what nobody sees is left out.
fn prepared(password: &str) -> String {
    let seen = |c: &char| {
        !matches!(c, '\u{ad}' | '\u{34f}' | '\u{1806}' | '\u{180b}'..='\u{180d}' | '\u{200b}'..='\u{200d}')
            && !matches!(c, '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
    };
    let plain = |c: char| match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    };
    password.chars().filter(seen).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER_FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    /// The example of RFC 7677, section 3, whose user name PostgreSQL's messages do not have.
    fn example() -> Scram {
        Scram { nonce: "rOprNGfwEbeRWgbNEkqO".into() }
    }

    #[test]
    fn the_keys_are_those_of_the_rfc() {
        let mut salted = [0; SHA256_OUTPUT_LEN];
        let (_, _, salt, rounds) = parts(SERVER_FIRST.as_bytes()).unwrap();
        derive(PBKDF2_HMAC_SHA256, rounds, &salt, b"pencil", &mut salted);
        let server = hmac::sign(&Key::new(HMAC_SHA256, &salted), b"Server Key");
        // The RFC's messages with the RFC's user name.
        let agreed = format!(
            "n=user,r=rOprNGfwEbeRWgbNEkqO,{SERVER_FIRST},c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        );
        let proof = Proof { message: String::new(), server: Key::new(HMAC_SHA256, server.as_ref()), agreed };
        proof.check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").unwrap();
    }

    /// An exchange of psql with PostgreSQL.
    #[test]
    fn a_log_in() {
        let scram = Scram { nonce: "9IZ2O01zb9IgiIZ1WJ/zgpJB".into() };
        assert_eq!(scram.first(), "n,,n=,r=9IZ2O01zb9IgiIZ1WJ/zgpJB");
        let first = b"r=9IZ2O01zb9IgiIZ1WJ/zgpJBjx/oIRLs02gGSHcw1KEty3eY,s=fs3IXBy7U7+IvVjZ,i=4096";
        let proof = scram.answer(first, "foobar").unwrap();
        assert_eq!(
            proof.message(),
            "c=biws,r=9IZ2O01zb9IgiIZ1WJ/zgpJBjx/oIRLs02gGSHcw1KEty3eY,p=AmNKosjJzS31NTlQYNs5BTeQjdHdk7lOflDo5re2an8="
        );
        proof.check(b"v=U+ppxD5XUKtradnv8e2MkeupiA8FU87Sg8CXzXHDAzw=").unwrap();
        for wrong in ["v=U+ppxD5XUKtradnv8e2MkeupiA8FU87Sg8CXzXHDAzv=", "v=", "", "e=other-error", "v=%"] {
            assert!(proof.check(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn false_servers_are_refused() {
        for message in [
            SERVER_FIRST.replace("i=4096", "i=100001"),
            SERVER_FIRST.replace("i=4096", "i=0"),
            SERVER_FIRST.replace("i=4096", "i=-1"),
            SERVER_FIRST.replace("r=rOpr", "r=pOpr"),
            SERVER_FIRST.replace("s=W", "s=%"),
            format!("{SERVER_FIRST},x=1"),
            format!("m=x,{SERVER_FIRST}"),
            String::new(),
        ] {
            assert!(example().answer(message.as_bytes(), "pencil").is_err(), "{message}");
        }
        assert!(example().answer(b"\xff", "pencil").is_err());
        assert!(example().answer(SERVER_FIRST.as_bytes(), "pencil").is_ok());
    }

    #[test]
    fn nonces_differ_and_can_be_sent() {
        let (one, other) = (Scram::new().unwrap().nonce, Scram::new().unwrap().nonce);
        assert_ne!(one, other);
        assert!(one.len() == 24 && one.bytes().all(|b| b.is_ascii_graphic() && b != b','), "{one}");
    }

    #[test]
    fn passwords_are_prepared() {
        for (password, prepared_one) in
            [("pencil", "pencil"), ("I\u{ad}X", "IX"), ("a\u{a0}b\u{3000}", "a b "), ("pä:ß \u{feff}€", "pä:ß €")]
        {
            assert_eq!(prepared(password), prepared_one);
        }
    }
}
