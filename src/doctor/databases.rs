//! Looks at the databases of `db.properties`: whether they let this server in and have their tables.

use super::Findings;
use crate::config::DbConfig;
use crate::store::postgres::schema::{self, Role, NO_DATABASE};
use crate::store::postgres::{Address, Client, PgError};
use std::time::Duration;

/// Somebody waits for the report.
const PATIENCE: Duration = Duration::from_secs(3);
/// SQLSTATEs: a wrong password, and a login that may not.
const REFUSED: [&str; 2] = ["28P01", "28000"];

/// Looks at both, a line for each.
pub fn examine(config: &DbConfig, found: &mut Findings) {
    let databases = [(Role::Main, Address::main(config)), (Role::Reporting, Address::reporting(config))];
    for (role, mut address) in databases {
        address.connect_timeout = address.connect_timeout.min(PATIENCE);
        address.socket_timeout = Some(PATIENCE);
        let name = match role {
            Role::Main => format!("database {address}"),
            Role::Reporting => format!("reporting database {address}"),
        };
        match look(&address, role) {
            Ok(Tables::Complete) => found.good(format!("{name}: it answers, all tables are there")),
            Ok(Tables::ToBeMade(tables)) => {
                found.note(format!("{name}: it answers, a start of the server will make the tables {tables}"));
            }
            Ok(Tables::Missing(tables)) => {
                found.bad(format!("{name}: the tables {tables} are missing and this login may not make them"));
            }
            Ok(Tables::OfOldServer(version)) => {
                found.bad(format!("{name}: PostgreSQL {version} is older than 9.5"));
            }
            Err(error) => found.bad(format!("{name}: {}", reason(&error, &address))),
        }
    }
}

/// What a database that lets us in has.
enum Tables {
    Complete,
    ToBeMade(String),
    Missing(String),
    OfOldServer(u32),
}

fn look(address: &Address, role: Role) -> Result<Tables, PgError> {
    let mut client = Client::connect(address)?;
    if let Some(version) = schema::too_old(&mut client)? {
        return Ok(Tables::OfOldServer(version));
    }
    let (missing, may_make) = schema::look(&mut client, role)?;
    Ok(match (missing.join(", "), may_make) {
        (missing, _) if missing.is_empty() => Tables::Complete,
        (missing, true) => Tables::ToBeMade(missing),
        (missing, false) => Tables::Missing(missing),
    })
}

fn reason(error: &PgError, address: &Address) -> String {
    match error {
        error if REFUSED.iter().any(|code| error.is_code(code)) => {
            format!("the user {} is not let in, is the password right? {error}", address.user)
        }
        error if error.is_code(NO_DATABASE) => {
            format!("there is no database {}: eyelet --init-db makes it", address.database)
        }
        PgError::Io(error) => format!("it cannot be reached: {error}"),
        error => error.to_string(),
    }
}
