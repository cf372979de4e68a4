//! Input of a request, with every token verified.

use crate::{Error, Luna};
use axum::{
    extract::{FromRef, FromRequest, Request},
    response::IntoResponse,
};
use bytes::Bytes;
use http::StatusCode;
use lunadefend_core::{ErrorKind, FromUntrusted, Unverified};

/// Reads a `T` from the request and verifies all its tokens, in one call, for the session of the request.
///
/// The handler runs only when all of them are valid.
///
/// Reads the query of a GET or HEAD, otherwise the body: JSON or a form, by its `Content-Type`. It consumes
/// the request, so it must be the handler's last argument.
///
/// | problem | response |
/// |---|---|
/// | malformed, a missing member, not a token | 400 |
/// | no user is logged in, or no live grant for one of the tokens | 401 |
/// | larger than axum's `DefaultBodyLimit` (2 MB unless set) | 413 |
/// | more distinct tokens than `Grants::max_tokens` (500 unless set) | 413 |
/// | another `Content-Type`, such as `multipart/form-data` (the README of this crate shows how to read that) | 415 |
/// | the tokenizer gives no definite response | 502, 503 |
///
/// # Security
/// Verified does not mean owned: the session may read the value now. The handler must still check that the
/// user may write the row that the token is for.
///
/// # Your own errors
/// A handler that takes `Result<Verified<T>, Error>` gets the error. To convert it for many handlers, write
/// your own extractor:
///
/// ```
/// use axum::extract::{FromRef, FromRequest, Request};
/// use lunadefend_axum::{Error, Luna, Verified};
/// use lunadefend_core::FromUntrusted;
/// # use axum::response::{IntoResponse, Response};
/// # struct ApiError(Error);
/// # impl From<Error> for ApiError { fn from(error: Error) -> Self { Self(error) } }
/// # impl IntoResponse for ApiError { fn into_response(self) -> Response { self.0.into_response() } }
///
/// struct Mine<T>(T);
///
/// impl<S, T> FromRequest<S> for Mine<T>
/// where
///     S: Send + Sync,
///     T: FromUntrusted,
///     Luna: FromRef<S>,
/// {
///     type Rejection = ApiError;
///
///     async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
///         let Verified(value) = Verified::from_request(request, state).await?;
///         Ok(Self(value))
///     }
/// }
/// ```
///
/// `#[derive(FromRequest)] #[from_request(via(Verified))]` does not compile on a generic struct: the macro
/// omits the bound of `Verified`. The bound is deliberate: the compiler rejects a type without
/// `FromUntrusted` where it is named, with advice. Without the bound, axum would only report that the
/// function is not a handler.
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
        // Authenticate before reading the body.
        let session = luna.session(&mut parts).await?;
        // To read the body, axum needs only its limit, which is in the extensions.
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
