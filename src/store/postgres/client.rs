//! A connection to PostgreSQL that is used by one thread: log in, ask, store many rows, run a script.
//!
//! Everything between two `Sync`s of the protocol is one transaction: it happens as a whole or not at all.

use super::address::Address;
use super::error::{PgError, Remedy};
use super::params::{Params, Row};
use super::scram::{Scram, SCRAM_SHA_256};
use super::stream;
use crate::outgoing::stream::Stream;
use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::message::backend::{DataRowBody, ErrorFields, Message};
use postgres_protocol::message::frontend::{self, BindError};
use postgres_protocol::IsNull;
use std::io::{Read, Write};

/// Rows of one transaction. Their short answers fit into the sockets' buffers, so that both sides never wait for each other.
const ROWS_PER_TRANSACTION: usize = 500;
/// Bytes of messages after which a transaction takes no more rows.
const BYTES_PER_TRANSACTION: usize = 1024 * 1024;
/// What is read at once, bytes.
const READ_SIZE: usize = 8 * 1024;
/// SQLSTATE of what breaks the protocol on this side.
const BAD_VALUE: &str = "22000";

/// A connection. Of no more use after an error that [`PgError::is_connection_lost`].
pub struct Client {
    stream: Stream,
    incoming: BytesMut,
    outgoing: BytesMut,
}

/// What became of many rows.
#[derive(Debug, Default)]
pub struct Stored {
    /// Rows that were stored, or were there already.
    pub stored: usize,
    /// Rows that cannot be stored.
    pub failed: usize,
    /// The first reason.
    pub reason: Option<PgError>,
}

impl Stored {
    /// One row, and how it went.
    ///
    /// # Errors
    /// What another try may heal.
    pub fn one(result: Result<u64, PgError>) -> Result<Stored, PgError> {
        let mut stored = Stored::default();
        match result {
            Ok(_) => stored.stored = 1,
            Err(error) => stored.fail(1, error)?,
        }
        Ok(stored)
    }

    fn fail(&mut self, rows: usize, error: PgError) -> Result<(), PgError> {
        if error.remedy() == Remedy::Later {
            return Err(error);
        }
        self.failed += rows;
        self.reason.get_or_insert(error);
        Ok(())
    }
}

impl Client {
    /// Connects and logs in.
    ///
    /// # Errors
    /// Nobody there, or not for us.
    pub fn connect(address: &Address) -> Result<Client, PgError> {
        let stream = stream::connect(address)?;
        let mut client = Client { stream, incoming: BytesMut::new(), outgoing: BytesMut::new() };
        let parameters = [
            ("user", address.user.as_str()),
            ("database", &address.database),
            ("client_encoding", "UTF8"),
            ("application_name", "eyelet"),
        ];
        frontend::startup_message(parameters, &mut client.outgoing)?;
        client.log_in(&address.user, address.password.expose())?;
        loop {
            match client.receive()? {
                Message::ReadyForQuery(_) => return Ok(client),
                Message::ErrorResponse(body) => return Err(refused(body.fields())),
                _ => {}
            }
        }
    }

    fn log_in(&mut self, user: &str, password: &str) -> Result<(), PgError> {
        loop {
            self.send()?;
            match self.receive()? {
                Message::AuthenticationOk => return Ok(()),
                Message::AuthenticationCleartextPassword => {
                    frontend::password_message(password.as_bytes(), &mut self.outgoing)?;
                }
                Message::AuthenticationMd5Password(body) => {
                    let hash = md5_hash(user.as_bytes(), password.as_bytes(), body.salt());
                    frontend::password_message(hash.as_bytes(), &mut self.outgoing)?;
                }
                Message::AuthenticationSasl(body) => {
                    if !body.mechanisms().any(|name| Ok(name == SCRAM_SHA_256))? {
                        return Err(PgError::Protocol("it wants a log-in that is not known here"));
                    }
                    self.log_in_by_scram(password)?;
                }
                Message::ErrorResponse(body) => return Err(refused(body.fields())),
                _ => return Err(PgError::Protocol("it wants a log-in that is not known here")),
            }
        }
    }

    fn log_in_by_scram(&mut self, password: &str) -> Result<(), PgError> {
        let scram = Scram::new()?;
        frontend::sasl_initial_response(SCRAM_SHA_256, scram.first().as_bytes(), &mut self.outgoing)?;
        self.send()?;
        let proof = match self.receive()? {
            Message::AuthenticationSaslContinue(body) => scram.answer(body.data(), password)?,
            Message::ErrorResponse(body) => return Err(refused(body.fields())),
            _ => return Err(PgError::Protocol("during the log-in")),
        };
        frontend::sasl_response(proof.message().as_bytes(), &mut self.outgoing)?;
        self.send()?;
        match self.receive()? {
            Message::AuthenticationSaslFinal(body) => proof.check(body.data()),
            Message::ErrorResponse(body) => Err(refused(body.fields())),
            _ => Err(PgError::Protocol("during the log-in")),
        }
    }

    /// Runs statements without parameters, several ones divided by `;`.
    ///
    /// # Errors
    /// See [`PgError`].
    pub fn run(&mut self, script: &str) -> Result<(), PgError> {
        frontend::query(script, &mut self.outgoing)?;
        self.send()?;
        self.receive_until_ready(&mut |_| ()).map(drop)
    }

    /// Runs one statement and hands its rows over; how many rows it brought or changed.
    ///
    /// # Errors
    /// See [`PgError`].
    pub fn each(&mut self, sql: &str, params: &Params, each: &mut dyn FnMut(Row)) -> Result<u64, PgError> {
        frontend::parse("", sql, [], &mut self.outgoing)?;
        self.bind(params)?;
        frontend::sync(&mut self.outgoing);
        self.send()?;
        self.receive_until_ready(each)
    }

    /// The first row that a statement brings.
    ///
    /// # Errors
    /// See [`PgError`].
    pub fn first(&mut self, sql: &str, params: &Params) -> Result<Option<Row>, PgError> {
        let mut first = None;
        self.each(sql, params, &mut |row| {
            first.get_or_insert(row);
        })?;
        Ok(first)
    }

    /// Runs one statement; how many rows it changed.
    ///
    /// # Errors
    /// See [`PgError`].
    pub fn execute(&mut self, sql: &str, params: &Params) -> Result<u64, PgError> {
        self.each(sql, params, &mut |_| ())
    }

    /// Runs the statement once for every row, in transactions of many. A row that cannot be stored is left out, and all
    /// others are stored.
    ///
    /// # Errors
    /// What another try may heal. Some rows may be stored by then: the statement must not mind.
    pub fn store<R>(&mut self, sql: &str, rows: &[R], fill: &impl Fn(&R, &mut Params)) -> Result<Stored, PgError> {
        let mut stored = Stored::default();
        let mut rest = rows;
        while !rest.is_empty() {
            let (taken, result) = self.transaction(sql, rest, fill);
            match result {
                Ok(()) => stored.stored += taken,
                Err(error) if error.remedy() == Remedy::WithoutTheRow && taken > 1 => {
                    for half in rest[..taken].chunks(taken.div_ceil(2)) {
                        let half = self.store(sql, half, fill)?;
                        stored.stored += half.stored;
                        stored.failed += half.failed;
                        stored.reason = stored.reason.or(half.reason);
                    }
                }
                Err(error) => stored.fail(taken, error)?,
            }
            rest = &rest[taken..];
        }
        Ok(stored)
    }

    /// As [`Client::store`], but every row must be storable: the first one that is not ends it.
    ///
    /// # Errors
    /// See [`PgError`].
    pub fn store_strictly<R>(&mut self, sql: &str, rows: &[R], fill: &impl Fn(&R, &mut Params)) -> Result<(), PgError> {
        let mut rest = rows;
        while !rest.is_empty() {
            let (taken, result) = self.transaction(sql, rest, fill);
            result?;
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// One transaction with as many of the rows as fit; at least one.
    fn transaction<R>(
        &mut self,
        sql: &str,
        rows: &[R],
        fill: &impl Fn(&R, &mut Params),
    ) -> (usize, Result<(), PgError>) {
        let mut params = Params::new();
        let mut taken = 0;
        let mut run = || {
            frontend::parse("", sql, [], &mut self.outgoing)?;
            for row in rows.iter().take(ROWS_PER_TRANSACTION) {
                params.clear();
                fill(row, &mut params);
                taken += 1;
                self.bind(&params)?;
                if self.outgoing.len() > BYTES_PER_TRANSACTION {
                    break;
                }
            }
            frontend::sync(&mut self.outgoing);
            self.send()?;
            self.receive_until_ready(&mut |_| ()).map(drop)
        };
        let result = run();
        (taken.max(1), result)
    }

    fn bind(&mut self, params: &Params) -> Result<(), PgError> {
        let write = |value: Option<&str>, out: &mut BytesMut| match value {
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        };
        let bound = frontend::bind("", "", [], params.iter(), write, [], &mut self.outgoing);
        if bound.is_err() {
            // Half a message must not be sent.
            self.outgoing.clear();
        }
        bound.map_err(|error| PgError::Refused {
            code: BAD_VALUE.into(),
            message: match error {
                BindError::Conversion(error) => error.to_string(),
                BindError::Serialization(error) => error.to_string(),
            },
        })?;
        Ok(frontend::execute("", 0, &mut self.outgoing)?)
    }

    fn send(&mut self) -> Result<(), PgError> {
        let sent = self.stream.write_all(&self.outgoing).and_then(|()| self.stream.flush());
        // Large batches give their memory back.
        self.outgoing = BytesMut::new();
        Ok(sent?)
    }

    /// The next message that is not just information.
    fn receive(&mut self) -> Result<Message, PgError> {
        loop {
            match Message::parse(&mut self.incoming)? {
                Some(Message::NoticeResponse(_) | Message::ParameterStatus(_) | Message::NotificationResponse(_)) => {}
                Some(message) => return Ok(message),
                None => {
                    let mut buffer = [0; READ_SIZE];
                    match self.stream.read(&mut buffer)? {
                        0 => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                        count => self.incoming.extend_from_slice(&buffer[..count]),
                    }
                }
            }
        }
    }

    /// Everything until the server waits for the next question; the rows that the last statement changed or brought.
    fn receive_until_ready(&mut self, each: &mut dyn FnMut(Row)) -> Result<u64, PgError> {
        let (mut count, mut error) = (0, None);
        loop {
            match self.receive()? {
                Message::ReadyForQuery(_) => return error.map_or(Ok(count), Err),
                Message::DataRow(body) => each(row(&body)?),
                Message::CommandComplete(body) => {
                    count = body.tag()?.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
                }
                Message::ErrorResponse(body) => {
                    let refused = refused(body.fields());
                    if refused.is_connection_lost() {
                        return Err(refused);
                    }
                    error = Some(refused);
                }
                _ => {}
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.outgoing.clear();
        frontend::terminate(&mut self.outgoing);
        // It may be gone already.
        let _ = self.send();
    }
}

fn row(body: &DataRowBody) -> Result<Row, PgError> {
    let text = |range: Option<std::ops::Range<usize>>| {
        Ok(range.map(|range| String::from_utf8_lossy(&body.buffer()[range]).into_owned()))
    };
    Ok(Row(body.ranges().map(text).collect()?))
}

/// An error as the server tells it. Its detail is left out: it quotes rows.
fn refused(mut fields: ErrorFields<'_>) -> PgError {
    let (mut code, mut message) = (String::new(), String::new());
    while let Ok(Some(field)) = fields.next() {
        let text = || String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'C' => code = text(),
            b'M' => message = text(),
            _ => {}
        }
    }
    PgError::Refused { code, message }
}
