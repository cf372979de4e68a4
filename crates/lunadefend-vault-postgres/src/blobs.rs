//! Values, in parts.

use crate::{
    PostgresStore,
    rows::{column, count, fixed},
    sql::Script,
};
use bytes::Bytes;
use lunadefend_vault::store::{Blob, BlobId, BlobWriter, Blobs, StoreError, StoreFuture};

/// Before its end a value need not be durable: a commit does not wait for the disk.
const UNHURRIED: &str = "SET LOCAL synchronous_commit = off; ";
/// How many parts are deleted at once, so that the statement ends in its time.
const DELETED_AT_ONCE: usize = 1000;

impl Blobs for PostgresStore {
    fn create(&self, blob: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>> {
        Box::pin(async move {
            let begun = self.change(|script| {
                script
                    .sql(UNHURRIED)
                    .sql("INSERT INTO lunadefend_blobs (blob) VALUES (")
                    .bytes(blob.id.as_bytes())
                    .sql(") ON CONFLICT DO NOTHING")
            });
            begun.await?;
            Ok(Box::new(Writer {
                store: self.clone(),
                blob: blob.id,
                parts: 0,
                is_whole: true,
            }) as Box<dyn BlobWriter>)
        })
    }

    fn read(&self, blob: Blob, part: u32) -> StoreFuture<'_, Option<Bytes>> {
        Box::pin(async move {
            let read = self.read(|script| {
                script
                    .sql("SELECT bytes FROM lunadefend_parts WHERE blob = ")
                    .bytes(blob.id.as_bytes())
                    .sql(" AND part = ")
                    .int(part.into())
            });
            let rows = read.await?;
            let bytes = rows.first().map(|row| column::<Vec<u8>>(row, 0));
            Ok(bytes.transpose()?.map(Bytes::from))
        })
    }

    fn delete(&self, blob: BlobId) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let some = self.change(|script| {
                    script
                        .sql(
                            "DELETE FROM lunadefend_parts WHERE (blob, part) IN \
                             (SELECT blob, part FROM lunadefend_parts WHERE blob = ",
                        )
                        .bytes(blob.as_bytes())
                        .sql(" LIMIT ")
                        .int(count(DELETED_AT_ONCE))
                        .sql(") RETURNING 1")
                });
                if some.await?.len() < DELETED_AT_ONCE {
                    break;
                }
            }
            // With it goes a part that came meanwhile, and no other one can.
            let all = self.change(|script| {
                script
                    .sql("DELETE FROM lunadefend_blobs WHERE blob = ")
                    .bytes(blob.as_bytes())
            });
            all.await.map(drop)
        })
    }

    fn list(&self, after: Option<BlobId>, limit: usize) -> StoreFuture<'_, Vec<BlobId>> {
        Box::pin(async move {
            let listed = self.read(|script| {
                let script = script.sql("SELECT blob FROM lunadefend_blobs");
                let script = match &after {
                    Some(after) => script.sql(" WHERE blob > ").bytes(after.as_bytes()),
                    None => script,
                };
                script.sql(" ORDER BY blob LIMIT ").int(count(limit))
            });
            let rows = listed.await?;
            rows.iter()
                .map(|row| fixed(row, 0).map(BlobId::new))
                .collect()
        })
    }
}

/// Writes one value.
#[derive(Debug)]
struct Writer {
    store: PostgresStore,
    blob: BlobId,
    parts: u32,
    /// No part has failed, nor was given up.
    is_whole: bool,
}

impl BlobWriter for Writer {
    fn write(&mut self, part: Bytes) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            if !std::mem::replace(&mut self.is_whole, false) {
                return Err(StoreError::unavailable(Incomplete));
            }
            let (blob, number) = (self.blob, self.parts);
            let written = self.store.change(|script: Script| {
                script
                    .sql(UNHURRIED)
                    .sql("INSERT INTO lunadefend_parts (blob, part, bytes) VALUES (")
                    .bytes(blob.as_bytes())
                    .sql(", ")
                    .int(number.into())
                    .sql(", ")
                    .bytes(&part)
                    .sql(") ON CONFLICT DO NOTHING")
            });
            written.await?;
            self.parts += 1;
            self.is_whole = true;
            Ok(())
        })
    }

    fn finish(self: Box<Self>) -> StoreFuture<'static, ()> {
        Box::pin(async move {
            if !self.is_whole {
                return Err(StoreError::unavailable(Incomplete));
            }
            // This commit is durable, and so are all that the server has acknowledged before. After a crash of the
            // server the parts are counted as fewer.
            let finished = self.store.change(|script| {
                script
                    .sql("UPDATE lunadefend_blobs AS held SET parts = ")
                    .int(self.parts.into())
                    .sql(" WHERE blob = ")
                    .bytes(self.blob.as_bytes())
                    .sql(" AND (SELECT count(*) FROM lunadefend_parts AS p WHERE p.blob = held.blob) = ")
                    .int(self.parts.into())
                    .sql(" RETURNING 1")
            });
            match finished.await?.is_empty() {
                true => Err(StoreError::unavailable(Incomplete)),
                false => Ok(()),
            }
        })
    }
}

/// A value of which a part is missing.
#[derive(Debug, thiserror::Error)]
#[error("a part of the value is missing, or was deleted: upload it again")]
struct Incomplete;
