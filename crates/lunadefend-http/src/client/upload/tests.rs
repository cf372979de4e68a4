//! Bodies that are made while they are sent, against raw TCP servers.

use super::*;
use crate::client::{
    pieces::PIECE,
    tests::{assert_clean, client},
};
use futures_util::stream;
use std::{
    error::Error as _,
    io,
    sync::atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Serves one connection.
async fn once<F: Future<Output: Send> + Send + 'static>(
    serve: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> (String, JoinHandle<F::Output>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/canary-path", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream).await
    });
    (url, served)
}

/// Reads a request that ends with `end`, answers, and gives what it read; all there was, if it broke off.
async fn read_until(mut stream: TcpStream, end: &'static [u8]) -> Vec<u8> {
    let mut request = Vec::new();
    while !request.ends_with(end) {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return request;
        }
    }
    let _ = stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        .await;
    request
}

async fn send(url: &str, body: StreamBody, stall: Duration) -> Result<Response, HttpError> {
    let request = StreamRequest {
        method: Method::PUT,
        url: url.into(),
        headers: HeaderMap::new(),
        body,
        max_response: 1024,
        stall,
    };
    client().send_stream(request).await
}

const PATIENT: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

fn of(chunks: &[&'static str]) -> StreamBody {
    let chunks: Vec<_> = chunks.iter().copied().map(Ok::<_, io::Error>).collect();
    StreamBody::new(stream::iter(chunks))
}

/// A stream without an end.
fn endless() -> StreamBody {
    let chunk = Bytes::from(vec![b'x'; PIECE]);
    StreamBody::new(stream::repeat_with(move || {
        Ok::<_, io::Error>(chunk.clone())
    }))
}

#[tokio::test]
async fn the_body_arrives_with_its_length_or_in_chunks() {
    let (url, served) = once(|stream| read_until(stream, b"\r\n\r\nhello")).await;
    let answer = send(&url, of(&["he", "", "llo"]).with_length(5), PATIENT)
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (200, &b"ok"[..])
    );
    let sent = String::from_utf8(served.await.unwrap()).unwrap();
    assert!(sent.starts_with("PUT /canary-path HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("content-length: 5\r\n"), "{sent}");
    assert!(!sent.contains("transfer-encoding"), "{sent}");

    let (url, served) = once(|stream| read_until(stream, b"\r\n0\r\n\r\n")).await;
    send(&url, of(&["he", "llo"]), PATIENT).await.unwrap();
    let sent = String::from_utf8(served.await.unwrap()).unwrap();
    assert!(sent.contains("transfer-encoding: chunked\r\n"), "{sent}");
    assert!(
        sent.ends_with("\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
        "{sent}"
    );

    for body in [of(&[]), of(&["", ""])] {
        let (url, served) = once(|stream| read_until(stream, b"\r\n\r\n")).await;
        send(&url, body.with_length(0), PATIENT).await.unwrap();
        let sent = String::from_utf8(served.await.unwrap()).unwrap();
        assert!(sent.contains("content-length: 0\r\n"), "{sent}");
    }
}

/// A server that gets the announced length has the whole, whatever the stream would still have given.
#[tokio::test]
async fn a_stream_that_fails_or_is_not_as_long_as_announced_never_arrives_as_a_whole() {
    let failing = || {
        let chunks = [Ok("canary-value"), Err(io::Error::other("the disk"))];
        StreamBody::new(stream::iter(chunks))
    };
    for (body, cause) in [
        (failing(), "the disk"),
        (failing().with_length(12), "the disk"),
        (failing().with_length(100), "the disk"),
        (of(&["12", "34"]).with_length(5), "ended before the 5 bytes"),
        (of(&[]).with_length(5), "ended before the 5 bytes"),
        (
            of(&["12", "34", "56"]).with_length(5),
            "more than the 5 bytes",
        ),
        (of(&["12345", "6"]).with_length(5), "more than the 5 bytes"),
        (of(&["123456"]).with_length(5), "more than the 5 bytes"),
        (of(&["1"]).with_length(0), "more than the 0 bytes"),
    ] {
        let length = body.length;
        let (url, served) = once(|stream| read_until(stream, b"\r\n0\r\n\r\n")).await;
        let error = send(&url, body, PATIENT).await.unwrap_err();
        assert!(matches!(error, HttpError::Body { .. }), "{error:?}");
        assert_clean(&error);
        let source = error.source().unwrap().to_string();
        assert!(source.contains(cause), "{source}");
        if length == Some(0) {
            // Nothing was sent at all.
            served.abort();
            continue;
        }
        let sent = String::from_utf8(served.await.unwrap()).unwrap();
        let body = sent.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        assert!(!sent.ends_with("\r\n0\r\n\r\n"), "{sent}");
        if let Some(length) = length {
            assert!((body.len() as u64) < length, "{sent}");
        }
    }
}

/// A chunk that counts how many of its kind there are.
struct Counted {
    bytes: Vec<u8>,
    alive: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn only_a_few_chunks_of_a_long_body_are_ever_alive() {
    const CHUNKS: usize = 640;
    let (url, served) = once(|mut stream| async move {
        let mut read = 0;
        let mut buffer = vec![0; 256 * 1024];
        let body = CHUNKS * PIECE;
        while read < body {
            match stream.read(&mut buffer).await.unwrap() {
                0 => return read,
                bytes => read += bytes,
            }
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        read
    })
    .await;
    let (alive, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counter, peak) = (Arc::clone(&alive), Arc::clone(&most));
    let chunks = stream::iter(0..CHUNKS).map(move |_| {
        peak.fetch_max(counter.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let alive = Arc::clone(&counter);
        Ok::<_, io::Error>(Bytes::from_owner(Counted {
            bytes: vec![7; PIECE],
            alive,
        }))
    });
    let body = StreamBody::new(chunks).with_length((CHUNKS * PIECE) as u64);
    send(&url, body, PATIENT).await.unwrap();
    assert!(served.await.unwrap() >= CHUNKS * PIECE);
    let most = most.load(Ordering::SeqCst);
    assert!((1..=16).contains(&most), "{most} chunks at once");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_server_that_takes_nothing_or_does_not_answer_is_given_up() {
    async fn silent(mut stream: TcpStream) {
        let _ = stream.read(&mut [0; 1024]).await;
        std::future::pending::<()>().await;
    }
    for body in [
        endless(),
        of(&["all of it"]),
        of(&["all of it"]).with_length(9),
        of(&[]).with_length(0),
        // The stream itself.
        StreamBody::new(stream::pending::<io::Result<Bytes>>()),
        StreamBody::new(stream::pending::<io::Result<Bytes>>()).with_length(0),
    ] {
        let (url, served) = once(silent).await;
        let error = send(&url, body, SHORT).await.unwrap_err();
        assert!(
            matches!(error, HttpError::Stalled { limit: SHORT }),
            "{error:?}"
        );
        assert_clean(&error);
        served.abort();
    }
}

#[tokio::test]
async fn an_early_response_ends_the_request() {
    let (url, served) = once(|mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let refusal =
            b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 4\r\n\r\nless";
        stream.write_all(refusal).await.unwrap();
        // What still comes is read, so that the response is not lost.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    })
    .await;
    let answer = send(&url, endless(), PATIENT).await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (413, &b"less"[..])
    );
    // Nobody sends the rest of the stream.
    let served = timeout(PATIENT / 4, served).await;
    let _ = served.expect("the connection stays").unwrap();
}

#[tokio::test]
async fn the_response_has_bounds() {
    for (answer, truncated) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1025\r\n\r\n".to_owned(),
            false,
        ),
        (
            format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1025)),
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell".to_owned(),
            true,
        ),
    ] {
        let (url, _served) = once(|mut stream| async move {
            let _ = stream.read(&mut [0; 1024]).await;
            stream.write_all(answer.as_bytes()).await
        })
        .await;
        let error = send(&url, of(&["x"]), PATIENT).await.unwrap_err();
        match error {
            HttpError::TooLarge { limit: 1024, .. } => assert!(!truncated),
            HttpError::Truncated { .. } => assert!(truncated),
            error => panic!("{error:?}"),
        }
    }
}

/// When a request is given up that passes pieces on in these many seconds each, and then ends.
async fn given_up(pieces: &[u64], ends: bool) -> (Duration, Duration) {
    let progress = Progress::new(Duration::from_secs(30));
    let began = Instant::now();
    let work = async {
        for seconds in pieces {
            tokio::time::sleep(Duration::from_secs(*seconds)).await;
            progress.add(PIECE);
        }
        if ends {
            progress.end();
        }
        std::future::pending::<()>().await;
    };
    let outcome = progress.watch(work).await;
    assert!(matches!(outcome, Err(HttpError::Stalled { .. })));
    let moved = progress.state().moved.duration_since(began);
    (moved, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn progress_is_timed_and_not_the_whole() {
    let seconds = Duration::from_secs;
    assert_eq!(given_up(&[], false).await, (seconds(0), seconds(30)));
    assert_eq!(given_up(&[31], false).await, (seconds(0), seconds(30)));
    // Ten minutes, and longer than any deadline of a call.
    assert_eq!(
        given_up(&[29; 21], false).await,
        (seconds(609), seconds(639))
    );
    // What is on the way at the end has the time for it, at the speed so far.
    assert_eq!(given_up(&[10; 6], true).await, (seconds(60), seconds(150)));
    // Of a long one, at most 16 MiB are on the way.
    let long = 4 * 16 * 1024 * 1024 / PIECE;
    assert_eq!(
        given_up(&vec![1; long], true).await.1,
        seconds(1024 + 256 + 30)
    );
}

/// Neither silent nor of use: a byte now and then is no progress.
#[tokio::test(start_paused = true)]
async fn a_drip_is_no_progress() {
    let progress = Progress::new(Duration::from_secs(30));
    let began = Instant::now();
    let drip = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            progress.add(100);
        }
    };
    let outcome: Result<(), _> = progress.watch(drip).await;
    assert!(matches!(outcome, Err(HttpError::Stalled { .. })));
    assert_eq!(began.elapsed(), Duration::from_secs(30));
}
