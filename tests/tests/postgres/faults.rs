//! What becomes of calls when the server, or a line to it, fails.

use bytes::Bytes;
use lunadefend_tests::PostgresServer;
use lunadefend_vault::store::{
    Batch, Change, Row, RowAddress, RowKey, Rows, Store, StoreError, Table, UnixMillis, Write,
    WriteId, WriteOutcome,
};
use std::time::Duration;
use tokio::task::JoinSet;

const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);

fn at(number: u64) -> RowAddress {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    RowAddress {
        table: Table::Token,
        key: RowKey::new(key),
    }
}

fn insert(number: u64, length: usize) -> Batch {
    let mut id = [1; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let row = Row::lasting(Bytes::from(vec![7; length]));
    let write = Write {
        at: at(number),
        change: Change::Insert(row),
    };
    Batch::new(WriteId::new(id), vec![write]).unwrap()
}

/// What was acknowledged is there after a crash of the server, and the store goes on by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loses_nothing_that_was_acknowledged() {
    let Some(mut server) = PostgresServer::migrated().await else {
        return;
    };
    let store = server.open().await;
    let mut acknowledged = Vec::new();
    let mut number = 0;
    for _ in 0..3 {
        let mut running = JoinSet::new();
        for _ in 0..64 {
            number += 1;
            let (store, number) = (store.clone(), number);
            running.spawn(async move { (number, store.write(&insert(number, 4096), NOW).await) });
        }
        // In the middle of them.
        let first = running.join_next().await.unwrap().unwrap();
        server.stop("QUIT");
        let mut outcomes = running.join_all().await;
        outcomes.push(first);
        for (number, outcome) in outcomes {
            match outcome {
                Ok(outcome) => {
                    assert_eq!(outcome, WriteOutcome::Applied);
                    acknowledged.push(number);
                }
                Err(StoreError::Unknown(_) | StoreError::Unavailable(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        server.resume();
        store.check().await.unwrap();
        for number in &acknowledged {
            let held = store.get_many(&[at(*number)]).await.unwrap();
            assert!(held[0].is_some(), "row {number} is lost");
        }
    }
    assert!(!acknowledged.is_empty());
    // What nobody knows is settled by a repetition.
    for number in 1..=number {
        let outcome = store.write(&insert(number, 4096), NOW).await.unwrap();
        assert_eq!(outcome, WriteOutcome::Applied, "row {number}");
    }
}

/// Connections that an administrator, or a firewall, cuts while they rest.
#[tokio::test(flavor = "multi_thread")]
async fn cut_connections_are_nobodys_error() {
    let Some(server) = PostgresServer::migrated().await else {
        return;
    };
    let store = server.open().await;
    for round in 0..3 {
        server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lunadefend'",
        );
        let outcome = store.write(&insert(round, 1), NOW).await.unwrap();
        assert_eq!(outcome, WriteOutcome::Applied);
        assert!(store.get_many(&[at(round)]).await.unwrap()[0].is_some());
    }
}

/// A lock that somebody else holds ends a call in its time, with nothing changed.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_held_ends_the_call_in_its_time() {
    let Some(server) = PostgresServer::migrated().await else {
        return;
    };
    let options = server.options().timeout(Duration::from_millis(300));
    let store = lunadefend_vault_postgres::PostgresStore::open(&options)
        .await
        .unwrap();
    let outcome = store.write(&insert(1, 1), NOW).await.unwrap();
    assert_eq!(outcome, WriteOutcome::Applied);
    let mut holder = server
        .psql("BEGIN; SELECT key FROM lunadefend_rows FOR UPDATE; SELECT pg_sleep(600)")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // It holds the lock once somebody may not take it.
    let probe =
        "SELECT count(*) FROM (SELECT key FROM lunadefend_rows FOR UPDATE SKIP LOCKED) AS free";
    while server.sql(probe) != "0" {
        tokio::task::yield_now().await;
    }
    let replace = Write {
        at: at(1),
        change: Change::Delete,
    };
    let batch = Batch::new(WriteId::new([9; 16]), vec![replace]).unwrap();
    let error = store.write(&batch, NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()");
    assert!(store.get_many(&[at(1)]).await.unwrap()[0].is_some());
    let outcome = store.write(&batch, NOW).await.unwrap();
    assert_eq!(outcome, WriteOutcome::Applied);
}
