//! Reading the body of a request: so much, in so much time, and strictly.

use crate::{answer::Refusal, service::Shared};
use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, Request},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use lunadefend_core::{is_encoded, is_json, wire};
use serde::de::DeserializeOwned;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// A JSON body that was read strictly: `application/json`, at most 64 KiB, one object.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be application/json in UTF-8, not encoded",
            ));
        }
        let limits = &shared.config.limits;
        let mut body = Chunks::new(request, wire::REQUEST.bytes as u64)?;
        // One deadline for the whole body: it is small, and a drip must not hold a connection.
        let deadline = Instant::now() + limits.body_read;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = body.next(deadline).await? {
            bytes.extend_from_slice(&chunk);
        }
        wire::from_slice(&bytes, wire::REQUEST)
            .map(Self)
            .map_err(|error| Refusal::bad_request(error.to_string()))
    }
}

/// The body of an upload. Every pause has the same deadline, and a value may take several.
pub(crate) struct Upload {
    chunks: Chunks,
    pause: Duration,
}

impl Upload {
    /// # Errors
    /// 415 when the body is encoded: what is stored are the bytes that came. 413 when it is
    /// announced to be longer than `max_length`.
    pub(crate) fn new(request: Request, max_length: u64, pause: Duration) -> Result<Self, Refusal> {
        if is_encoded(request.headers()) {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "a value must be sent without Content-Encoding",
            ));
        }
        let chunks = Chunks::new(request, max_length)?;
        Ok(Self { chunks, pause })
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        self.chunks.next(Instant::now() + self.pause).await
    }
}

/// The data of a body, up to a length.
struct Chunks {
    body: Body,
    left: u64,
}

impl Chunks {
    fn new(request: Request, max_length: u64) -> Result<Self, Refusal> {
        let announced = request
            .body()
            .size_hint()
            .lower()
            .max(announced(request.headers()));
        if announced > max_length {
            return Err(too_large());
        }
        Ok(Self {
            body: request.into_body(),
            left: max_length,
        })
    }

    async fn next(&mut self, deadline: Instant) -> Result<Option<Bytes>, Refusal> {
        loop {
            let frame = match timeout_at(deadline, self.body.frame()).await {
                Err(_) => {
                    return Err(Refusal::new(
                        StatusCode::REQUEST_TIMEOUT,
                        "the body of the request did not come in time",
                    ));
                }
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => {
                    return Err(Refusal::bad_request("the body of the request broke off"));
                }
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers are nothing to us.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            self.left = self
                .left
                .checked_sub(data.len() as u64)
                .ok_or_else(too_large)?;
            return Ok(Some(data));
        }
    }
}

fn announced(headers: &HeaderMap) -> u64 {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or(0)
}

fn too_large() -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "the body of the request is too large",
    )
}
