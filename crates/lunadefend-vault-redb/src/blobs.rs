//! Values in the file, as parts.

use crate::{
    EmbeddedStore,
    job::{MAX_GROUP_BYTES, Weight},
    layout::{PARTS, part_key, split_part_key},
    writer::Queue,
};
use bytes::Bytes;
use lunadefend_vault::store::{Blob, BlobId, BlobWriter, Blobs, StoreError, StoreFuture};
use redb::ReadableDatabase;
use std::ops::Bound;

impl Blobs for EmbeddedStore {
    fn create(&self, blob: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>> {
        let writer: Box<dyn BlobWriter> = Box::new(PartWriter {
            queue: self.queue().clone(),
            blob: blob.id,
            next: 0,
            losses: self.losses.count(),
        });
        Box::pin(std::future::ready(Ok(writer)))
    }

    fn read(&self, blob: Blob, part: u32) -> StoreFuture<'_, Option<Bytes>> {
        Box::pin(async move {
            self.database.with(|database| {
                let parts = database.begin_read()?.open_table(PARTS)?;
                let found = parts.get(&part_key(&blob.id, part))?;
                Ok(found.map(|part| Bytes::copy_from_slice(part.value())))
            })
        })
    }

    fn delete(&self, blob: BlobId) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            // In steps, so that a large value does not delay all other commits.
            let step = Weight::Durable(MAX_GROUP_BYTES);
            while self
                .queue()
                .run(step, move |tx| tx.delete_parts(&blob))
                .await?
            {}
            Ok(())
        })
    }

    fn list(&self, after: Option<BlobId>, limit: usize) -> StoreFuture<'_, Vec<BlobId>> {
        Box::pin(async move {
            self.database.with(|database| {
                let parts = database.begin_read()?.open_table(PARTS)?;
                let mut listed = Vec::new();
                let mut last = after;
                // From blob to blob, without looking at all parts of each.
                while listed.len() < limit {
                    let beyond = last.map(|blob| part_key(&blob, u32::MAX));
                    let from = beyond.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
                    let range = (from, Bound::Unbounded);
                    let Some(entry) = parts.range::<&[u8; 36]>(range)?.next() else {
                        break;
                    };
                    let (blob, _) = split_part_key(entry?.0.value());
                    listed.push(blob);
                    last = Some(blob);
                }
                Ok(listed)
            })
        })
    }
}

/// Writes the parts of one blob.
#[derive(Debug)]
struct PartWriter {
    queue: Queue,
    blob: BlobId,
    next: u32,
    /// The number of losses of parts when it began.
    losses: u64,
}

impl BlobWriter for PartWriter {
    fn write(&mut self, part: Bytes) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let (blob, index, losses) = (self.blob, self.next, self.losses);
            let weight = Weight::Part(part.len());
            let written = self.queue.run(weight, move |tx| {
                let complete = tx.has_lost_nothing_since(losses);
                if complete {
                    tx.put_part(&blob, index, &part)?;
                }
                Ok(complete)
            });
            complete(written.await?)?;
            self.next = index.checked_add(1).ok_or(StoreError::Full)?;
            Ok(())
        })
    }

    fn finish(self: Box<Self>) -> StoreFuture<'static, ()> {
        Box::pin(async move {
            let losses = self.losses;
            let finished = self.queue.run(Weight::Flush, move |tx| {
                Ok(tx.has_lost_nothing_since(losses))
            });
            complete(finished.await?)
        })
    }
}

/// A disk failure lost parts that were not yet durable.
#[derive(Debug, thiserror::Error)]
#[error("parts of the value were lost when the disk failed: begin it again")]
struct PartsLost;

fn complete(complete: bool) -> Result<(), StoreError> {
    if complete {
        Ok(())
    } else {
        Err(StoreError::unavailable(PartsLost))
    }
}
