//! Pure helpers for accounts: password hashes, random passwords, and what a new account looks like.

use crate::model::User;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use ring::digest::{Context, SHA256};
use ring::rand::{SecureRandom, SystemRandom};

/// Characters of a generated password.
const PASSWORD_LENGTH: usize = 24;
const PASSWORD_CHARACTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandom;

/// `Base64(SHA256(password, SHA256(lower-case e-mail)))`: what apps send instead of the password, and what is stored.
pub fn password_hash(email: &str, password: &str) -> String {
    let salt = ring::digest::digest(&SHA256, email.to_lowercase().as_bytes());
    let mut context = Context::new(&SHA256);
    context.update(password.as_bytes());
    context.update(salt.as_ref());
    STANDARD.encode(context.finish())
}

/// 24 random characters of `a-zA-Z0-9`.
///
/// # Errors
/// The system gives no random numbers.
pub fn random_password() -> Result<String, NoRandom> {
    let random = SystemRandom::new();
    let mut password = String::with_capacity(PASSWORD_LENGTH);
    let mut bytes = [0; 2 * PASSWORD_LENGTH];
    while password.len() < PASSWORD_LENGTH {
        random.fill(&mut bytes).map_err(|_| NoRandom)?;
        // Only bytes below a multiple of 62 are taken, so that each character is equally likely.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| PASSWORD_CHARACTERS[usize::from(*byte) % 62]);
        let missing = PASSWORD_LENGTH - password.len();
        password.extend(fair.take(missing).map(char::from));
    }
    Ok(password)
}

/// What a new account is made of.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    /// The e-mail; stored in lower case.
    pub email: &'a str,
    /// `Blynk` or an app id.
    pub app: &'a str,
    /// See [`password_hash`].
    pub pass: &'a str,
    /// May use the admin pages.
    pub is_super_admin: bool,
    /// `region` of the configuration.
    pub region: &'a str,
    /// This server's host.
    pub host: &'a str,
    /// `initial.energy` of the configuration.
    pub energy: i32,
    /// ms since 1970.
    pub now: i64,
}

/// An account without projects.
pub fn new_account(new: &NewAccount<'_>) -> User {
    let email = new.email.to_lowercase();
    User {
        name: email.clone(),
        email,
        app_name: new.app.to_owned(),
        region: new.region.to_owned(),
        ip: new.host.to_owned(),
        pass: Some(new.pass.to_owned()),
        last_modified_ts: new.now,
        is_super_admin: new.is_super_admin,
        energy: new.energy,
        ..User::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn hashes_are_those_of_the_apps() {
        for (password, email, hash) in [
            ("fixture-password", "fixture@example.com", "1oK/rwWA5FnCo/qasUegu04usIlarndC+gJs7PhIBSw="),
            ("s3cret", "Owner@Example.com", "2izO4RUUX8Bm/0U/sdpMKtfgTsUGCiB6Zi6Jc+lRjdc="),
            ("admin", "admin@blynk.cc", "84inR6aLx6tZGaQyLrZSEVYCxWW8L88MG+gOn2cncgM="),
        ] {
            assert_eq!(password_hash(email, password), hash);
        }
    }

    #[test]
    fn random_passwords_have_their_form_and_differ() {
        let passwords: HashSet<String> = (0..50).map(|_| random_password().unwrap()).collect();
        assert_eq!(passwords.len(), 50);
        assert!(passwords.iter().all(|p| p.len() == 24 && p.bytes().all(|b| b.is_ascii_alphanumeric())));
    }

    #[test]
    fn a_new_account_is_written_like_the_first_admin_of_the_reference() {
        let admin = new_account(&NewAccount {
            email: "Admin@blynk.cc",
            app: "Blynk",
            pass: &password_hash("admin@blynk.cc", "admin"),
            is_super_admin: true,
            region: "local",
            host: "127.0.0.1",
            energy: 100_000,
            now: 1_795_399_984_160,
        });
        assert_eq!(
            admin.to_file(),
            concat!(
                r#"{"name":"admin@blynk.cc","email":"admin@blynk.cc","appName":"Blynk","region":"local","ip":"127.0.0.1","#,
                r#""pass":"84inR6aLx6tZGaQyLrZSEVYCxWW8L88MG+gOn2cncgM=","lastModifiedTs":1795399984160,"lastLoggedAt":0,"#,
                r#""profile":{},"isFacebookUser":false,"isSuperAdmin":true,"energy":100000,"id":"admin@blynk.cc-Blynk"}"#
            )
        );
    }
}
