//! HTTP/2, inside TLS: many requests at once on a connection, each with the limits of one.
//!
//! What bytes come says little here: a client may send pings and settings for ever. So a connection idles while no
//! request is served, whatever else comes, and an idle one ends in its time, or when its place is needed.

mod streams;
mod taking;

use super::{Peer, phase::Phase, places::Places, unread::BodyRead, unread::TrackedBody};
use crate::config::Limits;
use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    rt::{Read, Write},
    server::conn::http2,
    service::{HttpService, service_fn},
};
use lunadefend_core::provider::BoxError;
use std::{convert::Infallible, future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};
use streams::{StreamExecutor, Streams};
use taking::PacedBody;
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep},
};
use tower::Service;

/// The bytes that a client may send of one body, and of all of a connection, before they are read. The most that the
/// bodies of a connection take in memory beside those that are being parsed.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// The least that there is.
const MAX_FRAME: u32 = 16 * 1024;
/// The requests that a client may have taken back before the server has looked at them (CVE-2023-44487).
const MAX_PENDING_RESETS: usize = 20;
/// The streams that the server resets for errors of the client until it ends the connection (CVE-2025-8671).
const MAX_ERROR_RESETS: usize = 1024;
/// The time for a client to hear that the connection ends, before it does: what it has sent until then is served.
const GOODBYE: Duration = Duration::from_secs(1);

/// Serves the requests of one connection. `requests` are those of all connections at once: a further one waits.
///
/// # Security
/// Else a client would have as many responses in memory as streams, on each of its connections, where HTTP/1.1 has one.
pub(super) fn guarded<S, B>(
    service: S,
    places: &Arc<Places>,
    requests: &Arc<Semaphore>,
    phase: &Phase,
    peer: Option<Peer>,
) -> impl HttpService<Incoming, ResBody = PacedBody<B>, Error = Infallible, Future: Send + 'static>
+ use<S, B>
where
    S: Service<Request<TrackedBody<Incoming>>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin + Send + 'static,
{
    let (places, phase) = (Arc::clone(places), phase.clone());
    let requests = Arc::clone(requests);
    service_fn(move |mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        // A body that is left unread is that of its stream alone, and ends with it.
        let request = request.map(|body| BodyRead::default().track(body));
        let (places, phase) = (Arc::clone(&places), phase.clone());
        let (requests, mut service) = (Arc::clone(&requests), service.clone());
        async move {
            // It is never closed.
            let served = requests.acquire_owned().await.ok();
            let response = service.call(request).await?;
            // When a client waits for a place, one that has its response makes room.
            if places.are_wanted() {
                phase.ask_to_leave();
            }
            Ok(response.map(|body| PacedBody::new(body, streams::taking(), served)))
        }
    })
}

fn builder(executor: StreamExecutor) -> http2::Builder<StreamExecutor> {
    let mut http = http2::Builder::new(executor);
    http.max_concurrent_streams(Limits::MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(MAX_FRAME)
        .max_header_list_size(Limits::MAX_HEAD as u32)
        .max_send_buf_size(STREAM_WINDOW as usize)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(MAX_ERROR_RESETS);
    http
}

enum Step {
    Ended(hyper::Result<()>),
    /// Whether a request is served has changed.
    Idles(bool),
    /// Somebody else needs the place.
    Asked,
}

/// Serves a connection whose handshake has chosen HTTP/2. Once the server stops, running requests get their responses.
///
/// `phase` is that of the stream below, which ends an idle connection when its place is needed.
pub(super) async fn serve<I, S, B>(
    io: I,
    service: S,
    phase: &Phase,
    limits: &Limits,
    mut stopping: watch::Receiver<()>,
) -> hyper::Result<()>
where
    I: Read + Write + Unpin,
    S: HttpService<Incoming, ResBody = PacedBody<B>, Error = Infallible, Future: Send + 'static>,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin + Send + 'static,
{
    let streams = Streams::new(phase.clone(), limits.write_stall);
    let mut connection = pin!(builder(streams.executor()).serve_connection(io, service));
    // It runs while the connection idles. The first request has the time of a head.
    let mut time = pin!(sleep(limits.header_read));
    let (mut idles, mut leaves, mut is_over) = (true, false, false);
    loop {
        let step = poll_fn(|context| {
            let before = streams.numbers(context);
            if let Poll::Ready(ended) = connection.as_mut().poll(context) {
                return Poll::Ready(Step::Ended(ended));
            }
            // All that streams had to say before they ended is written now, or the stream below is stalled.
            let idles_now = before.served == 0 && before == streams.numbers(context);
            if idles != idles_now {
                return Poll::Ready(Step::Idles(idles_now));
            }
            if phase.is_asked_to_leave() {
                return Poll::Ready(Step::Asked);
            }
            Poll::Pending
        });
        let ends = tokio::select! {
            step = step => match step {
                Step::Ended(ended) => return ended,
                Step::Idles(now) => {
                    idles = now;
                    is_over = false;
                    if idles {
                        phase.rest();
                        time.as_mut().reset(Instant::now() + if leaves { GOODBYE } else { limits.idle });
                    }
                    false
                }
                Step::Asked => {
                    // It is told, and not waited for: who says nothing would keep others out.
                    is_over = idles;
                    true
                }
            },
            _ = stopping.changed(), if !leaves => true,
            () = time.as_mut(), if idles && !is_over => {
                is_over = leaves;
                true
            }
        };
        if ends && !leaves {
            leaves = true;
            connection.as_mut().graceful_shutdown();
            time.as_mut().reset(Instant::now() + GOODBYE);
        }
        if is_over {
            phase.end();
        }
    }
}

#[cfg(test)]
mod tests;
