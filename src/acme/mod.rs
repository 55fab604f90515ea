//! Certificates from Let's Encrypt or another ACME server (RFC 8555), with the question asked over HTTP.
//!
//! * [`plan`]: whether this server shall have one, and for what name. [`renewal`]: when to ask, and how long to wait after
//!   failures.
//! * [`order`]: the steps from an account to a certificate. [`client`]: signed requests. [`jws`]: the account's key.
//! * [`files`]: what is kept in the data folder. [`keeper`]: the task that does it all, at the start and for ever after.
//!
//! The steps run in the event loop; each request and all file work is a job for a worker.

mod client;
mod files;
mod jws;
pub mod keeper;
mod order;
mod plan;
mod renewal;

pub use plan::Plan;

use crate::net::certificate::CertificateError;
use crate::notify::http_client::HttpError;
use std::time::Duration;

/// Why there is no new certificate. Each is one line.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// No answer came from the ACME server.
    #[error("{0}")]
    Http(#[from] HttpError),
    /// It refused.
    #[error("{text}")]
    Refused {
        /// The kind of the refusal, and what the server says about it.
        text: String,
        /// Do not ask again earlier.
        wait: Option<Duration>,
    },
    /// It says something that is not understood.
    #[error("its answer is not understood: {0}")]
    Answer(&'static str),
    /// It wants accounts that are made by hand.
    #[error("it wants accounts that are made by hand (external account binding), which is not possible here")]
    ExternalAccount,
    /// It could not verify that the name is this server's.
    #[error("{host} could not be verified, port 80 of it must lead to http.port of this server: {text}")]
    Unverified {
        /// The name.
        host: String,
        /// What the server says.
        text: String,
    },
    /// It took too long.
    #[error("it did not come to an end")]
    Slow,
    /// Files cannot be read or written, or what came is no certificate.
    #[error("{0}")]
    Certificate(#[from] CertificateError),
    /// A key or a request for a certificate cannot be made.
    #[error("{0}")]
    Make(#[from] rcgen::Error),
    /// What came is for another name, or not valid now.
    #[error("the certificate that came is not one for {0} that is valid now")]
    Wrong(String),
    /// The key of the account cannot be used.
    #[error("{0} cannot be used, delete it for a new account")]
    Account(String),
    /// No worker.
    #[error("too much work is waiting")]
    Busy,
}
