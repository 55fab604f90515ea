//! Answers requests of the control socket on the hub of the running server. [`super::offline`] does the same on the data
//! folder.

use super::protocol::{Request, Response, UserLine};
use crate::hub::{Hub, Queue, UserId};
use crate::local_time;
use crate::model::MAIN_APP;
use crate::stats_record::{memory_bytes, StatsRecord};
use serde_json::{Map, Value};

/// Most addresses of failed logins in a status.
const FAILED_SHOWN: usize = 10;

/// What a request came to.
#[derive(Debug)]
pub enum Outcome {
    /// The answer.
    Now(Response),
    /// This line, when what was changed is on the disk (see [`when_written`]).
    WhenWritten(String),
    /// The same, when the history is there, too.
    WhenAllWritten(String),
}

/// Does what a request asks for.
pub fn answer(hub: &mut Hub, request: &Request) -> Outcome {
    let done = match request {
        Request::AddUser { email, app, pass, admin } => add(hub, email, app, pass.0.expose(), *admin),
        Request::SetPassword { email, app, pass } => existing(hub, email, app).map(|user| {
            hub.set_password(user, pass.0.expose());
            format!("{email} ({app}) has a new password")
        }),
        Request::ResetAdmin { email, pass } => reset_admin(hub, email, pass.0.expose()),
        Request::DeleteUser { email, app } => existing(hub, email, app).map(|user| {
            hub.delete_account(user);
            format!("{email} ({app}) was deleted; its file is kept in the folder \"deleted\"")
        }),
        Request::Save => {
            hub.save_all();
            hub.write_history();
            return Outcome::WhenAllWritten("everything is saved".to_owned());
        }
        Request::ListUsers => return Outcome::Now(Response::Users(list(hub))),
        Request::Status => return Outcome::Now(Response::Status(status(hub))),
        Request::Health => return Outcome::Now(Response::Done("the server is well".to_owned())),
    };
    hub.save_changes();
    match done {
        Ok(text) => Outcome::WhenWritten(text),
        Err(why) => Outcome::Now(Response::Failed(why)),
    }
}

/// Gives the answer when everything that waits for the disk now is written; `with_history`, when the averages are, too. The workers
/// keep the order.
pub fn when_written(hub: &mut Hub, text: String, with_history: bool, then: impl FnOnce(Response) + Send + 'static) {
    let failures = hub.saving.failures;
    let answer = move |hub: &mut Hub, ()| {
        let is_written = hub.saving.failures == failures && !(with_history && hub.history.has_trouble());
        then(match is_written {
            true => Response::Done(text),
            false => Response::Failed(format!("{text}, but not on the disk: the log says why")),
        });
    };
    let next = move |hub: &mut Hub, ()| match with_history {
        false => answer(hub, ()),
        true => {
            if hub.jobs.work(Queue::History, || (), answer).is_err() {
                log::error!("no worker for the history");
            }
        }
    };
    // What changed while its account was being written waited for the end of that: it is on its way only now.
    let rest = move |hub: &mut Hub, ()| {
        match with_history {
            true => hub.save_all(),
            false => hub.save_changes(),
        }
        when_disk_is_done(hub, next);
    };
    when_disk_is_done(hub, rest);
}

fn when_disk_is_done(hub: &mut Hub, then: impl FnOnce(&mut Hub, ()) + Send + 'static) {
    if hub.jobs.work(Queue::Disk, || (), then).is_err() {
        log::error!("no worker for saving");
    }
}

fn existing(hub: &Hub, email: &str, app: &str) -> Result<UserId, String> {
    hub.users.find(&email.to_lowercase(), app).ok_or_else(|| format!("{email} ({app}) has no account"))
}

fn add(hub: &mut Hub, email: &str, app: &str, pass: &str, admin: bool) -> Result<String, String> {
    match hub.create_account(email, app, pass, admin) {
        Some(_) => Ok(format!("{} ({app}) was added", email.to_lowercase())),
        None => Err(format!("{email} ({app}) has an account already")),
    }
}

fn reset_admin(hub: &mut Hub, email: &str, pass: &str) -> Result<String, String> {
    let Ok(user) = existing(hub, email, MAIN_APP) else { return add(hub, email, MAIN_APP, pass, true) };
    if let Some(account) = hub.users.get_mut(user) {
        account.user.is_super_admin = true;
    }
    hub.set_password(user, pass);
    Ok(format!("{email} ({MAIN_APP}) has a new password"))
}

fn list(hub: &Hub) -> Vec<UserLine> {
    let mut lines: Vec<_> = hub.users.iter().map(|(_, account)| UserLine::of(&account.user)).collect();
    lines.sort_by(|a, b| (&a.email, &a.app).cmp(&(&b.email, &b.app)));
    lines
}

/// Names and values of `eyelet status`. Times are in ms since 1970, or 0.
fn status(hub: &Hub) -> Map<String, Value> {
    let record = StatsRecord::of(hub, true);
    let total = |name| record.get("", name).unwrap_or(0);
    let waiting: u32 = Queue::ALL.iter().map(|queue| hub.jobs.figures(*queue).0).sum();
    let mut status = Map::new();
    let mut put = |name: &str, value: Value| {
        status.insert(name.to_owned(), value);
    };
    put("version", env!("CARGO_PKG_VERSION").into());
    put("process", std::process::id().into());
    put("host", hub.host.to_string().into());
    put("uptime-seconds", (hub.ticks() / 1000).into());
    put("accounts", total("registrations").into());
    put("connections", hub.connections.len().into());
    put("apps", total("totalOnlineApps").into());
    put("devices", total("totalOnlineHards").into());
    put("messages-per-second", total("oneMinRate").into());
    put("memory-bytes", memory_bytes().into());
    put("waiting-jobs", waiting.into());
    for (name, attempts) in [("failed-logins", &hub.attempts), ("failed-admin-logins", &hub.admin_attempts)] {
        let worst = attempts.worst(FAILED_SHOWN, hub.ticks()).into_iter();
        let worst: Vec<String> = worst.map(|(address, count)| format!("{address} ({count})")).collect();
        put(name, if worst.is_empty() { "none".into() } else { worst.join(", ").into() });
    }
    let certificate = &hub.certificate;
    put("certificate", certificate.file.display().to_string().into());
    put("certificate-ends-at", certificate.until.saturating_mul(1000).into());
    if !certificate.renewal.is_empty() {
        put("certificate-renewal", certificate.renewal.clone().into());
    }
    let refused = hub.refused.iter();
    let refused: Vec<String> =
        refused.map(|(token, address, at)| format!("{token} from {address} at {}", local_time::shown(*at))).collect();
    put("refused-devices", if refused.is_empty() { "none".into() } else { refused.join(", ").into() });
    put("saved-at", hub.saving.saved_at.into());
    put("failed-saves", hub.saving.failures.into());
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::protocol::Hash;
    use crate::hub::testing;
    use crate::store::{users::Leftovers, Saver};
    use std::sync::Arc;

    fn failed(outcome: Outcome) -> String {
        match outcome {
            Outcome::Now(Response::Failed(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    fn done(outcome: Outcome) -> String {
        match outcome {
            Outcome::WhenWritten(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_account_from_its_beginning_to_its_end() {
        let mut hub = testing::hub();
        let (email, app, pass) = ("A@b.cc".to_owned(), "Blynk".to_owned(), Hash::of("a@b.cc", "x"));
        let add = Request::AddUser { email: email.clone(), app: app.clone(), pass: pass.clone(), admin: false };
        assert_eq!(done(answer(&mut hub, &add)), "a@b.cc (Blynk) was added");
        assert!(failed(answer(&mut hub, &add)).ends_with("has an account already"));
        done(answer(&mut hub, &Request::SetPassword { email: email.clone(), app: app.clone(), pass: pass.clone() }));
        done(answer(&mut hub, &Request::ResetAdmin { email: "z@b.cc".into(), pass }));
        let Outcome::Now(Response::Users(users)) = answer(&mut hub, &Request::ListUsers) else { panic!() };
        let users: Vec<_> = users.iter().map(|u| (u.email.as_str(), u.admin)).collect();
        assert_eq!(users, [("a@b.cc", false), ("z@b.cc", true)]);
        let delete = Request::DeleteUser { email, app };
        assert!(done(answer(&mut hub, &delete)).contains("was deleted"));
        assert!(failed(answer(&mut hub, &delete)).ends_with("has no account"));
    }

    #[test]
    fn the_answer_comes_after_the_disk() {
        let mut hub = testing::hub();
        let (sender, receiver) = std::sync::mpsc::channel();
        when_written(&mut hub, "saved".into(), true, move |response| sender.send(response).unwrap());
        assert!(receiver.try_recv().is_err());
        testing::run_jobs(&mut hub);
        assert_eq!(receiver.recv().unwrap(), Response::Done("saved".into()));
    }

    #[test]
    fn the_answer_comes_after_changes_during_a_save() {
        let folder = tempfile::tempdir().unwrap();
        let mut hub = testing::hub();
        hub.save_with(Arc::new(Saver::new(folder.path(), Leftovers::default())));
        let user = testing::user(&mut hub, "a@b.cc", r#"{"id":1,"name":"old"}"#);
        hub.user_changed(user);
        hub.save_changes();
        for with_history in [false, true] {
            let name = format!("new {with_history}");
            hub.users.dash_mut(user, 1).unwrap().name.clone_from(&name);
            hub.user_changed(user);
            hub.save_changes();
            let (sender, receiver) = std::sync::mpsc::channel();
            let file = folder.path().join("a@b.cc.Blynk.user");
            let written = move |_| sender.send(std::fs::read_to_string(file).unwrap()).unwrap();
            when_written(&mut hub, "saved".into(), with_history, written);
            testing::run_jobs(&mut hub);
            assert!(receiver.recv().unwrap().contains(&name));
            // Again one save is under way when the next change comes.
            hub.user_changed(user);
            hub.save_changes();
        }
    }

    #[test]
    fn a_status_has_figures() {
        let mut hub = testing::hub();
        testing::user(&mut hub, "a@b.cc", r#"{"id":1}"#);
        let Outcome::Now(Response::Status(status)) = answer(&mut hub, &Request::Status) else { panic!() };
        assert_eq!((&status["accounts"], &status["apps"]), (&1.into(), &0.into()));
        assert_eq!(status["failed-logins"], "none");
        hub.attempts.failed("192.0.2.1".parse().unwrap(), 0);
        let Outcome::Now(Response::Status(status)) = answer(&mut hub, &Request::Status) else { panic!() };
        assert_eq!(status["failed-logins"], "192.0.2.1 (1)");
    }
}
