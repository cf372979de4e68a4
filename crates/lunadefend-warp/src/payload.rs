//! The query and the body of a request, read on demand.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, Method};
use lunadefend_core::{Error, ErrorKind, FromUntrusted, Unverified};
use std::{convert::Infallible, future::ready, pin::Pin};
use warp::{Filter, filters::BoxedFilter};

/// An unread body.
type Incoming = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>;

/// The parts of a request that [`Unverified::from_request`] needs.
pub(crate) struct Payload {
    method: Method,
    query: Option<String>,
    headers: HeaderMap,
    body: Body,
    limit: usize,
}

enum Body {
    /// An earlier filter of the route has consumed it.
    Taken,
    Incoming(Incoming),
    Read(Bytes),
}

/// Extracts the payload and never rejects.
pub(crate) fn payload(limit: usize) -> BoxedFilter<(Payload,)> {
    let body = warp::body::stream()
        .map(incoming)
        .or_else(|_| ready(Ok::<_, Infallible>((Body::Taken,))));
    warp::method()
        .and(query())
        .and(warp::header::headers_cloned())
        .and(body)
        .map(move |method, query, headers, body| Payload {
            method,
            query,
            headers,
            body,
            limit,
        })
        .boxed()
}

/// Returns the raw query, if present.
pub(crate) fn query()
-> impl Filter<Extract = (Option<String>,), Error = Infallible> + Clone + Send + Sync + 'static {
    warp::query::raw().map(Some).or_else(|_| ready(Ok((None,))))
}

fn incoming(body: impl Stream<Item = Result<impl Buf, warp::Error>> + Send + 'static) -> Body {
    let chunks = body.map(|chunk| chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining())));
    Body::Incoming(Box::pin(chunks))
}

impl Payload {
    pub(crate) async fn read<T: FromUntrusted>(&mut self) -> Result<Unverified<T>, Error> {
        let body = self.body().await?;
        Unverified::from_request(&self.method, self.query.as_deref(), &self.headers, &body)
    }

    /// Returns the body, and keeps it for later calls.
    async fn body(&mut self) -> Result<Bytes, Error> {
        match &mut self.body {
            Body::Incoming(incoming) => {
                let read = collect(incoming, self.limit).await?;
                self.body = Body::Read(read.clone());
                Ok(read)
            }
            Body::Read(read) => Ok(read.clone()),
            Body::Taken => Err(Error::new(ErrorKind::Internal)
                .with_source("a filter of the route took the body, which `Verified` must read")),
        }
    }
}

async fn collect(incoming: &mut Incoming, limit: usize) -> Result<Bytes, Error> {
    let mut body = BytesMut::new();
    while let Some(chunk) = incoming.next().await {
        let chunk = chunk.map_err(|cause| Error::new(ErrorKind::BadRequest).with_source(cause))?;
        if chunk.len() > limit - body.len() {
            return Err(ErrorKind::PayloadTooLarge.into());
        }
        body.put(chunk);
    }
    Ok(body.freeze())
}
