//! The connections, and how a script is run over one of them.

use crate::{OpenError, PostgresOptions, error::Failure, migrate, rows::column, sql::Script};
use lunadefend_vault::store::{Store, StoreError, StoreFuture};
use sqlx::{
    AssertSqlSafe, Connection, Error as SqlError,
    postgres::{PgPool, PgPoolOptions, PgRow},
};
use std::{fmt, io, time::Duration};
use tokio::time::{Instant, sleep, timeout_at};

/// A connection that rested longer is tried before it is used.
const RESTED: Duration = Duration::from_secs(1);
/// How often a script is sent again over another connection, when one broke.
const CONNECTIONS: u32 = 3;
/// The pause before the second attempt of a script that others were in the way of.
const PAUSE: Duration = Duration::from_millis(2);
/// What the server's answer has, beyond the time in which the server itself ends a statement.
const ANSWER: Duration = Duration::from_millis(500);

/// A store on PostgreSQL. Cheap to clone: clones share their connections.
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
    timeout: Duration,
}

impl PostgresStore {
    /// Opens the store, whose schema must be there.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(options: &PostgresOptions) -> Result<Self, OpenError> {
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, state| {
                Box::pin(async move {
                    if state.idle_for >= RESTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options.connect.clone());
        let store = Self {
            pool,
            timeout: options.timeout,
        };
        migrate::check(&store).await?;
        Ok(store)
    }

    /// Makes or completes the schema. Processes that do so at once wait for each other.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn migrate(options: &PostgresOptions) -> Result<(), OpenError> {
        migrate::run(options).await
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs a script that reads, on the primary.
    pub(crate) async fn read(
        &self,
        script: impl Fn(Script) -> Script,
    ) -> Result<Vec<PgRow>, StoreError> {
        let rows = self.run(|limit| script(Script::read(limit))).await;
        let mut rows = rows.map_err(|failed| Failure::of_read(&failed.error))?;
        // That of the question for the primary.
        if !rows.is_empty() {
            rows.remove(0);
        }
        Ok(rows)
    }

    /// Runs a script that writes, and may be repeated.
    pub(crate) async fn change(
        &self,
        script: impl Fn(Script) -> Script,
    ) -> Result<Vec<PgRow>, StoreError> {
        let rows = self.run(|limit| script(Script::new(limit))).await;
        rows.map_err(|failed| match failed.may_have_written {
            true => Failure::unknown(&failed.error),
            false => Failure::of_write(&failed.error),
        })
    }

    /// Runs a script until it succeeds, or fails for good, or its time is over.
    async fn run(&self, script: impl Fn(Duration) -> Script) -> Result<Vec<PgRow>, Failed> {
        let deadline = Instant::now() + self.timeout;
        let mut may_have_written = false;
        let mut broken = 0;
        let mut pause = PAUSE;
        loop {
            let (error, failure) = match self.attempt(&script, deadline).await {
                Ok(rows) => return Ok(rows),
                Err(Attempt::NotSent(error)) => (error, Failure::Refused),
                Err(Attempt::Sent(error)) => {
                    let failure = Failure::of(&error);
                    (error, failure)
                }
            };
            may_have_written |= failure == Failure::Broken;
            let again = match failure {
                Failure::Raced => true,
                Failure::Broken => {
                    broken += 1;
                    broken < CONNECTIONS
                }
                Failure::Full | Failure::Refused => false,
            };
            if !again || Instant::now() + pause >= deadline {
                return Err(Failed {
                    error,
                    may_have_written,
                });
            }
            sleep(pause).await;
            pause *= 2;
        }
    }

    async fn attempt(
        &self,
        script: &impl Fn(Duration) -> Script,
        deadline: Instant,
    ) -> Result<Vec<PgRow>, Attempt> {
        let late = || SqlError::PoolTimedOut;
        let mut connection = timeout_at(deadline, self.pool.acquire())
            .await
            .unwrap_or_else(|_| Err(late()))
            .map_err(Attempt::NotSent)?;
        let left = deadline.saturating_duration_since(Instant::now());
        let text = script(left).into_text();
        let asked = sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(&mut *connection);
        match timeout_at(deadline + ANSWER, asked).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => {
                if Failure::of(&error) == Failure::Broken {
                    connection.close_on_drop();
                }
                Err(Attempt::Sent(error))
            }
            Err(_) => {
                // Its answer may still come.
                connection.close_on_drop();
                let silent = io::Error::from(io::ErrorKind::TimedOut);
                Err(Attempt::Sent(SqlError::Io(silent)))
            }
        }
    }

    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }
}

/// Why an attempt gave no rows.
enum Attempt {
    NotSent(SqlError),
    Sent(SqlError),
}

/// Why a script gave no rows.
struct Failed {
    error: SqlError,
    /// One of its attempts may have been applied.
    may_have_written: bool,
}

impl Store for PostgresStore {
    fn check(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            // A standby is read only too, as is a primary that a failover took out.
            let script = "SELECT current_setting('transaction_read_only') = 'on' FROM \
                          (SELECT (SELECT kind FROM lunadefend_rows LIMIT 1)) AS read";
            let rows = self.read(|asked| asked.sql(script)).await?;
            let row = rows.first().ok_or(StoreError::Corrupt(None))?;
            match column(row, 0)? {
                true => Err(StoreError::unavailable(io::Error::from(
                    io::ErrorKind::ReadOnlyFilesystem,
                ))),
                false => Ok(()),
            }
        })
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("connections", &self.pool.size())
            .finish_non_exhaustive()
    }
}
