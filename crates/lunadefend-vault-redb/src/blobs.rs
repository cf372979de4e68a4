//! Values in the file, as parts.

use crate::{
    EmbeddedStore,
    job::{MAX_GROUP_BYTES, Weight},
    layout::{PARTS, part_key, split_part_key},
    writer::{Outcome, Queue},
};
use bytes::Bytes;
use lunadefend_vault::store::{Blob, BlobId, BlobWriter, Blobs, StoreError, StoreFuture};
use redb::ReadableDatabase;
use std::{collections::VecDeque, ops::Bound, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many parts of all blobs together are on their way to the thread while the next ones of theirs arrive: 4 MiB. More of
/// them share a commit, and none waits for a thread that waits for the disk. A blob may always have one part more.
pub(crate) const AHEAD: usize = 64;

impl Blobs for EmbeddedStore {
    fn create(&self, blob: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>> {
        let writer: Box<dyn BlobWriter> = Box::new(PartWriter {
            queue: self.queue().clone(),
            blob: blob.id,
            next: 0,
            losses: self.losses.count(),
            ahead: Arc::clone(&self.ahead),
            sent: VecDeque::new(),
            so_far: Ok(()),
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

/// Writes the parts of one blob. Parts are on their way to the thread while the next ones arrive, in their order.
#[derive(Debug)]
struct PartWriter {
    queue: Queue,
    blob: BlobId,
    next: u32,
    /// The number of losses of parts when it began.
    losses: u64,
    ahead: Arc<Semaphore>,
    /// What comes of the parts that are on their way, from the first on.
    sent: VecDeque<Outcome<bool>>,
    /// The first part that failed: the blob cannot be finished.
    so_far: Result<(), StoreError>,
}

impl PartWriter {
    /// Waits for a place for a part that is on its way while the next one arrives. `None` when others have all of them, and
    /// nothing of this blob is on its way.
    async fn place(&mut self) -> Result<Option<OwnedSemaphorePermit>, StoreError> {
        loop {
            if self.sent.len() < AHEAD
                && let Ok(place) = Arc::clone(&self.ahead).try_acquire_owned()
            {
                return Ok(Some(place));
            }
            if !self.settle_first().await? {
                return Ok(None);
            }
        }
    }

    /// Waits for what comes of the first part that is on its way; `false` when none is.
    async fn settle_first(&mut self) -> Result<bool, StoreError> {
        self.so_far.clone()?;
        let Some(first) = self.sent.front_mut() else {
            return Ok(false);
        };
        self.so_far = first.wait().await.and_then(complete);
        self.sent.pop_front();
        self.so_far.clone().map(|()| true)
    }
}

impl BlobWriter for PartWriter {
    fn write(&mut self, part: Bytes) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.so_far.clone()?;
            let (blob, index, losses) = (self.blob, self.next, self.losses);
            let next = index.checked_add(1).ok_or(StoreError::Full)?;
            let place = self.place().await?;
            let goes_ahead = place.is_some();
            let written = self.queue.send(Weight::Part(part.len()), move |tx| {
                // The job keeps the place as long as it keeps the part.
                let _ = &place;
                let complete = tx.has_lost_nothing_since(losses);
                if complete {
                    tx.put_part(&blob, index, &part)?;
                }
                Ok(complete)
            });
            self.sent.push_back(written.await?);
            self.next = next;
            if !goes_ahead {
                self.settle_first().await?;
            }
            Ok(())
        })
    }

    fn finish(mut self: Box<Self>) -> StoreFuture<'static, ()> {
        Box::pin(async move {
            let losses = self.losses;
            // It comes behind all parts, and in the commit of the last ones.
            let finished = self.queue.send(Weight::Flush, move |tx| {
                Ok(tx.has_lost_nothing_since(losses))
            });
            let mut finished = finished.await?;
            while self.settle_first().await? {}
            complete(finished.wait().await?)
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
