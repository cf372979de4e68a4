//! Rows: reading them, and raising their expiry.

use crate::{
    AwsStore,
    attempts::{Failed, Kind, repeat},
    item::{self, Item, binary, bytes, number, partition},
    purge, write,
};
use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::{StreamExt, TryStreamExt, stream};
use lunadefend_core::provider::UnixMillis;
use lunadefend_vault::store::{
    Batch, Row, RowAddress, RowKey, Rows, StoreError, StoreFuture, StoredRow, Table, WriteId,
    WriteOutcome,
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

/// How many single changes are on their way at once.
pub(crate) const AT_ONCE: usize = 16;

impl Rows for AwsStore {
    fn get_many<'a>(&'a self, at: &'a [RowAddress]) -> StoreFuture<'a, Vec<Option<StoredRow>>> {
        Box::pin(async move {
            let asked: HashSet<_> = at.iter().copied().collect();
            let found = match at {
                [] => HashMap::new(),
                [at] => self
                    .one(*at)
                    .await?
                    .map(|row| (*at, row))
                    .into_iter()
                    .collect(),
                _ => self.many(asked).await?,
            };
            Ok(at.iter().map(|at| found.get(at).cloned()).collect())
        })
    }

    fn write<'a>(&'a self, batch: &'a Batch, now: UnixMillis) -> StoreFuture<'a, WriteOutcome> {
        Box::pin(async move {
            match batch.writes() {
                [] => Ok(WriteOutcome::Applied),
                [one] => write::one(self, batch.id(), one, now).await,
                _ => write::all(self, batch, now).await,
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
            let mut raised = Vec::with_capacity(rows.len());
            for (at, row) in rows {
                raised.push(self.raise(id, *at, row, now));
            }
            stream::iter(raised)
                .buffer_unordered(AT_ONCE)
                .try_collect()
                .await
        })
    }

    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>> {
        Box::pin(async move {
            let mut found = Vec::new();
            let mut after = after;
            let first = after.map_or(0, |after| after.as_bytes()[0]);
            for first in first..=u8::MAX {
                while found.len() < limit {
                    let page = self.page(table, first, after, limit - found.len()).await?;
                    match page.last() {
                        Some((key, _)) => after = Some(*key),
                        None => break,
                    }
                    found.extend(page);
                }
            }
            Ok(found)
        })
    }

    fn purge_expired(&self, now: UnixMillis, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(purge::run(self, now, limit))
    }

    fn time(&self) -> StoreFuture<'_, Option<UnixMillis>> {
        Box::pin(async move { self.look().await.map_err(Failed::of_read) })
    }
}

impl AwsStore {
    async fn one(&self, at: RowAddress) -> Result<Option<StoredRow>, StoreError> {
        let answer = repeat(self.timeout, || async {
            let asked = self
                .dynamodb
                .get_item()
                .table_name(&self.table)
                .set_key(Some(item::key(at)))
                .consistent_read(true);
            asked.send().await.map_err(|error| Failed::of(&error))
        });
        let answer = answer.await.map_err(Failed::of_read)?;
        answer.item.as_ref().map(item::row).transpose()
    }

    async fn many(
        &self,
        asked: HashSet<RowAddress>,
    ) -> Result<HashMap<RowAddress, StoredRow>, StoreError> {
        // DynamoDB answers for as many as it likes: what is found is kept over the attempts.
        let left = Mutex::new(asked);
        let found = Mutex::new(HashMap::new());
        repeat(self.timeout, || async {
            let keys: Vec<_> = lock(&left).iter().copied().map(item::key).collect();
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .build()
                .map_err(|error| Failed::new(Kind::Refused, error.to_string()))?;
            let asked = self
                .dynamodb
                .batch_get_item()
                .request_items(&self.table, keys);
            let answer = asked.send().await.map_err(|error| Failed::of(&error))?;
            let unread = of_table(answer.unprocessed_keys, &self.table);
            let unread: HashSet<_> = (unread.iter())
                .flat_map(|unread| unread.keys())
                .filter_map(address)
                .collect();
            for item in of_table(answer.responses, &self.table).unwrap_or_default() {
                if let Some(at) = address(&item) {
                    lock(&found).insert(at, item);
                }
            }
            let is_done = unread.is_empty();
            *lock(&left) = unread;
            match is_done {
                true => Ok(()),
                false => Err(Failed::new(
                    Kind::Busy,
                    "DynamoDB answers for a part of the keys",
                )),
            }
        })
        .await
        .map_err(Failed::of_read)?;
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let rows = found
            .into_iter()
            .map(|(at, item)| Ok((at, item::row(&item)?)));
        rows.collect()
    }

    async fn raise(
        &self,
        id: WriteId,
        at: RowAddress,
        row: &Row,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let raised = repeat(self.timeout, || async {
            let mut put = self
                .dynamodb
                .put_item()
                .table_name(&self.table)
                .set_item(Some(item::item(at, row, id)));
            // A row without an expiry has none that is later.
            put = match row.expires_at {
                None => put.condition_expression("attribute_not_exists(pk) OR attribute_exists(e)"),
                Some(expiry) => put
                    .condition_expression(
                        "attribute_not_exists(pk) OR (attribute_exists(e) AND (e < :new OR e <= :now))",
                    )
                    .expression_attribute_values(":new", number(expiry.get()))
                    .expression_attribute_values(":now", number(now.get())),
            };
            match put.send().await {
                Ok(_) => Ok(()),
                Err(error) => match error.as_service_error() {
                    Some(error) if error.is_conditional_check_failed_exception() => Ok(()),
                    _ => Err(Failed::of(&error)),
                },
            }
        });
        raised.await.map_err(Failed::of_write)
    }

    /// Reads some rows of a partition, in their order.
    async fn page(
        &self,
        table: Table,
        first: u8,
        after: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<(RowKey, StoredRow)>, StoreError> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let answer = repeat(self.timeout, || async {
            let mut query = self
                .dynamodb
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .limit(limit)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", partition(table, first));
            if let Some(after) = &after {
                query = query
                    .key_condition_expression("pk = :pk AND sk > :after")
                    .expression_attribute_values(":after", binary(after.as_bytes()));
            }
            query.send().await.map_err(|error| Failed::of(&error))
        });
        let items = answer.await.map_err(Failed::of_read)?.items;
        let rows = items.unwrap_or_default();
        rows.iter()
            .map(|item| Ok((item::row_key(item)?, item::row(item)?)))
            .collect()
    }
}

fn of_table<T>(all: Option<HashMap<String, T>>, table: &str) -> Option<T> {
    all?.remove(table)
}

/// The address of the row of an item; `None` of something else.
fn address(item: &Item) -> Option<RowAddress> {
    let [code, _] = *bytes(item, "pk")? else {
        return None;
    };
    let table = Table::ALL.into_iter().find(|table| table.code() == code)?;
    let key = item::row_key(item).ok()?;
    Some(RowAddress { table, key })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
