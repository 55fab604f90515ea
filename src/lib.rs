//! Eyelet: a small drop-in replacement for the legacy Blynk server.
//!
//! One process, one thread that owns all state. See `docs/architecture.md` for the long form.
//!
//! * [`wire`] turns bytes into messages and back: frames, commands, statuses, bodies. It does no I/O.
//! * [`config`] turns `.properties` files into typed settings; [`cli`] does the same for the command line.
//! * [`allocator`] has freed memory go back to the system.
//! * [`tz`] knows time zones.
//! * [`serve`] is the life of the server, [`reload`] its SIGHUP, [`certificates`] what its TLS ports show; [`supervisor`] tells
//!   systemd how it is, [`descriptors`] says how many connections there may be.
//! * [`run`] does what the command line asks for; [`logging`] writes the log files, [`console`] the lines for scripts,
//!   [`local_time`] knows the machine's time zone.
//! * [`model`] is what a user owns: profile, dashboards, devices, widgets, pin values and their JSON forms.
//! * [`history`] records pin values: averages, binary files, graph queries, exports, reports.
//! * [`automation`] decides what timers, rules, webhooks and polling do; it never does it itself.
//! * [`outgoing`] connects workers to other servers.
//! * [`notify`] holds the transports for mail, push, tweets and text messages that workers run.
//! * [`store`] reads and writes the data folder.
//! * `database` (feature `postgres`) holds the workers of the databases.
//! * [`stats_record`] gathers the numbers for the statistics log, the admin pages and metrics.
//! * [`hub`] owns the users, tokens, connections and routing; everything above it goes through it.
//! * [`hardware`] and [`app`] handle the commands of devices and of phone apps, one file per command group.
//! * [`http`] is what HTTP requests ask for: REST, admin, firmware, pages.
//! * [`net`] accepts connections, speaks TLS, tells protocols apart and moves bytes.
//! * `acme` gets certificates from Let's Encrypt (feature `acme`).
//! * [`control`] is the Unix control socket and the subcommands that use it; [`doctor`] and [`trials`] need no server.
#![forbid(unsafe_code)]

#[cfg(feature = "acme")]
pub mod acme;
pub mod allocator;
pub mod app;
pub mod automation;
pub mod certificates;
pub mod cli;
pub mod config;
pub mod console;
pub mod control;
#[cfg(feature = "postgres")]
pub mod database;
pub mod descriptors;
pub mod doctor;
pub mod hardware;
pub mod history;
pub mod host;
pub mod http;
pub mod hub;
pub mod local_time;
pub mod logging;
pub mod model;
pub mod net;
pub mod notify;
pub mod outgoing;
pub mod reload;
pub mod run;
pub mod serve;
pub mod services;
pub mod stats_record;
pub mod store;
pub mod supervisor;
pub mod trials;
pub mod tz;
pub mod wire;
