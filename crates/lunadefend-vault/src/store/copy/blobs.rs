//! Values that are no rows, part by part.

use super::{Copied, CopyError};
use crate::{
    store::{Blob, BlobId, MAX_ROWS, Store, StoreError},
    stream::{CHUNK_SIZE, part_bytes},
};
use std::collections::VecDeque;

/// Writes every value of the source that the target lacks, and deletes what the source has not.
pub(super) async fn copy(
    source: &dyn Store,
    target: &dyn Store,
    done: &mut Copied,
    progress: &mut impl FnMut(Copied),
) -> Result<(), CopyError> {
    let (mut sources, mut targets) = (Ids::new(source), Ids::new(target));
    while let Some((id, is_source, is_target)) = next(&mut sources, &mut targets).await? {
        if is_source && is_target && is_equal(source, target, id).await? {
            done.values_there += 1;
            continue;
        }
        if is_target {
            target.delete(id).await.map_err(CopyError::Target)?;
        }
        if is_source && one(source, target, id).await? {
            done.values += 1;
            progress(*done);
        }
    }
    Ok(())
}

pub(super) async fn are_equal(source: &dyn Store, target: &dyn Store) -> Result<bool, CopyError> {
    let (mut sources, mut targets) = (Ids::new(source), Ids::new(target));
    while let Some((id, ..)) = next(&mut sources, &mut targets).await? {
        if !is_equal(source, target, id).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// All versions seal values in chunks of one length.
const fn blob(id: BlobId) -> Blob {
    Blob {
        id,
        part_bytes: part_bytes(CHUNK_SIZE),
    }
}

/// Copies a value; `false` for an upload of which nothing is there.
async fn one(source: &dyn Store, target: &dyn Store, id: BlobId) -> Result<bool, CopyError> {
    let mut part = source.read(blob(id), 0).await.map_err(CopyError::Source)?;
    if part.is_none() {
        return Ok(false);
    }
    let mut writer = target.create(blob(id)).await.map_err(CopyError::Target)?;
    let mut number = 0;
    while let Some(bytes) = part {
        writer.write(bytes).await.map_err(CopyError::Target)?;
        number += 1;
        let read = source.read(blob(id), number).await;
        part = read.map_err(CopyError::Source)?;
    }
    writer.finish().await.map_err(CopyError::Target)?;
    Ok(true)
}

async fn is_equal(source: &dyn Store, target: &dyn Store, id: BlobId) -> Result<bool, CopyError> {
    for number in 0.. {
        let part = source.read(blob(id), number).await;
        let part = part.map_err(CopyError::Source)?;
        let copied = target.read(blob(id), number).await;
        if part != copied.map_err(CopyError::Target)? {
            return Ok(false);
        }
        if part.is_none() {
            break;
        }
    }
    Ok(true)
}

/// The next value of either store, and which of them list it.
async fn next(
    source: &mut Ids<'_>,
    target: &mut Ids<'_>,
) -> Result<Option<(BlobId, bool, bool)>, CopyError> {
    let first = source.peek().await.map_err(CopyError::Source)?;
    let second = target.peek().await.map_err(CopyError::Target)?;
    let Some(id) = first.into_iter().chain(second).min() else {
        return Ok(None);
    };
    Ok(Some((id, source.take(id), target.take(id))))
}

/// The values that a store lists, page by page.
struct Ids<'a> {
    store: &'a dyn Store,
    page: VecDeque<BlobId>,
    last: Option<BlobId>,
    has_ended: bool,
}

impl<'a> Ids<'a> {
    fn new(store: &'a dyn Store) -> Self {
        Self {
            store,
            page: VecDeque::new(),
            last: None,
            has_ended: false,
        }
    }

    async fn peek(&mut self) -> Result<Option<BlobId>, StoreError> {
        if self.page.is_empty() && !self.has_ended {
            let page = self.store.list(self.last, MAX_ROWS).await?;
            self.has_ended = page.len() < MAX_ROWS;
            self.last = page.last().copied().or(self.last);
            self.page = page.into();
        }
        Ok(self.page.front().copied())
    }

    /// Returns whether the next value is this one, and takes it.
    fn take(&mut self, id: BlobId) -> bool {
        let is_next = self.page.front() == Some(&id);
        if is_next {
            self.page.pop_front();
        }
        is_next
    }
}
