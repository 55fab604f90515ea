//! The network's edge: what connections are made of, before and below the messages.
//!
//! * [`certificate`] finds, loads or makes the TLS certificate ([`encrypted_key`] helps it); [`tls`] holds the TLS settings.
//! * [`handshake`] answers upgrade requests, [`websocket`] is the frame layer after it.
//! * [`mqtt`] decodes and encodes MQTT packets.

pub mod certificate;
pub mod encrypted_key;
#[doc(hidden)]
pub mod fuzz_targets;
pub mod handshake;
pub mod mqtt;
pub mod tls;
pub mod websocket;
