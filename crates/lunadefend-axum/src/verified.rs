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
/// # Errors of your own
/// `Result<Verified<T>, Error>` as the argument hands the error to the handler. An extractor of your own
/// puts it into your own error, for every handler that takes it:
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
/// leaves out the bound that `Verified` has. That bound stays. A type that is no `FromUntrusted` is refused
/// where it is named, with advice; without the bound, axum would only say that the handler is none.
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
