//! The HTTP server: every client has limits, and none can hold the others up.
//!
//! It is independent of tokens: it serves any service, over any kind of stream.

mod ends;
pub(crate) mod files;
mod http2;
mod patience;
mod phase;
mod places;
mod stream;
mod tls;
mod unread;

pub(crate) use places::Places;

use crate::{config::Limits, tls::Tls};
use bytes::Bytes;
use ends::Ends;
use http::{HeaderValue, Request, Response, header};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};
use lunadefend_core::provider::BoxError;
use phase::{Phase, SentBody};
use places::Place;
use rustls::ServerConfig;
use std::{convert::Infallible, io, net::IpAddr, pin::pin, sync::Arc, time::Duration};
use stream::GuardedStream;
use tls::{HandshakeError, TlsStream};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::Service;
use unread::{BodyRead, TrackedBody};

/// The pause after an `accept` that failed for lack of a resource, mostly file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// A source of connections.
pub(crate) trait Listener: Send {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Accepts the next one, with the address at its other end if it has one. Dropping the future loses nothing.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, Option<Peer>)>> + Send;
}

/// The address at the other end of a request's connection, an extension of the request: of a client or of a proxy.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Option<Peer>)> {
        let (stream, peer) = Self::accept(self).await?;
        // Responses are small and wait for nothing. Without it they are merely slower.
        let _ = stream.set_nodelay(true);
        Ok((stream, Some(Peer(peer.ip()))))
    }
}

/// Serves a service until `shutdown` completes, then lets running requests finish for
/// [`Limits::drain`].
pub(crate) async fn run<L, S, B>(
    listener: L,
    tls: Option<Tls>,
    service: S,
    places: &Arc<Places>,
    limits: &Limits,
    shutdown: impl Future<Output = ()>,
) where
    L: Listener,
    S: Service<Request<TrackedBody<Incoming>>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin + Send + 'static,
{
    // The receivers hear of its end.
    let (running, stopping) = watch::channel(());
    let server = Server {
        service,
        tls,
        places: Arc::clone(places),
        requests: Arc::new(Semaphore::new(places.count() as usize)),
        limits: *limits,
        ends: Arc::default(),
        stopping,
    };
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    // Accepted, and without a place so far.
    let mut waiting = None;

    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&listener), if waiting.is_none() => waiting = Some(accepted),
            place = places.take(), if waiting.is_some() => {
                if let Some((stream, peer)) = waiting.take() {
                    // A handshake has its task too: a slow one keeps nobody from being accepted.
                    connections.spawn(server.clone().serve(stream, peer, place));
                }
            }
        }
    }

    drop(waiting);
    drop(listener);
    drop(running);
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.drain, ended).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "connections were cut off at the end of the drain time"
        );
    }
    connections.shutdown().await;
}

/// What connections are served with.
#[derive(Clone)]
struct Server<S> {
    service: S,
    tls: Option<Tls>,
    places: Arc<Places>,
    /// The requests that are served at once by HTTP/2, of all connections: as many as HTTP/1.1 could serve.
    requests: Arc<Semaphore>,
    limits: Limits,
    ends: Arc<Ends>,
    stopping: watch::Receiver<()>,
}

impl<S, B> Server<S>
where
    S: Service<Request<TrackedBody<Incoming>>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin + Send + 'static,
{
    /// Serves a connection to its end, which it logs.
    async fn serve<T>(self, stream: T, peer: Option<Peer>, place: Place)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (phase, ends) = (Phase::default(), Arc::clone(&self.ends));
        let stream = GuardedStream::new(stream, phase.clone(), place, &self.limits);
        // The state of a connection is as small as may be: thousands of them idle.
        let ended = match self.tls.as_ref().map(Tls::config) {
            None => self.serve_http1(stream, peer, &phase).await,
            Some(config) => match Box::pin(self.serve_tls(stream, config, peer, &phase)).await {
                Some(ended) => ended,
                None => return,
            },
        };
        ends.log(ended, &phase);
    }

    /// Serves a connection inside TLS. `None` when there was no handshake.
    async fn serve_tls<T>(
        self,
        stream: GuardedStream<T>,
        config: Arc<ServerConfig>,
        peer: Option<Peer>,
        phase: &Phase,
    ) -> Option<hyper::Result<()>>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (time, stopping) = (self.limits.header_read, self.stopping.clone());
        match Box::pin(secure(stream, config, time, stopping)).await? {
            Ok(stream) if stream.is_http2() => {
                Some(Box::pin(self.serve_http2(stream, peer, phase)).await)
            }
            Ok(stream) => Some(self.serve_http1(stream, peer, phase).await),
            Err(error) => {
                self.ends.log_handshake(&error);
                None
            }
        }
    }

    async fn serve_http1<T>(self, stream: T, peer: Option<Peer>, phase: &Phase) -> hyper::Result<()>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = guarded(self.service, &self.places, phase, peer);
        let connection = http1(&self.limits).serve_connection(TokioIo::new(stream), service);
        serve(connection, self.stopping).await
    }

    async fn serve_http2<T>(self, stream: T, peer: Option<Peer>, phase: &Phase) -> hyper::Result<()>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = http2::guarded(self.service, &self.places, &self.requests, phase, peer);
        let io = TokioIo::new(stream);
        http2::serve(io, service, phase, &self.limits, self.stopping).await
    }
}

/// Serves a connection. Once the server stops, a running request gets its response, and no other is read.
async fn serve<C: GracefulConnection>(
    connection: C,
    mut stopping: watch::Receiver<()>,
) -> Result<(), C::Error> {
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        _ = stopping.changed() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

/// Does the handshake of a connection; `None` when the server stops meanwhile, since no request has come.
async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    stream: GuardedStream<S>,
    config: Arc<ServerConfig>,
    time: Duration,
    mut stopping: watch::Receiver<()>,
) -> Option<Result<TlsStream<S>, HandshakeError>> {
    tokio::select! {
        secured = TlsStream::accept(stream, config, time) => Some(secured),
        _ = stopping.changed() => None,
    }
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
fn guarded<S, B>(
    service: S,
    places: &Arc<Places>,
    phase: &Phase,
    peer: Option<Peer>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<SentBody<B>>,
    Error = Infallible,
    Future: Send,
> + use<S, B>
where
    S: Service<Request<TrackedBody<Incoming>>, Response = Response<B>, Error = Infallible> + Clone,
    S::Future: Send,
    B: Body<Data = Bytes> + Unpin,
{
    let (places, phase) = (Arc::clone(places), phase.clone());
    service_fn(move |mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let serving = phase.begin();
        let read = BodyRead::default();
        let response = service.clone().call(request.map(|body| read.track(body)));
        let (places, phase) = (Arc::clone(&places), phase.clone());
        async move {
            let mut response = response.await?;
            let is_unread = !read.is_complete();
            if is_unread {
                phase.leave_body_unread();
            }
            // What is left of a body must not be taken for the next request, nor read for nothing. And
            // when a client waits for a place, one that has its response makes room, and hears of it
            // before it sends another request.
            if is_unread || places.are_wanted() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok(response.map(|body| serving.until_sent(body)))
        }
    })
}

/// Accepts the next connection.
async fn accept<L: Listener>(listener: &L) -> (L::Stream, Option<Peer>) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
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
