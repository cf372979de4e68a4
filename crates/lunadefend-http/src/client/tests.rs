//! The client against raw TCP servers, which can produce every fault.

mod connections;
mod tls;

use super::*;
use rustls::pki_types::CertificateDer;
use std::{
    error::Error as StdError,
    future::Future,
    io::{Read, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Serves every connection by `serve`, after its request is read; counts connections.
pub(super) async fn server<F, S>(serve: S) -> (String, Arc<AtomicUsize>)
where
    S: Fn(TcpStream, String) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let serve = Arc::new(serve);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let serve = Arc::clone(&serve);
            tokio::spawn(async move {
                let request = read_request(&mut stream).await;
                serve(stream, request).await;
            });
        }
    });
    (format!("http://{address}/canary-path"), connections)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(0, |length| length.trim().parse::<usize>().unwrap());
            if request.len() >= end + 4 + length {
                return String::from_utf8(request).unwrap();
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return String::from_utf8_lossy(&request).into_owned(),
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
}

pub(super) async fn fixed(answer: impl Into<Vec<u8>>) -> String {
    let answer: Arc<[u8]> = answer.into().into();
    let (url, _) = server(move |mut stream, _| {
        let answer = Arc::clone(&answer);
        async move {
            let _ = stream.write_all(&answer).await;
        }
    })
    .await;
    url
}

pub(super) fn client() -> HttpClient {
    HttpClient::builder().tls(false).build().unwrap()
}

pub(super) fn request(url: &str) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::AUTHORIZATION,
        HeaderValue::from_static("canary-jwt"),
    );
    Request {
        method: Method::POST,
        url: url.into(),
        headers,
        body: Bytes::from_static(b"canary-body"),
        max_response: 1024,
        deadline: Instant::now() + Duration::from_secs(10),
    }
}

/// No error and no cause in its chain contains the request or its address.
#[track_caller]
pub(super) fn assert_clean(error: &HttpError) {
    let mut shown = format!("{error:?}");
    let mut cause: Option<&dyn StdError> = Some(error);
    while let Some(error) = cause {
        shown.push_str(&format!(" {error}"));
        cause = error.source();
    }
    assert!(!shown.contains("canary"), "{shown}");
}

async fn failure(request: Request) -> HttpError {
    let error = client().send(request).await.unwrap_err();
    assert_clean(&error);
    error
}

#[tokio::test]
async fn an_answer_is_read_whole() {
    let url = fixed("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: b\r\n\r\nhello").await;
    let answer = client().send(request(&url)).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["x-a"], "b");
    assert_eq!(answer.body, "hello");
    assert!(!format!("{answer:?}").contains("hello"));
}

#[tokio::test]
async fn what_is_sent_is_what_was_given() {
    let (url, _) = server(|mut stream, request| async move {
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{request}",
            request.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let answer = client().send(request(&url)).await.unwrap();
    let sent = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(sent.starts_with("POST /canary-path HTTP/1.1\r\n"), "{sent}");
    assert!(sent.ends_with("\r\n\r\ncanary-body"), "{sent}");
    assert!(sent.contains("authorization: canary-jwt\r\n"), "{sent}");
    assert!(sent.contains("user-agent: lunadefend-rust/"), "{sent}");
    for absent in ["accept-encoding", "referer", "cookie", "transfer-encoding"] {
        assert!(!sent.to_lowercase().contains(absent), "{sent}");
    }

    // An upload of nothing says that it is nothing: some stores refuse a PUT without a length.
    let answer = client()
        .send(Request {
            method: Method::PUT,
            body: Bytes::new(),
            ..request(&url)
        })
        .await
        .unwrap();
    let sent = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(sent.contains("content-length: 0\r\n"), "{sent}");
}

#[tokio::test]
async fn redirects_come_as_they_are() {
    for status in [301, 302, 303, 307, 308] {
        let (url, connections) = server(move |mut stream, _| async move {
            let answer = format!(
                "HTTP/1.1 {status} Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        })
        .await;
        let answer = client().send(request(&url)).await.unwrap();
        assert_eq!(answer.status, status);
        assert_eq!(connections.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read() {
    let announced = format!(
        "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: {}\r\n\r\n",
        10 << 20
    );
    let mut chunked =
        b"HTTP/1.1 503 Busy\r\nretry-after: 7\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..3 {
        chunked.extend_from_slice(b"200\r\n");
        chunked.extend_from_slice(&[b'x'; 0x200]);
        chunked.extend_from_slice(b"\r\n");
    }
    let unframed = format!(
        "HTTP/1.1 503 Busy\r\nretry-after: 7\r\n\r\n{}",
        "x".repeat(1025)
    );
    for answer in [announced.into_bytes(), chunked, unframed.into_bytes()] {
        let error = failure(request(&fixed(answer).await)).await;
        assert!(
            matches!(error, HttpError::TooLarge { limit: 1024, .. }),
            "{error:?}"
        );
        let head = error.head().unwrap();
        assert_eq!(head.status, 503);
        assert_eq!(head.headers["retry-after"], "7");
    }
    let exact = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1024));
    let answer = client().send(request(&fixed(exact).await)).await.unwrap();
    assert_eq!(answer.body.len(), 1024);
}

#[tokio::test]
async fn ten_megabytes_are_never_held() {
    let (url, _) = server(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let block = [b'x'; 16 * 1024];
        for _ in 0..640 {
            if stream.write_all(&block).await.is_err() {
                return;
            }
        }
    })
    .await;
    let error = failure(request(&url)).await;
    assert!(matches!(error, HttpError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn encoded_bodies_are_refused_and_never_decoded() {
    for encoding in ["gzip", "br", "zstd", "deflate", "x", "identity, gzip"] {
        let url = fixed(format!(
            "HTTP/1.1 401 No\r\ncontent-encoding: {encoding}\r\ncontent-length: 2\r\n\r\n{{}}"
        ))
        .await;
        let error = failure(request(&url)).await;
        assert!(matches!(error, HttpError::Encoded { .. }), "{error:?}");
        assert_eq!(error.head().unwrap().status, 401);
    }
    let url =
        fixed("HTTP/1.1 200 OK\r\ncontent-encoding: Identity\r\ncontent-length: 2\r\n\r\n{}").await;
    assert_eq!(client().send(request(&url)).await.unwrap().body, "{}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_body() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"success\":true,",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n",
    ] {
        let error = failure(request(&fixed(answer).await)).await;
        assert!(matches!(error, HttpError::Truncated { .. }), "{error:?}");
        assert!(!error.is_unprocessed());
        assert_eq!(error.head().unwrap().status, 200);
    }
}

#[tokio::test]
async fn no_head_of_an_answer_is_a_transport_error() {
    for answer in [
        "",
        "hello\r\n\r\n",
        "HTTP/1.1 200 O",
        "HTTP/1.1 xx OK\r\n\r\n",
        "SSH-2.0-x\r\n",
    ] {
        let error = failure(request(&fixed(answer).await)).await;
        assert!(
            matches!(error, HttpError::Transport { .. }),
            "{answer}: {error:?}"
        );
        assert!(!error.is_unprocessed());
    }
}

#[tokio::test]
async fn a_reset_is_a_transport_error_and_is_not_retried() {
    let (url, connections) = server(|stream, _| async move {
        // Closing with unsent data discarded makes a reset.
        stream.set_zero_linger().unwrap();
    })
    .await;
    let error = failure(request(&url)).await;
    assert!(matches!(error, HttpError::Transport { .. }), "{error:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_deadline_covers_head_and_body() {
    let (hangs, _) = server(|stream, _| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let (drips, _) = server(|mut stream, _| async move {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
        let _ = stream.write_all(head).await;
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        loop {
            tick.tick().await;
            if stream.write_all(b"x").await.is_err() {
                return;
            }
        }
    })
    .await;
    for url in [hangs, drips] {
        let start = Instant::now();
        let error = failure(Request {
            deadline: start + Duration::from_millis(200),
            ..request(&url)
        })
        .await;
        assert!(matches!(error, HttpError::Timeout), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn nothing_listens() {
    // Bound, so that no other process gets the port, and not listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/canary-path", socket.local_addr().unwrap());
    let error = failure(request(&url)).await;
    assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");
    assert!(error.is_unprocessed());
}

#[tokio::test]
async fn urls_that_must_not_be_asked_for() {
    for url in [
        "canary",
        "ftp://127.0.0.1/canary",
        "http://u:canary@127.0.0.1/",
        "http://u:canary@127.0.0.1:80/",
        "http://canary@h/",
    ] {
        assert!(matches!(failure(request(url)).await, HttpError::Url));
    }
    let error = failure(request("https://127.0.0.1/canary")).await;
    assert!(matches!(error, HttpError::TlsDisabled), "{error:?}");
}

#[test]
fn debug_prints_nothing_of_the_inside() {
    let request = Request {
        method: Method::GET,
        url: "http://h/canary".into(),
        headers: HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("canary"))]),
        body: Bytes::from_static(b"canary"),
        max_response: 0,
        deadline: Instant::now(),
    };
    let shown = format!("{request:?} {:?} {:?}", HttpClient::builder(), client());
    assert!(!shown.contains("canary"), "{shown}");
}
