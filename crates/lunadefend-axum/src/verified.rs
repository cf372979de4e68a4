//! What came in, with every token verified.

use crate::{Error, Luna};
use axum::{
    extract::{FromRef, FromRequest, Request},
    response::IntoResponse,
};
use bytes::Bytes;
use http::StatusCode;
use lunadefend_core::{ErrorKind, FromUntrusted, Unverified};

/// Reads a `T` from the request and verifies every token of it, in one call, for the session of the
/// request. The handler runs only when all of them hold.
///
/// The query of a GET or HEAD is read, otherwise a body that is JSON or a form by its
/// `Content-Type`. It consumes the request, so it comes last in the handler's arguments.
///
/// | what is wrong | answer |
/// |---|---|
/// | malformed, a member missing, not a token | 400 |
/// | nobody logged in, or no live grant for one of the tokens | 401 |
/// | larger than axum's `DefaultBodyLimit` (2 MB unless set) | 413 |
/// | more different tokens than `Grants::max_tokens` (500 unless set) | 413 |
/// | another `Content-Type`, such as `multipart/form-data`: the README of this crate shows how to read that | 415 |
/// | the tokenizer gives no clear answer | 502, 503 |
///
/// # Security
/// Verified is not owned: it says that the session may read the value now. The handler still decides
/// whether the user may write the row that the token is for.
///
/// A type that is no `FromUntrusted` is refused where it is named, with advice.
#[derive(Clone, Copy, Debug)]
pub struct Verified<T: FromUntrusted>(pub T);

impl<S, T> FromRequest<S> for Verified<T>
where
    S: Send + Sync,
    Luna: FromRef<S>,
    T: FromUntrusted,
{
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let luna = Luna::from_ref(state);
        let (mut parts, body) = request.into_parts();
        // Before the body is read: whoever is not logged in sends nothing that is looked at.
        let session = luna.session(&mut parts).await?;
        // Reading a body needs its limit, which is among the extensions, and nothing else of the head.
        let mut request = Request::new(body);
        *request.extensions_mut() = std::mem::take(&mut parts.extensions);
        let body =
            Bytes::from_request(request, state)
                .await
                .map_err(|rejection| match rejection.into_response().status() {
                    StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::PayloadTooLarge,
                    _ => ErrorKind::BadRequest,
                })?;
        let query = parts.uri.query();
        let unverified =
            Unverified::<T>::from_request(&parts.method, query, &parts.headers, &body)?;
        Ok(Self(unverified.verify(luna.grants(), &session).await?))
    }
}
