//! Rows: reading, raising an expiry, purging.

use super::{
    NOW, TABLE, after, at, before, delete, held, id, key, lasting, ok, put, row, until, write,
};
use crate::store::{MAX_ROWS, Row, RowAddress, RowKey, Store, StoredRow, Table, WriteOutcome};
use bytes::Bytes;
use futures_util::future::join_all;
use lunadefend_core::provider::UnixMillis;

pub(super) async fn round_trip(store: &dyn Store) {
    let key = key("round trip", 0);
    let number_of = |table: Table| u64::from(table.code());
    for table in Table::ALL {
        let at = RowAddress { table, key };
        assert_eq!(held(store, at).await, None, "{table:?} starts empty");
    }
    let of = |table: Table| {
        let value = Bytes::from(vec![table.code(); 3]);
        Row::until(after(number_of(table)), value)
    };
    for table in Table::ALL {
        let id = id("round trip", number_of(table));
        put(store, id, RowAddress { table, key }, of(table)).await;
    }
    for table in Table::ALL {
        let expected = StoredRow {
            row: of(table),
            written_by: id("round trip", number_of(table)),
        };
        let found = held(store, RowAddress { table, key }).await;
        assert_eq!(found, Some(expected), "the tables have one key space each");
    }
    let at = RowAddress { table: TABLE, key };
    for (number, expected) in [
        lasting(""),
        until(UnixMillis::new(0), ""),
        until(UnixMillis::MAX, "far"),
        Row::lasting(Bytes::from(vec![0xa5; Row::MAX_BYTES])),
    ]
    .into_iter()
    .enumerate()
    {
        put(store, id("forms", number as u64), at, expected.clone()).await;
        let found = row(store, at).await;
        assert!(found == Some(expected), "value and expiry are kept");
    }
    for round in 0..2 {
        let written = write(store, id("delete", round), vec![delete(at)], NOW).await;
        assert_eq!(written, WriteOutcome::Applied);
        assert_eq!(row(store, at).await, None, "a deleted row is gone");
    }
    let table = Table::Token;
    let other = row(store, RowAddress { table, key }).await;
    assert!(other.is_some(), "the same key elsewhere stays");
}

pub(super) async fn get_many(store: &dyn Store) {
    let none = ok(store.get_many(&[]).await, "get_many of nothing");
    assert!(none.is_empty());
    let count = MAX_ROWS as u64;
    for number in (0..count).filter(|number| number % 3 != 0) {
        put(store, id("many", number), at("many", number), lasting("x")).await;
    }
    // In no order, and one twice.
    let numbers: Vec<u64> = (0..count - 1).map(|number| number * 37 % count).collect();
    let mut asked: Vec<_> = numbers.iter().map(|number| at("many", *number)).collect();
    asked.push(asked[1]);
    let found = ok(store.get_many(&asked).await, "get_many");
    assert_eq!(found.len(), asked.len(), "an answer for each");
    for (number, row) in numbers.iter().zip(&found) {
        let version = row.as_ref().map(|held| held.written_by);
        let expected = (number % 3 != 0).then(|| id("many", *number));
        assert_eq!(version, expected, "in the order asked");
    }
    assert_eq!(found.last(), found.get(1), "one that is named twice");
}

pub(super) async fn scan(store: &dyn Store) {
    let table = Table::Quota;
    let mut there = ok(store.scan(table, None, MAX_ROWS).await, "scan").len();
    for number in 0..25 {
        let at = RowAddress {
            table,
            key: key("scan", number),
        };
        put(store, id("scan", number), at, until(NOW, "row")).await;
        there += 1;
    }
    for limit in [1, 5, 7, MAX_ROWS] {
        let mut found: Vec<(RowKey, StoredRow)> = Vec::new();
        loop {
            let last = found.last().map(|(key, _)| *key);
            let page = ok(store.scan(table, last, limit).await, "scan");
            assert!(page.len() <= limit, "a page is no longer than asked");
            let is_last = page.len() < limit;
            found.extend(page);
            if is_last {
                break;
            }
        }
        assert_eq!(
            found.len(),
            there,
            "each row once, also such as have expired"
        );
        assert!(found.is_sorted_by(|a, b| a.0 < b.0), "in the order of keys");
        for (key, scanned) in &found {
            let at = RowAddress { table, key: *key };
            assert_eq!(held(store, at).await.as_ref(), Some(scanned));
        }
    }
}

pub(super) async fn raise_expiry(store: &dyn Store) {
    let raised = at("raise", 0);
    let steps = [
        (NOW, until(after(10), "a"), "a", "there was none"),
        (NOW, until(after(5), "b"), "a", "an earlier expiry"),
        (NOW, until(after(10), "c"), "a", "the same expiry"),
        (NOW, until(after(11), "d"), "d", "a later expiry"),
        (
            after(11),
            until(after(2), "e"),
            "e",
            "the row there has expired",
        ),
        (NOW, lasting("f"), "f", "no expiry is later than any"),
        (
            NOW,
            until(UnixMillis::MAX, "g"),
            "f",
            "no expiry is later than any",
        ),
        (NOW, lasting("h"), "f", "no expiry twice"),
    ];
    let mut version = None;
    for (number, (now, row, value, why)) in steps.into_iter().enumerate() {
        let id = id("raise", number as u64);
        if row.value == value {
            version = Some(id);
        }
        // Twice: a repetition changes nothing.
        for _ in 0..2 {
            let rows = [(raised, row.clone())];
            ok(store.raise_expiry(id, &rows, now).await, "raise_expiry");
            let held = held(store, raised).await;
            let found = held.as_ref().map(|held| &held.row.value[..]);
            assert_eq!(found, Some(value.as_bytes()), "{why}");
            assert_eq!(held.map(|held| held.written_by), version, "{why}");
        }
    }

    let none = store.raise_expiry(id("raise none", 0), &[], NOW).await;
    ok(none, "raise_expiry of nothing");
    let rows = |value, expiry| {
        let row = move |number| (at("raise many", number), until(after(expiry), value));
        (0..MAX_ROWS as u64).map(row).collect::<Vec<_>>()
    };
    put(
        store,
        id("raise many", 0),
        at("raise many", 7),
        lasting("stays"),
    )
    .await;
    let many = rows("many", 5);
    let raised = store.raise_expiry(id("raise many", 1), &many, NOW);
    ok(raised.await, "raise_expiry of many");
    for number in 0..MAX_ROWS as u64 {
        let expected = if number == 7 {
            lasting("stays")
        } else {
            until(after(5), "many")
        };
        let found = row(store, at("raise many", number)).await;
        assert_eq!(found, Some(expected), "each row by itself");
    }

    let racing = (0..16).map(|number| async move {
        // 7 and 16 have no common divisor: every expiry once, in no order.
        let row = until(after(1 + number * 7 % 16), "r");
        let rows = [(at("raise race", 1), row)];
        store
            .raise_expiry(id("raise race", number), &rows, NOW)
            .await
    });
    for raised in join_all(racing).await {
        ok(raised, "a racing raise_expiry");
    }
    let found = row(store, at("raise race", 1)).await;
    assert_eq!(
        found.and_then(|row| row.expires_at),
        Some(after(16)),
        "the latest expiry stays, whatever the order"
    );
}

async fn purge_all(store: &dyn Store, now: UnixMillis, limit: usize) -> usize {
    let mut rows = 0;
    loop {
        let purged = ok(store.purge_expired(now, limit).await, "purge");
        assert!(purged <= limit, "a purge takes no more rows than it may");
        rows += purged;
        if purged < limit {
            return rows;
        }
    }
}

pub(super) async fn purge(store: &dyn Store) {
    const EXPIRED: u64 = 300;
    purge_all(store, after(1_000), 1_000).await;
    let expired = |number| match number % 3 {
        0 => until(NOW, "x"),
        1 => until(before(number), "x"),
        _ => until(UnixMillis::new(0), "x"),
    };
    for number in 0..EXPIRED {
        let id = id("purge", number);
        put(store, id, at("purge", number), expired(number)).await;
    }
    let [live, stays, raised, again, gone] = [0, 1, 2, 3, 4].map(|number| at("purge live", number));
    for (number, (at, first, second)) in [
        (live, None, until(after(1), "live")),
        (stays, None, lasting("stays")),
        // Rows whose earlier expiry has passed, but not the one they have now.
        (
            raised,
            Some(until(before(5), "early")),
            until(after(5), "late"),
        ),
        (again, Some(until(before(5), "early")), lasting("late")),
    ]
    .into_iter()
    .enumerate()
    {
        for row in first.into_iter().chain([second]) {
            put(store, id("purge live", number as u64), at, row).await;
        }
    }
    put(store, id("purge live", 4), gone, until(NOW, "gone")).await;
    let written = write(store, id("purge live", 5), vec![delete(gone)], NOW).await;
    assert_eq!(written, WriteOutcome::Applied);

    let first = ok(store.purge_expired(NOW, 10).await, "purge");
    assert_eq!(first, 10, "as many as it may");
    let rest = purge_all(store, NOW, 100).await;
    assert_eq!(10 + rest as u64, EXPIRED, "the number of purged rows");
    for number in [0, 1, 2, EXPIRED - 1] {
        assert_eq!(row(store, at("purge", number)).await, None);
    }
    for (at, value) in [
        (live, "live"),
        (stays, "stays"),
        (raised, "late"),
        (again, "late"),
    ] {
        let found = row(store, at).await.map(|row| row.value);
        assert_eq!(found, Some(Bytes::from(value)), "a live row stays");
    }
    assert_eq!(purge_all(store, NOW, 10).await, 0);
    assert_eq!(purge_all(store, after(1), 10).await, 1);
    assert_eq!(row(store, live).await, None);
}
