//! A server of a few routes, and clients of it: one by a library, and one that writes frames by hand.

use crate::{
    config::Limits,
    server::{
        http2::{guarded, serve},
        phase::Phase,
        places::Places,
        stream::GuardedStream,
        unread::TrackedBody,
    },
};
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use h2::client::SendRequest;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};

/// Longer than anything lasts here.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// Longer than a chunk of a value, and than a frame.
pub(super) const LARGE: usize = 640 * 1024;
pub(super) const CHUNK: usize = 63 * 1024;

/// What a test may know of the service.
#[derive(Debug)]
pub(super) struct Seen {
    /// Requests to `/wait` take one.
    pub(super) gate: Semaphore,
    /// The requests to `/wait` that came and that have ended, in whichever way.
    pub(super) waiting: AtomicUsize,
    pub(super) waited: AtomicUsize,
    /// The chunks that were taken of responses.
    pub(super) chunks: AtomicUsize,
}

struct Waited(Arc<Seen>);

impl Drop for Waited {
    fn drop(&mut self) {
        self.0.waited.fetch_add(1, Ordering::Relaxed);
    }
}

async fn answer(request: Request<TrackedBody<Incoming>>, seen: Arc<Seen>) -> Response<Body> {
    match request.uri().path() {
        "/large" => {
            let chunks = (0..LARGE).step_by(CHUNK).map(move |start| {
                seen.chunks.fetch_add(1, Ordering::Relaxed);
                let length = CHUNK.min(LARGE - start);
                Ok::<_, Infallible>(Bytes::from(vec![7; length]))
            });
            Response::new(Body::from_stream(stream::iter(chunks)))
        }
        "/wait" => {
            seen.waiting.fetch_add(1, Ordering::Relaxed);
            let _waited = Waited(Arc::clone(&seen));
            seen.gate.acquire().await.unwrap().forget();
            Response::new(Body::from("waited"))
        }
        "/echo" => {
            let body = request.into_body().collect().await;
            let body = body.map(|body| body.to_bytes()).unwrap_or_default();
            Response::new(Body::from(body))
        }
        "/small" => Response::new(Body::from("small")),
        _ => Response::new(Body::empty()),
    }
}

pub(super) struct Served {
    pub(super) places: Arc<Places>,
    pub(super) seen: Arc<Seen>,
    pub(super) ended: JoinHandle<hyper::Result<()>>,
    pub(super) stop: watch::Sender<()>,
}

/// Serves one connection, whose pipe holds so many bytes.
pub(super) async fn server(pipe: usize) -> (DuplexStream, Served) {
    server_of(pipe, 1000).await
}

/// Serves one with so many requests at once.
pub(super) async fn server_of(pipe: usize, requests: usize) -> (DuplexStream, Served) {
    let (client, stream) = duplex(pipe);
    let (places, limits, phase) = (Places::new(1), Limits::default(), Phase::default());
    let mut stream = GuardedStream::new(stream, phase.clone(), places.take().await, &limits);
    stream.begin_streams();
    let seen = Arc::new(Seen {
        gate: Semaphore::new(0),
        waiting: AtomicUsize::new(0),
        waited: AtomicUsize::new(0),
        chunks: AtomicUsize::new(0),
    });
    let service = tower::service_fn({
        let seen = Arc::clone(&seen);
        move |request| {
            let seen = Arc::clone(&seen);
            async move { Ok::<_, Infallible>(answer(request, seen).await) }
        }
    });
    let requests = Arc::new(Semaphore::new(requests));
    let service = guarded(service, &places, &requests, &phase, None);
    let (stop, stopping) = watch::channel(());
    let ended = tokio::spawn(async move {
        serve(TokioIo::new(stream), service, &phase, &limits, stopping).await
    });
    let served = Served {
        places,
        seen,
        ended,
        stop,
    };
    (client, served)
}

impl Served {
    /// Waits for the end of the connection.
    pub(super) async fn end(self) -> hyper::Result<()> {
        let ended = timeout(PATIENCE, self.ended).await;
        ended.expect("it does not end").unwrap()
    }

    /// Waits for the only place.
    pub(super) async fn make_room(places: Arc<Places>) {
        let place = timeout(PATIENCE, places.take()).await;
        drop(place.expect("there is no room"));
    }
}

/// A client by a library, which answers pings and grants windows by itself.
pub(super) async fn connect(stream: DuplexStream) -> SendRequest<Bytes> {
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Sends a request; returns status and body.
pub(super) async fn ask(
    client: &SendRequest<Bytes>,
    path: &str,
    body: &'static [u8],
) -> Result<(u16, Bytes), h2::Error> {
    let mut client = client.clone().ready().await?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("https://localhost{path}"))
        .body(())
        .unwrap();
    let (response, mut sending) = client.send_request(request, false)?;
    // The server may have refused it meanwhile.
    let _ = sending.send_data(Bytes::from_static(body), true);
    let response = response.await?;
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut all = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        all.extend_from_slice(&data);
    }
    Ok((status, all.into()))
}

/// Lets others do what they can without time.
pub(super) async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

/// Of a body and of a head.
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A frame (RFC 9113, section 4.1).
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// What a client says first: the preface, and the window that it grants to each stream.
pub(super) fn preface(window: u32) -> Vec<u8> {
    let setting = [&[0, 4][..], &window.to_be_bytes()].concat();
    [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        &frame(SETTINGS, 0, 0, &setting),
    ]
    .concat()
}

/// The fields of a GET: static ones of HPACK, and two without the table or a code.
pub(super) fn fields(path: &str) -> Vec<u8> {
    let length = u8::try_from(path.len()).unwrap();
    [
        &[0x82, 0x87, 0x01, 1, b'x', 0x04, length][..],
        path.as_bytes(),
    ]
    .concat()
}

pub(super) fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &fields(path))
}

pub(super) fn grant(stream: u32, bytes: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
}

/// A frame that came.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Came {
    /// The error of a reset or a goodbye: its last four bytes here.
    pub(super) fn error(&self) -> u32 {
        let (_, error) = self.payload.split_last_chunk::<4>().unwrap();
        u32::from_be_bytes(*error)
    }
}

/// Reads a frame; `None` at the end.
pub(super) async fn came(stream: &mut (impl AsyncRead + Unpin)) -> Option<Came> {
    let reading = async {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await.ok()?;
        Some(Came {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload,
        })
    };
    timeout(PATIENCE, reading).await.expect("nothing comes")
}

/// Reads to the first frame of a kind; `None` when there is none until the end.
pub(super) async fn first(stream: &mut (impl AsyncRead + Unpin), kind: u8) -> Option<Came> {
    loop {
        let came = came(stream).await?;
        if came.kind == kind {
            return Some(came);
        }
    }
}

/// Sends frames as they are.
pub(super) async fn send(stream: &mut (impl AsyncWrite + Unpin), frames: &[Vec<u8>]) {
    stream.write_all(&frames.concat()).await.unwrap();
}
