//! Blobs: parts, deletion, listing.

use super::{blob, ok};
use crate::store::{Blob, BlobId, BlobWriter, MAX_ROWS, Store};
use bytes::Bytes;

const PART: u32 = 1024;

const fn whole(id: BlobId) -> Blob {
    Blob {
        id,
        part_bytes: PART,
    }
}

async fn create(store: &dyn Store, id: BlobId) -> Box<dyn BlobWriter> {
    ok(store.create(whole(id)).await, "create")
}

async fn read(store: &dyn Store, id: BlobId, part: u32) -> Option<Bytes> {
    ok(store.read(whole(id), part).await, "read")
}

fn part(number: u32, length: u32) -> Bytes {
    vec![number as u8 ^ 0x5a; length as usize].into()
}

/// Stores a finished blob of that many parts; the last has `last` bytes.
pub(super) async fn store_blob(store: &dyn Store, id: BlobId, parts: u32, last: u32) {
    let mut writer = create(store, id).await;
    for number in 0..parts {
        let length = if number + 1 == parts { last } else { PART };
        ok(writer.write(part(number, length)).await, "write of a part");
    }
    ok(writer.finish().await, "finish");
}

pub(super) async fn parts(store: &dyn Store) {
    let ids = ["parts one", "parts two", "parts three", "parts four"].map(blob);
    let shapes = [(1, 16), (3, PART), (300, 1), (2, 700)];
    for (id, (parts, last)) in ids.into_iter().zip(shapes) {
        assert_eq!(read(store, id, 0).await, None, "nothing is there yet");
        store_blob(store, id, parts, last).await;
    }
    for (id, (parts, last)) in ids.into_iter().zip(shapes) {
        for number in 0..parts {
            let length = if number + 1 == parts { last } else { PART };
            let found = read(store, id, number).await;
            assert!(found == Some(part(number, length)), "part {number}");
        }
        assert_eq!(read(store, id, parts).await, None, "there is no more");
        assert_eq!(read(store, id, u32::MAX).await, None, "there is no more");
    }

    // As large as those of the vault, and two writers at once.
    let large = |id| Blob {
        id,
        part_bytes: 64 * 1024 + 16,
    };
    let [one, two] = ["large one", "large two"].map(|name| large(blob(name)));
    let mut writers = Vec::new();
    for blob in [one, two] {
        writers.push(ok(store.create(blob).await, "create"));
    }
    for number in 0..3 {
        for writer in &mut writers {
            let part = part(number, one.part_bytes);
            ok(writer.write(part).await, "write of a part");
        }
    }
    for writer in writers {
        ok(writer.finish().await, "finish");
    }
    for blob in [one, two] {
        for number in 0..3 {
            let found = ok(store.read(blob, number).await, "read");
            assert!(found == Some(part(number, one.part_bytes)));
        }
    }
}

pub(super) async fn deletion(store: &dyn Store) {
    let [gone, stays, unfinished] = ["gone", "stays", "unfinished"].map(blob);
    ok(store.delete(gone).await, "delete of an unknown blob");
    store_blob(store, gone, 300, 7).await;
    store_blob(store, stays, 3, 7).await;
    let mut writer = create(store, unfinished).await;
    for number in 0..3 {
        ok(writer.write(part(number, PART)).await, "write of a part");
    }
    drop(writer);
    for _ in 0..2 {
        for id in [gone, unfinished] {
            ok(store.delete(id).await, "delete");
        }
        for number in (0..300).chain([u32::MAX]) {
            assert_eq!(read(store, gone, number).await, None, "all parts go");
        }
        assert_eq!(read(store, unfinished, 0).await, None);
        assert!(read(store, stays, 2).await.is_some(), "another blob stays");
    }
    let listed = list(store, MAX_ROWS).await;
    assert!(listed.contains(&stays));
    assert!(!listed.contains(&gone) && !listed.contains(&unfinished));
}

async fn list(store: &dyn Store, limit: usize) -> Vec<BlobId> {
    let mut listed: Vec<BlobId> = Vec::new();
    loop {
        let page = ok(store.list(listed.last().copied(), limit).await, "list");
        assert!(page.len() <= limit, "a page is no longer than asked");
        let is_last = page.len() < limit;
        listed.extend(page);
        if is_last {
            return listed;
        }
    }
}

pub(super) async fn listing(store: &dyn Store) {
    let number_of = |number: u8| {
        let mut bytes = [number; 32];
        bytes[0] = 0xfe;
        BlobId::new(bytes)
    };
    let made: Vec<_> = (0..12)
        .map(number_of)
        .chain([BlobId::new([0xff; 32])])
        .collect();
    for (number, id) in made.iter().enumerate() {
        store_blob(store, *id, 1 + number as u32, 5).await;
    }
    for limit in [1, 5, MAX_ROWS] {
        let listed = list(store, limit).await;
        assert!(listed.is_sorted_by(|a, b| a < b), "in order, each once");
        let of_ours = listed.iter().filter(|id| made.contains(id));
        assert_eq!(of_ours.count(), made.len(), "all of them");
    }
}
