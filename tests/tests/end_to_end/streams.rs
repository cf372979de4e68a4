//! Values as streams, from the SDK to the tokenizer's store and back.

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use lunadefend::{ErrorKind, Metadata, StreamBody};
use lunadefend_tests::{Settings, World};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

const CHUNK: usize = 64 * 1024;
const CHUNKS: usize = 640;

/// A chunk of a value, which differs from the others and counts how many of them there are.
struct Chunk {
    bytes: Vec<u8>,
    alive: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

fn content(number: usize) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(number % 251).unwrap(); CHUNK];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

/// A value of 40 MiB, and the most of its chunks that were ever alive at once.
fn value() -> (
    impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    Arc<AtomicUsize>,
) {
    let (alive, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let peak = Arc::clone(&most);
    let chunks = stream::iter(0..CHUNKS).map(move |number| {
        let now = alive.fetch_add(1, Ordering::SeqCst) + 1;
        peak.fetch_max(now, Ordering::SeqCst);
        Ok(Bytes::from_owner(Chunk {
            bytes: content(number),
            alive: Arc::clone(&alive),
        }))
    });
    (chunks, most)
}

#[tokio::test]
async fn forty_mebibytes_go_up_and_down_in_a_few_chunks() {
    for file_store in [false, true] {
        let world = World::with(Settings {
            file_store,
            ..Settings::default()
        })
        .await;
        let session = world.application.log_in("ann");
        let api = world.luna().tokenizer();
        for announced in [false, true] {
            let (chunks, most) = value();
            let body = StreamBody::new(chunks);
            let body = match announced {
                true => body.with_length((CHUNK * CHUNKS) as u64),
                false => body,
            };
            let token = api.upload(&session, body, &Metadata::string()).await;
            let token = token.unwrap();
            let most = most.load(Ordering::SeqCst);
            assert!((1..=16).contains(&most), "{most} chunks at once");

            let mut value = api.download(&session, &token).await.unwrap();
            assert_eq!(value.length(), Some((CHUNK * CHUNKS) as u64));
            let (mut read, mut rest) = (0, Vec::new());
            while let Some(bytes) = value.next_chunk().await.unwrap() {
                rest.extend_from_slice(&bytes);
                while rest.len() >= CHUNK {
                    let later = rest.split_off(CHUNK);
                    assert!(rest == content(read), "chunk {read} is another one");
                    rest = later;
                    read += 1;
                }
                assert!(rest.len() < 2 * CHUNK);
            }
            assert_eq!((read, rest.len()), (CHUNKS, 0));
        }
    }
}

#[tokio::test]
async fn a_stream_that_fails_stores_nothing_and_a_new_one_may_begin() {
    let world = World::start().await;
    let session = world.application.log_in("ann");
    let api = world.luna().tokenizer();
    let metadata = Metadata::string();
    let (chunks, _) = value();
    let failing = chunks.take(100).chain(stream::once(async {
        Err(io::Error::other("the disk of the application"))
    }));
    let upload = api.upload(&session, StreamBody::new(failing), &metadata);
    let error = upload.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error:?}");
    let (chunks, _) = value();
    let upload = api.upload(&session, StreamBody::new(chunks), &metadata);
    let token = upload.await.unwrap();
    drop(api.download(&session, &token).await.unwrap());
}

/// What is stored as a stream has a life and an end like any other value, and is read as a stream whatever its length.
#[tokio::test]
async fn a_stream_may_be_read_once() {
    let world = World::start().await;
    let session = world.application.log_in("ann");
    let api = world.luna().tokenizer();
    for length in [100, 40_000] {
        let chunk = Bytes::from(vec![7; length]);
        let body = StreamBody::new(stream::iter([Ok::<_, io::Error>(chunk.clone())]));
        let token = api.upload(&session, body, &Metadata::string()).one_time();
        let token = token.await.unwrap();
        let mut value = api.download(&session, &token).await.unwrap();
        assert_eq!(value.length(), Some(length as u64));
        let mut read = Vec::new();
        while let Some(bytes) = value.next_chunk().await.unwrap() {
            read.extend_from_slice(&bytes);
        }
        assert!(read == chunk);
        let again = api.download(&session, &token).await.map(drop);
        assert_eq!(again.unwrap_err().kind(), ErrorKind::TokenizerRejected);
    }
}

/// An announced length is refused before anything is sent, another one as soon as it is too long.
#[tokio::test]
async fn a_stream_that_is_too_long_is_refused_as_that() {
    let world = World::start().await;
    let session = world.application.log_in("ann");
    let api = world.luna().tokenizer();
    let endless = || {
        let chunk = Bytes::from(content(0));
        stream::repeat_with(move || Ok::<_, io::Error>(chunk.clone()))
    };
    for body in [
        StreamBody::new(endless()),
        StreamBody::new(endless()).with_length(64 * 1024 * 1024 + 1),
    ] {
        let outcome = api.upload(&session, body, &Metadata::string()).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PayloadTooLarge, "{error:?}");
    }
}
