//! Flashed tokens: made for a publisher's project, taken by whoever owns the device. They are rows of the
//! database or, without one, files of the data folder.

use super::database::Question;
use super::jobs::{Queue, QueueFull};
use super::Hub;
use crate::store::flashed::{self, FlashedToken};

impl Hub {
    /// Keeps new tokens; `then` is told whether all of them are stored.
    ///
    /// Errors: no room for the work.
    pub fn store_flashed(
        &mut self,
        tokens: Vec<(String, FlashedToken)>,
        then: impl FnOnce(&mut Hub, bool) + Send + 'static,
    ) -> Result<(), QueueFull> {
        if let Some(database) = self.main_database() {
            let then = Box::new(|hub: &mut Hub, stored: Result<(), _>| then(hub, stored.is_ok()));
            return database.ask(Question::StoreFlashed(tokens, then));
        }
        let saver = self.saver();
        self.jobs.work(
            Queue::Disk,
            move || {
                let Some(saver) = saver else { return false };
                tokens.iter().all(|(token, flashed)| {
                    let written = flashed::write(saver.root(), token, flashed);
                    written.inspect_err(|error| log::error!("a flashed token was not stored: {error}")).is_ok()
                })
            },
            then,
        )
    }

    /// Looks a token up; `then` gets what it was made for.
    ///
    /// Errors: no room for the work.
    pub fn find_flashed(
        &mut self,
        token: &str,
        then: impl FnOnce(&mut Hub, Option<FlashedToken>) + Send + 'static,
    ) -> Result<(), QueueFull> {
        let (saver, token) = (self.saver(), token.to_owned());
        if let Some(database) = self.main_database() {
            let then = Box::new(|hub: &mut Hub, found: Result<_, _>| then(hub, found.unwrap_or_default()));
            return database.ask(Question::FindFlashed(token, then));
        }
        self.jobs.work(Queue::Disk, move || find(saver?.root(), &token), then)
    }

    /// Takes a token that nobody took yet, if `fits` agrees; `then` gets what it was made for.
    ///
    /// Errors: no room for the work.
    pub fn take_flashed(
        &mut self,
        token: &str,
        fits: impl Fn(&FlashedToken) -> bool + Send + 'static,
        then: impl FnOnce(&mut Hub, Option<FlashedToken>) + Send + 'static,
    ) -> Result<(), QueueFull> {
        let (saver, token, now) = (self.saver(), token.to_owned(), self.now());
        if let Some(database) = self.main_database() {
            let then = Box::new(|hub: &mut Hub, taken: Result<_, _>| then(hub, taken.unwrap_or_default()));
            return database.ask(Question::TakeFlashed { token, fits: Box::new(fits), then });
        }
        // The queue has one worker: nobody takes the token in between.
        let take = move || {
            let saver = saver?;
            let flashed = find(saver.root(), &token).filter(|flashed| !flashed.is_activated && fits(flashed))?;
            let taken = FlashedToken { is_activated: true, ts: now, ..flashed };
            let written = flashed::write(saver.root(), &token, &taken);
            written.inspect_err(|error| log::error!("a flashed token was not taken: {error}")).ok()?;
            Some(taken)
        };
        self.jobs.work(Queue::Disk, take, then)
    }
}

fn find(root: &std::path::Path, token: &str) -> Option<FlashedToken> {
    match flashed::read(root, token) {
        Ok(found) => found,
        Err(error) => {
            log::warn!("a flashed token cannot be read: {error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::testing;
    use crate::hub::tokens::new_token;
    use crate::store::folder::FLASHED;
    use crate::store::{users::Leftovers, Saver};
    use std::sync::{mpsc, Arc};

    #[test]
    fn a_token_is_taken_once_by_whom_it_fits() {
        let folder = tempfile::tempdir().unwrap();
        let mut hub = testing::hub();
        let (token, flashed) = (new_token(), FlashedToken { device_id: 3, ..FlashedToken::default() });
        let (sender, answers) = mpsc::channel();
        let store = |hub: &mut Hub| {
            let sender = sender.clone();
            hub.store_flashed(vec![(token.clone(), flashed.clone())], move |_, ok| sender.send(ok).unwrap()).unwrap();
            testing::run_work(hub);
            answers.recv().unwrap()
        };
        assert!(!store(&mut hub), "there is no data folder");
        hub.save_with(Arc::new(Saver::new(folder.path(), Leftovers::default())));
        assert!(!store(&mut hub), "its folder is missing");
        std::fs::create_dir(folder.path().join(FLASHED)).unwrap();
        assert!(store(&mut hub));

        let (sender, taken) = mpsc::channel();
        for (token, device) in [("x", 3), (&*new_token(), 3), (&*token, 4), (&*token, 3), (&*token, 3)] {
            let sender = sender.clone();
            let fits = move |flashed: &FlashedToken| flashed.device_id == device;
            hub.take_flashed(token, fits, move |_, found| sender.send(found.is_some()).unwrap()).unwrap();
        }
        hub.find_flashed(&token, move |_, found| sender.send(found.unwrap().is_activated).unwrap()).unwrap();
        testing::run_work(&mut hub);
        assert_eq!(taken.iter().collect::<Vec<_>>(), [false, false, false, true, false, true]);
    }
}
