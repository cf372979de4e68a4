//! The schema, and the versions that it has had.

use crate::{OpenError, PostgresOptions, PostgresStore};
use sqlx::{Connection, Error as SqlError, PgConnection, Row, postgres::PgPool};

/// The steps to each version, from the one before.
const STEPS: &[&str] = &[include_str!("schema/1.sql")];
/// The version that this version of the crate needs.
const VERSION: i64 = STEPS.len() as i64;
/// The oldest server: `server_version_num`.
const OLDEST_SERVER: i64 = 15_00_00;
/// Only one process migrates at a time. The number is "lunadefe" in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7815270270218266213)";

/// Brings the schema to the version that is needed.
pub(crate) async fn run(options: &PostgresOptions) -> Result<(), OpenError> {
    let connection = PgConnection::connect_with(&options.connect);
    let mut connection = connection.await.map_err(OpenError::Connect)?;
    check_server(&mut connection).await?;
    let mut transaction = connection.begin().await.map_err(OpenError::Connect)?;
    let table = "CREATE TABLE IF NOT EXISTS lunadefend_schema (version bigint NOT NULL)";
    for statement in [LOCK, table] {
        let made = sqlx::raw_sql(statement).execute(&mut *transaction);
        made.await.map_err(OpenError::Migrate)?;
    }
    let found = version(&mut transaction)
        .await
        .map_err(OpenError::Migrate)?;
    if found > VERSION {
        return Err(OpenError::NewSchema {
            found,
            known: VERSION,
        });
    }
    let done = usize::try_from(found).unwrap_or_default();
    for step in STEPS.iter().skip(done) {
        let made = sqlx::raw_sql(*step).execute(&mut *transaction);
        made.await.map_err(OpenError::Migrate)?;
        let counted = "INSERT INTO lunadefend_schema SELECT coalesce(max(version), 0) + 1 FROM lunadefend_schema";
        let counted = sqlx::raw_sql(counted).execute(&mut *transaction);
        counted.await.map_err(OpenError::Migrate)?;
    }
    transaction.commit().await.map_err(OpenError::Migrate)
}

async fn version(connection: &mut PgConnection) -> Result<i64, SqlError> {
    let asked = "SELECT coalesce(max(version), 0) FROM lunadefend_schema";
    let row = sqlx::raw_sql(asked).fetch_one(connection).await?;
    row.try_get(0)
}

/// Checks that the server and its schema are as they must be.
pub(crate) async fn check(store: &PostgresStore) -> Result<(), OpenError> {
    let mut connection = acquire(store.pool()).await?;
    check_server(&mut connection).await?;
    let there = "SELECT to_regclass('lunadefend_schema') IS NOT NULL";
    let there = sqlx::raw_sql(there).fetch_one(&mut *connection).await;
    let there = there.and_then(|row| row.try_get::<bool, _>(0));
    if !there.map_err(OpenError::Connect)? {
        return Err(OpenError::NoSchema);
    }
    let found = version(&mut connection).await.map_err(OpenError::Connect)?;
    match found {
        0 => Err(OpenError::NoSchema),
        VERSION => Ok(()),
        _ if found < VERSION => Err(OpenError::OldSchema {
            found,
            needed: VERSION,
        }),
        _ => Err(OpenError::NewSchema {
            found,
            known: VERSION,
        }),
    }
}

async fn acquire(pool: &PgPool) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, OpenError> {
    pool.acquire().await.map_err(OpenError::Connect)
}

async fn check_server(connection: &mut PgConnection) -> Result<(), OpenError> {
    let asked = "SELECT current_setting('server_version_num')::bigint, pg_is_in_recovery(), current_setting('synchronous_commit')";
    let row = sqlx::raw_sql(asked).fetch_one(connection).await;
    let row = row.map_err(OpenError::Connect)?;
    let found = row.try_get(0).map_err(OpenError::Connect)?;
    if found < OLDEST_SERVER {
        return Err(OpenError::OldServer { found });
    }
    if row.try_get(1).map_err(OpenError::Connect)? {
        return Err(OpenError::Standby);
    }
    let commit: String = row.try_get(2).map_err(OpenError::Connect)?;
    if commit == "off" {
        return Err(OpenError::NotDurable);
    }
    Ok(())
}
