//! What HTTP requests ask for: REST API, static files and downloads, password pages, the administrators' part.
//!
//! * [`dispatch`] brings a [`request::Request`] to what answers it. [`forwarded`] believes proxies who asks, [`limits`] says
//!   how often they may. `net::exchange` reads requests and sends answers.
//! * [`router`] is the table of all routes; [`response`] is what handlers return. [`params`] decodes queries and forms.
//! * [`admin`] is the administrators' part; [`upload`] takes their files as a [`stream`], and [`multipart`] takes them out of their
//!   wrapping. [`metrics`] are for monitoring. `challenge` answers an ACME server (feature `acme`).
//! * [`rest`] is the API of device tokens; [`files`] serves files and [`ranges`] of them, [`assets`] are built in; [`pages`] resets passwords.
//!
//! Handlers touch state only in the event loop: most are plain functions on the hub that the router calls there.

pub mod admin;
pub mod assets;
#[cfg(feature = "acme")]
pub mod challenge;
pub mod dispatch;
pub mod files;
pub mod forwarded;
pub mod limits;
pub mod metrics;
pub mod multipart;
pub mod pages;
pub mod params;
pub mod ranges;
pub mod request;
pub mod response;
pub mod rest;
pub mod router;
pub mod stream;
pub mod upload;

pub use dispatch::{Http, Routed};
