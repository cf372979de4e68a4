//! Reading request bodies: bounded in size and time, parsed strictly.

use crate::{config::Limits, error::ApiError, route::BodyLimit, size::in_words, state::Shared};
use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, Request},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use lunadefend_core::{
    adapter::{is_encoded, is_json},
    wire,
};
use lunadefend_vault::Vault;
use serde::de::DeserializeOwned;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// A JSON body, read strictly: `application/json`, within the bounds of the route, one object.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, ApiError> {
        let JsonBody { bytes, bounds } = read_json(request, shared).await?;
        wire::from_slice(&bytes, bounds)
            .map(Self)
            .map_err(|error| ApiError::bad_request(error.to_string()))
    }
}

/// The bytes of a JSON body, and the bounds to parse them by.
pub(crate) struct JsonBody {
    pub(crate) bytes: BytesMut,
    pub(crate) bounds: wire::Limits,
}

/// Reads a body that says that it is `application/json`, within the bounds of the route.
pub(crate) async fn read_json(request: Request, shared: &Shared) -> Result<JsonBody, ApiError> {
    let Some(BodyLimit::Json(bounds)) = request.extensions().get().copied() else {
        return Err(ApiError::internal());
    };
    if !is_json(request.headers()) {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be application/json in UTF-8, not encoded",
        ));
    }
    let limits = &shared.config.limits;
    let mut body = Chunks::new(request, bounds.bytes as u64, json_too_large)?;
    // One deadline for the whole body: it is small, and a drip must not hold a connection.
    let deadline = Instant::now() + limits.body_read;
    let mut bytes = BytesMut::new();
    while let Some(chunk) = body.next(deadline).await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(JsonBody { bytes, bounds })
}

/// The body of an upload. Progress limits its time: every pause and every chunk has a deadline. So neither a
/// silent nor a dripping client keeps a connection and a lease.
pub(crate) struct Upload {
    chunks: Chunks,
    pause: Duration,
    /// The bytes of the chunk that have arrived, and the time left for the rest.
    arrived: u64,
    patience: Duration,
}

impl Upload {
    /// # Errors
    /// 415 when the body is encoded: the tokenizer stores the bytes as they arrive. 413 when its announced
    /// length is more than `max_length`.
    pub(crate) fn new(
        request: Request,
        max_length: u64,
        limits: &Limits,
    ) -> Result<Self, ApiError> {
        if is_encoded(request.headers()) {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "a value must be sent without Content-Encoding",
            ));
        }
        Ok(Self {
            chunks: Chunks::new(request, max_length, value_too_large)?,
            pause: limits.body_read,
            arrived: 0,
            patience: Vault::CHUNK_TIME,
        })
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let began = Instant::now();
        let pause = self.pause.min(self.patience);
        let data = self.chunks.next(began + pause).await?;
        // What the store takes for a chunk is not the client's time.
        self.patience = self.patience.saturating_sub(began.elapsed());
        self.arrived += data.as_ref().map_or(0, |data| data.len() as u64);
        if self.arrived >= Vault::CHUNK_BYTES {
            self.arrived %= Vault::CHUNK_BYTES;
            self.patience = Vault::CHUNK_TIME;
        }
        Ok(data)
    }
}

/// The data of a body, up to a length.
struct Chunks {
    body: Body,
    max_length: u64,
    left: u64,
    too_large: fn(u64) -> ApiError,
}

impl Chunks {
    fn new(
        request: Request,
        max_length: u64,
        too_large: fn(u64) -> ApiError,
    ) -> Result<Self, ApiError> {
        let announced = request
            .body()
            .size_hint()
            .lower()
            .max(announced(request.headers()));
        if announced > max_length {
            return Err(too_large(max_length));
        }
        Ok(Self {
            body: request.into_body(),
            max_length,
            left: max_length,
            too_large,
        })
    }

    async fn next(&mut self, deadline: Instant) -> Result<Option<Bytes>, ApiError> {
        loop {
            let frame = match timeout_at(deadline, self.body.frame()).await {
                Err(_) => {
                    return Err(ApiError::new(
                        StatusCode::REQUEST_TIMEOUT,
                        "the body of the request did not come in time",
                    ));
                }
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => {
                    return Err(ApiError::bad_request("the body of the request broke off"));
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
                .ok_or_else(|| (self.too_large)(self.max_length))?;
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

fn json_too_large(max_length: u64) -> ApiError {
    let limit = in_words(max_length);
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body of the request is over {limit}"),
    )
}

pub(crate) fn value_too_large(max_length: u64) -> ApiError {
    let limit = in_words(max_length);
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!(
            "the value is over {limit}: store a smaller one, or have LUNADEFEND_MAX_VALUE of the tokenizer raised"
        ),
    )
}
