//! The tables of the reporting database: averages, raw values and statistics. For workers.

use super::names::{Granularity, Pin, PinType};
use super::rows::{AverageRow, RawRow, RawValue};
use crate::store::postgres::accounts::utc;
use crate::store::postgres::params::Params;
use crate::store::postgres::{Client, PgError, Stored};
use crate::store::statistics::{StatsRow, COMMANDS, REQUESTS, TOTALS};

const MINUTE: i64 = 60_000;
/// Minute rows older than this go, ms.
const MINUTES_KEPT: i64 = 1441 * MINUTE;
/// Hour rows older than this go, ms.
const HOURS_KEPT: i64 = 2161 * 60 * MINUTE;

/// The number of a pin type in the tables.
fn number(pin_type: PinType) -> i32 {
    match pin_type {
        PinType::Digital => 0,
        PinType::Virtual => 1,
        PinType::Analog => 2,
    }
}

fn fill_pin(pin: &Pin, params: &mut Params) {
    params.int(pin.dash);
    params.int(pin.device);
    params.int(pin.pin);
}

/// Stores averages. What is there already stays: a late value of a minute that is over must not replace its average.
///
/// # Errors
/// What another try may heal.
pub fn store_averages(client: &mut Client, span: Granularity, rows: &[AverageRow]) -> Result<Stored, PgError> {
    let sql = format!(
        "INSERT INTO reporting_average_{} (email, project_id, device_id, pin, pin_type, ts, value) \
         VALUES ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000), $7) ON CONFLICT DO NOTHING",
        span.label()
    );
    client.store(&sql, rows, &|row, params| {
        params.text(&row.email);
        fill_pin(&row.pin, params);
        params.int(number(row.pin.pin_type));
        params.int(row.ts);
        params.float(row.value);
    })
}

/// Stores values as they came. The last one of a millisecond counts.
///
/// # Errors
/// What another try may heal.
pub fn store_raw(client: &mut Client, rows: &[RawRow]) -> Result<Stored, PgError> {
    const SQL: &str = concat!(
        "INSERT INTO reporting_raw_data (email, project_id, device_id, pin, pinType, ts, stringValue, doubleValue) \
         VALUES ($1, $2, $3, $4, $5, ",
        utc!("$6"),
        ", $7, $8) ON CONFLICT (email, project_id, device_id, pin, pinType, ts) \
         DO UPDATE SET (stringValue, doubleValue) = (EXCLUDED.stringValue, EXCLUDED.doubleValue)"
    );
    client.store(SQL, rows, &|row, params| {
        params.text(&row.email);
        fill_pin(&row.pin, params);
        params.text(row.pin.pin_type.letter().encode_utf8(&mut [0; 4]));
        params.int(row.ts);
        match &row.value {
            RawValue::Number(number) => {
                params.null();
                params.float(*number);
            }
            RawValue::Text(text) => {
                params.text(text);
                params.null();
            }
        }
    })
}

/// Stores the statistics of a minute in their three tables, in one transaction. A second row of a minute stays out.
///
/// # Errors
/// See [`PgError`].
pub fn store_statistics(client: &mut Client, row: &StatsRow) -> Result<(), PgError> {
    let insert = |table: &str, columns: &[&str], numbers: &[u32]| {
        let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
        let (columns, numbers) = (columns.join(", "), numbers.join(", "));
        format!(
            "INSERT INTO {table} (region, ts, {columns}) VALUES ({}, to_timestamp({}) AT TIME ZONE 'UTC', {numbers}) \
             ON CONFLICT DO NOTHING",
            literal(&row.region),
            row.ts / 1000
        )
    };
    // One message with several statements is one transaction.
    client.run(&format!(
        "{}; {}; {}",
        insert("reporting_app_stat_minute", &TOTALS, &row.totals),
        insert("reporting_app_command_stat_minute", &COMMANDS, &row.commands),
        insert("reporting_http_command_stat_minute", &REQUESTS, &row.requests),
    ))
}

/// A text in SQL that is not sent as a parameter: from the configuration, not from strangers.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\0', " ").replace('\\', "\\\\").replace('\'', "''"))
}

/// Removes minute rows that are more than a day old and hour rows that are more than 90 days old.
///
/// # Errors
/// See [`PgError`].
pub fn clean(client: &mut Client, now: i64) -> Result<u64, PgError> {
    let mut gone = 0;
    for (span, kept) in [(Granularity::Minute, MINUTES_KEPT), (Granularity::Hourly, HOURS_KEPT)] {
        let mut params = Params::new();
        params.int(now - kept);
        let table = span.label();
        let sql = format!("DELETE FROM reporting_average_{table} WHERE ts < to_timestamp($1::float8 / 1000)");
        gone += client.execute(&sql, &params)?;
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_statements_cannot_end_them() {
        assert_eq!(literal("a'b\\"), "E'a''b\\\\'");
    }
}
