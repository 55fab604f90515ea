//! The tables, as the reference's scripts make them: names, columns, types and keys are the same, so that old databases and
//! the tools of their owners go on working.

use super::address::Address;
use super::client::Client;
use super::error::PgError;
use super::params::Params;
use crate::store::statistics::{COMMANDS, REQUESTS, TOTALS};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Users and tokens.
    Main,
    /// History and statistics.
    Reporting,
}

/// Oldest server that is known to work: `server_version_num`.
const OLDEST_VERSION: u32 = 90_500;
/// SQLSTATE: the database does not exist.
pub const NO_DATABASE: &str = "3D000";
/// SQLSTATE: two at once made the same table, or its type.
const DUPLICATE_KEY: &str = "23505";
/// Exists in every cluster: where databases are made from.
const MAINTENANCE: &str = "postgres";

const MAIN: &[(&str, &str)] = &[
    (
        "users",
        "email text NOT NULL, appName text NOT NULL, region text, ip text, name text, pass text, last_modified timestamp, \
         last_logged timestamp, last_logged_ip text, is_facebook_user bool, is_super_admin bool DEFAULT FALSE, energy int, \
         json text, PRIMARY KEY (email, appName)",
    ),
    (
        "redeem",
        "token character(32) PRIMARY KEY, company text, isRedeemed boolean DEFAULT FALSE, reward integer NOT NULL DEFAULT 0, \
         email text, version integer NOT NULL DEFAULT 1, ts timestamp",
    ),
    (
        "flashed_tokens",
        "token character(32), app_name text, email text, project_id int4 NOT NULL, device_id int4 NOT NULL, \
         is_activated boolean DEFAULT FALSE, ts timestamp, PRIMARY KEY (token, app_name)",
    ),
    ("cloned_projects", "token character(32) PRIMARY KEY, ts timestamp, json text"),
    (
        "purchase",
        "email text, reward integer NOT NULL, transactionId text, price float8, ts timestamp NOT NULL DEFAULT NOW(), \
         PRIMARY KEY (email, transactionId)",
    ),
    (
        "forwarding_tokens",
        "token character(32), host text, email text, project_id int4, device_id int4, ts timestamp DEFAULT NOW(), \
         PRIMARY KEY (token, host)",
    ),
];

const AVERAGES: &str = "email text, project_id int4, device_id int8, pin int2, pin_type int2, \
     ts timestamp with time zone, value float8, PRIMARY KEY (email, project_id, device_id, pin, pin_type, ts)";

/// The tables of a database, each with what stands between the parentheses of its definition.
fn tables(role: Role) -> Vec<(&'static str, String)> {
    let statistics = |names: &[&str]| {
        let numbers: String = names.iter().map(|name| format!("{name} int4, ")).collect();
        format!("region text, ts timestamp, {numbers}PRIMARY KEY (region, ts)")
    };
    match role {
        Role::Main => MAIN.iter().map(|(name, columns)| (*name, (*columns).to_owned())).collect(),
        Role::Reporting => vec![
            (
                "reporting_raw_data",
                "email text, project_id int4, device_id int4, pin int2, pinType char, ts timestamp, stringValue text, \
                 doubleValue float8, PRIMARY KEY (email, project_id, device_id, pin, pinType, ts)"
                    .to_owned(),
            ),
            ("reporting_average_minute", AVERAGES.to_owned()),
            ("reporting_average_hourly", AVERAGES.to_owned()),
            ("reporting_average_daily", AVERAGES.to_owned()),
            ("reporting_app_stat_minute", statistics(&TOTALS)),
            ("reporting_app_command_stat_minute", statistics(&COMMANDS)),
            ("reporting_http_command_stat_minute", statistics(&REQUESTS)),
        ],
    }
}

/// The tables that are not there.
fn missing(client: &mut Client, role: Role) -> Result<Vec<(&'static str, String)>, PgError> {
    let mut missing = Vec::new();
    for (name, columns) in tables(role) {
        let found = client.first("SELECT to_regclass($1)", &Params::texts(&[name]))?;
        if found.is_none_or(|row| row.text_or_null(0).is_none()) {
            missing.push((name, columns));
        }
    }
    Ok(missing)
}

/// The names of the tables that are not there, and whether this login may make them.
///
/// # Errors
/// See [`PgError`].
pub fn look(client: &mut Client, role: Role) -> Result<(Vec<&'static str>, bool), PgError> {
    let missing = missing(client, role)?.into_iter().map(|(name, _)| name).collect();
    let row = client.first("SELECT has_schema_privilege(current_schema(), 'CREATE')", &Params::new())?;
    Ok((missing, row.unwrap_or_default().bool(0)))
}

/// Makes the tables that are not there; their names. Tables that are there are used as they are.
///
/// # Errors
/// Most likely the login may not make tables.
pub fn make_missing(client: &mut Client, role: Role) -> Result<Vec<&'static str>, PgError> {
    let mut made = Vec::new();
    // Asked first: even CREATE TABLE IF NOT EXISTS wants the right to make tables.
    for (name, columns) in missing(client, role)? {
        match client.run(&format!("CREATE TABLE IF NOT EXISTS {name} ({columns})")) {
            // Another server was faster.
            Err(error) if error.is_code(DUPLICATE_KEY) => {}
            made_now => {
                made_now?;
                made.push(name);
            }
        }
    }
    Ok(made)
}

/// The server's version when it is too old, as number.
///
/// # Errors
/// See [`PgError`].
pub fn too_old(client: &mut Client) -> Result<Option<u32>, PgError> {
    let row = client.first("SELECT current_setting('server_version_num')", &Params::new())?.unwrap_or_default();
    Ok(Some(row.int(0)).filter(|version| *version < OLDEST_VERSION))
}

/// What `--init-db` does with one database: it makes the database, its tables and the role `readaccess`, as far as they are
/// not there. One line for the operator each.
///
/// # Errors
/// The database cannot be made or used.
pub fn init(address: &Address, role: Role) -> Result<Vec<String>, PgError> {
    let mut said = Vec::new();
    let mut client = match Client::connect(address) {
        Err(error) if error.is_code(NO_DATABASE) => {
            let mut maintenance = Client::connect(&Address { database: MAINTENANCE.into(), ..address.clone() })?;
            maintenance.run(&format!("CREATE DATABASE {}", quoted(&address.database)))?;
            said.push(format!("{address}: database made"));
            Client::connect(address)?
        }
        other => other?,
    };
    if let Some(version) = too_old(&mut client)? {
        said.push(format!("{address}: PostgreSQL {version} is older than 9.5"));
    }
    let made = make_missing(&mut client, role)?;
    said.push(match made.as_slice() {
        [] => format!("{address}: all tables are there"),
        made => format!("{address}: tables made: {}", made.join(", ")),
    });
    said.extend(make_readers(&mut client)?.map(|line| format!("{address}: {line}")));
    Ok(said)
}

/// Gives the role `readaccess` the right to read all tables, and makes it when this login may; what there is to say.
fn make_readers(client: &mut Client) -> Result<Option<&'static str>, PgError> {
    let row = client.first(
        "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'readaccess'), rolsuper OR rolcreaterole \
         FROM pg_roles WHERE rolname = current_user",
        &Params::new(),
    )?;
    let row = row.unwrap_or_default();
    let (exists, may_make) = (row.bool(0), row.bool(1));
    if !exists {
        if !may_make {
            return Ok(Some("the login may make no roles: there is no role readaccess"));
        }
        client.run("CREATE ROLE readaccess")?;
    }
    let granted = client.run(
        "GRANT USAGE ON SCHEMA public TO readaccess; GRANT SELECT ON ALL TABLES IN SCHEMA public TO readaccess; \
         ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO readaccess",
    );
    match granted {
        Ok(()) if exists => Ok(None),
        Ok(()) => Ok(Some("role readaccess made")),
        Err(error) if error.is_connection_lost() => Err(error),
        Err(_) => Ok(Some("the login may not let the role readaccess read")),
    }
}

/// An identifier in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_have_the_columns_of_the_reference() {
        let sizes: Vec<usize> =
            tables(Role::Reporting)[4..].iter().map(|(_, columns)| columns.matches("int4").count()).collect();
        assert_eq!(sizes, [10, 50, 10]);
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
