//! Connections to other servers, for workers: mails, webhooks, databases.
//!
//! [`stream`] is one of them, plain or encrypted; [`trust`] says which servers are trusted. What is spoken on them is elsewhere.

pub mod stream;
pub mod trust;
