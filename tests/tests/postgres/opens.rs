//! What is checked before the store is used.

use futures_util::future::join_all;
use lunadefend_tests::PostgresServer;
use lunadefend_vault::store::{RowAddress, RowKey, Rows, Store, StoreError, Table};
use lunadefend_vault_postgres::{OpenError, PostgresStore};

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_together_migrate_once() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let error = PostgresStore::open(&server.options()).await.unwrap_err();
    assert!(matches!(error, OpenError::NoSchema), "{error}");
    let options = server.options();
    let ten = (0..10).map(|_| PostgresStore::migrate(&options));
    for migrated in join_all(ten).await {
        migrated.unwrap();
    }
    assert_eq!(server.sql("SELECT version FROM lunadefend_schema"), "1");
    server.open().await.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_version_is_refused() {
    let Some(server) = PostgresServer::migrated().await else {
        return;
    };
    server.sql("INSERT INTO lunadefend_schema VALUES (1000)");
    for opened in [
        PostgresStore::open(&server.options()).await.map(drop),
        PostgresStore::migrate(&server.options()).await,
    ] {
        let error = opened.unwrap_err();
        assert!(
            matches!(error, OpenError::NewSchema { found: 1000, .. }),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgets_what_it_acknowledged_is_refused() {
    let Some(server) = PostgresServer::migrated().await else {
        return;
    };
    server.sql("ALTER DATABASE postgres SET synchronous_commit = off");
    let error = PostgresStore::open(&server.options()).await.unwrap_err();
    assert!(matches!(error, OpenError::NotDurable), "{error}");
}

/// It may be behind: what was revoked could count there.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_refused_and_never_read() {
    let Some(mut server) = PostgresServer::migrated().await else {
        return;
    };
    let store = server.open().await;
    store.check().await.unwrap();
    server.fall_behind();
    let error = PostgresStore::open(&server.options()).await.unwrap_err();
    assert!(matches!(error, OpenError::Standby), "{error}");
    let error = store.check().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    let at = RowAddress {
        table: Table::Token,
        key: RowKey::new([0; 32]),
    };
    let error = store.get_many(&[at]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said() {
    let Some(mut server) = PostgresServer::start() else {
        return;
    };
    server.stop("INT");
    let error = PostgresStore::open(&server.options()).await.unwrap_err();
    assert!(matches!(error, OpenError::Connect(_)), "{error}");
    assert!(
        error.to_string().contains("cannot reach PostgreSQL"),
        "{error}"
    );
}
