//! The network's edge: what connections are made of, before and below the messages.
//!
//! * [`certificate`] finds, loads or makes the TLS certificate; [`tls`] holds the TLS settings.
//! * [`handshake`] answers upgrade requests, [`websocket`] is the frame layer after it.
//! * [`mqtt`] decodes and encodes MQTT packets.

pub mod certificate;
#[doc(hidden)]
pub mod fuzz_targets;
pub mod handshake;
pub mod mqtt;
pub mod tls;
pub mod websocket;
