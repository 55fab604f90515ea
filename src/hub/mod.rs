//! The hub: the one owner of all state. Handlers are plain functions on it; it does no I/O.
//!
//! * [`users`]: accounts and sessions. [`accounts`], [`replacing`]: what administrators do to them. [`tokens`]: who has which token.
//! * [`connections`]: open connections.
//! * [`routing`]: who gets a message; [`roster`]: an account's devices that are connected. [`outbox`]: what waits to be sent. [`meter`]: the message quota.
//! * [`certificate`]: which one is shown.
//! * [`attempts`]: failed logins, [`refused`] devices. [`sessions`]: administrators in browsers. [`reset_tokens`]: password resets. [`saving`]: when accounts are written.
//! * [`presence`]: who is there, and who is told. [`pins`]: a value arrives; [`record`] and [`rules`] are its stations.
//! * [`notices`]: pushes and mails, and their limits. [`redirect`]: tokens of other servers.
//! * [`firmware`]: updates over the air. [`history`]: averages, live values and their files. [`housekeeping`] keeps those small.
//! * [`reports`]: when reports run, and their runs.
//! * [`clones`]: projects given away by code. [`allowances`]: how much an account may have made in a day. [`budget`]: how much it may hold.
//! * [`flashed`]: tokens that are given out before their device is known. [`intervals`], [`rates`]: how often HTTP clients may
//!   notify, and ask.
//! * [`database`]: what waits for PostgreSQL; [`account_rows`]: when accounts and tokens go there.
//! * [`jobs`]: slow work for worker threads. [`handle`]: how threads reach the hub. [`schedule`]: what happens later.
//!   [`trouble`]: failures that last, without a flood in the log.

pub mod account_rows;
pub mod accounts;
pub mod allowances;
pub mod attempts;
pub mod budget;
pub mod certificate;
pub mod clock;
pub mod clones;
pub mod connections;
pub mod database;
pub mod firmware;
pub mod flashed;
pub mod handle;
pub mod history;
pub mod housekeeping;
pub mod intervals;
pub mod jobs;
pub mod meter;
pub mod mqtt;
pub mod notices;
pub mod outbox;
pub mod pins;
pub mod polling;
pub mod presence;
pub mod rates;
pub mod record;
pub mod redirect;
pub mod refused;
pub mod replacing;
pub mod reports;
pub mod reset_tokens;
pub mod roster;
pub mod routing;
pub mod rules;
pub mod saving;
pub mod schedule;
pub mod sessions;
pub mod stats;
pub mod timers;
pub mod tokens;
pub mod trouble;
pub mod users;
pub mod webhooks;

pub use clock::Clock;
pub use connections::{AppLogin, AppOs, ConnId, DeviceRef, Origin, Peer};
pub use handle::HubHandle;
pub use jobs::{Job, Jobs, Queue};
pub use outbox::{Framing, Outbox};
pub use users::{Unsaved, UserId, Users};

use crate::config::Config;
use crate::notify::mail_texts::MailTexts;
use crate::wire::Status;
use std::rc::Rc;
use std::task::Waker;

/// What a handler answers; an `Err` status is answered with the request's id like `Status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing, or everything was sent already, or the answer comes later.
    None,
    /// This status.
    Status(Status),
    /// A message with the request's command and id.
    Text(String),
    /// A message with the request's command and id, whose body is this text in a zlib stream; for apps.
    Packed(String),
    /// Nothing, and the connection is closed.
    Close,
}

impl Reply {
    /// Status 200.
    pub const OK: Reply = Reply::Status(Status::Ok);
}

/// Whether a connection goes on after a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// The next frame is handled.
    Continue,
    /// What waits is sent, then the connection is closed; further frames are dropped.
    Close,
}

/// What handlers return.
pub type Handled = Result<Reply, Status>;

/// Longest and shortest time between two looks at silent connections, ms.
const SWEEP_MAX: u64 = 1000;
const SWEEP_MIN: u64 = 100;
/// Length of a minute, ms.
const MINUTE_MS: u64 = 60_000;
/// Length of a day, ms.
const DAY_MS: u64 = 24 * 3600 * 1000;

/// All state of the server.
#[derive(Debug)]
pub struct Hub {
    /// Settings; replaced as a whole when they are read again.
    pub config: Rc<Config>,
    /// What time it is.
    pub clock: Clock,
    /// Accounts and sessions.
    pub users: Users,
    /// Tokens of devices, shares and provisioning.
    pub tokens: tokens::Tokens,
    /// Open connections.
    pub connections: connections::Connections,
    /// Slow work.
    pub jobs: Jobs,
    /// PostgreSQL; `None` without `enable.db`.
    pub databases: Option<database::Databases>,
    /// Accounts that the database does not have yet.
    pub account_rows: account_rows::AccountRows,
    /// What happens later.
    pub schedule: schedule::Schedule,
    /// Counters.
    pub stats: stats::Stats,
    /// Devices that went away.
    pub presence: presence::Presence,
    /// Firmware that waits for devices.
    pub firmwares: firmware::Firmwares,
    /// What accounts had made today.
    pub allowances: allowances::Allowances,
    /// Failed logins by address.
    pub attempts: attempts::Attempts,
    /// Devices that were refused for their token.
    pub refused: refused::Refused,
    /// Failed logins of administrators by address.
    pub admin_attempts: attempts::Attempts,
    /// Administrators in browsers.
    pub sessions: sessions::Sessions,
    /// Password resets that were begun.
    pub reset_tokens: reset_tokens::ResetTokens,
    /// Servers that have tokens which nobody here has.
    pub token_hosts: redirect::TokenHosts,
    /// Codes of projects that were given away.
    pub clones: clones::Clones,
    /// Pushes that HTTP clients caused.
    pub http_pushes: intervals::Intervals,
    /// Mails that HTTP clients caused.
    pub http_mails: intervals::Intervals,
    /// How much HTTP clients ask for.
    pub http_rates: rates::HttpRates,
    /// Downloads that do not exist, by address: who guesses their names is slowed down.
    pub missed_downloads: attempts::Attempts,
    /// Attempts to register: their number in the running hour, and when it began (ms since start).
    pub registrations: (u32, u64),
    /// The texts of mails and password pages.
    pub texts: Rc<MailTexts>,
    /// Name or address of this server, as told to apps and devices.
    pub host: Rc<str>,
    /// The certificate of the TLS ports.
    pub certificate: certificate::Certificate,
    /// Writing of accounts.
    pub saving: saving::Saving,
    /// When timers are due.
    pub timers: timers::Timers,
    /// Displays that devices are asked for.
    pub polling: polling::Polling,
    /// Bytes of large answers that wait for their compression.
    pub waiting_to_pack: usize,
    /// Webhooks under way.
    pub webhooks: webhooks::Webhooks,
    /// Averages, live values and their files.
    pub history: history::History,
    /// When reports run.
    pub reports: reports::Reports,
    /// Wall time of the start, ms since 1970.
    pub started_at: i64,
    stopping: bool,
    stop_waker: Option<Waker>,
}

impl Hub {
    /// A hub without accounts, with the built-in texts; its host is the configured one.
    pub fn new(config: Rc<Config>, clock: Clock, jobs: Jobs) -> Self {
        let texts = Rc::new(MailTexts::built_in(&config.server.product_name));
        let host = Rc::from(config.server.server_host.as_str());
        Hub {
            started_at: clock.now(),
            reports: reports::Reports::default(),
            history: history::History::new(&config.server, clock.now()),
            config,
            clock,
            users: Users::default(),
            tokens: tokens::Tokens::default(),
            connections: connections::Connections::default(),
            jobs,
            databases: None,
            account_rows: account_rows::AccountRows::default(),
            schedule: schedule::Schedule::default(),
            stats: stats::Stats::default(),
            presence: presence::Presence::default(),
            firmwares: firmware::Firmwares::default(),
            allowances: allowances::Allowances::default(),
            attempts: attempts::Attempts::default(),
            refused: refused::Refused::default(),
            admin_attempts: attempts::Attempts::of_administrators(),
            sessions: sessions::Sessions::default(),
            reset_tokens: reset_tokens::ResetTokens::default(),
            token_hosts: redirect::TokenHosts::default(),
            clones: clones::Clones::default(),
            http_pushes: intervals::Intervals::default(),
            http_mails: intervals::Intervals::default(),
            http_rates: rates::HttpRates::default(),
            missed_downloads: attempts::Attempts::default(),
            registrations: (0, 0),
            texts,
            host,
            certificate: certificate::Certificate::default(),
            saving: saving::Saving::default(),
            timers: timers::Timers::default(),
            polling: polling::Polling::default(),
            waiting_to_pack: 0,
            webhooks: webhooks::Webhooks::default(),
            stopping: false,
            stop_waker: None,
        }
    }

    /// Wall time in ms since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// ms since start.
    pub fn ticks(&self) -> u64 {
        self.clock.ticks()
    }

    /// Takes in an account and its tokens.
    pub fn add_user(&mut self, user: crate::model::User) -> UserId {
        let id = self.users.add(user);
        self.tokens.add_user(&self.users, id);
        id
    }

    /// A person changed something of the account: saved at once.
    pub fn user_changed(&mut self, user: UserId) {
        let now = self.now();
        if let Some(account) = self.users.get_mut(user) {
            account.user.last_modified_ts = now;
        }
        self.users.mark(user, Unsaved::Changes);
    }

    /// A person changed something of a project: its update time is now, and it is saved at once.
    pub fn dash_changed(&mut self, user: UserId, dash: i32) {
        let now = self.now();
        if let Some(dash) = self.users.dash_mut(user, dash) {
            dash.updated_at = now;
        }
        self.users.mark(user, Unsaved::Changes);
    }

    /// A device wrote a value: its project's update time is now, and it is saved with the next period.
    pub fn value_written(&mut self, user: UserId, dash: i32) {
        let now = self.now();
        if let Some(dash) = self.users.dash_mut(user, dash) {
            dash.updated_at = now;
        }
        self.users.mark(user, Unsaved::Values);
    }

    /// Asks the event loop to end.
    pub fn stop(&mut self) {
        self.stopping = true;
        if let Some(waker) = self.stop_waker.take() {
            waker.wake();
        }
    }

    /// Whether somebody asked to end; else `waker` is woken when somebody does.
    pub fn poll_stop(&mut self, waker: &Waker) -> bool {
        self.stop_waker = Some(waker.clone());
        self.stopping
    }

    /// Gives up silent connections, at least every second.
    pub fn schedule_sweeps(&mut self) {
        self.schedule_sweep(SWEEP_MAX);
    }

    fn schedule_sweep(&mut self, ms: u64) {
        self.after(ms, |hub| {
            let ticks = hub.ticks();
            let next = hub.connections.sweep(ticks);
            // Time-outs are kept to some ms, however many there are.
            let wait = next.map_or(SWEEP_MAX, |next| next.saturating_sub(ticks).clamp(SWEEP_MIN, SWEEP_MAX));
            hub.schedule_sweep(wait);
        });
    }

    /// The server stops: every device is offline from now on, nobody is told. Returns what still waits to be sent.
    pub fn end_all_connections(&mut self) -> Vec<Rc<Outbox>> {
        let now = self.now();
        let all: Vec<ConnId> = self.connections.iter().map(|(conn, _)| conn).collect();
        let mut outboxes = Vec::with_capacity(all.len());
        for conn in all {
            let Some(connection) = self.connections.remove(conn) else { continue };
            connection.outbox.finish();
            outboxes.push(connection.outbox);
            let Peer::Hardware(device) = connection.peer else { continue };
            if let Some(device) =
                self.users.dash_mut(device.user, device.dash).and_then(|d| d.device_mut(device.device))
            {
                device.status = crate::model::enums::DeviceStatus::Offline;
                device.disconnect_time = now;
            }
            self.users.mark(device.user, Unsaved::Values);
        }
        outboxes
    }

    /// Starts what happens again and again beside saving.
    pub fn start_periodic_work(&mut self) {
        self.follow_changes();
        self.schedule_expiry();
        self.schedule_flushes();
        self.schedule_housekeeping();
        self.plan_all_reports();
        log::info!("Timers : {}", self.timer_times());
        log::info!("Reports : {}", self.planned_reports());
        self.schedule_rate();
        self.schedule_stats();
    }

    /// Forgets promised tokens that nobody used, every day.
    fn schedule_expiry(&mut self) {
        self.after(DAY_MS, |hub| {
            let ticks = hub.ticks();
            hub.tokens.expire(ticks);
            hub.schedule_expiry();
        });
    }

    /// Runs everything that is due.
    pub fn run_due(&mut self) {
        self.watch_clock();
        let ticks = self.ticks();
        while let Some(action) = self.schedule.take_due(ticks) {
            action(self);
        }
    }

    /// Runs `action` in this many ms.
    pub fn after(&mut self, ms: u64, action: impl FnOnce(&mut Hub) + 'static) {
        let at = self.ticks().saturating_add(ms);
        self.schedule.at(at, action);
    }
}

#[cfg(test)]
pub mod testing;
