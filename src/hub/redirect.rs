//! Which server owns a token or an account that is unknown here. Only servers with a common database can tell.
//!
//! What was found out about tokens is kept for a while: a device that tries again every few seconds asks the database once.

use super::database::{NoAnswer, Question};
use super::jobs::QueueFull;
use super::Hub;
use indexmap::IndexMap;
use std::rc::Rc;

/// Most tokens that are remembered; the one that was asked for first goes first.
const KEPT: usize = 1000;
/// How long the host of a token is believed, ms.
const HOST_MS: u64 = 3600 * 1000;
/// How long nobody is believed to have a token, ms. The reference's hour locked out devices that were just made elsewhere.
const NOBODY_MS: u64 = 60 * 1000;

/// What was found out about a token: the host that owns it, or nobody.
pub type TokenHost = Result<Option<Rc<str>>, NoAnswer>;

/// Hosts of tokens that no account here has.
#[derive(Debug, Default)]
pub struct TokenHosts(IndexMap<Box<str>, Known>);

#[derive(Debug)]
struct Known {
    host: Option<Rc<str>>,
    /// ms since start.
    until: u64,
}

impl TokenHosts {
    fn get(&self, token: &str, ticks: u64) -> Option<Option<Rc<str>>> {
        let known = self.0.get(token)?;
        (ticks < known.until).then(|| known.host.clone())
    }

    fn keep(&mut self, token: &str, host: Option<Rc<str>>, ticks: u64) {
        self.0.shift_remove(token);
        if self.0.len() >= KEPT {
            self.0.shift_remove_index(0);
        }
        let until = ticks + if host.is_some() { HOST_MS } else { NOBODY_MS };
        self.0.insert(token.into(), Known { host, until });
    }
}

impl Hub {
    /// Looks up the host of a device token that no account here has, and goes on with `then`, now or later.
    ///
    /// # Errors
    /// Too many look-ups wait.
    pub fn find_token_host(
        &mut self,
        token: &str,
        then: impl FnOnce(&mut Hub, TokenHost) + Send + 'static,
    ) -> Result<(), QueueFull> {
        // Without a database every token that is unknown here is unknown everywhere.
        let Some(database) = self.main_database() else {
            then(self, Ok(None));
            return Ok(());
        };
        if let Some(known) = self.token_hosts.get(token, self.ticks()) {
            then(self, Ok(known));
            return Ok(());
        }
        let asked = token.to_owned();
        let on_found = move |hub: &mut Hub, found: Result<Option<String>, NoAnswer>| {
            let found: TokenHost = found.map(|host| host.map(Rc::from));
            if let Ok(host) = &found {
                let ticks = hub.ticks();
                hub.token_hosts.keep(&asked, host.clone(), ticks);
            }
            then(hub, found);
        };
        database.ask(Question::TokenHost(token.to_owned(), Box::new(on_found)))
    }

    /// Looks up the host of an account that is not here, and goes on with `then`, now or later; this server's host when
    /// nobody knows better.
    ///
    /// # Errors
    /// Too many look-ups wait.
    pub fn find_user_host(
        &mut self,
        email: &str,
        app: &str,
        then: impl FnOnce(&mut Hub, Rc<str>) + Send + 'static,
    ) -> Result<(), QueueFull> {
        let elsewhere = self.main_database().filter(|_| self.users.find(email, app).is_none());
        let Some(database) = elsewhere else {
            let host = self.host.clone();
            then(self, host);
            return Ok(());
        };
        let on_found = move |hub: &mut Hub, found: Result<Option<String>, NoAnswer>| {
            let host = found.ok().flatten().map_or_else(|| hub.host.clone(), Rc::from);
            then(hub, host);
        };
        database.ask(Question::UserHost(email.to_owned(), app.to_owned(), Box::new(on_found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::database::Databases;
    use crate::hub::testing;

    /// Asks for a token and lets the database, when it is asked, answer this. Returns what was found, and whether it was asked.
    fn find(hub: &mut Hub, token: &str, answer: Result<Option<&str>, NoAnswer>) -> (TokenHost, bool) {
        let (sender, receiver) = std::sync::mpsc::channel();
        let then = move |_: &mut Hub, found: TokenHost| {
            sender.send(found.map(|host| host.map(|host| host.to_string()))).unwrap();
        };
        hub.find_token_host(token, then).unwrap();
        let lane = hub.main_database();
        let questions = lane.map(|lane| lane.take_all().0).unwrap_or_default();
        let asked = !questions.is_empty();
        for question in questions {
            let Question::TokenHost(_, then) = question else { panic!() };
            then(hub, answer.map(|host| host.map(str::to_owned)));
        }
        (receiver.recv().unwrap().map(|host| host.map(Rc::from)), asked)
    }

    #[test]
    fn hosts_are_believed_for_an_hour_and_nobody_for_a_minute() {
        let mut hub = testing::hub();
        assert_eq!(find(&mut hub, "t", Ok(Some("node2"))), (Ok(None), false));
        hub.databases = Some(Databases::new(1 << 20));
        let node2 = || Ok(Some(Rc::from("node2")));
        assert_eq!(find(&mut hub, "t", Err(NoAnswer)), (Err(NoAnswer), true));
        assert_eq!(find(&mut hub, "t", Ok(Some("node2"))), (node2(), true));
        assert_eq!(find(&mut hub, "t", Ok(None)), (node2(), false));
        assert_eq!(find(&mut hub, "u", Ok(None)), (Ok(None), true));
        testing::advance(&mut hub, NOBODY_MS - 1);
        assert_eq!(find(&mut hub, "u", Ok(Some("node2"))), (Ok(None), false));
        testing::advance(&mut hub, 1);
        assert_eq!(find(&mut hub, "u", Ok(Some("node2"))), (node2(), true));
        assert_eq!(find(&mut hub, "t", Ok(None)), (node2(), false));
        testing::advance(&mut hub, HOST_MS);
        assert_eq!(find(&mut hub, "t", Ok(None)), (Ok(None), true));
    }

    #[test]
    fn the_oldest_tokens_are_forgotten() {
        let mut hosts = TokenHosts::default();
        for i in 0..=KEPT {
            hosts.keep(&i.to_string(), None, 0);
        }
        assert_eq!((hosts.0.len(), hosts.get("0", 0), hosts.get("1", 0)), (KEPT, None, Some(None)));
        hosts.keep("1", Some("h".into()), 0);
        hosts.keep("new", None, 0);
        assert_eq!((hosts.get("2", 0), hosts.get("1", NOBODY_MS)), (None, Some(Some("h".into()))));
    }

    #[test]
    fn too_many_look_ups_are_refused() {
        let mut hub = testing::hub();
        hub.databases = Some(Databases::new(1 << 20));
        let mut waiting = 0;
        while hub.find_token_host(&waiting.to_string(), |_, _| ()).is_ok() {
            waiting += 1;
        }
        assert_eq!(waiting, 250);
        assert_eq!(hub.find_user_host("a@b.cc", "Blynk", |_, _| ()), Err(QueueFull));
    }
}
