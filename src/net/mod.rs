//! The network's edge: sockets, TLS, protocols, and the event loop's tasks.
//!
//! * [`event_loop`] runs everything until a signal comes.
//! * [`listen`] accepts, does the TLS handshake and tells protocols apart; [`server`] is what all tasks share.
//! * [`places`] says who goes when there are too many. [`proxy`] reads for whom a proxy speaks.
//! * [`session`] serves connections that speak frames, [`pending`] bounds what their unfinished frames take; [`front`] those that speak HTTP; [`mqtt_session`] MQTT.
//! * [`stream`] is one socket, plain or encrypted; [`tables`] makes room for many. [`exchange`] reads HTTP
//!   requests and sends their answers.
//! * [`certificate`] finds, loads or makes the TLS certificate; [`tls`] holds the TLS settings,
//!   [`sessions`] what clients may resume, [`validity`] tells when a certificate ends.
//! * [`handshake`] answers upgrade requests, [`websocket`] is the frame layer after it.

pub mod certificate;
pub mod encrypted_key;
pub mod event_loop;
pub mod exchange;
pub mod front;
#[doc(hidden)]
pub mod fuzz_targets;
pub mod handshake;
pub mod listen;
pub mod mqtt_session;
pub mod pending;
pub mod places;
pub mod proxy;
pub mod server;
pub mod session;
pub mod sessions;
pub mod stream;
pub mod tables;
#[cfg(test)]
mod testing;
pub mod tls;
pub mod validity;
pub mod websocket;
