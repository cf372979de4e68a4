//! Rows that have expired, found by their index.

use crate::{
    AwsStore,
    attempts::{Failed, repeat},
    item::{EXPIRIES, GROUPS, Item, number},
    rows::AT_ONCE,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use lunadefend_core::provider::UnixMillis;
use lunadefend_vault::store::StoreError;

/// Deletes up to `limit` rows that have expired at `now`, and returns their number.
pub(crate) async fn run(
    store: &AwsStore,
    now: UnixMillis,
    limit: usize,
) -> Result<usize, StoreError> {
    let mut purged = 0;
    for group in 0..GROUPS {
        let mut after = None;
        while purged < limit {
            let (keys, next) = expired(store, group, now, limit - purged, after).await?;
            let deletions = keys.into_iter().map(|key| delete(store, key, now));
            let deleted: Vec<bool> = stream::iter(deletions)
                .buffer_unordered(AT_ONCE)
                .try_collect()
                .await?;
            purged += deleted.into_iter().filter(|deleted| *deleted).count();
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(purged)
}

/// Reads keys of rows that have expired, and where the next ones are.
async fn expired(
    store: &AwsStore,
    group: u8,
    now: UnixMillis,
    limit: usize,
    after: Option<Item>,
) -> Result<(Vec<Item>, Option<Item>), StoreError> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let answer = repeat(store.timeout, || async {
        let query = store
            .dynamodb
            .query()
            .table_name(&store.table)
            .index_name(EXPIRIES)
            .limit(limit)
            .key_condition_expression("g = :group AND e <= :now")
            .expression_attribute_values(":group", number(group.into()))
            .expression_attribute_values(":now", number(now.get()))
            .set_exclusive_start_key(after.clone());
        query.send().await.map_err(|error| Failed::of(&error))
    });
    let answer = answer.await.map_err(Failed::of_read)?;
    let mut items = answer.items.unwrap_or_default();
    for item in &mut items {
        item.retain(|name, _| matches!(name.as_str(), "pk" | "sk"));
    }
    Ok((items, answer.last_evaluated_key))
}

/// Deletes a row if it is still there and still expired: the index may be behind.
async fn delete(store: &AwsStore, key: Item, now: UnixMillis) -> Result<bool, StoreError> {
    let deleted = repeat(store.timeout, || async {
        let delete = store
            .dynamodb
            .delete_item()
            .table_name(&store.table)
            .set_key(Some(key.clone()))
            .condition_expression("attribute_exists(e) AND e <= :now")
            .expression_attribute_values(":now", number(now.get()));
        match delete.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(error) if error.is_conditional_check_failed_exception() => Ok(false),
                _ => Err(Failed::of(&error)),
            },
        }
    });
    deleted.await.map_err(Failed::of_write)
}
