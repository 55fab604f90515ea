//! The control socket and the subcommands that use it.
//!
//! A subcommand asks the running server through its Unix socket ([`client`], [`server`], [`requests`]); what needs no server
//! is done on the locked data folder when none runs ([`offline`]). All speak [`protocol`], so that a subcommand
//! ([`accounts`]) does not care who answers. [`password`] and [`status`] face the user.

pub mod accounts;
pub mod client;
pub mod offline;
pub mod password;
pub mod protocol;
pub mod requests;
pub mod server;
pub mod status;

pub use protocol::{Request, Response};
