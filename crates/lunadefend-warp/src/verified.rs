//! What came in, with every token verified.

use crate::{Error, Extract, extract::Request};
use lunadefend_core::FromUntrusted;

/// Reads a `T` from the request and verifies every token of it, in one call, for the session of the
/// request. The handler runs only when all of them hold.
///
/// The query of a GET or HEAD is read, otherwise a body that is JSON or a form by its
/// `Content-Type`. It takes the body, so no other filter of the route may.
///
/// | what is wrong | answer |
/// |---|---|
/// | malformed, a member missing, not a token | 400 |
/// | nobody logged in, or no live grant for one of the tokens | 401 |
/// | larger than [`Luna::body_limit`](crate::Luna::body_limit) (2 MB unless set) | 413 |
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

impl<T: FromUntrusted + Send + 'static> Extract for Verified<T> {
    const READS_PAYLOAD: bool = true;

    async fn extract(request: &mut Request) -> Result<Self, Error> {
        // Before the body is read: whoever is not logged in sends nothing that is looked at.
        let session = request.session().await?;
        let unverified = request.payload()?.read::<T>().await?;
        Ok(Self(unverified.verify(request.grants(), &session).await?))
    }
}
