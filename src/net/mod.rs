//! The network's edge: what connections are made of, before and below the messages.
//!
//! * [`certificate`] finds, loads or makes the TLS certificate; [`tls`] holds the TLS settings.

pub mod certificate;
pub mod tls;
