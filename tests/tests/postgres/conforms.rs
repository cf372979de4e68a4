//! The suite that every store passes.

use bytes::Bytes;
use lunadefend_tests::PostgresServer;
use lunadefend_vault::store::{Blob, BlobId, Blobs, conformance};
use lunadefend_vault_postgres::PostgresStore;

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    let Some(server) = PostgresServer::migrated().await else {
        return;
    };
    conformance::all(&server.open().await).await;
}

/// Two connections of the server for sixteen of ours: each script may get either.
#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_behind_pgbouncer() {
    let Some(server) = PostgresServer::migrated().await else {
        return;
    };
    let Some(bouncer) = server.bouncer() else {
        return;
    };
    let store = PostgresStore::open(&bouncer.options()).await.unwrap();
    conformance::all(&store).await;
}

/// Whatever the defaults of the database are.
#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_where_transactions_are_serializable() {
    let Some(server) = PostgresServer::migrated().await else {
        return;
    };
    server.sql("ALTER DATABASE postgres SET default_transaction_isolation = 'serializable'");
    conformance::all(&server.open().await).await;
}

/// The sweep may delete what an upload still writes: then it ends in an error, and leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_was_deleted_is_not_finished() {
    let Some(server) = PostgresServer::migrated().await else {
        return;
    };
    let store = server.open().await;
    let blob = |number| Blob {
        id: BlobId::new([number; 32]),
        part_bytes: 4,
    };
    let part = || Bytes::from_static(b"part");
    let mut writer = store.create(blob(1)).await.unwrap();
    writer.write(part()).await.unwrap();
    store.delete(blob(1).id).await.unwrap();
    writer.finish().await.unwrap_err();

    let mut writer = store.create(blob(2)).await.unwrap();
    writer.write(part()).await.unwrap();
    store.delete(blob(2).id).await.unwrap();
    writer.write(part()).await.unwrap_err();
    writer.write(part()).await.unwrap_err();
    writer.finish().await.unwrap_err();
    assert_eq!(store.list(None, 10).await.unwrap(), []);
    assert_eq!(server.sql("SELECT count(*) FROM lunadefend_parts"), "0");
}
