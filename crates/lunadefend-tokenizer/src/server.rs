//! The HTTP server: every client has limits, and none can hold the others up.

mod files;
mod phase;
mod places;
mod stream;

use crate::{config::Limits, request::BodyUnread, service::Tokenizer};
use axum::body::Body;
use http::{HeaderValue, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use lunadefend_vault::Janitor;
use phase::{Phase, SentBody};
use places::Places;
use std::{
    convert::Infallible,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use stream::GuardedStream;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tower::Service;

/// How often expired rows are deleted.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// After an `accept` that failed for want of something, file descriptors mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Serves a tokenizer until `shutdown` completes, then lets running requests finish for
/// [`Limits::drain`](crate::Limits::drain).
///
/// HTTP/1.1 without TLS: put a proxy with TLS in front. Meanwhile expired rows are deleted from the
/// store once a minute.
///
/// # Errors
/// When the listener cannot be used at all, or the process may not open
/// [`Limits::RESERVED_FILES`](crate::Limits::RESERVED_FILES) files and a connection. A connection that
/// fails ends for itself.
///
/// # Security
/// The head of a request has 32 KiB, 100 headers and [`Limits::header_read`](crate::Limits::header_read).
/// There are [`Limits::max_connections`](crate::Limits::max_connections) at most, and fewer when the
/// limit of open files is lower, so that a fetch of keys always has some. When all places are taken, the
/// connection that has idled for longest makes room. While none idles, a new one waits, and every other
/// ends with its next answer.
pub async fn serve(
    listener: TcpListener,
    tokenizer: Tokenizer,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.local_addr()?;
    let limits = *tokenizer.limits();
    let http = http1(&limits);
    let places = Places::new(files::connections(&limits)?);
    let http2_was_logged = Arc::new(AtomicBool::new(false));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let janitor = Arc::new(tokenizer.janitor());
    let mut purge_time = interval(PURGE_EVERY);
    purge_time.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut purging = JoinSet::new();
    // Accepted, and without a place so far.
    let mut waiting = None;

    loop {
        tokio::select! {
            () = &mut shutdown => break,
            _ = purge_time.tick() => {
                if purging.try_join_next().is_some() || purging.is_empty() {
                    purging.spawn(purge(Arc::clone(&janitor)));
                }
            }
            Some(_) = connections.join_next() => {}
            stream = accept(&listener), if waiting.is_none() => waiting = Some(stream),
            place = places.take(), if waiting.is_some() => {
                if let Some(stream) = waiting.take() {
                    let phase = Phase::default();
                    let service = service(&tokenizer, &places, &phase);
                    let stream = GuardedStream::new(stream, phase.clone(), place, &limits);
                    let connection = http.serve_connection(TokioIo::new(stream), service);
                    let connection = graceful.watch(connection);
                    let http2_was_logged = Arc::clone(&http2_was_logged);
                    connections.spawn(async move {
                        log_end(connection.await, &phase, &http2_was_logged);
                    });
                }
            }
        }
    }

    drop(waiting);
    drop(listener);
    if timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "connections were cut off at the end of the drain time"
        );
    }
    connections.shutdown().await;
    purging.shutdown().await;
    Ok(())
}

fn http1(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        // It runs while a connection idles; a head that has begun is timed by the stream.
        .header_read_timeout(limits.idle)
        .max_header_size(Limits::MAX_HEAD)
        .max_buf_size(2 * Limits::MAX_HEAD);
    http
}

/// Serves the requests of one connection.
fn service(
    tokenizer: &Tokenizer,
    places: &Arc<Places>,
    phase: &Phase,
) -> impl hyper::service::Service<
    http::Request<Incoming>,
    Response = http::Response<SentBody<Body>>,
    Error = Infallible,
    Future: Send,
> + use<> {
    let (tokenizer, places, phase) = (tokenizer.clone(), Arc::clone(places), phase.clone());
    service_fn(move |request| {
        let serving = phase.begin();
        let answer = tokenizer.clone().call(request);
        let (places, phase) = (Arc::clone(&places), phase.clone());
        async move {
            let mut answer = answer.await?;
            if answer.extensions().get::<BodyUnread>().is_some() {
                phase.leave_body_unread();
            }
            // Somebody waits for a place: whoever has their answer makes room, and hears of it before
            // they send another request.
            if places.are_wanted() {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(header::CONNECTION, close);
            }
            Ok(answer.map(|body| serving.until_sent(body)))
        }
    })
}

/// The next connection.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and wait for nothing. Without it they are merely slower.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "cannot accept connections: check the limit of open files"
                );
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn log_end(outcome: hyper::Result<()>, phase: &Phase, http2_was_logged: &AtomicBool) {
    const HTTP2: &str = "a client speaks HTTP/2 without TLS, and the tokenizer HTTP/1.1 only: set the proxy in front to HTTP/1.1 for the tokenizer";
    if phase.is_http2() {
        // A proxy tries again and again: said once where somebody looks.
        if http2_was_logged.swap(true, Ordering::Relaxed) {
            tracing::debug!(HTTP2);
        } else {
            tracing::warn!(HTTP2);
        }
    } else if let Err(error) = outcome {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a connection ended early"
        );
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

async fn purge(janitor: Arc<Janitor>) {
    match janitor.round().await {
        Ok(rows) => tracing::debug!(rows, "deleted expired rows"),
        Err(error) => tracing::warn!(
            error = &error as &dyn std::error::Error,
            "expired rows were not deleted"
        ),
    }
}
