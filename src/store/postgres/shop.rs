//! What is given to people by code: redeem codes, purchases, flashed tokens and projects.

use super::client::{Client, Stored};
use super::error::PgError;
use super::params::{Params, Row};
use crate::store::flashed::FlashedToken;
use crate::store::rows::{Flashed, PurchaseRow};

/// What a redeem code is worth to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redeemed {
    /// This much energy, from now on.
    Reward(i32),
    /// Nothing more: they had it already.
    Again,
    /// Nothing: nobody made the code, or it is somebody else's.
    No,
}

/// Redeems a code. The row's version decides between two who do so at once.
///
/// # Errors
/// See [`PgError`].
pub fn redeem(client: &mut Client, code: &str, email: &str) -> Result<Redeemed, PgError> {
    let found =
        client.first("SELECT isRedeemed, reward, email FROM redeem WHERE token = $1", &Params::texts(&[code]))?;
    let Some(row) = found else { return Ok(Redeemed::No) };
    if row.bool(0) {
        return Ok(if row.text(2) == email { Redeemed::Again } else { Redeemed::No });
    }
    const SQL: &str = "UPDATE redeem SET email = $2, version = 2, isRedeemed = TRUE, ts = NOW() \
        WHERE token = $1 AND version = 1";
    let changed = client.execute(SQL, &Params::texts(&[code, email]))?;
    Ok(if changed == 1 { Redeemed::Reward(row.int(1)) } else { Redeemed::No })
}

/// Notes a purchase. One that is there already stays.
///
/// # Errors
/// What another try may heal.
pub fn store_purchase(client: &mut Client, row: &PurchaseRow) -> Result<Stored, PgError> {
    const SQL: &str = "INSERT INTO purchase (email, reward, transactionId, price) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (email, transactionId) DO NOTHING";
    client.store(SQL, std::slice::from_ref(row), &|row, params| {
        params.text(&row.email);
        params.int(row.reward);
        params.text(&row.transaction);
        params.float(row.price());
    })
}

/// Stores flashed tokens. Their column `ts` stays empty until somebody takes them, as the reference has it.
///
/// # Errors
/// See [`PgError`].
pub fn store_flashed(client: &mut Client, rows: &[Flashed]) -> Result<(), PgError> {
    const SQL: &str = "INSERT INTO flashed_tokens (token, app_name, email, project_id, device_id, is_activated) \
        VALUES ($1, $2, $3, $4, $5, FALSE)";
    client.store_strictly(SQL, rows, &|(token, flashed): &Flashed, params: &mut Params| {
        params.text(token);
        params.text(&flashed.app_name);
        params.text(&flashed.email);
        params.int(flashed.project_id);
        params.int(flashed.device_id);
    })
}

/// What a token was made for.
///
/// # Errors
/// See [`PgError`].
pub fn find_flashed(client: &mut Client, token: &str) -> Result<Option<FlashedToken>, PgError> {
    const SQL: &str = "SELECT app_name, email, project_id, device_id, is_activated, \
        (extract(epoch FROM ts) * 1000)::int8 FROM flashed_tokens WHERE token = $1 LIMIT 1";
    let read = |row: Row| FlashedToken {
        app_name: row.text(0).to_owned(),
        email: row.text(1).to_owned(),
        project_id: row.int(2),
        device_id: row.int(3),
        is_activated: row.bool(4),
        ts: row.int(5),
    };
    Ok(client.first(SQL, &Params::texts(&[token]))?.map(read))
}

/// Marks a token as taken; whether nobody was faster.
///
/// # Errors
/// See [`PgError`].
pub fn take_flashed(client: &mut Client, token: &str, app_name: &str) -> Result<bool, PgError> {
    const SQL: &str = "UPDATE flashed_tokens SET is_activated = TRUE, ts = NOW() \
        WHERE token = $1 AND app_name = $2 AND is_activated IS NOT TRUE";
    Ok(client.execute(SQL, &Params::texts(&[token, app_name]))? == 1)
}

/// Stores a project under a code.
///
/// # Errors
/// See [`PgError`].
pub fn store_clone(client: &mut Client, code: &str, json: &str) -> Result<(), PgError> {
    const SQL: &str = "INSERT INTO cloned_projects (token, ts, json) VALUES ($1, NOW(), $2)";
    client.execute(SQL, &Params::texts(&[code, json])).map(drop)
}

/// The project behind a code.
///
/// # Errors
/// See [`PgError`].
pub fn find_clone(client: &mut Client, code: &str) -> Result<Option<String>, PgError> {
    let found = client.first("SELECT json FROM cloned_projects WHERE token = $1", &Params::texts(&[code]))?;
    Ok(found.map(|row| row.text(0).to_owned()).filter(|json| !json.is_empty()))
}
