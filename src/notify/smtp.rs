//! Sends mails: one SMTP connection per mail, plain, with STARTTLS or with TLS from the first byte.
//!
//! Three things decide who is the sender and how to log in, see [`MailConfig`]: normally mails come from the login's
//! user name; through a bulk mail service (`third_party`) they come from `mail.from` and the login is not optional.
//! Unlike the reference, the server's certificate is verified unless `mail.smtp.ssl.trust` says otherwise.

mod conversation;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lettre::address::Address;
use lettre::message::Mailbox;
use rustls::pki_types::CertificateDer;
use rustls::ClientConfig;

use super::address;
use super::mail::Mail;
use super::mail_form;
use super::punycode;
use crate::config::MailConfig;
use crate::outgoing::trust::{self, Lenient};
use conversation::{Conversation, Place, SmtpError};

/// Instead of "no limit": a worker must come back some day.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);
/// Longest error text that is passed on, characters: servers can be talkative.
const REASON_LIMIT: usize = 300;

/// Why a mail was not sent. The texts hold neither password nor body.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MailError {
    /// The sender's address in the configuration is none.
    #[error("mails have no usable sender address ({0} in mail.properties)")]
    Sender(&'static str),
    /// A recipient's address is none.
    #[error("the recipient's address is not valid")]
    Recipient,
    /// The mail has no form, for example too much text for a QR code.
    #[error("the mail cannot be written: {0}")]
    Form(String),
    /// The server refused, was not reachable or not trusted.
    #[error("the mail server failed: {0}")]
    Failed(String),
}

/// The way to the configured mail server.
pub struct Mailer {
    config: MailConfig,
    from: Mailbox,
    envelope_from: Address,
    extra_roots: Vec<CertificateDer<'static>>,
    tls: OnceLock<Arc<ClientConfig>>,
}

impl Mailer {
    /// Prepares the sender; connects to nothing.
    ///
    /// # Errors
    /// [`MailError::Sender`].
    pub fn new(config: &MailConfig, product: &str) -> Result<Self, MailError> {
        let from = sender(config, product)?;
        let envelope_from = match config.envelope_from.as_str() {
            "" => from.email.clone(),
            other => wire_address(other).ok_or(MailError::Sender("mail.smtp.from"))?,
        };
        Ok(Self { config: config.clone(), from, envelope_from, extra_roots: Vec::new(), tls: OnceLock::new() })
    }

    /// Sends one mail; returns when the server has taken it.
    ///
    /// # Errors
    /// See [`MailError`]. Nothing is tried a second time.
    pub fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let to: Vec<Address> =
            mail.to.iter().map(|address| wire_address(address)).collect::<Option<_>>().ok_or(MailError::Recipient)?;
        if to.is_empty() {
            return Err(MailError::Recipient);
        }
        let bytes = mail_form::message(mail, &self.from, &to)?;
        let mut connection = self.connect()?;
        let sent = connection.deliver(&self.envelope_from, &to, &bytes);
        if !matches!(sent, Err(SmtpError::Io(_))) {
            connection.quit();
        }
        sent.map_err(failed)
    }

    /// A connection that is encrypted and logged in as configured.
    fn connect(&self) -> Result<Conversation, MailError> {
        let config = &self.config;
        let hello = hello_name(&config.localhost);
        let wrapper = if config.ssl_enable { Some(self.tls()?) } else { None };
        let connect = timeout(config.connectiontimeout);
        let place = Place { host: &config.host, port: config.port, connect, hello: &hello };
        let mut connection = Conversation::begin(place, wrapper).map_err(failed)?;
        let wait = match config.writetimeout {
            0 => config.timeout,
            write => config.timeout.max(write),
        };
        connection.wait_each(timeout(wait)).map_err(|e| MailError::Failed(e.to_string()))?;
        if !connection.is_encrypted() && (config.starttls_enable || config.starttls_required) {
            if connection.offers("STARTTLS") {
                connection = connection.start_tls(place, self.tls()?).map_err(failed)?;
            } else if config.starttls_required {
                connection.quit();
                return Err(MailError::Failed("it does not offer STARTTLS, which is required".to_owned()));
            }
        }
        self.log_in(connection)
    }

    fn log_in(&self, mut connection: Conversation) -> Result<Conversation, MailError> {
        let offered = ["PLAIN", "LOGIN"].iter().any(|way| connection.offers_login(way));
        // As the reference's mail library did: no login where the server offers none.
        if offered && (self.config.auth || self.config.third_party()) {
            if let Err(error) = connection.log_in(&self.config.username, self.config.password.expose()) {
                connection.quit();
                return Err(MailError::Failed(format!("it refused the login: {}", reason(&error))));
            }
        }
        Ok(connection)
    }

    /// Made once: reading the system's certificate authorities takes time on a small machine.
    fn tls(&self) -> Result<Arc<ClientConfig>, MailError> {
        if let Some(tls) = self.tls.get() {
            return Ok(Arc::clone(tls));
        }
        let config = if self.config.verify_certificate() {
            let mut roots = self.extra_roots.clone();
            match trust::system_roots() {
                Ok(system) => roots.extend(system),
                Err(reason) if roots.is_empty() => {
                    let text = "no certificate authorities found, install the package ca-certificates or ca-bundle";
                    return Err(MailError::Failed(format!("{text} ({reason})")));
                }
                Err(_) => {}
            }
            trust::authorities(roots)
        } else {
            trust::verified(Arc::new(Lenient(None)))
        };
        let config = Arc::new(config.map_err(|error| MailError::Failed(error.to_string()))?);
        Ok(Arc::clone(self.tls.get_or_init(|| config)))
    }
}

fn timeout(milliseconds: u32) -> Duration {
    match milliseconds {
        0 => LONGEST_TIMEOUT,
        some => Duration::from_millis(some.into()).min(LONGEST_TIMEOUT),
    }
}

fn failed(error: SmtpError) -> MailError {
    MailError::Failed(reason(&error))
}

fn reason(error: &SmtpError) -> String {
    let mut text: String = error.to_string().chars().filter(|c| !c.is_control()).take(REASON_LIMIT).collect();
    if text.contains("invalid peer certificate") {
        text.push_str(" (mail.smtp.ssl.trust in mail.properties names servers that are trusted without)");
    }
    text
}

/// The name for EHLO: the configured one, else the machine's, else its address.
fn hello_name(configured: &str) -> String {
    let name = match configured {
        "" => std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default(),
        name => name.to_owned(),
    };
    let name = name.trim();
    let usable = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.[]:".contains(&b));
    if usable {
        name.to_owned()
    } else {
        "[127.0.0.1]".to_owned()
    }
}

/// The From address. User names of some services are no addresses (`apikey`): then `mail.from`, else a made-up one at
/// the mail server, as the reference's mail library sent the bare name, which servers refuse today.
fn sender(config: &MailConfig, product: &str) -> Result<Mailbox, MailError> {
    let configured = mailbox(&config.from.replace("{PRODUCT_NAME}", product));
    if config.third_party() {
        return configured.ok_or(MailError::Sender("mail.from"));
    }
    mailbox(&config.username)
        .or(configured)
        .or_else(|| mailbox(&format!("{}@{}", config.username, config.host)))
        .ok_or(MailError::Sender("mail.smtp.username"))
}

/// `address` or `Name <address>`.
fn mailbox(text: &str) -> Option<Mailbox> {
    let text = text.trim();
    let (name, email) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, email)) => (name.trim().trim_matches('"').to_owned(), email),
        None => (String::new(), text),
    };
    let name = (!name.is_empty() && !name.chars().any(char::is_control)).then_some(name);
    Some(Mailbox::new(name, wire_address(email)?))
}

/// The address as SMTP understands it, with an ASCII domain; `None` when it is none.
fn wire_address(text: &str) -> Option<Address> {
    if !address::is_valid(text) {
        return None;
    }
    let (local, domain) = text.trim().rsplit_once('@')?;
    Some(Address::new_dangerous(local, punycode::domain_to_ascii(domain)?))
}

#[cfg(test)]
mod tests;
