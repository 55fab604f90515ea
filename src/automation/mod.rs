//! Decisions about what happens around a written pin or around the clock: plain functions over profiles. The hub does
//! what they say (`hub::rules`, `hub::timers`, `hub::webhooks`, `hub::polling`).

pub mod actions;
pub mod agenda;
pub mod eventor;
pub mod timers;
pub mod webhook;
