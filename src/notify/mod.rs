//! Transports that worker threads run: mail, push, tweets, text messages and webhooks.
//!
//! Everything here is blocking and works on plain data: a worker takes a job's payload (a [`mail::Mail`], a
//! [`push::Push`], ...) and calls the transport's `send`. Nothing here knows the hub, a session or a user.
//!
//! * [`mail`]: what a mail is; [`mail_texts`] writes them, [`smtp`] sends them. [`address`]: is a text a mail address. [`qr`]: pictures of QR codes for mails and HTTP.
//! * [`push`]: pushes to phones; [`push_targets`]: to services like ntfy instead. [`sms`], [`tweet`], [`webhook`]: what their names say.
//! * [`http_client`] is what all of those but mail send with; [`local_address`] is its rule for forbidden hosts.

pub mod address;
pub mod built_in_texts;
pub mod http_client;
pub mod local_address;
pub mod mail;
mod mail_form;
pub mod mail_texts;
pub mod percent;
pub mod punycode;
pub mod push;
pub mod push_targets;
pub mod qr;
#[cfg(feature = "sms")]
pub mod sms;
pub mod smtp;
pub mod template;
pub mod tweet;
pub mod webhook;

#[cfg(test)]
mod test_server;
#[cfg(test)]
mod test_smtp;
