//! Transports that worker threads run: mail, push, tweets, text messages and webhooks.
//!
//! Everything here is blocking and works on plain data: a worker takes a job's payload (a [`mail::Mail`], a
//! [`push::Push`], ...) and calls the transport's `send`. Nothing here knows the hub, a session or a user.
//!
//! * [`mail`]: what a mail is.
//! * [`push`]: pushes to phones. [`sms`], [`tweet`], [`webhook`]: what their names say.

pub mod http_client;
pub mod local_address;
pub mod mail;
pub mod push;
#[cfg(feature = "sms")]
pub mod sms;
pub mod tweet;
pub mod webhook;

#[cfg(test)]
mod test_server;
