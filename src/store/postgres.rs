//! PostgreSQL: a small blocking client, the tables, and what is done with those of the main database. For workers.
//!
//! * [`address`] is what `db.properties` says of a database; [`stream`] connects to it, with TLS when asked for.
//! * [`client`] logs in ([`scram`]) and speaks the protocol: questions, batches in one transaction, scripts. Values travel
//!   as [`params`] in text form.
//! * [`schema`] makes missing tables.
//! * [`accounts`] is the table `users`, [`shop`] are `redeem`, `purchase`, `flashed_tokens` and `cloned_projects`,
//!   [`forwarding`] is `forwarding_tokens`. History and statistics are in [`history::postgres`](crate::history::postgres).
//!
//! `postgres-protocol` (by the author of the `postgres` crate) encodes messages. What is built on it here is
//! smaller than `postgres`, which hides a tokio runtime, and than `postgres_sync`, which has neither TLS nor time-outs,
//! takes no password with an `@` and panics at a malformed error.

pub mod accounts;
pub mod address;
pub mod client;
pub mod error;
pub mod forwarding;
pub mod params;
pub mod schema;
pub mod scram;
pub mod shop;
pub mod stream;
pub mod trust;

pub use address::Address;
pub use client::{Client, Stored};
pub use error::PgError;
