//! Clones: projects given away under a code, as QR picture and as code that apps ask for.

use super::allowances::Allowance;
use super::database::Question;
use super::jobs::{Queue, QueueFull};
use super::tokens::new_token;
use super::users::UserId;
use super::Hub;
use crate::model::json::{to_string, Audience};
use crate::store::clones;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Most codes that are remembered for being given out again.
const REMEMBERED: usize = 1000;

/// A project that could not be given away or fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CloneError {
    /// There is no such project.
    #[error("no such project")]
    NoProject,
    /// Nobody made this code.
    #[error("unknown code")]
    Unknown,
    /// It cannot be read or written.
    #[error("the file cannot be read or written")]
    Failed,
    /// The account made too many codes in a day.
    #[error("too many codes in a day")]
    TooMany,
    /// No room for the work.
    #[error(transparent)]
    Busy(#[from] QueueFull),
}

/// What of a project is given away. Tokens, secrets and states never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// With the values of its widgets.
    WithValues,
    /// Without values.
    Erased,
}

/// The last code of each project and content, with a hash of what it looked like: the same project gets the same code
/// again.
#[derive(Debug, Default)]
pub struct Clones(HashMap<(UserId, i32, Content), (u64, String)>);

impl Hub {
    /// Gives a project away: `on_worker` gets the code when the copy is stored, or could not be stored, and `then` its
    /// result.
    ///
    /// Errors: `NoProject`, `TooMany`, `Busy`.
    pub fn clone_project<T: Send + 'static>(
        &mut self,
        user: UserId,
        dash: i32,
        content: Content,
        on_worker: impl FnOnce(Result<&str, CloneError>) -> T + Send + 'static,
        then: impl FnOnce(&mut Hub, T) + Send + 'static,
    ) -> Result<(), CloneError> {
        let project = self.users.dash(user, dash).ok_or(CloneError::NoProject)?;
        let text = match content {
            Content::WithValues => to_string(project, Audience::Restricted),
            Content::Erased => project.clone_json(),
        };
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let looks = hasher.finish();
        let key = (user, dash, content);
        let known = self.clones.0.get(&key).filter(|(l, _)| *l == looks).map(|(_, code)| code.clone());
        let is_known = known.is_some();
        let ticks = self.ticks();
        if !is_known && !self.allowances.take(user, Allowance::Clone, 1, ticks) {
            return Err(CloneError::TooMany);
        }
        let code = known.unwrap_or_else(new_token);
        if !is_known {
            if self.clones.0.len() >= REMEMBERED {
                self.clones.0.clear();
            }
            self.clones.0.insert(key, (looks, code.clone()));
        }
        let then = move |hub: &mut Hub, (failed, result)| {
            if failed {
                hub.clones.0.remove(&key);
            }
            then(hub, result);
        };
        let queued = if let Some(database) = self.main_database().filter(|_| !is_known) {
            let stored = code.clone();
            let on_stored = move |hub: &mut Hub, result: Result<(), _>| {
                let code = result.map(|()| stored).map_err(|_| CloneError::Failed);
                let work = move || (code.is_err(), on_worker(code.as_deref().map_err(|error| *error)));
                if let Err(error) = hub.jobs.work(Queue::Disk, work, then) {
                    log::error!("a clone of a project was stored for nobody: {error}");
                }
            };
            database.ask(Question::StoreClone { code, json: text, then: Box::new(on_stored) })
        } else {
            let saver = self.saver();
            let work = move || {
                let saved = match saver {
                    Some(saver) if !is_known => clones::write_clone(saver.root(), &code, &text),
                    _ => Ok(()),
                };
                let saved = saved.inspect_err(|e| log::error!("a clone of a project was not stored: {e}"));
                let saved = saved.map(|()| code.as_str()).map_err(|_| CloneError::Failed);
                (saved.is_err(), on_worker(saved))
            };
            self.jobs.work(Queue::Disk, work, then)
        };
        if queued.is_err() {
            self.clones.0.remove(&key);
        }
        Ok(queued?)
    }

    /// Looks a code up, in the database if there is one, and then among the files; `then` gets the project's JSON.
    ///
    /// Errors: no room for the work.
    pub fn find_clone(
        &mut self,
        code: &str,
        then: impl FnOnce(&mut Hub, Result<String, CloneError>) + Send + 'static,
    ) -> Result<(), QueueFull> {
        let code = code.to_owned();
        let Some(database) = self.main_database().filter(|_| clones::is_clone_token(&code)) else {
            return self.find_clone_file(code, then);
        };
        let asked = code.clone();
        let on_found = move |hub: &mut Hub, found: Result<Option<String>, _>| match found {
            Ok(Some(text)) => then(hub, Ok(text)),
            _ => {
                if let Err(error) = hub.find_clone_file(code, then) {
                    log::error!("a clone of a project is not looked for: {error}");
                }
            }
        };
        database.ask(Question::FindClone(asked, Box::new(on_found)))
    }

    fn find_clone_file(
        &mut self,
        code: String,
        then: impl FnOnce(&mut Hub, Result<String, CloneError>) + Send + 'static,
    ) -> Result<(), QueueFull> {
        let saver = self.saver();
        self.jobs.work(
            Queue::Disk,
            move || {
                let Some(saver) = saver.filter(|_| clones::is_clone_token(&code)) else {
                    return Err(CloneError::Unknown);
                };
                match clones::read_clone(saver.root(), &code) {
                    Ok(Some(text)) => Ok(text),
                    Ok(None) => Err(CloneError::Unknown),
                    Err(error) => {
                        log::error!("a clone of a project cannot be read: {error}");
                        Err(CloneError::Failed)
                    }
                }
            },
            then,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::testing;
    use crate::store::{users::Leftovers, Saver};
    use std::sync::mpsc;
    use std::sync::Arc;

    #[test]
    fn a_project_is_given_away_once_per_look() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("clone")).unwrap();
        let mut hub = testing::hub();
        hub.save_with(Arc::new(Saver::new(folder.path(), Leftovers::default())));
        let user = testing::user(&mut hub, "a@b.cc", r#"{"id":1,"name":"Pond","devices":[{"id":0,"token":"geheim"}]}"#);
        let (sender, codes) = mpsc::channel();
        let give = |hub: &mut Hub| {
            let sender = sender.clone();
            let _ = hub.clone_project(
                user,
                1,
                Content::WithValues,
                |code| code.unwrap().to_owned(),
                move |_, code| sender.send(code).unwrap(),
            );
            testing::run_work(hub);
            codes.try_recv().unwrap()
        };
        let first = give(&mut hub);
        assert_eq!(give(&mut hub), first);
        hub.users.dash_mut(user, 1).unwrap().name = "Lake".into();
        let second = give(&mut hub);
        assert_ne!(first, second);
        let nothing = hub.clone_project(user, 2, Content::Erased, |_| (), |_, ()| ());
        assert_eq!(nothing, Err(CloneError::NoProject));

        let (sender, found) = mpsc::channel();
        for code in [first.as_str(), "123", "../x"] {
            let sender = sender.clone();
            hub.find_clone(code, move |_, result| sender.send(result).unwrap()).unwrap();
        }
        testing::run_work(&mut hub);
        let text = found.recv().unwrap().unwrap();
        assert!(text.contains("\"Pond\"") && !text.contains("geheim"));
        assert_eq!(found.recv().unwrap(), Err(CloneError::Unknown));
        assert_eq!(found.recv().unwrap(), Err(CloneError::Unknown));
    }
}
