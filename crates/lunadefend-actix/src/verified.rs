//! Input of a request, with every token verified.

use crate::{Error, LocalBoxFuture, Luna, convert};
use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::StatusCode,
    web::{self, Data, PayloadConfig},
};
use bytes::Bytes;
use lunadefend_core::{ErrorKind, FromUntrusted, Unverified};

/// The largest body, in bytes, if the application sets no limit: the same under every framework.
const DEFAULT_LIMIT: usize = 2 * 1024 * 1024;

/// Reads a `T` from the request and verifies all its tokens, in one call, for the session of the request.
///
/// The handler runs only when all of them are valid.
///
/// Reads the query of a GET or HEAD, otherwise the body: JSON or a form, by its `Content-Type`. It consumes
/// the body, so no other argument of the handler may read the body.
///
/// | problem | response |
/// |---|---|
/// | malformed, a missing member, not a token | 400 |
/// | no user is logged in, or no live grant for one of the tokens | 401 |
/// | larger than the limit of actix-web's `PayloadConfig` (2 MiB where none is set) | 413 |
/// | more distinct tokens than `Grants::max_tokens` (500 unless set) | 413 |
/// | another `Content-Type`, such as `multipart/form-data` (the README of this crate shows how to read that) | 415 |
/// | the tokenizer gives no definite response | 502, 503 |
///
/// # Security
/// Verified does not mean owned: the session may read the value now. The handler must still check that the
/// user may write the row that the token is for.
///
/// Do not take an `Option<Verified<T>>`: actix-web turns every error into `None`, so a rejected token would
/// look like an absent one. For an optional token, give `T` an `Option<VerifiedToken>`.
///
/// A type that does not implement `FromUntrusted` is rejected at compile time, with advice.
#[derive(Clone, Copy, Debug)]
pub struct Verified<T: FromUntrusted>(pub T);

impl<T: FromUntrusted + 'static> FromRequest for Verified<T> {
    type Error = Error;
    type Future = LocalBoxFuture<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let luna = Luna::of(&request)?;
            // Authenticate before reading the body.
            let session = luna.session(&request).await?;
            let body = read(&request, payload).await?;
            let unverified = Unverified::<T>::from_request(
                &convert::method(request.method())?,
                request.uri().query(),
                &convert::headers(request.headers())?,
                &body,
            )?;
            Ok(Self(unverified.verify(luna.grants(), &session).await?))
        })
    }
}

async fn read(request: &HttpRequest, mut payload: Payload) -> Result<Bytes, ErrorKind> {
    let configured = request.app_data::<PayloadConfig>().is_some()
        || request.app_data::<Data<PayloadConfig>>().is_some();
    if configured {
        // Only actix-web itself can read the limit of a `PayloadConfig`.
        return Bytes::from_request(request, &mut payload)
            .await
            .map_err(|error| match error.as_response_error().status_code() {
                StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::PayloadTooLarge,
                _ => ErrorKind::BadRequest,
            });
    }
    let payload = web::Payload::from_request(request, &mut payload)
        .await
        .map_err(|_| ErrorKind::BadRequest)?;
    match payload.to_bytes_limited(DEFAULT_LIMIT).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(ErrorKind::BadRequest),
        Err(_) => Err(ErrorKind::PayloadTooLarge),
    }
}
