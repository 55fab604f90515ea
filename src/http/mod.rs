//! The blocking HTTP thread: REST API, static files and downloads, password pages.
//!
//! * [`server`] runs `tiny_http` and turns its requests into [`request::Request`]s; [`peers`] says who sent them.
//!   [`forwarded`] believes proxies who asks, [`limits`] says how often they may.
//! * [`router`] is the table of all routes; [`response`] is what handlers return. [`params`] decodes queries and forms.
//! * [`admin`] is the administrators' part; [`upload`] takes their files, which [`multipart`] takes out of their
//!   wrapping. [`metrics`] are for monitoring. `challenge` answers an ACME server (feature `acme`).
//! * [`rest`] is the API of device tokens; [`files`] serves files and [`ranges`] of them, [`assets`] are built in; [`pages`] resets passwords.
//!
//! Handlers touch state only in the event loop: most are plain functions on the hub that the router calls there.

pub mod admin;
pub mod assets;
#[cfg(feature = "acme")]
pub mod challenge;
pub mod files;
pub mod forwarded;
pub mod limits;
pub mod metrics;
pub mod multipart;
pub mod pages;
pub mod params;
pub mod peers;
pub mod ranges;
pub mod request;
pub mod response;
pub mod rest;
pub mod router;
pub mod server;
pub mod upload;

pub use peers::PeerTable;
pub use server::start;
