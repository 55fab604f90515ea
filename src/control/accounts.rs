//! The subcommands `user` and `admin`: from what was typed to what is shown. The server answers, or without one the data
//! folder.

use super::client;
use super::offline::{Offline, Settings};
use super::protocol::{Hash, Request, Response, UserLine};
use crate::local_time;
use crate::model::MAIN_APP;
use crate::notify::address;
use crate::store::accounts::random_password;
use std::fmt::Write;
use std::path::Path;

/// Longest name of an app, in characters.
const APP_MAX: usize = 100;

/// Where to ask.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The control socket.
    pub socket: &'a Path,
    /// The data folder, for when no server listens there.
    pub folder: &'a Path,
    /// For the data folder.
    pub settings: Settings<'a>,
}

impl Place<'_> {
    /// Asks the server; without one, looks into the data folder, which must be there.
    ///
    /// # Errors
    /// One line for the user.
    pub fn ask(&self, request: &Request) -> Result<Response, String> {
        match client::ask(self.socket, request) {
            Ok(Some(response)) => return Ok(response),
            Ok(None) => {}
            Err(error) => return Err(format!("{}: {error}", self.socket.display())),
        }
        if !self.folder.is_dir() {
            return Err(format!("there is no data folder {}", self.folder.display()));
        }
        let mut offline = Offline::open(self.folder, self.settings).map_err(|error| error.to_string())?;
        for finding in &offline.findings {
            log::warn!("{}: {}", finding.file, finding.text);
        }
        Ok(offline.answer(request))
    }

    fn done(&self, request: &Request) -> Result<String, String> {
        match self.ask(request)? {
            Response::Done(text) => Ok(text),
            Response::Failed(why) => Err(why),
            Response::Users(_) | Response::Status(_) => Err("the server's answer is not understood".to_owned()),
        }
    }
}

/// `user add`.
///
/// # Errors
/// One line for the user.
pub fn add(place: &Place<'_>, email: &str, app: &str, password: &str, admin: bool) -> Result<String, String> {
    let email = checked(email)?;
    if app.is_empty() || app.chars().count() > APP_MAX || app.contains(['/', '\\']) || app.contains(char::is_control) {
        return Err(format!("{app:?} is no name of an app"));
    }
    if password.is_empty() {
        return Err("the password is empty".to_owned());
    }
    let pass = Hash::of(&email, password);
    place.done(&Request::AddUser { email, app: app.to_owned(), pass, admin })
}

/// `user passwd`.
///
/// # Errors
/// One line for the user.
pub fn passwd(place: &Place<'_>, email: &str, app: &str, password: &str) -> Result<String, String> {
    if password.is_empty() {
        return Err("the password is empty".to_owned());
    }
    let email = email.trim().to_lowercase();
    let pass = Hash::of(&email, password);
    place.done(&Request::SetPassword { email, app: app.to_owned(), pass })
}

/// `user del`.
///
/// # Errors
/// One line for the user.
pub fn del(place: &Place<'_>, email: &str, app: &str) -> Result<String, String> {
    place.done(&Request::DeleteUser { email: email.trim().to_lowercase(), app: app.to_owned() })
}

/// `user list`: a table.
///
/// # Errors
/// One line for the user.
pub fn list(place: &Place<'_>) -> Result<String, String> {
    match place.ask(&Request::ListUsers)? {
        Response::Users(users) => Ok(table(&users)),
        Response::Failed(why) => Err(why),
        Response::Done(_) | Response::Status(_) => Err("the server's answer is not understood".to_owned()),
    }
}

/// `admin reset`: gives the administrator a random password, which the answer shows.
///
/// # Errors
/// One line for the user.
pub fn reset_admin(place: &Place<'_>, email: &str) -> Result<String, String> {
    let email = checked(email)?;
    let password = random_password().map_err(|error| error.to_string())?;
    let pass = Hash::of(&email, &password);
    place.done(&Request::ResetAdmin { email: email.clone(), pass })?;
    Ok(format!("The administrator {email} has the new password {password}"))
}

/// The form in which an e-mail is stored.
fn checked(email: &str) -> Result<String, String> {
    let email = email.trim().to_lowercase();
    if address::is_valid(&email) {
        Ok(email)
    } else {
        Err(format!("{email:?} is no mail address"))
    }
}

fn table(users: &[UserLine]) -> String {
    let zone = local_time::zone();
    let date = |ms: i64| match jiff::Timestamp::from_millisecond(ms) {
        Ok(time) if ms > 0 => local_time::minute(zone.to_datetime(time)),
        _ => "never".to_owned(),
    };
    let width = users.iter().map(|user| user.email.chars().count()).max().unwrap_or(0).max("E-MAIL".len());
    let mut text = format!("{:width$}  PROJECTS  DEVICES  ENERGY      LAST LOGIN        NOTES\n", "E-MAIL");
    for user in users {
        let app = (user.app != MAIN_APP).then(|| format!("app {}", user.app));
        let notes: Vec<String> = app.into_iter().chain(user.admin.then(|| "administrator".to_owned())).collect();
        let _ = writeln!(
            text,
            "{}",
            format!(
                "{:width$}  {:>8}  {:>7}  {:<10}  {:<16}  {}",
                user.email,
                user.projects,
                user.devices,
                user.energy,
                date(user.last_login),
                notes.join(", ")
            )
            .trim_end()
        );
    }
    let _ = write!(text, "{} accounts", users.len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::LoadSettings;

    fn with_place(test: impl Fn(&Place<'_>)) {
        let temp = tempfile::tempdir().unwrap();
        let settings = Settings {
            load: LoadSettings { host: "h", initial_energy: 2000, terminal_lines: 25, table_rows: 100, now: 1 },
            region: "local",
        };
        test(&Place { socket: &temp.path().join("control.sock"), folder: temp.path(), settings });
    }

    #[test]
    fn accounts_are_made_listed_changed_and_deleted() {
        with_place(|place| {
            assert_eq!(add(place, " New@B.cc", "Blynk", "x", false).unwrap(), "new@b.cc (Blynk) was added");
            assert!(add(place, "new@b.cc", "Blynk", "x", false).unwrap_err().contains("already"));
            add(place, "a@b.cc", "blynkabcdefgh", "x", true).unwrap();
            let text = list(place).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            assert!(
                lines[1].starts_with("a@b.cc    ")
                    && lines[1].ends_with("never             app blynkabcdefgh, administrator"),
                "{text}"
            );
            assert!(lines[2].starts_with("new@b.cc  ") && lines[2].ends_with("never"), "{text}");
            assert_eq!(lines[3], "2 accounts");
            assert!(passwd(place, "NEW@b.cc", "Blynk", "y").unwrap().contains("new password"));
            assert!(passwd(place, "new@b.cc", "other", "y").unwrap_err().contains("no account"));
            assert!(del(place, "NEW@b.cc", "Blynk").unwrap().contains("was deleted"));
            assert!(list(place).unwrap().ends_with("1 accounts"));
        });
    }

    #[test]
    fn an_administrators_new_password_is_shown_and_works() {
        with_place(|place| {
            let text = reset_admin(place, "Admin@blynk.cc").unwrap();
            let password = text.rsplit(' ').next().unwrap();
            let file = std::fs::read_to_string(place.folder.join("admin@blynk.cc.Blynk.user")).unwrap();
            assert!(file.contains(Hash::of("admin@blynk.cc", password).0.expose()), "{text}");
            assert!(file.contains("\"isSuperAdmin\":true"));
        });
    }

    #[test]
    fn what_cannot_be_is_refused() {
        with_place(|place| {
            for (email, app, password) in
                [("nobody", "Blynk", "x"), ("a@b.cc", "../x", "x"), ("a@b.cc", "", "x"), ("a@b.cc", "Blynk", "")]
            {
                assert!(add(place, email, app, password, false).is_err(), "{email} {app}");
            }
            assert!(passwd(place, "a@b.cc", "Blynk", "").is_err());
            let missing = Place { folder: &place.folder.join("none"), ..*place };
            assert!(list(&missing).unwrap_err().contains("there is no data folder"));
            assert!(!missing.folder.exists());
        });
    }
}
