//! Bodies that are read as streams.

use super::*;
use crate::client::tests::{assert_clean, client, fixed, server};
use futures_util::{FutureExt, stream};
use http::Method;
use hyper::body::Frame;
use std::{convert::Infallible, sync::Mutex};
use tokio::io::AsyncWriteExt;

const STALL: Duration = Duration::from_secs(30);

fn request(url: &str, max_response: usize) -> Request {
    Request {
        method: Method::GET,
        url: url.into(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        max_response,
        deadline: Instant::now() + Duration::from_secs(60),
    }
}

async fn open(url: &str, max_response: usize, stall: Duration) -> Result<Incoming, HttpError> {
    let request = request(url, max_response);
    client()
        .open(Connection::Any, &request, request.deadline, stall)
        .await
}

/// All of a stream, or what came before its error.
async fn read(mut incoming: Incoming) -> (Vec<u8>, Option<HttpError>) {
    let mut bytes = Vec::new();
    while let Some(chunk) = incoming.next().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => {
                assert_clean(&error);
                assert!(incoming.next().await.is_none(), "nothing follows an error");
                return (bytes, Some(error));
            }
        }
    }
    (bytes, None)
}

#[tokio::test]
async fn a_body_is_whole_or_its_stream_ends_with_an_error() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (answer, length, whole) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_owned(),
            Some(5),
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(),
            Some(0),
            true,
        ),
        (
            format!("{chunked}2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
            None,
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello".to_owned(),
            Some(6),
            false,
        ),
        (format!("{chunked}5\r\nhello\r\n"), None, false),
        (format!("{chunked}5\r\nhell"), None, false),
        (format!("{chunked}5\r\nhello\r\n0\r\n"), None, false),
    ] {
        let incoming = open(&fixed(answer.clone()).await, 100, STALL)
            .await
            .unwrap();
        assert_eq!(
            (incoming.status().as_u16(), incoming.length()),
            (200, length)
        );
        let (bytes, error) = read(incoming).await;
        assert!(b"hello".starts_with(&bytes[..]), "{answer}");
        assert_eq!(error.is_none(), whole, "{answer}: {error:?}");
        if let Some(error) = error {
            assert!(matches!(error, HttpError::Truncated { .. }), "{error:?}");
            assert_eq!(error.head().unwrap().status, 200);
        }
    }
}

/// A proxy that speaks HTTP/1.0 ends a body by closing, and so does one that breaks down.
#[tokio::test]
async fn a_body_without_a_marked_end_is_refused() {
    for answer in [
        "HTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\n\r\nhello",
    ] {
        let error = open(&fixed(answer).await, 100, STALL).await.unwrap_err();
        assert!(matches!(error, HttpError::Unframed { .. }), "{error:?}");
        assert_eq!(error.head().unwrap().status, 200);
        assert_clean(&error);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_ends_with_an_error() {
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello!";
    let error = open(&fixed(announced).await, 5, STALL).await.unwrap_err();
    assert!(
        matches!(error, HttpError::TooLarge { limit: 5, .. }),
        "{error:?}"
    );
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n";
    for (limit, fits) in [(6, true), (5, false)] {
        let incoming = open(&fixed(chunked).await, limit, STALL).await.unwrap();
        let (bytes, error) = read(incoming).await;
        assert!(bytes.len() <= limit);
        match error {
            None => assert!(fits),
            Some(HttpError::TooLarge { .. }) => assert!(!fits),
            Some(error) => panic!("{error:?}"),
        }
        let incoming = open(&fixed(chunked).await, 100, STALL).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        assert_eq!(incoming.collect(limit, deadline).await.is_ok(), fits);
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    let (url, _) = server(|mut stream, _| async move {
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
        let _ = stream.write_all(half).await;
        std::future::pending::<()>().await;
    })
    .await;
    let limit = Duration::from_millis(200);
    let (bytes, error) = read(open(&url, 100, limit).await.unwrap()).await;
    assert_eq!(bytes, b"half");
    assert!(
        matches!(error, Some(HttpError::Stalled { .. })),
        "{error:?}"
    );
    let incoming = open(&url, 100, STALL).await.unwrap();
    let error = incoming
        .collect(100, Instant::now() + limit)
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Timeout), "{error:?}");

    let (url, _) = server(|stream, _| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let request = request(&url, 100);
    let head_by = Instant::now() + limit;
    let opened = client()
        .open(Connection::New, &request, head_by, STALL)
        .await;
    assert!(matches!(opened, Err(HttpError::Timeout)), "{opened:?}");
}

/// A body of chunks, each after a pause.
struct Paused(Mutex<stream::BoxStream<'static, Bytes>>);

impl Body for Paused {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.get_mut().unwrap().poll_next_unpin(context);
        next.map(|data| data.map(|data| Ok(Frame::data(data))))
    }
}

fn paused(pauses: &'static [u64], length: Option<u64>) -> Incoming {
    let chunks = stream::iter(pauses).then(|seconds| async {
        sleep(Duration::from_secs(*seconds)).await;
        Bytes::from_static(b"x")
    });
    Incoming {
        head: Head::new(StatusCode::OK, HeaderMap::new()),
        body: Paused(Mutex::new(chunks.boxed()))
            .map_err(|never| match never {})
            .boxed(),
        length,
        received: 0,
        limit: 100,
        stall: STALL,
        waiting: None,
        has_ended: false,
    }
}

#[tokio::test(start_paused = true)]
async fn progress_is_timed_and_not_the_whole() {
    let began = Instant::now();
    let (bytes, error) = read(paused(&[29; 21], None)).await;
    assert_eq!((bytes.len(), error.is_none()), (21, true));
    assert_eq!(began.elapsed(), Duration::from_secs(609));
    let (bytes, error) = read(paused(&[29, 31, 1], None)).await;
    assert_eq!(bytes.len(), 1);
    assert!(
        matches!(error, Some(HttpError::Stalled { limit: STALL })),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_asks_for_nothing_is_not_timed() {
    let mut incoming = paused(&[20, 0, 20], None);
    // Once asked, then away for an hour: what has come meanwhile counts.
    assert!(incoming.next().now_or_never().is_none());
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(read(incoming).await.0.len(), 3);
}

/// What is short by the announced length is no whole, whoever said that it has ended.
#[tokio::test(start_paused = true)]
async fn the_announced_length_is_counted() {
    assert!(read(paused(&[1, 1], Some(2))).await.1.is_none());
    let (bytes, error) = read(paused(&[1, 1], Some(3))).await;
    assert_eq!(bytes.len(), 2);
    assert!(
        matches!(error, Some(HttpError::Truncated { .. })),
        "{error:?}"
    );
}
