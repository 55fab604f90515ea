//! The table `users`: every account with its profile, and which server it lives on.

use super::client::{Client, Stored};
use super::error::PgError;
use super::params::{Params, Row};
use crate::model::User;
use crate::store::rows::UserRow;

/// A time as the tables have it, UTC without a zone, from ms since 1970.
macro_rules! utc {
    ($parameter:literal) => {
        concat!("to_timestamp(", $parameter, "::float8 / 1000) AT TIME ZONE 'UTC'")
    };
}
pub(crate) use utc;

/// Every column but the key is replaced.
const UPSERT: &str = concat!(
    "INSERT INTO users (email, appName, region, ip, name, pass, last_modified, last_logged, last_logged_ip, \
     is_facebook_user, is_super_admin, energy, json) VALUES ($1, $2, $3, $4, $5, $6, ",
    utc!("$7"),
    ", ",
    utc!("$8"),
    ", $9, $10, $11, $12, $13) ON CONFLICT (email, appName) DO UPDATE SET (region, ip, name, pass, last_modified, \
     last_logged, last_logged_ip, is_facebook_user, is_super_admin, energy, json) = (EXCLUDED.region, EXCLUDED.ip, \
     EXCLUDED.name, EXCLUDED.pass, EXCLUDED.last_modified, EXCLUDED.last_logged, EXCLUDED.last_logged_ip, \
     EXCLUDED.is_facebook_user, EXCLUDED.is_super_admin, EXCLUDED.energy, EXCLUDED.json)"
);
/// What is not newer than what is there stays out.
const ONLY_NEWER: &str = " WHERE users.last_modified IS NULL OR users.last_modified < EXCLUDED.last_modified";

/// Stores accounts. `only_newer`: rows that were changed since stay as they are.
///
/// # Errors
/// What another try may heal.
pub fn store(client: &mut Client, rows: &[UserRow], only_newer: bool) -> Result<Stored, PgError> {
    let newer = format!("{UPSERT}{ONLY_NEWER}");
    client.store(if only_newer { &newer } else { UPSERT }, rows, &fill)
}

fn fill(row: &UserRow, params: &mut Params) {
    let user = &row.user;
    params.text(&user.email);
    params.text(&user.app_name);
    params.text(&user.region);
    params.text(&user.ip);
    params.text(&user.name);
    params.text_or_null(user.pass.as_deref());
    params.int(user.last_modified_ts);
    params.int(user.last_logged_at);
    match user.last_logged_ip.to_string().as_str() {
        "" => params.null(),
        address => params.text(address),
    }
    params.bool(user.is_facebook_user);
    params.bool(user.is_super_admin);
    params.int(user.energy);
    params.text(&row.json);
}

/// Removes an account.
///
/// # Errors
/// See [`PgError`].
pub fn delete(client: &mut Client, email: &str, app: &str) -> Result<u64, PgError> {
    client.execute("DELETE FROM users WHERE email = $1 AND appName = $2", &Params::texts(&[email, app]))
}

/// The host of the server that an account lives on.
///
/// # Errors
/// See [`PgError`].
pub fn host_of(client: &mut Client, email: &str, app: &str) -> Result<Option<String>, PgError> {
    let found =
        client.first("SELECT ip FROM users WHERE email = $1 AND appName = $2", &Params::texts(&[email, app]))?;
    Ok(found.map(|row| row.text(0).to_owned()).filter(|host| !host.is_empty()))
}

/// Reads all accounts of a region, one after the other.
///
/// # Errors
/// See [`PgError`].
pub fn load(client: &mut Client, region: &str, each: &mut dyn FnMut(UserRow)) -> Result<(), PgError> {
    const SQL: &str = "SELECT email, appName, region, ip, name, pass, \
        (extract(epoch FROM last_modified) * 1000)::int8, (extract(epoch FROM last_logged) * 1000)::int8, last_logged_ip, \
        is_facebook_user, is_super_admin, energy, json FROM users WHERE region = $1 ORDER BY email, appName";
    client.each(SQL, &Params::texts(&[region]), &mut |row| each(user(&row))).map(drop)
}

fn user(row: &Row) -> UserRow {
    let user = User {
        email: row.text(0).to_owned(),
        app_name: row.text(1).to_owned(),
        region: row.text(2).to_owned(),
        ip: row.text(3).to_owned(),
        name: row.text(4).to_owned(),
        pass: row.text_or_null(5).map(str::to_owned),
        last_modified_ts: row.int(6),
        last_logged_at: row.int(7),
        last_logged_ip: row.text(8).into(),
        is_facebook_user: row.bool(9),
        is_super_admin: row.bool(10),
        energy: row.int(11),
        ..User::default()
    };
    UserRow { user, json: row.text(12).to_owned() }
}
