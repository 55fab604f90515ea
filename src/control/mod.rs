//! The control socket and the subcommands that use it.
//!
//! A subcommand asks the running server through its Unix socket ([`client`]); what needs no server is done on the locked
//! data folder when none runs ([`offline`]). Both speak [`protocol`], so that a subcommand ([`accounts`]) does not care
//! who answers.

pub mod accounts;
pub mod client;
pub mod offline;
pub mod protocol;

pub use protocol::{Request, Response};
