//! The table `forwarding_tokens`: which of several servers a device token belongs to.

use super::client::{Client, Stored};
use super::error::PgError;
use super::params::Params;
use crate::store::rows::ForwardingRow;

/// Notes that tokens belong to servers. A row that is there gets the new project and device, unless it is `only_new` rows
/// that are wanted.
///
/// # Errors
/// What another try may heal.
pub fn store(client: &mut Client, rows: &[ForwardingRow], only_new: bool) -> Result<Stored, PgError> {
    let known = if only_new {
        "NOTHING"
    } else {
        "UPDATE SET (email, project_id, device_id, ts) = \
         (EXCLUDED.email, EXCLUDED.project_id, EXCLUDED.device_id, EXCLUDED.ts)"
    };
    let sql = format!(
        "INSERT INTO forwarding_tokens (token, host, email, project_id, device_id) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (token, host) DO {known}"
    );
    client.store(&sql, rows, &|row, params| {
        params.text(&row.token);
        params.text(&row.host);
        params.text(&row.email);
        params.int(row.dash);
        params.int(row.device);
    })
}

/// Forgets tokens of this host.
///
/// # Errors
/// What another try may heal.
pub fn delete(client: &mut Client, tokens: &[String], host: &str) -> Result<Stored, PgError> {
    client.store("DELETE FROM forwarding_tokens WHERE token = $1 AND host = $2", tokens, &|token, params| {
        params.text(token);
        params.text(host);
    })
}

/// The host that a token belongs to; the one that got it last.
///
/// # Errors
/// See [`PgError`].
pub fn host_of(client: &mut Client, token: &str) -> Result<Option<String>, PgError> {
    const SQL: &str = "SELECT host FROM forwarding_tokens WHERE token = $1 ORDER BY ts DESC NULLS LAST LIMIT 1";
    let found = client.first(SQL, &Params::texts(&[token]))?;
    Ok(found.map(|row| row.text(0).to_owned()).filter(|host| !host.is_empty()))
}
