//! Small rows.

use crate::{
    PostgresStore,
    sql::{self, Script},
};
use bytes::Bytes;
use lunadefend_vault::store::{
    Batch, Change, Row, RowAddress, RowKey, Rows, StoreError, StoreFuture, StoredRow, Table,
    UnixMillis, WriteId, WriteOutcome,
};
use sqlx::{Row as _, postgres::PgRow};
use std::collections::{BTreeMap, HashMap};

impl Rows for PostgresStore {
    fn get_many<'a>(&'a self, at: &'a [RowAddress]) -> StoreFuture<'a, Vec<Option<StoredRow>>> {
        Box::pin(async move {
            if at.is_empty() {
                return Ok(Vec::new());
            }
            let script = |script: Script| {
                let script = script.sql(
                    "SELECT key, version, expires_at, value, kind FROM lunadefend_rows JOIN unnest(",
                );
                addresses(script, at.iter()).sql(") AS asked (kind, key) USING (kind, key)")
            };
            let mut held = HashMap::with_capacity(at.len());
            for row in self.read(script).await? {
                let kind: i16 = column(&row, 4)?;
                let table = u8::try_from(kind).ok().and_then(Table::from_code);
                let table = table.ok_or(StoreError::Corrupt(None))?;
                let (key, row) = stored(&row)?;
                held.insert(RowAddress { table, key }, row);
            }
            Ok(at.iter().map(|at| held.get(at).cloned()).collect())
        })
    }

    fn write<'a>(&'a self, batch: &'a Batch, now: UnixMillis) -> StoreFuture<'a, WriteOutcome> {
        Box::pin(async move {
            let writes = batch.writes();
            let each = || writes.iter().map(|write| &write.change);
            let script = |script: Script| {
                let script = script
                    .sql("SELECT lunadefend_write(")
                    .bytes(batch.id().as_bytes())
                    .sql(", ")
                    .time(now)
                    .sql(", ");
                addresses(script, writes.iter().map(|write| &write.at))
                    .sql(", ")
                    .array(
                        "smallint",
                        each().map(|change| Some(operation(change))),
                        Script::int,
                    )
                    .sql(", ")
                    .array("bytea", each().map(expected), |script, id: WriteId| {
                        script.bytes(id.as_bytes())
                    })
                    .sql(", ")
                    .array(
                        "bigint",
                        each().map(|change| change.row().and_then(|row| row.expires_at)),
                        Script::time,
                    )
                    .sql(", ")
                    .array(
                        "bytea",
                        each().map(|change| change.row().map(|row| &*row.value)),
                        Script::bytes,
                    )
                    .sql(")")
            };
            let rows = self.change(script).await?;
            let row = rows.first().ok_or(StoreError::Corrupt(None))?;
            match column::<i16>(row, 0)? {
                // Now, or by an earlier attempt.
                1 | 2 => Ok(WriteOutcome::Applied),
                _ => Ok(WriteOutcome::Conflict),
            }
        })
    }

    fn raise_expiry<'a>(
        &'a self,
        id: WriteId,
        rows: &'a [(RowAddress, Row)],
        now: UnixMillis,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            // One statement changes no row twice. In the order of the keys, such calls wait in one direction.
            let mut latest = BTreeMap::new();
            for (at, row) in rows {
                let held = latest.entry(*at).or_insert(row);
                if held.expires_before(row) {
                    *held = row;
                }
            }
            if latest.is_empty() {
                return Ok(());
            }
            let script = |script: Script| {
                let script = script
                    .sql(
                        "INSERT INTO lunadefend_rows AS held (version, kind, key, expires_at, value) SELECT ",
                    )
                    .bytes(id.as_bytes())
                    .sql(", * FROM unnest(");
                addresses(script, latest.keys())
                    .sql(", ")
                    .array("bigint", latest.values().map(|row| row.expires_at), Script::time)
                    .sql(", ")
                    .array("bytea", latest.values().map(|row| Some(&*row.value)), Script::bytes)
                    .sql(
                        ") AS asked ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version, \
                         expires_at = excluded.expires_at, value = excluded.value \
                         WHERE held.expires_at < excluded.expires_at \
                         OR (held.expires_at IS NOT NULL AND excluded.expires_at IS NULL) \
                         OR held.expires_at <= ",
                    )
                    .time(now)
            };
            self.change(script).await.map(drop)
        })
    }

    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>> {
        Box::pin(async move {
            let script = |script: Script| {
                let mut script = script
                    .sql(
                        "SELECT key, version, expires_at, value FROM lunadefend_rows WHERE kind = ",
                    )
                    .int(table.code().into());
                if let Some(after) = after {
                    script = script.sql(" AND key > ").bytes(after.as_bytes());
                }
                script.sql(" ORDER BY key LIMIT ").int(count(limit))
            };
            self.read(script).await?.iter().map(stored).collect()
        })
    }

    fn purge_expired(&self, now: UnixMillis, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(async move {
            // A row that somebody holds is being written: the next call sees what became of it.
            let script = |script: Script| {
                script
                    .sql(
                        "WITH expired AS MATERIALIZED (SELECT kind, key FROM lunadefend_rows WHERE expires_at <= ",
                    )
                    .time(now)
                    .sql(" ORDER BY expires_at LIMIT ")
                    .int(count(limit))
                    .sql(
                        " FOR UPDATE SKIP LOCKED) DELETE FROM lunadefend_rows AS held USING expired \
                         WHERE held.kind = expired.kind AND held.key = expired.key RETURNING 1",
                    )
            };
            self.change(script).await.map(|rows| rows.len())
        })
    }

    fn time(&self) -> StoreFuture<'_, Option<UnixMillis>> {
        Box::pin(async move {
            let script = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
            let rows = self.read(|asked| asked.sql(script)).await?;
            let row = rows.first().ok_or(StoreError::Corrupt(None))?;
            sql::time(column(row, 0)?)
                .map(Some)
                .ok_or(StoreError::Corrupt(None))
        })
    }
}

/// The kinds and the keys of rows, as two arrays.
fn addresses<'a>(script: Script, at: impl Iterator<Item = &'a RowAddress> + Clone) -> Script {
    let kinds = at.clone().map(|at| Some(at.table.code().into()));
    script
        .array("smallint", kinds, Script::int)
        .sql(", ")
        .array("bytea", at.map(|at| Some(at.key)), |script, key: RowKey| {
            script.bytes(key.as_bytes())
        })
}

const fn operation(change: &Change) -> i64 {
    match change {
        Change::Insert(_) => 1,
        Change::Replace { .. } => 2,
        Change::Delete => 3,
    }
}

const fn expected(change: &Change) -> Option<WriteId> {
    match change {
        Change::Replace { expected, .. } => Some(*expected),
        Change::Insert(_) | Change::Delete => None,
    }
}

pub(crate) fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A column; a database that has another schema is damaged.
pub(crate) fn column<'r, T>(row: &'r PgRow, index: usize) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(index).map_err(|_| StoreError::Corrupt(None))
}

/// A key or an id, of its only length.
pub(crate) fn fixed<const N: usize>(row: &PgRow, index: usize) -> Result<[u8; N], StoreError> {
    let bytes: Vec<u8> = column(row, index)?;
    bytes.try_into().map_err(|_| StoreError::Corrupt(None))
}

/// A row: its key, version, expiry and value.
fn stored(row: &PgRow) -> Result<(RowKey, StoredRow), StoreError> {
    let expires_at = match column::<Option<i64>>(row, 2)? {
        Some(millis) => Some(sql::time(millis).ok_or(StoreError::Corrupt(None))?),
        None => None,
    };
    let value: Vec<u8> = column(row, 3)?;
    let stored = StoredRow {
        row: Row {
            value: Bytes::from(value),
            expires_at,
        },
        written_by: WriteId::new(fixed(row, 1)?),
    };
    Ok((RowKey::new(fixed(row, 0)?), stored))
}
