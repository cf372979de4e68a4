//! Input of a request, with every token verified.

use crate::{Error, Extract, extract::Request};
use lunadefend_core::FromUntrusted;

/// Reads a `T` from the request and verifies all its tokens, in one call, for the session of the request.
///
/// The handler runs only when all of them are valid.
///
/// Reads the query of a GET or HEAD, otherwise the body: JSON or a form, by its `Content-Type`. It consumes
/// the body, so no other filter of the route may read the body.
///
/// | problem | response |
/// |---|---|
/// | malformed, a missing member, not a token | 400 |
/// | no user is logged in, or no live grant for one of the tokens | 401 |
/// | larger than [`Luna::body_limit`](crate::Luna::body_limit) (2 MB unless set) | 413 |
/// | more distinct tokens than `Grants::max_tokens` (500 unless set) | 413 |
/// | another `Content-Type`, such as `multipart/form-data` (the README of this crate shows how to read that) | 415 |
/// | the tokenizer gives no definite response | 502, 503 |
///
/// # Security
/// Verified does not mean owned: the session may read the value now. The handler must still check that the
/// user may write the row that the token is for.
///
/// A type that does not implement `FromUntrusted` is rejected at compile time, with advice.
#[derive(Clone, Copy, Debug)]
pub struct Verified<T: FromUntrusted>(pub T);

impl<T: FromUntrusted + Send + 'static> Extract for Verified<T> {
    const READS_PAYLOAD: bool = true;

    async fn extract(request: &mut Request) -> Result<Self, Error> {
        // Authenticate before reading the body.
        let session = request.session().await?;
        let unverified = request.payload()?.read::<T>().await?;
        Ok(Self(unverified.verify(request.grants(), &session).await?))
    }
}
