//! What can go wrong with a database.

use std::io;

/// A database did not do what it was asked for. The texts hold no rows: those may have tokens in them.
#[derive(Debug, thiserror::Error)]
pub enum PgError {
    /// The connection.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// TLS is wanted and cannot be had.
    #[error("TLS: {0}")]
    Tls(String),
    /// The server said no.
    #[error("{message} ({code})")]
    Refused {
        /// Five characters, see the appendix "PostgreSQL Error Codes" of its manual.
        code: String,
        /// Its words, without the detail that quotes rows.
        message: String,
    },
    /// The server said what it should not.
    #[error("unexpected answer: {0}")]
    Protocol(&'static str),
}

/// What helps after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Another try later: the connection, the server or its disk is in trouble.
    Later,
    /// Nothing for this statement: a table is missing or may not be used.
    Never,
    /// Leaving out the row that caused it.
    WithoutTheRow,
}

impl PgError {
    /// What helps.
    pub fn remedy(&self) -> Remedy {
        let PgError::Refused { code, .. } = self else { return Remedy::Later };
        match code.get(..2).unwrap_or_default() {
            // `statement_timeout`: it was too much at once.
            "57" if code == "57014" => Remedy::WithoutTheRow,
            // Connection, resources, shutdown, system error, serialisation, authorisation.
            "08" | "28" | "40" | "53" | "57" | "58" | "3D" => Remedy::Later,
            // Read-only: a stand-by that is about to be promoted.
            "25" => Remedy::Later,
            "42" | "0A" | "3F" => Remedy::Never,
            _ => Remedy::WithoutTheRow,
        }
    }

    /// Whether the connection is of no more use.
    pub fn is_connection_lost(&self) -> bool {
        match self {
            PgError::Refused { .. } => self.remedy() == Remedy::Later,
            _ => true,
        }
    }

    /// Whether it is this code of the server.
    pub fn is_code(&self, wanted: &str) -> bool {
        matches!(self, PgError::Refused { code, .. } if code == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_errors_are_the_fault_of_a_row() {
        let refused = |code: &str| PgError::Refused { code: code.into(), message: "no".into() }.remedy();
        assert_eq!(refused("23505"), Remedy::WithoutTheRow);
        assert_eq!(refused("22021"), Remedy::WithoutTheRow);
        assert_eq!(refused("42P01"), Remedy::Never);
        assert_eq!(refused("57P01"), Remedy::Later);
        assert_eq!(refused("57014"), Remedy::WithoutTheRow);
        assert_eq!(refused(""), Remedy::WithoutTheRow);
        assert_eq!(PgError::Io(io::Error::other("x")).remedy(), Remedy::Later);
    }
}
