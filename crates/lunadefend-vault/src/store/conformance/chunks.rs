//! Chunks: they live and die with the row of their blob.

use super::{NOW, blob, get, lasting, ok, put, until};
use crate::store::{BlobId, Store, Table, Written};
use bytes::Bytes;

async fn put_chunk(store: &dyn Store, blob: BlobId, index: u32, data: &'static [u8]) -> Written {
    let data = Bytes::from_static(data);
    ok(store.put_chunk(&blob, index, data).await, "put_chunk")
}

async fn get_chunk(store: &dyn Store, blob: BlobId, index: u32) -> Option<Bytes> {
    ok(store.get_chunk(&blob, index).await, "get_chunk")
}

pub(super) async fn chunks(store: &dyn Store) {
    let (one, two) = (blob("chunks one"), blob("chunks two"));
    assert_eq!(
        put_chunk(store, one, 0, b"early").await,
        Written::Conflict,
        "a chunk of a blob without a row"
    );
    assert_eq!(get_chunk(store, one, 0).await, None);

    put(store, Table::Blob, one.row_key(), until(NOW + 1, "")).await;
    put(store, Table::Blob, two.row_key(), lasting("")).await;
    let large = Bytes::from(vec![0x5a; 64 * 1024 + 16]);
    for (at, index, data) in [
        (one, 0, "one 0"),
        (one, 1, "one 1"),
        (one, u32::MAX, "one last"),
        (two, 0, "two 0"),
    ] {
        assert_eq!(
            put_chunk(store, at, index, data.as_bytes()).await,
            Written::Done
        );
    }
    let written = ok(store.put_chunk(&two, 1, large.clone()).await, "put_chunk");
    assert_eq!(written, Written::Done);
    for (at, index, data) in [
        (one, 0, Some("one 0")),
        (one, 1, Some("one 1")),
        (one, 2, None),
        (one, u32::MAX, Some("one last")),
        (two, 0, Some("two 0")),
    ] {
        assert_eq!(get_chunk(store, at, index).await, data.map(Bytes::from));
    }
    assert_eq!(get_chunk(store, two, 1).await, Some(large));
    assert_eq!(put_chunk(store, one, 1, b"again").await, Written::Done);
    assert_eq!(get_chunk(store, one, 1).await, Some(Bytes::from("again")));

    for _ in 0..2 {
        ok(store.delete_blob(&one).await, "delete_blob");
        for index in [0, 1, u32::MAX] {
            assert_eq!(get_chunk(store, one, index).await, None, "all chunks go");
        }
        assert_eq!(get(store, Table::Blob, one.row_key()).await, None);
        assert_eq!(put_chunk(store, one, 0, b"late").await, Written::Conflict);
    }
    assert!(
        get_chunk(store, two, 0).await.is_some(),
        "another blob stays"
    );
}

pub(super) async fn chunks_of_dead_blobs(store: &dyn Store) {
    const CHUNKS: u32 = 300;
    let (dead, live, finished) = (
        blob("purge dead"),
        blob("purge live"),
        blob("purge finished"),
    );
    put(store, Table::Blob, dead.row_key(), until(NOW, "")).await;
    put(store, Table::Blob, live.row_key(), until(NOW + 1, "")).await;
    put(store, Table::Blob, finished.row_key(), until(NOW, "")).await;
    for index in 0..CHUNKS {
        assert_eq!(put_chunk(store, dead, index, b"dead").await, Written::Done);
    }
    for at in [live, finished] {
        assert_eq!(put_chunk(store, at, 0, b"live").await, Written::Done);
    }
    put(store, Table::Blob, finished.row_key(), lasting("")).await;

    assert_eq!(ok(store.purge_expired(NOW).await, "purge"), 1);
    for index in 0..CHUNKS {
        assert_eq!(get_chunk(store, dead, index).await, None);
    }
    assert_eq!(put_chunk(store, dead, 0, b"late").await, Written::Conflict);
    for at in [live, finished] {
        assert!(get_chunk(store, at, 0).await.is_some(), "a live blob stays");
    }
}
