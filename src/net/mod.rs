//! The network's edge: what connections are made of, before and below the messages.
//!
//! * [`certificate`] finds, loads or makes the TLS certificate; [`tls`] holds the TLS settings.
//! * [`handshake`] answers upgrade requests, [`websocket`] is the frame layer after it.

pub mod certificate;
pub mod handshake;
pub mod tls;
pub mod websocket;
