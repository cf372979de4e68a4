//! The rows of one table in two stores, side by side.

use super::{CopyError, is_own};
use crate::store::{MAX_ROWS, Row, RowAddress, RowKey, Store, StoreError, StoredRow, Table};
use std::collections::VecDeque;

/// A row in either store, or in both.
pub(super) struct Pair {
    pub(super) at: RowAddress,
    pub(super) source: Option<Row>,
    pub(super) target: Option<StoredRow>,
}

/// All rows of a table in two stores, in the order of their keys.
pub(super) struct Pairs<'a> {
    table: Table,
    source: Pages<'a>,
    target: Pages<'a>,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(source: &'a dyn Store, target: &'a dyn Store, table: Table) -> Self {
        Self {
            table,
            source: Pages::new(source, table),
            target: Pages::new(target, table),
        }
    }

    /// The next row, but for those that a copy writes at its beginning and end.
    pub(super) async fn next(&mut self) -> Result<Option<Pair>, CopyError> {
        loop {
            let source = self.source.key().await.map_err(CopyError::Source)?;
            let target = self.target.key().await.map_err(CopyError::Target)?;
            let Some(key) = source.into_iter().chain(target).min() else {
                return Ok(None);
            };
            let at = RowAddress {
                table: self.table,
                key,
            };
            let pair = Pair {
                at,
                source: self.source.take(key).map(|held| held.row),
                target: self.target.take(key),
            };
            if !is_own(at) {
                return Ok(Some(pair));
            }
        }
    }
}

/// The rows of a table in one store, page by page.
struct Pages<'a> {
    store: &'a dyn Store,
    table: Table,
    page: VecDeque<(RowKey, StoredRow)>,
    last: Option<RowKey>,
    has_ended: bool,
}

impl<'a> Pages<'a> {
    fn new(store: &'a dyn Store, table: Table) -> Self {
        Self {
            store,
            table,
            page: VecDeque::new(),
            last: None,
            has_ended: false,
        }
    }

    /// The key of the next row.
    async fn key(&mut self) -> Result<Option<RowKey>, StoreError> {
        if self.page.is_empty() && !self.has_ended {
            let page = self.store.scan(self.table, self.last, MAX_ROWS).await?;
            self.has_ended = page.len() < MAX_ROWS;
            self.last = page.last().map(|(key, _)| *key).or(self.last);
            self.page = page.into();
        }
        Ok(self.page.front().map(|(key, _)| *key))
    }

    /// The next row, if it has that key.
    fn take(&mut self, key: RowKey) -> Option<StoredRow> {
        let (next, _) = self.page.front()?;
        match *next == key {
            true => self.page.pop_front().map(|(_, row)| row),
            false => None,
        }
    }
}
