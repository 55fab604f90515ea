//! The workers of the two databases: each has a connection, answers questions and stores writes, and tries again and again
//! when its database is away.

use crate::config::DbConfig;
use crate::history::postgres as reporting;
use crate::hub::database::{Answer, Databases, Lane, NoAnswer, Question, Task, Write};
use crate::hub::jobs::Completion;
use crate::logging::POSTGRES;
use crate::model::User;
use crate::store::postgres::schema::{self, Role};
use crate::store::postgres::shop::{self, Redeemed};
use crate::store::postgres::{accounts, forwarding, Address, Client, PgError, Stored};
use crate::store::rows::UserRow;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Pause after the first failure; the next ones are twice as long each.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Between two lines about rows that were refused or dropped.
const COMPLAINT_PERIOD: Duration = Duration::from_secs(60);
/// Size of a worker's stack: TLS needs some.
const STACK: usize = 512 * 1024;
/// How long the end of the program waits for what must be stored.
const GRACE: Duration = Duration::from_secs(10);

/// The running workers.
pub struct Workers {
    databases: Databases,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts a worker for each database. They connect by themselves.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn start(config: &DbConfig, inbox: smol::channel::Sender<Completion>) -> std::io::Result<Workers> {
        let databases = Databases::new(config.queue_max_size as usize * 1024);
        let places = [
            (Role::Main, Address::main(config), &databases.main),
            (Role::Reporting, Address::reporting(config), &databases.reporting),
        ];
        let mut threads = Vec::new();
        for (role, address, lane) in places {
            let (lane, inbox, clean) = (Arc::clone(lane), inbox.clone(), config.clean_reporting);
            let name = if role == Role::Main { "database" } else { "reporting" };
            let run = move || Worker::new(role, address, lane, inbox, clean).run();
            threads.push(std::thread::Builder::new().name(name.into()).stack_size(STACK).spawn(run)?);
        }
        Ok(Workers { databases, threads })
    }

    /// The lanes, for the hub.
    pub fn databases(&self) -> Databases {
        self.databases.clone()
    }

    /// Waits until everything is stored, but not long: a database that is away gets no second chance. For the end of the
    /// program.
    pub fn finish(self) {
        let lanes = self.databases.lanes();
        lanes.iter().for_each(|(_, lane)| lane.close(GRACE));
        let deadline = Instant::now() + GRACE;
        while self.threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < deadline {
            #[allow(clippy::disallowed_methods)] // The event loop has ended.
            std::thread::sleep(Duration::from_millis(5));
        }
        for (name, lane) in lanes {
            let lost = lane.figures().waiting_rows;
            if lost > 0 {
                log::error!(target: POSTGRES, "The server ends: {lost} row(s) for the {name} database are not stored");
            }
        }
    }
}

/// What `--init-db` does: databases, tables and the role that may read them are made as far as they are not there. The
/// lines for the operator, or why it cannot be done.
///
/// # Errors
/// One line.
pub fn init(config: &DbConfig) -> Result<String, String> {
    let mut lines = Vec::new();
    for (role, address) in [(Role::Main, Address::main(config)), (Role::Reporting, Address::reporting(config))] {
        lines.extend(schema::init(&address, role).map_err(|error| format!("{address}: {error}"))?);
    }
    Ok(lines.join("\n"))
}

/// What `-restore` does: all accounts of a region. Devices are offline; an account that cannot be read is left out and told
/// to the log.
///
/// # Errors
/// One line: the database is not there, or does not answer.
pub fn restore(config: &DbConfig, region: &str) -> Result<Vec<User>, String> {
    let address = Address::main(config);
    let mut users = Vec::new();
    let mut take = |row: UserRow| {
        let who = row.user.email.clone();
        match row.into_user() {
            Ok(user) => users.push(user),
            Err(error) => log::error!(target: POSTGRES, "{who}: the account in the database cannot be read: {error}"),
        }
    };
    let loaded = Client::connect(&address).and_then(|mut client| accounts::load(&mut client, region, &mut take));
    loaded.map_err(|error| format!("{address}: {error}"))?;
    Ok(users)
}

/// One database's worker.
struct Worker {
    role: Role,
    address: Address,
    lane: Arc<Lane>,
    inbox: smol::channel::Sender<Completion>,
    clean: bool,
    client: Option<Client>,
    /// The connection has been of use.
    is_proven: bool,
    /// No attempt to connect before then.
    next_attempt: Instant,
    pause: Duration,
    /// Rows that were refused since the last complaint, and when that was.
    refused: (usize, Option<Instant>),
    /// Dropped rows that were complained about.
    dropped: u32,
}

impl Worker {
    fn new(
        role: Role,
        address: Address,
        lane: Arc<Lane>,
        inbox: smol::channel::Sender<Completion>,
        clean: bool,
    ) -> Self {
        Worker {
            role,
            address,
            lane,
            inbox,
            clean,
            client: None,
            is_proven: false,
            next_attempt: Instant::now(),
            pause: FIRST_PAUSE,
            refused: (0, None),
            dropped: 0,
        }
    }

    fn run(mut self) {
        loop {
            let now = Instant::now();
            let (writes_from, wake) = match self.client {
                Some(_) => (now, None),
                None => (self.next_attempt, Some(self.next_attempt)),
            };
            match self.lane.next(writes_from, wake) {
                Task::Question(question) => {
                    self.answer(question);
                    self.lane.answered();
                }
                Task::Write(write) => self.store(write),
                Task::Wake => drop(self.connect()),
                Task::End => return,
            }
            self.complain_of_dropped();
            if self.client.is_none() && self.lane.is_closing() {
                // What waits is told about by whoever ends the program.
                return;
            }
        }
    }

    /// The connection, made if it is time to.
    fn connect(&mut self) -> Result<&mut Client, NoAnswer> {
        if self.client.is_none() {
            if Instant::now() < self.next_attempt {
                return Err(NoAnswer);
            }
            match Client::connect(&self.address) {
                Ok(client) => self.connected(client),
                Err(error) => {
                    self.lost(&error);
                    return Err(NoAnswer);
                }
            }
        }
        self.client.as_mut().ok_or(NoAnswer)
    }

    fn connected(&mut self, mut client: Client) {
        log::info!(target: POSTGRES, "Connected to {}", self.address);
        match schema::too_old(&mut client) {
            Ok(Some(version)) => {
                log::error!(target: POSTGRES, "{}: PostgreSQL {version} is older than 9.5", self.address);
            }
            Ok(None) => {}
            Err(error) => log::warn!(target: POSTGRES, "{}: {error}", self.address),
        }
        match schema::make_missing(&mut client, self.role) {
            Ok(made) if made.is_empty() => {}
            Ok(made) => log::info!(target: POSTGRES, "{}: tables made: {}", self.address, made.join(", ")),
            Err(error) => log::error!(
                target: POSTGRES,
                "{}: tables are missing and cannot be made, see --init-db: {error}",
                self.address
            ),
        }
        (self.client, self.is_proven) = (Some(client), false);
        self.lane.set_connected(true);
    }

    /// The connection did what it is for.
    fn worked(&mut self) {
        (self.is_proven, self.pause) = (true, FIRST_PAUSE);
    }

    /// The connection failed: the next attempt is at once after one that had worked, else after a pause. A server that lets us in
    /// but does nothing for us (a stand-by, a full disk) counts as away.
    fn lost(&mut self, error: &PgError) {
        let now = Instant::now();
        let was_connected = self.client.take().is_some();
        if was_connected && self.is_proven {
            log::warn!(target: POSTGRES, "{}: the connection is lost: {error}", self.address);
            self.next_attempt = now;
        } else {
            if self.pause == FIRST_PAUSE || self.pause >= LONGEST_PAUSE {
                let what = if was_connected { "it does not work" } else { "no connection" };
                log::error!(target: POSTGRES, "{}: {what}, trying again: {error}", self.address);
            }
            self.next_attempt = now + self.pause;
            self.pause = (2 * self.pause).min(LONGEST_PAUSE);
        }
        self.lane.set_connected(false);
    }

    /// Does something with the connection; once more with a new one when the old one turns out to be dead.
    fn ask<T>(&mut self, work: &mut dyn FnMut(&mut Client) -> Result<T, PgError>) -> Result<T, NoAnswer> {
        for _ in 0..2 {
            match work(self.connect()?) {
                Ok(answer) => {
                    self.worked();
                    return Ok(answer);
                }
                Err(error) if error.is_connection_lost() => self.lost(&error),
                Err(error) => {
                    log::error!(target: POSTGRES, "{}: {error}", self.address);
                    return Err(NoAnswer);
                }
            }
        }
        Err(NoAnswer)
    }

    fn reply<T: Send + 'static>(&self, then: Answer<T>, answer: Result<T, NoAnswer>) {
        // At the end of the program nobody waits for answers.
        let _ = self.inbox.try_send(Box::new(move |hub| then(hub, answer)));
    }

    fn answer(&mut self, question: Question) {
        match question {
            Question::Redeem { code, email, then } => {
                let answer = self.ask(&mut |client| shop::redeem(client, &code, &email));
                let worth = answer.map(|redeemed| match redeemed {
                    Redeemed::Reward(reward) => Some(reward),
                    Redeemed::Again => Some(0),
                    Redeemed::No => None,
                });
                self.reply(then, worth);
            }
            Question::StoreFlashed(rows, then) => {
                let answer = self.ask(&mut |client| shop::store_flashed(client, &rows));
                self.reply(then, answer);
            }
            Question::FindFlashed(token, then) => {
                let answer = self.ask(&mut |client| shop::find_flashed(client, &token));
                self.reply(then, answer);
            }
            Question::TakeFlashed { token, fits, then } => {
                let answer = self.ask(&mut |client| {
                    let found = shop::find_flashed(client, &token)?;
                    let Some(found) = found.filter(|found| !found.is_activated && fits(found)) else { return Ok(None) };
                    let is_first = shop::take_flashed(client, &token, &found.app_name)?;
                    Ok(is_first.then_some(found))
                });
                self.reply(then, answer);
            }
            Question::StoreClone { code, json, then } => {
                let answer = self.ask(&mut |client| shop::store_clone(client, &code, &json));
                self.reply(then, answer);
            }
            Question::FindClone(code, then) => {
                let answer = self.ask(&mut |client| shop::find_clone(client, &code));
                self.reply(then, answer);
            }
            Question::TokenHost(token, then) => {
                let answer = self.ask(&mut |client| forwarding::host_of(client, &token));
                self.reply(then, answer);
            }
            Question::UserHost(email, app, then) => {
                let answer = self.ask(&mut |client| accounts::host_of(client, &email, &app));
                self.reply(then, answer);
            }
        }
    }

    /// Stores a write, or puts it back for later.
    fn store(&mut self, write: Write) {
        let clean = self.clean;
        let Ok(client) = self.connect() else { return self.lane.put_back(write) };
        match store(client, &write, clean) {
            Ok(stored) => {
                self.worked();
                self.lane.done(&write, stored.stored, stored.failed);
                if let Some(reason) = stored.reason {
                    self.complain_of_refused(stored.failed, &reason);
                }
                if let Write::Users { then, .. } = write {
                    let _ = self.inbox.try_send(Box::new(move |hub| then(hub, ())));
                }
            }
            Err(error) => {
                self.lost(&error);
                match write {
                    // The next minute brings another.
                    Write::Clean(_) => self.lane.done(&write, 0, 0),
                    _ => self.lane.put_back(write),
                }
            }
        }
    }

    fn complain_of_refused(&mut self, rows: usize, reason: &PgError) {
        self.refused.0 += rows;
        if self.refused.1.is_none_or(|last| last.elapsed() >= COMPLAINT_PERIOD) {
            let rows = std::mem::take(&mut self.refused.0);
            log::error!(target: POSTGRES, "{}: {rows} rows cannot be stored: {reason}", self.address);
            self.refused.1 = Some(Instant::now());
        }
    }

    fn complain_of_dropped(&mut self) {
        let rows = self.lane.figures().dropped.wrapping_sub(self.dropped);
        // While the database is away, once for every attempt is often enough.
        if rows > 0 && (self.client.is_some() || self.pause >= LONGEST_PAUSE) {
            log::error!(target: POSTGRES, "{}: {rows} rows are lost, since too many wait", self.address);
            self.dropped = self.dropped.wrapping_add(rows);
        }
    }
}

fn store(client: &mut Client, write: &Write, clean: bool) -> Result<Stored, PgError> {
    match write {
        Write::Users { rows, only_newer, .. } => accounts::store(client, rows, *only_newer),
        Write::DeleteUser(email, app) => Stored::one(accounts::delete(client, email, app)),
        Write::Purchase(row) => shop::store_purchase(client, row),
        Write::Forward { rows, only_new } => forwarding::store(client, rows, *only_new),
        Write::Unforward(tokens, host) => forwarding::delete(client, tokens, host),
        Write::Averages(span, rows) => reporting::store_averages(client, *span, rows),
        Write::Raw(rows) => reporting::store_raw(client, rows),
        Write::Statistics(row) => Stored::one(reporting::store_statistics(client, row).map(|()| 1)),
        Write::Clean(now) if clean => Stored::one(reporting::clean(client, *now)),
        Write::Clean(_) => Ok(Stored::default()),
    }
}
