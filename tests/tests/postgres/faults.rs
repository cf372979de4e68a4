//! What becomes of calls when the server, or a line to it, fails.

use bytes::Bytes;
use lunadefend_tests::PostgresServer;
use lunadefend_vault::store::{
    Batch, Blob, BlobId, Blobs, Change, Row, RowAddress, RowKey, Rows, Store, StoreError, Table,
    UnixMillis, Write, WriteId, WriteOutcome,
};
use std::{
    process::{Child, Stdio},
    time::Duration,
};
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

/// Somebody else's lock on all rows that are there.
struct Lock<'a> {
    server: &'a PostgresServer,
    holder: Child,
}

impl<'a> Lock<'a> {
    fn on_all_rows(server: &'a PostgresServer) -> Self {
        let holder = server
            .psql("BEGIN; SELECT key FROM lunadefend_rows FOR UPDATE; SELECT pg_sleep(600)")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It holds the lock once somebody may not take it.
        let probe =
            "SELECT count(*) FROM (SELECT key FROM lunadefend_rows FOR UPDATE SKIP LOCKED) AS free";
        while server.sql(probe) != "0" {
            std::thread::yield_now();
        }
        Self { server, holder }
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        self.holder.kill().unwrap();
        self.holder.wait().unwrap();
        self.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()");
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
    let lock = Lock::on_all_rows(&server);
    let replace = Write {
        at: at(1),
        change: Change::Delete,
    };
    let batch = Batch::new(WriteId::new([9; 16]), vec![replace]).unwrap();
    let error = store.write(&batch, NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    drop(lock);
    assert!(store.get_many(&[at(1)]).await.unwrap()[0].is_some());
    let outcome = store.write(&batch, NOW).await.unwrap();
    assert_eq!(outcome, WriteOutcome::Applied);
}

/// All connections wait for a lock, and more calls come: each ends in its time, with nothing changed.
#[tokio::test(flavor = "multi_thread")]
async fn where_no_connection_is_free_a_call_ends_in_its_time() {
    let Some(server) = PostgresServer::migrated().await else {
        return;
    };
    let options = server.options().timeout(Duration::from_millis(300));
    let options = options.max_connections(1);
    let store = lunadefend_vault_postgres::PostgresStore::open(&options)
        .await
        .unwrap();
    let outcome = store.write(&insert(1, 1), NOW).await.unwrap();
    assert_eq!(outcome, WriteOutcome::Applied);
    let lock = Lock::on_all_rows(&server);
    let mut calls = JoinSet::new();
    for number in 0..8 {
        let delete = Write {
            at: at(1),
            change: Change::Delete,
        };
        let batch = Batch::new(WriteId::new([number; 16]), vec![delete]).unwrap();
        let store = store.clone();
        calls.spawn(async move { store.write(&batch, NOW).await });
    }
    for outcome in calls.join_all().await {
        let error = outcome.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    drop(lock);
    assert!(store.get_many(&[at(1)]).await.unwrap()[0].is_some());
}

/// As the server says it when its disk is full: no room for new values is its own answer, and reading goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_no_room() {
    let Some(server) = PostgresServer::migrated().await else {
        return;
    };
    let store = server.open().await;
    let outcome = store.write(&insert(1, 1), NOW).await.unwrap();
    assert_eq!(outcome, WriteOutcome::Applied);
    for table in ["rows", "parts"] {
        server.sql(&format!(
            "CREATE FUNCTION full_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION USING ERRCODE = '53100', MESSAGE = 'could not extend file'; END $$; \
             CREATE TRIGGER full_disk BEFORE INSERT ON lunadefend_{table} EXECUTE FUNCTION full_{table}()"
        ));
    }
    let error = store.write(&insert(2, 1), NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Full), "{error:?}");
    let blob = Blob {
        id: BlobId::new([1; 32]),
        part_bytes: 4,
    };
    let mut writer = store.create(blob).await.unwrap();
    let error = writer.write(Bytes::from_static(b"part")).await.unwrap_err();
    assert!(matches!(error, StoreError::Full), "{error:?}");
    assert!(store.get_many(&[at(1)]).await.unwrap()[0].is_some());
    for table in ["rows", "parts"] {
        server.sql(&format!("DROP TRIGGER full_disk ON lunadefend_{table}"));
    }
    let outcome = store.write(&insert(2, 1), NOW).await.unwrap();
    assert_eq!(outcome, WriteOutcome::Applied);
}
