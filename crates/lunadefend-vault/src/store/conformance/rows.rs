//! Rows: conditions, batches, races and purging.

use super::{NOW, get, key, lasting, ok, put, until, write};
use crate::store::{Row, RowKey, Store, StoreError, Table, Write, Written};
use bytes::Bytes;
use futures_util::future::join_all;

const TABLE: Table = Table::Grant;

fn insert_of(key: RowKey, row: Row) -> Write {
    Write::Insert {
        table: TABLE,
        key,
        row,
    }
}

fn replace_of(key: RowKey, expected: &'static str, row: Row) -> Write {
    Write::Replace {
        table: TABLE,
        key,
        expected: Bytes::from_static(expected.as_bytes()),
        row,
    }
}

fn raise_of(key: RowKey, row: Row) -> Write {
    Write::RaiseExpiry {
        table: TABLE,
        key,
        row,
    }
}

pub(super) async fn round_trip(store: &dyn Store) {
    let at = key("round trip", 0);
    for table in Table::ALL {
        assert_eq!(get(store, table, at).await, None, "{table:?} starts empty");
    }
    for (number, table) in Table::ALL.into_iter().enumerate() {
        let row = Row::until(NOW + number as u64, Bytes::from(vec![number as u8; 3]));
        put(store, table, at, row).await;
    }
    for (number, table) in Table::ALL.into_iter().enumerate() {
        let row = Row::until(NOW + number as u64, Bytes::from(vec![number as u8; 3]));
        assert_eq!(
            get(store, table, at).await,
            Some(row),
            "the tables have one key space each"
        );
    }
    for row in [
        lasting(""),
        until(0, ""),
        until(u64::MAX, "far"),
        Row::lasting(Bytes::from(vec![0xa5; 16 * 1024])),
    ] {
        put(store, TABLE, at, row.clone()).await;
        assert_eq!(
            get(store, TABLE, at).await,
            Some(row),
            "value and expiry are kept as written"
        );
    }
    for _ in 0..2 {
        let delete = Write::Delete {
            table: TABLE,
            key: at,
        };
        assert_eq!(write(store, vec![delete], NOW).await, Written::Done);
        assert_eq!(get(store, TABLE, at).await, None, "a deleted row is gone");
    }
    assert!(
        get(store, Table::Token, at).await.is_some(),
        "the same key elsewhere stays"
    );
}

pub(super) async fn insert(store: &dyn Store) {
    let at = key("insert", 0);
    let first = until(NOW + 1, "first");
    assert_eq!(
        write(store, vec![insert_of(at, first.clone())], NOW).await,
        Written::Done
    );
    assert_eq!(
        write(store, vec![insert_of(at, lasting("second"))], NOW).await,
        Written::Conflict,
        "an insert over a live row"
    );
    assert_eq!(get(store, TABLE, at).await, Some(first));
    assert_eq!(
        write(store, vec![insert_of(at, lasting("third"))], NOW + 1).await,
        Written::Done,
        "a row is expired at its expiry"
    );
    assert_eq!(get(store, TABLE, at).await, Some(lasting("third")));
    assert_eq!(
        write(store, vec![insert_of(at, lasting("fourth"))], u64::MAX).await,
        Written::Conflict,
        "a row without expiry is always live"
    );
}

pub(super) async fn replace(store: &dyn Store) {
    let at = key("replace", 0);
    let absent = write(store, vec![replace_of(at, "", lasting("x"))], NOW).await;
    assert_eq!(absent, Written::Conflict, "a replace of nothing");
    assert_eq!(get(store, TABLE, at).await, None);

    put(store, TABLE, at, until(NOW + 5, "one")).await;
    let other = write(store, vec![replace_of(at, "on", lasting("x"))], NOW).await;
    assert_eq!(other, Written::Conflict, "a replace of another value");
    let late = write(store, vec![replace_of(at, "one", lasting("x"))], NOW + 5).await;
    assert_eq!(late, Written::Conflict, "a replace of an expired row");
    assert_eq!(get(store, TABLE, at).await, Some(until(NOW + 5, "one")));

    let done = write(store, vec![replace_of(at, "one", lasting("two"))], NOW + 4).await;
    assert_eq!(done, Written::Done);
    assert_eq!(get(store, TABLE, at).await, Some(lasting("two")));
}

pub(super) async fn raise_expiry(store: &dyn Store) {
    let at = key("raise", 0);
    let steps = [
        (NOW, until(NOW + 10, "a"), "a", "there was none"),
        (NOW, until(NOW + 5, "b"), "a", "an earlier expiry"),
        (NOW, until(NOW + 10, "c"), "a", "the same expiry"),
        (NOW, until(NOW + 11, "d"), "d", "a later expiry"),
        (
            NOW + 11,
            until(NOW + 2, "e"),
            "e",
            "the row there has expired",
        ),
        (NOW, lasting("f"), "f", "no expiry is later than any"),
        (
            NOW,
            until(u64::MAX, "g"),
            "f",
            "no expiry is later than any",
        ),
        (NOW, lasting("h"), "f", "no expiry twice"),
    ];
    for (now, row, value, why) in steps {
        let written = write(store, vec![raise_of(at, row)], now).await;
        assert_eq!(written, Written::Done, "raising an expiry has no condition");
        let held = get(store, TABLE, at).await;
        assert_eq!(held.map(|row| row.value), Some(Bytes::from(value)), "{why}");
    }
}

pub(super) async fn batches(store: &dyn Store) {
    let (held, free, other) = (key("batch", 0), key("batch", 1), key("batch", 2));
    put(store, TABLE, held, lasting("held")).await;
    put(store, TABLE, other, lasting("other")).await;
    assert_eq!(write(store, vec![], NOW).await, Written::Done, "no writes");

    // The condition that fails comes last, first and in the middle.
    let fails = insert_of(held, lasting("x"));
    let others = [
        insert_of(free, lasting("x")),
        Write::Delete {
            table: TABLE,
            key: other,
        },
    ];
    for position in 0..=others.len() {
        let mut batch = others.to_vec();
        batch.insert(position, fails.clone());
        assert_eq!(write(store, batch, NOW).await, Written::Conflict);
        assert_eq!(get(store, TABLE, free).await, None, "nothing is written");
        assert!(
            get(store, TABLE, other).await.is_some(),
            "nothing is deleted"
        );
    }

    let all = vec![
        insert_of(free, lasting("new")),
        replace_of(held, "held", lasting("replaced")),
        Write::Delete {
            table: TABLE,
            key: other,
        },
        Write::Put {
            table: Table::Token,
            key: other,
            row: lasting("put"),
        },
        Write::RaiseExpiry {
            table: Table::Session,
            key: other,
            row: until(NOW + 1, "raised"),
        },
    ];
    assert_eq!(write(store, all, NOW).await, Written::Done);
    assert_eq!(get(store, TABLE, free).await, Some(lasting("new")));
    assert_eq!(get(store, TABLE, held).await, Some(lasting("replaced")));
    assert_eq!(get(store, TABLE, other).await, None);
    assert_eq!(get(store, Table::Token, other).await, Some(lasting("put")));
    assert!(get(store, Table::Session, other).await.is_some());

    let twice = vec![
        Write::Delete {
            table: TABLE,
            key: free,
        },
        insert_of(free, lasting("x")),
    ];
    let result = store.write(twice, NOW).await;
    assert!(
        matches!(result, Err(StoreError::RowTwice)),
        "a batch names a row once"
    );
    assert_eq!(get(store, TABLE, free).await, Some(lasting("new")));
}

pub(super) async fn races(store: &dyn Store) {
    let at = key("race", 0);
    let won = |written: Vec<Result<Written, StoreError>>| {
        let done = |written| ok(written, "a racing write") == Written::Done;
        written
            .into_iter()
            .filter_map(|written| done(written).then_some(()))
            .count()
    };
    for round in 0..8 {
        // A second row in each batch: all of the winner and nothing of the others.
        let batch = |number: u64| {
            vec![
                insert_of(key("race", 100 + round), until(NOW + 1 + number, "r")),
                insert_of(key("race", 1000 + round * 16 + number), lasting("r")),
            ]
        };
        let racing = (0..16).map(|number| store.write(batch(number), NOW));
        assert_eq!(won(join_all(racing).await), 1, "one insert wins");
        let mut second_rows = 0;
        for number in 0..16 {
            let row = get(store, TABLE, key("race", 1000 + round * 16 + number)).await;
            second_rows += u32::from(row.is_some());
        }
        assert_eq!(second_rows, 1, "nothing of a batch in conflict");
    }

    put(store, TABLE, at, lasting("start")).await;
    let racing = (0..16).map(|_| store.write(vec![replace_of(at, "start", lasting("end"))], NOW));
    assert_eq!(won(join_all(racing).await), 1, "one replace wins");

    let racing = (0..16).map(|number| {
        // 7 and 16 have no common divisor: every expiry once, in no order.
        let row = until(NOW + 1 + number * 7 % 16, "r");
        store.write(vec![raise_of(key("race", 1), row)], NOW)
    });
    assert_eq!(won(join_all(racing).await), 16);
    let row = get(store, TABLE, key("race", 1)).await;
    assert_eq!(
        row.and_then(|row| row.expires_at),
        Some(NOW + 16),
        "the latest expiry stays, whatever the order"
    );
}

pub(super) async fn purge(store: &dyn Store) {
    ok(
        store.purge_expired(NOW + 1_000).await,
        "purge of earlier parts",
    );
    const EXPIRED: u64 = 3_000;
    let row = |number| match number % 3 {
        0 => until(NOW, "x"),
        1 => until(NOW - number, "x"),
        _ => until(0, "x"),
    };
    let writes = (0..EXPIRED).map(|number| Write::Put {
        table: TABLE,
        key: key("purge", number),
        row: row(number),
    });
    assert_eq!(write(store, writes.collect(), NOW).await, Written::Done);
    let (live, stays, raised, again) = (
        key("purge live", 0),
        key("purge live", 1),
        key("purge live", 2),
        key("purge live", 3),
    );
    put(store, TABLE, live, until(NOW + 1, "live")).await;
    put(store, TABLE, stays, lasting("stays")).await;
    // Rows whose earlier expiry has passed, but not the one they have now.
    put(store, TABLE, raised, until(NOW - 5, "early")).await;
    put(store, TABLE, raised, until(NOW + 5, "late")).await;
    put(store, TABLE, again, until(NOW - 5, "early")).await;
    put(store, TABLE, again, lasting("late")).await;

    let purged = ok(store.purge_expired(NOW).await, "purge");
    assert_eq!(purged as u64, EXPIRED, "the number of purged rows");
    for number in [0, 1, 2, EXPIRED - 1] {
        assert_eq!(get(store, TABLE, key("purge", number)).await, None);
    }
    for (at, value) in [
        (live, "live"),
        (stays, "stays"),
        (raised, "late"),
        (again, "late"),
    ] {
        let held = get(store, TABLE, at).await.map(|row| row.value);
        assert_eq!(held, Some(Bytes::from(value)), "a live row stays");
    }
    assert_eq!(ok(store.purge_expired(NOW).await, "purge"), 0);
    assert_eq!(ok(store.purge_expired(NOW + 1).await, "purge"), 1);
    assert_eq!(get(store, TABLE, live).await, None);
}
