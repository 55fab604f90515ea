//! The databases as the hub sees them: questions, whose answers come back as calls, and writes, which wait until they are
//! done. Without `enable.db` there are none, and files take their place.
//!
//! Two lanes, one for each database of `db.properties`, each with a worker of its own ([`crate::database`]): users and
//! tokens must not wait for reporting rows.

mod lane;

pub use lane::{Figures, Lane, Task};

use super::jobs::Then;
use super::Hub;
use crate::history::names::Granularity;
use crate::history::rows::{AverageRow, RawRow};
use crate::store::flashed::FlashedToken;
use crate::store::rows::{Flashed, ForwardingRow, PurchaseRow, UserRow};
use crate::store::statistics::StatsRow;
use std::sync::Arc;

/// The database gave no answer: it is away, or refused. The reason is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database gave no answer")]
pub struct NoAnswer;

/// An answer of the database on its way back.
pub type Answer<T> = Then<Result<T, NoAnswer>>;

/// Something that somebody waits for. All are for the main database.
#[allow(missing_docs)]
pub enum Question {
    /// Redeem a code: the energy that it brings. `None`: the code is unknown or somebody else's.
    Redeem { code: String, email: String, then: Answer<Option<i32>> },
    /// Keep flashed tokens.
    StoreFlashed(Vec<Flashed>, Answer<()>),
    /// What a flashed token was made for.
    FindFlashed(String, Answer<Option<FlashedToken>>),
    /// Take a flashed token that nobody took yet, if it `fits`.
    TakeFlashed { token: String, fits: Box<dyn Fn(&FlashedToken) -> bool + Send>, then: Answer<Option<FlashedToken>> },
    /// Keep a project under a code.
    StoreClone { code: String, json: String, then: Answer<()> },
    /// The project behind a code.
    FindClone(String, Answer<Option<String>>),
    /// The server that a device token belongs to.
    TokenHost(String, Answer<Option<String>>),
    /// The server that an account (e-mail, app) lives on.
    UserHost(String, String, Answer<Option<String>>),
}

/// Something to be stored sooner or later.
#[allow(missing_docs)]
pub enum Write {
    /// Accounts; `then` is told when they are stored.
    Users { rows: Vec<UserRow>, only_newer: bool, then: Then<()> },
    /// An account less: e-mail, app.
    DeleteUser(String, String),
    /// A purchase of energy.
    Purchase(PurchaseRow),
    /// Device tokens of this server. `only_new`: those that are there stay as they are.
    Forward { rows: Vec<ForwardingRow>, only_new: bool },
    /// Device tokens that are no more, and the host that they belonged to.
    Unforward(Vec<String>, Arc<str>),
    /// Finished averages.
    Averages(Granularity, Vec<AverageRow>),
    /// Values as they came.
    Raw(Vec<RawRow>),
    /// Statistics of a minute.
    Statistics(Box<StatsRow>),
    /// Remove old rows. The time now, ms since 1970.
    Clean(i64),
}

impl Write {
    /// How many rows it has.
    pub fn rows(&self) -> usize {
        match self {
            Write::Users { rows, .. } => rows.len(),
            Write::Forward { rows, .. } => rows.len(),
            Write::Unforward(tokens, _) => tokens.len(),
            Write::Averages(_, rows) => rows.len(),
            Write::Raw(rows) => rows.len(),
            Write::DeleteUser(..) | Write::Purchase(_) | Write::Statistics(_) => 1,
            Write::Clean(_) => 0,
        }
    }

    /// About how much memory it takes, bytes.
    fn size(&self) -> usize {
        /// Room for an address, a token or a host.
        const TEXT: usize = 64;
        match self {
            Write::Users { rows, .. } => rows.iter().map(|row| row.json.len() + size_of::<UserRow>() + 4 * TEXT).sum(),
            Write::Forward { rows, .. } => rows.len() * (size_of::<ForwardingRow>() + 3 * TEXT),
            Write::Unforward(tokens, _) => tokens.len() * (size_of::<String>() + TEXT),
            Write::Averages(_, rows) => rows.len() * size_of::<AverageRow>(),
            Write::Raw(rows) => rows.iter().map(RawRow::size).sum(),
            Write::DeleteUser(..) | Write::Purchase(_) => size_of::<Write>() + 2 * TEXT,
            Write::Statistics(_) => size_of::<StatsRow>(),
            Write::Clean(_) => size_of::<Write>(),
        }
    }
}

/// Both lanes.
#[derive(Debug, Clone)]
pub struct Databases {
    /// Users and tokens.
    pub main: Arc<Lane>,
    /// History and statistics.
    pub reporting: Arc<Lane>,
}

impl Databases {
    /// Empty lanes. `memory`: how many bytes of writes may wait in each while its database is away.
    pub fn new(memory: usize) -> Self {
        Databases { main: Arc::new(Lane::new(memory)), reporting: Arc::new(Lane::new(memory)) }
    }

    /// The lanes with their names in logs and metrics.
    pub fn lanes(&self) -> [(&'static str, &Arc<Lane>); 2] {
        [("main", &self.main), ("reporting", &self.reporting)]
    }
}

impl Hub {
    /// Where questions go, if there is a database.
    pub fn main_database(&self) -> Option<Arc<Lane>> {
        self.databases.as_ref().map(|databases| Arc::clone(&databases.main))
    }

    /// Has the main database store something, if there is one.
    pub fn tell_database(&mut self, write: impl FnOnce() -> Write) {
        if let Some(databases) = &self.databases {
            databases.main.write(write());
        }
    }

    /// Has the reporting database store something, if there is one.
    pub fn report(&mut self, write: impl FnOnce() -> Write) {
        if let Some(databases) = &self.databases {
            databases.reporting.write(write());
        }
    }
}
