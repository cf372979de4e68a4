//! Batches: a transaction, or for one row alone a conditional write, which costs half.

use crate::{
    AwsStore,
    attempts::{Failed, Kind, repeat},
    item::{self, Item, binary, number, written_by},
};
use aws_sdk_dynamodb::{
    error::BuildError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem,
    },
};
use lunadefend_core::provider::UnixMillis;
use lunadefend_vault::store::{
    Batch, Change, Row, StoreError, Write, WriteId,
    WriteOutcome::{self, Applied, Conflict},
};
use std::collections::HashMap;

/// A row that is missing, or has expired, and was not written by an earlier attempt.
const IS_FREE: &str = "(attribute_not_exists(pk) OR (attribute_exists(e) AND e <= :now)) \
                       AND (attribute_not_exists(w) OR w <> :id)";
const IS_EXPECTED: &str = "w = :expected AND (attribute_not_exists(e) OR e > :now)";

/// A row to put, with the condition for it.
struct Conditional<'a> {
    row: &'a Row,
    condition: &'static str,
    values: HashMap<String, AttributeValue>,
}

impl<'a> Conditional<'a> {
    /// `None` for a deletion, which has no condition.
    fn of(change: &'a Change, id: WriteId, now: UnixMillis) -> Option<Self> {
        let now = (":now".to_owned(), number(now.get()));
        Some(match change {
            Change::Insert(row) => Self {
                row,
                condition: IS_FREE,
                values: HashMap::from([now, (":id".to_owned(), binary(id.as_bytes()))]),
            },
            Change::Replace { expected, row } => Self {
                row,
                condition: IS_EXPECTED,
                values: HashMap::from([now, (":expected".to_owned(), binary(expected.as_bytes()))]),
            },
            Change::Delete => return None,
        })
    }
}

/// Writes one row.
pub(crate) async fn one(
    store: &AwsStore,
    id: WriteId,
    write: &Write,
    now: UnixMillis,
) -> Result<WriteOutcome, StoreError> {
    let written = repeat(store.timeout, || async {
        let Some(put) = Conditional::of(&write.change, id, now) else {
            let delete = store
                .dynamodb
                .delete_item()
                .table_name(&store.table)
                .set_key(Some(item::key(write.at)));
            let deleted = delete.send().await;
            return deleted.map(|_| Applied).map_err(|error| Failed::of(&error));
        };
        let sent = store
            .dynamodb
            .put_item()
            .table_name(&store.table)
            .set_item(Some(item::item(write.at, put.row, id)))
            .condition_expression(put.condition)
            .set_expression_attribute_values(Some(put.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match sent.send().await {
            Ok(_) => Ok(Applied),
            Err(error) => match error.as_service_error().and_then(held) {
                Some(held) => Ok(outcome(held, id)),
                None => Err(Failed::of(&error)),
            },
        }
    });
    written.await.map_err(Failed::of_write)
}

/// Returns what the row was that did not meet its condition; `None` of another error.
fn held(error: &aws_sdk_dynamodb::operation::put_item::PutItemError) -> Option<Option<&Item>> {
    use aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException;
    match error {
        ConditionalCheckFailedException(failed) => Some(failed.item.as_ref()),
        _ => None,
    }
}

/// Judges a row that does not meet its condition: an earlier attempt may have written it.
fn outcome(held: Option<&Item>, id: WriteId) -> WriteOutcome {
    match held.and_then(written_by) == Some(id) {
        true => Applied,
        false => Conflict,
    }
}

/// Writes several rows, or none.
pub(crate) async fn all(
    store: &AwsStore,
    batch: &Batch,
    now: UnixMillis,
) -> Result<WriteOutcome, StoreError> {
    let items: Result<Vec<_>, BuildError> = batch
        .writes()
        .iter()
        .map(|write| part(store, batch.id(), write, now))
        .collect();
    let items = items.map_err(StoreError::unavailable)?;
    let written = repeat(store.timeout, || async {
        let sent = store
            .dynamodb
            .transact_write_items()
            .set_transact_items(Some(items.clone()));
        match sent.send().await {
            Ok(_) => Ok(Applied),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    judge(cancelled.cancellation_reasons(), batch.id())
                }
                _ => Err(Failed::of(&error)),
            },
        }
    });
    written.await.map_err(Failed::of_write)
}

fn part(
    store: &AwsStore,
    id: WriteId,
    write: &Write,
    now: UnixMillis,
) -> Result<TransactWriteItem, BuildError> {
    let part = TransactWriteItem::builder();
    Ok(match Conditional::of(&write.change, id, now) {
        Some(put) => part.put(
            Put::builder()
                .table_name(&store.table)
                .set_item(Some(item::item(write.at, put.row, id)))
                .condition_expression(put.condition)
                .set_expression_attribute_values(Some(put.values))
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                )
                .build()?,
        ),
        None => part.delete(
            Delete::builder()
                .table_name(&store.table)
                .set_key(Some(item::key(write.at)))
                .build()?,
        ),
    }
    .build())
}

/// Judges a transaction that was cancelled, by what DynamoDB says of each row.
fn judge(reasons: &[CancellationReason], id: WriteId) -> Result<WriteOutcome, Failed> {
    let is = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
    let is_own = |reason: &CancellationReason| reason.item().and_then(written_by) == Some(id);
    if reasons.iter().any(is_own) {
        return Ok(Applied);
    }
    // Who is in the way may be an earlier attempt of this batch: what it did is seen once it has ended.
    for busy in [
        "TransactionConflict",
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
    ] {
        if is(busy) {
            return Err(Failed::new(Kind::Busy, format!("DynamoDB says {busy}")));
        }
    }
    match is("ConditionalCheckFailed") {
        true => Ok(Conflict),
        false => Err(Failed::new(
            Kind::Refused,
            "DynamoDB has cancelled the transaction for a reason that is not known",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: WriteId = WriteId::new([7; 16]);

    fn reason(code: &str, writer: Option<u8>) -> CancellationReason {
        let item = writer.map(|writer| Item::from([("w".to_owned(), binary(&[writer; 16]))]));
        CancellationReason::builder()
            .code(code)
            .set_item(item)
            .build()
    }

    #[test]
    fn a_cancelled_transaction_is_judged_by_all_of_its_rows() {
        let none = || reason("None", None);
        let failed = |writer| reason("ConditionalCheckFailed", writer);
        let busy = || reason("TransactionConflict", None);
        for (reasons, expected) in [
            (vec![failed(None)], Ok(Conflict)),
            (vec![none(), failed(Some(1)), none()], Ok(Conflict)),
            (vec![failed(Some(1)), failed(Some(7))], Ok(Applied)),
            (vec![busy(), failed(Some(7))], Ok(Applied)),
            (vec![busy(), failed(Some(1))], Err(Kind::Busy)),
            (vec![none(), busy()], Err(Kind::Busy)),
            (vec![reason("ThrottlingError", None)], Err(Kind::Busy)),
            (
                vec![reason("ItemCollectionSizeLimitExceeded", None)],
                Err(Kind::Refused),
            ),
            (vec![], Err(Kind::Refused)),
        ] {
            let judged = judge(&reasons, ID).map_err(|failed| failed.kind);
            assert_eq!(judged, expected, "{reasons:?}");
        }
    }
}
