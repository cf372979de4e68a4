//! A refusal that comes while a long body is sent, by a server that then resets the connection.

use super::*;
use crate::{
    HttpError, StreamBody, StreamRequest,
    client::{
        Request, Response,
        tests::{client, request},
    },
};
use futures_util::stream;
use http::{HeaderMap, Method, StatusCode};
use std::{
    io::{self, Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
    thread,
    time::Duration,
};

const LONG: usize = 64 * 1024 * 1024;
/// More than the buffers of a connection hold, so that the response is there before the reset.
const READ_ON: usize = 32 * 1024 * 1024;

/// Refuses each request once its head is there, reads on as fast as it can, and resets the connection.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/canary-path", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut buffer = vec![0; 1024 * 1024];
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut left = READ_ON - stream.read(&mut buffer).unwrap();
            let refusal =
                b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 4\r\n\r\nless";
            stream.write_all(refusal).unwrap();
            while left > 0 {
                match stream.read(&mut buffer) {
                    Ok(read) if read > 0 => left = left.saturating_sub(read),
                    _ => break,
                }
            }
            // With bytes unread, closing is a reset.
        }
    });
    url
}

/// The connection may end before the text of the refusal is read.
fn status(answer: Result<Response, HttpError>) -> StatusCode {
    match answer {
        Ok(answer) => answer.status,
        Err(error) => error.head().expect("no refusal").status,
    }
}

#[tokio::test]
async fn a_refusal_is_seen_before_the_reset() {
    let url = refusing();
    let body = Bytes::from(vec![b'x'; LONG]);
    for _ in 0..8 {
        let whole = Request {
            method: Method::PUT,
            body: body.clone(),
            ..request(&url)
        };
        let answer = client().send(whole).await;
        assert_eq!(status(answer), 413);

        let chunks = stream::iter([Ok::<_, io::Error>(body.clone())]);
        let streamed = StreamRequest {
            method: Method::PUT,
            url: url.clone().into(),
            headers: HeaderMap::new(),
            body: StreamBody::new(chunks),
            max_response: 1024,
            stall: Duration::from_secs(60),
        };
        let answer = client().send_stream(streamed).await;
        assert_eq!(status(answer), 413);
    }
}

/// Counts how often a task is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// On a fast line nothing else makes the connection look.
#[test]
fn a_body_pauses_after_each_turn_and_wakes_its_task() {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut context = Context::from_waker(&waker);
    let mut body = Pieces::new(Bytes::from(vec![b'x'; 10 * TURN]));
    let (mut given, mut pauses) = (0, 0);
    while !body.is_end_stream() {
        match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Ready(frame) => {
                let piece = frame.unwrap().unwrap().into_data().unwrap();
                given += piece.len();
                assert!(given <= (pauses + 1) * TURN, "no pause after {given}");
            }
            Poll::Pending => pauses += 1,
        }
        assert_eq!(wakes.0.load(Ordering::Relaxed), pauses);
    }
    assert_eq!((given, pauses), (10 * TURN, 9));
}

#[tokio::test]
async fn a_long_body_arrives_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/canary-path", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut received = Vec::new();
        let mut buffer = vec![0; 1024 * 1024];
        while !received.ends_with(b"the end") {
            let read = stream.read(&mut buffer).unwrap();
            assert_ne!(read, 0);
            received.extend_from_slice(&buffer[..read]);
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .unwrap();
        received
    });
    let mut body: Vec<u8> = (0..1_000_003).map(|at| (at % 251) as u8).collect();
    body.extend_from_slice(b"the end");
    let whole = Request {
        method: Method::PUT,
        body: body.clone().into(),
        ..request(&url)
    };
    assert_eq!(client().send(whole).await.unwrap().body, "ok");
    let received = served.join().unwrap();
    let head_len = received.len() - body.len();
    let head = String::from_utf8(received[..head_len].to_vec()).unwrap();
    assert!(
        head.to_lowercase().contains("content-length: 1000010"),
        "{head}"
    );
    assert!(received[head_len..] == body);
}
