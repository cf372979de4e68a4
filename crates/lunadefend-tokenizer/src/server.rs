//! The HTTP server: every client has limits, and none can hold the others up.

mod phase;
mod stream;

use crate::{config::Limits, service::Tokenizer, vault::Janitor};
use http::{HeaderValue, header};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use phase::Phase;
use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};
use stream::GuardedStream;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
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
/// When the listener cannot be used at all. A connection that fails ends for itself.
///
/// # Security
/// The head of a request has 32 KiB, 100 headers and [`Limits::header_read`](crate::Limits::header_read);
/// connections beyond [`Limits::max_connections`](crate::Limits::max_connections) wait, and while all
/// places are taken every connection ends with its next answer.
pub async fn serve(
    listener: TcpListener,
    tokenizer: Tokenizer,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.local_addr()?;
    let limits = *tokenizer.limits();
    let http = http1(&limits);
    let free = Arc::new(Semaphore::new(
        usize::try_from(limits.max_connections).unwrap_or(usize::MAX),
    ));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let janitor = Arc::new(tokenizer.janitor());
    let mut purge_time = interval(PURGE_EVERY);
    purge_time.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut purging = JoinSet::new();

    loop {
        let (stream, permit) = tokio::select! {
            () = &mut shutdown => break,
            _ = purge_time.tick() => {
                if purging.try_join_next().is_some() || purging.is_empty() {
                    purging.spawn(purge(Arc::clone(&janitor)));
                }
                continue;
            }
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &free) => accepted,
        };
        // Answers are small and wait for nothing. Without it they are merely slower.
        let _ = stream.set_nodelay(true);
        let phase = Phase::default();
        let stream = GuardedStream::new(stream, phase.clone(), &limits);
        let tokenizer = tokenizer.clone();
        let room = Arc::clone(&free);
        let service = service_fn(move |request| {
            let serving = phase.begin();
            let answer = tokenizer.clone().call(request);
            let room = Arc::clone(&room);
            async move {
                let mut answer = answer.await?;
                // Others wait for a place: whoever has his answer makes room, or connections that
                // idle in the pools of a few would keep everybody else out.
                if room.available_permits() == 0 {
                    let close = HeaderValue::from_static("close");
                    answer.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, Infallible>(answer.map(|body| serving.until_sent(body)))
            }
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "a connection ended early"
                );
            }
            drop(permit);
        });
    }

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

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let permit = Arc::clone(free).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
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
