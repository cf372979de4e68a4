//! What went wrong, and what the caller can do.

use lunadefend_vault::store::StoreError;
use sqlx::{Error as SqlError, error::DatabaseError};
use std::fmt;

/// Why a store on PostgreSQL cannot be opened or migrated.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The server does not answer, or refuses the connection.
    #[error("cannot reach PostgreSQL: check its host, port, user, password and TLS certificate")]
    Connect(#[source] SqlError),
    /// The server is too old.
    #[error("PostgreSQL has version {found}: 15 is the oldest that this version knows")]
    OldServer {
        /// The version of the server.
        found: i64,
    },
    /// The server is a standby.
    #[error("the server is a standby, which may be behind: name the primary")]
    Standby,
    /// The server acknowledges what is not durable.
    #[error(
        "the server has synchronous_commit = off, so a crash would bring back revoked grants: set it to on (ALTER ROLE .. SET synchronous_commit = on)"
    )]
    NotDurable,
    /// The schema is missing.
    #[error("the database has no schema of the tokenizer: run lunadefend store migrate")]
    NoSchema,
    /// The schema is that of an older version.
    #[error(
        "the schema has version {found}, this version needs {needed}: run lunadefend store migrate"
    )]
    OldSchema {
        /// The version of the schema.
        found: i64,
        /// The version that is needed.
        needed: i64,
    },
    /// The schema is that of a newer version.
    #[error("the schema has version {found}, this version knows up to {known}: upgrade")]
    NewSchema {
        /// The version of the schema.
        found: i64,
        /// The newest version that is known.
        known: i64,
    },
    /// The schema cannot be made.
    #[error("cannot make the schema: the role needs CREATE on its schema")]
    Migrate(#[source] SqlError),
}

/// Prints it as `Display`, with the causes: a `main` that returns it prints that.
impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lunadefend_core::provider::fmt_with_causes(self, f)
    }
}

/// What the caller of a failed script can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It changed nothing and may succeed at once: another transaction was in its way.
    Raced,
    /// The connection broke: nobody knows what it changed.
    Broken,
    /// It changed nothing, for lack of room.
    Full,
    /// It changed nothing.
    Refused,
}

impl Failure {
    pub(crate) fn of(error: &SqlError) -> Self {
        match error {
            SqlError::Database(error) => Self::of_code(error.as_ref()),
            SqlError::Io(_)
            | SqlError::Protocol(_)
            | SqlError::Tls(_)
            | SqlError::WorkerCrashed => Self::Broken,
            _ => Self::Refused,
        }
    }

    /// The codes of PostgreSQL's appendix A.
    fn of_code(error: &dyn DatabaseError) -> Self {
        let code = error.code().unwrap_or_default();
        match &*code {
            // serialization_failure, deadlock_detected, unique_violation of two that insert at once.
            "40001" | "40P01" | "23505" => Self::Raced,
            // disk_full
            "53100" => Self::Full,
            // A server that stops ends the wait for a standby of a transaction that has been committed.
            "57P01" | "57P02" | "57P03" | "40003" => Self::Broken,
            code if code.starts_with("08") => Self::Broken,
            _ => Self::Refused,
        }
    }

    /// The error of a call that reads.
    pub(crate) fn of_read(error: &SqlError) -> StoreError {
        StoreError::unavailable(Hidden::new(error))
    }

    /// The error of a call that may have written.
    pub(crate) fn unknown(error: &SqlError) -> StoreError {
        StoreError::unknown(Hidden::new(error))
    }

    /// The error of a call that has not written.
    pub(crate) fn of_write(error: &SqlError) -> StoreError {
        match Self::of(error) {
            Self::Full => StoreError::Full,
            Self::Broken | Self::Raced | Self::Refused => Self::of_read(error),
        }
    }
}

/// A cause without the details of the server, which repeat keys and rows.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Hidden(String);

impl Hidden {
    fn new(error: &SqlError) -> Self {
        Self(match error {
            SqlError::Database(error) => format!(
                "PostgreSQL says {} ({})",
                error.message(),
                error.code().unwrap_or_default()
            ),
            error => error.to_string(),
        })
    }
}
