//! What subcommands and the server say to each other: one JSON value per line, one answer per request.
//!
//! ```text
//! {"add-user":{"email":"a@example.com","app":"Blynk","pass":"<hash>","admin":false}}
//! {"done":"a@example.com (Blynk) was added"}
//! "list-users"
//! {"users":[{"email":"a@example.com","app":"Blynk","projects":1,"devices":2, ...}]}
//! "status"
//! {"failed":"why"}
//! ```
//!
//! Passwords never travel, only the hashes that the server stores. Whoever may open the socket is an administrator: the
//! file's permissions are the login.

use crate::config::Secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest request in bytes, line end included.
pub const REQUEST_MAX: usize = 16 * 1024;
/// Longest answer in bytes, line end included: a list of some 100,000 accounts.
pub const RESPONSE_MAX: usize = 32 * 1024 * 1024;

/// What a subcommand wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Make an account. Fails when it is there.
    AddUser {
        /// The e-mail, in any case.
        email: String,
        /// `Blynk` or an app id.
        app: String,
        /// [`password_hash`](crate::store::accounts::password_hash) of the password.
        pass: Hash,
        /// May use the admin pages.
        admin: bool,
    },
    /// Give an account another password. Fails when it is not there.
    SetPassword {
        /// The e-mail, in any case.
        email: String,
        /// `Blynk` or an app id.
        app: String,
        /// The new password's hash.
        pass: Hash,
    },
    /// Make sure that there is an administrator with this e-mail and password: makes the account or raises it.
    ResetAdmin {
        /// The e-mail, in any case.
        email: String,
        /// The new password's hash.
        pass: Hash,
    },
    /// All accounts.
    ListUsers,
    /// Delete an account; its file is kept in `deleted/`. Fails when it is not there.
    DeleteUser {
        /// The e-mail, in any case.
        email: String,
        /// `Blynk` or an app id.
        app: String,
    },
    /// Connections, rates and memory.
    Status,
    /// Write everything that is not on the disk yet; answered when it is.
    Save,
    /// Are you well?
    Health,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    /// It is done: one line for the user.
    Done(String),
    /// To [`Request::ListUsers`], sorted by e-mail and app name.
    Users(Vec<UserLine>),
    /// To [`Request::Status`]: names and values.
    Status(serde_json::Map<String, serde_json::Value>),
    /// It is not done: why, one line.
    Failed(String),
}

/// One account of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct UserLine {
    /// The e-mail.
    pub email: String,
    /// `Blynk` or an app id.
    pub app: String,
    /// Number of projects.
    pub projects: u32,
    /// Number of devices in all projects.
    pub devices: u32,
    /// May use the admin pages.
    pub admin: bool,
    /// Energy.
    pub energy: i32,
    /// Last login of an app, ms since 1970, 0 = never.
    pub last_login: i64,
}

impl UserLine {
    /// The line of an account.
    pub fn of(user: &crate::model::User) -> UserLine {
        let dashboards = &user.profile.dashboards;
        let devices: usize = dashboards.iter().map(|dash| dash.devices.len()).sum();
        UserLine {
            email: user.email.clone(),
            app: user.app_name.clone(),
            projects: u32::try_from(dashboards.len()).unwrap_or(u32::MAX),
            devices: u32::try_from(devices).unwrap_or(u32::MAX),
            admin: user.is_super_admin,
            energy: user.energy,
            last_login: user.last_logged_at,
        }
    }
}

/// A password hash, which is as good as the password: not shown by `Debug`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hash(pub Secret);

impl Hash {
    /// The hash of this account's password.
    pub fn of(email: &str, password: &str) -> Hash {
        Hash(Secret::new(crate::store::accounts::password_hash(email, password)))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        String::deserialize(deserializer).map(|text| Hash(Secret::new(text)))
    }
}

/// The line of a request or answer, line end included.
pub fn to_line(message: &impl Serialize) -> String {
    // Only maps with keys that are no texts can fail, and there are none.
    let mut line = serde_json::to_string(message).unwrap_or_default();
    line.push('\n');
    line
}

/// Reads the line of a request.
///
/// # Errors
/// One line for the peer; it does not repeat what the request held.
pub fn request(line: &str) -> Result<Request, String> {
    if line.len() > REQUEST_MAX {
        return Err("the request is too long".to_owned());
    }
    serde_json::from_str(line).map_err(|_| "the request is not understood".to_owned())
}

/// Reads the line of an answer.
///
/// # Errors
/// One line for the user.
pub fn response(line: &str) -> Result<Response, String> {
    serde_json::from_str(line).map_err(|_| "the server's answer is not understood".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back() {
        let (email, app) = ("a@b.cc".to_owned(), "Blynk".to_owned());
        let pass = Hash::of(&email, "secret");
        for (sent, line) in [
            (Request::ListUsers, r#""list-users""#),
            (Request::Status, r#""status""#),
            (Request::Save, r#""save""#),
            (Request::Health, r#""health""#),
            (
                Request::DeleteUser { email: email.clone(), app: app.clone() },
                r#"{"delete-user":{"email":"a@b.cc","app":"Blynk"}}"#,
            ),
            (
                Request::ResetAdmin { email: "a\n@b.cc".into(), pass: Hash(Secret::new("x")) },
                r#"{"reset-admin":{"email":"a\n@b.cc","pass":"x"}}"#,
            ),
        ] {
            assert_eq!(to_line(&sent), format!("{line}\n"));
            assert_eq!(request(&to_line(&sent)), Ok(sent));
        }
        for sent in [
            Request::AddUser { email: email.clone(), app: app.clone(), pass: pass.clone(), admin: true },
            Request::SetPassword { email, app, pass },
        ] {
            assert!(!format!("{sent:?}").contains("pass: Hash(\""), "{sent:?}");
            assert_eq!(request(&to_line(&sent)), Ok(sent));
        }
    }

    #[test]
    fn responses_come_back() {
        let mut status = serde_json::Map::new();
        status.insert("uptime".into(), 5.into());
        let user = UserLine { email: "a@b.cc".into(), app: "Blynk".into(), last_login: 1 << 40, ..UserLine::default() };
        for (sent, line) in [
            (Response::Done("ok".into()), r#"{"done":"ok"}"#),
            (Response::Failed("no\nway".into()), r#"{"failed":"no\nway"}"#),
            (Response::Status(status), r#"{"status":{"uptime":5}}"#),
        ] {
            assert_eq!(to_line(&sent), format!("{line}\n"));
            assert_eq!(response(line), Ok(sent));
        }
        let users = Response::Users(vec![user]);
        assert_eq!(response(&to_line(&users)), Ok(users));
        // A newer or older server may know other values.
        let other = r#"{"users":[{"email":"a@b.cc","colour":"red"}]}"#;
        assert!(matches!(response(other), Ok(Response::Users(users)) if users[0].email == "a@b.cc"));
    }

    #[test]
    fn nonsense_is_refused_without_repeating_it() {
        for bad in ["", "{}", "x", r#""fly""#, r#"{"add-user":{"email":"a@b.cc","pass":"geheim"}}"#] {
            let error = request(bad).unwrap_err();
            assert!(!error.contains("geheim"), "{error}");
        }
        let long = format!(r#"{{"delete-user":{{"app":"","email":"{}"}}}}"#, "x".repeat(REQUEST_MAX));
        assert_eq!(request(&long).unwrap_err(), "the request is too long");
        assert!(response("{}").is_err());
    }

    #[test]
    fn a_line_counts_projects_and_devices() {
        let text = include_str!("../../tests/data/example-profile.user.json");
        let cx = crate::model::json::Reading::forgiving();
        let user = crate::model::User::from_file(text, crate::model::User::default(), &cx).unwrap().unwrap();
        let line = UserLine::of(&user);
        assert_eq!((line.email.as_str(), line.app.as_str()), ("fixture@example.com", "Blynk"));
        assert_eq!(line.projects as usize, user.profile.dashboards.len());
        assert!(line.devices >= 3);
    }
}
