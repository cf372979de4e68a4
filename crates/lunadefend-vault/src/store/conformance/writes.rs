//! Batches: conditions, all or nothing, repetitions and races.

use super::{
    Batch, BatchError, NOW, after, at, delete, held, id, lasting, ok, put, row, until, write,
};
use crate::store::{
    MAX_ROWS, Row, RowAddress, Store, StoreError, Table, WriteOutcome,
    WriteOutcome::{Applied, Conflict},
};
use bytes::Bytes;
use futures_util::future::join_all;
use lunadefend_core::provider::UnixMillis;

pub(super) async fn insert(store: &dyn Store) {
    let at = at("insert", 0);
    let insert = |number, row, now| {
        let writes = vec![super::insert(at, row)];
        write(store, id("insert", number), writes, now)
    };
    let first = until(after(1), "first");
    assert_eq!(insert(1, first.clone(), NOW).await, Applied);
    let second = insert(2, lasting("second"), NOW).await;
    assert_eq!(second, Conflict, "an insertion over a live row");
    assert_eq!(row(store, at).await, Some(first));
    let third = insert(3, lasting("third"), after(1)).await;
    assert_eq!(third, Applied, "a row is expired at its expiry");
    assert_eq!(row(store, at).await, Some(lasting("third")));
    let fourth = insert(4, lasting("fourth"), UnixMillis::MAX).await;
    assert_eq!(fourth, Conflict, "a row without expiry is always live");
}

pub(super) async fn replace(store: &dyn Store) {
    let at = at("replace", 0);
    let replace = |number, expected, row, now| {
        let writes = vec![super::replace(at, id("replace", expected), row)];
        write(store, id("replace", number), writes, now)
    };
    let missing = replace(1, 0, lasting("x"), NOW).await;
    assert_eq!(missing, Conflict, "a replacement of nothing");
    assert_eq!(row(store, at).await, None);

    put(store, id("replace", 2), at, until(after(5), "one")).await;
    let other = replace(3, 0, lasting("x"), NOW).await;
    assert_eq!(other, Conflict, "a replacement of another version");
    let late = replace(4, 2, lasting("x"), after(5)).await;
    assert_eq!(late, Conflict, "a replacement of an expired row");
    assert_eq!(row(store, at).await, Some(until(after(5), "one")));

    let done = replace(5, 2, lasting("two"), after(4)).await;
    assert_eq!(done, Applied);
    let now = held(store, at).await;
    assert_eq!(now.as_ref().map(|held| &held.row), Some(&lasting("two")));
    assert_eq!(now.map(|held| held.written_by), Some(id("replace", 5)));
    let old = replace(6, 2, lasting("x"), NOW).await;
    assert_eq!(old, Conflict, "a version is gone for good");

    // The same content again is another version.
    put(store, id("replace", 7), at, until(after(5), "one")).await;
    let other = replace(8, 2, lasting("x"), NOW).await;
    assert_eq!(other, Conflict, "the same content by another write");
}

pub(super) async fn batches(store: &dyn Store) {
    let [taken, free, other] = [0, 1, 2].map(|number| at("batch", number));
    let token = RowAddress {
        table: Table::Token,
        ..other
    };
    put(store, id("batch", 0), taken, lasting("held")).await;
    put(store, id("batch", 1), other, lasting("other")).await;
    let none = write(store, id("batch", 2), vec![], NOW).await;
    assert_eq!(none, Applied, "no changes");

    // The condition that fails comes last, first and in the middle.
    let others = [super::insert(free, lasting("x")), delete(other)];
    for fails in [
        super::insert(taken, lasting("x")),
        super::replace(taken, id("batch", 1), lasting("x")),
    ] {
        for position in 0..=others.len() {
            let mut writes = others.to_vec();
            writes.insert(position, fails.clone());
            let written = write(store, id("batch", 3), writes, NOW).await;
            assert_eq!(written, Conflict);
            assert_eq!(row(store, free).await, None, "nothing is written");
            assert!(row(store, other).await.is_some(), "nothing is deleted");
        }
    }
    let all = vec![
        super::insert(free, lasting("new")),
        super::replace(taken, id("batch", 0), lasting("replaced")),
        delete(other),
        super::insert(token, until(after(1), "inserted")),
    ];
    assert_eq!(write(store, id("batch", 4), all, NOW).await, Applied);
    for (at, expected) in [
        (free, Some(lasting("new"))),
        (taken, Some(lasting("replaced"))),
        (other, None),
        (token, Some(until(after(1), "inserted"))),
    ] {
        let found = held(store, at).await;
        let version = found.as_ref().map(|held| held.written_by);
        assert_eq!(version, expected.as_ref().map(|_| id("batch", 4)));
        assert_eq!(found.map(|held| held.row), expected);
    }

    let twice = vec![delete(free), super::insert(free, lasting("x"))];
    let twice = Batch::new(id("batch", 5), twice).err();
    assert_eq!(
        twice,
        Some(BatchError::RowTwice),
        "a batch names a row once"
    );
}

/// Checks that the store takes the largest batch.
pub(super) async fn largest_batch(store: &dyn Store) {
    let each = Batch::MAX_BYTES / MAX_ROWS;
    let writes = |count: usize, bytes: usize| {
        let value = Bytes::from(vec![7; bytes]);
        let insert =
            |number| super::insert(at("largest", number as u64), Row::lasting(value.clone()));
        (0..count).map(insert).collect::<Vec<_>>()
    };
    let written = write(store, id("largest", 0), writes(MAX_ROWS, each), NOW).await;
    assert_eq!(written, Applied);
    for number in [0, MAX_ROWS - 1] {
        let found = row(store, at("largest", number as u64)).await;
        assert_eq!(found.map(|row| row.value.len()), Some(each));
    }
    for (count, bytes) in [
        (MAX_ROWS + 1, 0),
        (MAX_ROWS, each + 1_000),
        (1, Row::MAX_BYTES + 1),
    ] {
        let batch = Batch::new(id("largest", 1), writes(count, bytes));
        assert_eq!(batch.err(), Some(BatchError::TooLarge));
    }
    let deletions = (0..MAX_ROWS as u64).map(|number| delete(at("largest", number)));
    let deleted = write(store, id("largest", 2), deletions.collect(), NOW).await;
    assert_eq!(deleted, Applied);
}

/// Checks that the store recognises a repeated write and does not make it twice.
pub(super) async fn repetitions(store: &dyn Store) {
    let [one, two, old] = [0, 1, 2].map(|number| at("repeat", number));
    put(store, id("repeat", 0), old, lasting("old")).await;
    let all = || {
        vec![
            super::insert(one, lasting("one")),
            super::insert(two, until(after(1), "two")),
            delete(old),
        ]
    };
    for now in [NOW, NOW, after(1)] {
        let written = write(store, id("repeat", 1), all(), now).await;
        assert_eq!(written, Applied, "an attempt like the first");
    }
    // One of its rows is changed by another write: the other still tells.
    let change = vec![
        super::replace(one, id("repeat", 1), lasting("changed")),
        super::insert(old, lasting("new")),
    ];
    assert_eq!(write(store, id("repeat", 2), change, NOW).await, Applied);
    let again = write(store, id("repeat", 1), all(), NOW).await;
    assert_eq!(again, Applied, "an attempt after another write");
    assert_eq!(row(store, one).await, Some(lasting("changed")));
    assert_eq!(row(store, old).await, Some(lasting("new")), "nothing twice");
    // None tells any more: it is what a first attempt would be now.
    let deletion = write(store, id("repeat", 3), vec![delete(two)], NOW).await;
    assert_eq!(deletion, Applied);
    let again = write(store, id("repeat", 1), all(), NOW).await;
    assert_eq!(again, Conflict);

    // A replacement is never made twice, also when nothing tells that it was.
    let replaced = || vec![super::replace(one, id("repeat", 2), lasting("once"))];
    assert_eq!(
        write(store, id("repeat", 4), replaced(), NOW).await,
        Applied
    );
    put(store, id("repeat", 5), one, lasting("later")).await;
    let again = write(store, id("repeat", 4), replaced(), NOW).await;
    assert_eq!(again, Conflict);
    assert_eq!(row(store, one).await, Some(lasting("later")));
}

fn won(written: Vec<Result<WriteOutcome, StoreError>>) -> usize {
    let applied = |written| ok(written, "a racing write") == Applied;
    written.into_iter().map(applied).filter(|won| *won).count()
}

pub(super) async fn races(store: &dyn Store) {
    for round in 0..8 {
        // A second row in each batch: all of the winner and nothing of the others.
        let racing = (0..16).map(|number| async move {
            let number = 16 * round + number;
            let writes = vec![
                super::insert(at("race", round), until(after(1 + number), "r")),
                super::insert(at("race second", number), lasting("r")),
            ];
            let batch = ok(Batch::new(id("race", number), writes), "a batch");
            store.write(&batch, NOW).await
        });
        assert_eq!(won(join_all(racing).await), 1, "one insertion wins");
        let mut second_rows = 0;
        for number in 16 * round..16 * (round + 1) {
            let found = row(store, at("race second", number)).await;
            second_rows += u32::from(found.is_some());
        }
        assert_eq!(second_rows, 1, "nothing of a batch in conflict");
    }

    let raced = at("race replaced", 0);
    put(store, id("race replaced", 0), raced, lasting("start")).await;
    let racing = (1..17).map(|number| async move {
        let replace = super::replace(raced, id("race replaced", 0), lasting("end"));
        let batch = Batch::new(id("race replaced", number), vec![replace]);
        store.write(&ok(batch, "a batch"), NOW).await
    });
    assert_eq!(won(join_all(racing).await), 1, "one replacement wins");
}
