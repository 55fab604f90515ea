//! Clones: projects given away under a code, as QR picture and as code that apps ask for.

use super::allowances::Allowance;
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
        let saver = self.saver();
        let queued = self.jobs.work(
            Queue::Disk,
            move || {
                let saved = match saver {
                    Some(saver) if !is_known => clones::write_clone(saver.root(), &code, &text),
                    _ => Ok(()),
                };
                let saved = saved.inspect_err(|e| log::error!("a clone of a project was not stored: {e}"));
                let saved = saved.map(|()| code.as_str()).map_err(|_| CloneError::Failed);
                (saved.is_err(), on_worker(saved))
            },
            move |hub, (failed, result)| {
                if failed {
                    hub.clones.0.remove(&key);
                }
                then(hub, result);
            },
        );
        if queued.is_err() {
            self.clones.0.remove(&key);
        }
        Ok(queued?)
    }

    /// Looks a code up; `then` gets the project's JSON.
    ///
    /// Errors: no room for the work.
    pub fn find_clone(
        &mut self,
        code: &str,
        then: impl FnOnce(&mut Hub, Result<String, CloneError>) + Send + 'static,
    ) -> Result<(), QueueFull> {
        let (saver, code) = (self.saver(), code.to_owned());
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
