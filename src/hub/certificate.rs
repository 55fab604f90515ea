//! What the event loop knows about the certificate of the TLS ports: for `eyelet status`, metrics and the ACME server's
//! question.

use std::path::PathBuf;

/// The certificate that is shown, and what becomes of it.
#[derive(Debug, Default)]
pub struct Certificate {
    /// Its file.
    pub file: PathBuf,
    /// This server made it.
    pub is_self_signed: bool,
    /// Its last second, in s since 1970; 0 = not known.
    pub until: i64,
    /// How it is renewed, one line; empty: not by this server.
    pub renewal: String,
    /// While an ACME server looks whether the host is ours: the token it will ask for, and the answer.
    pub challenge: Option<(String, String)>,
}
