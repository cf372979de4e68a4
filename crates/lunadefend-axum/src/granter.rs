//! The granter as an extractor.

use crate::{Error, Luna};
use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use std::ops::Deref;

/// The [`Granter`](lunadefend_core::Granter) for the session of the request, as found by the provider of
/// [`Luna`].
///
/// Without a session the response is a 401 and the handler does not run.
#[derive(Clone, Debug)]
pub struct Granter(pub(crate) lunadefend_core::Granter);

impl Deref for Granter {
    type Target = lunadefend_core::Granter;

    fn deref(&self) -> &lunadefend_core::Granter {
        &self.0
    }
}

impl<S> FromRequestParts<S> for Granter
where
    S: Send + Sync,
    Luna: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let luna = Luna::from_ref(state);
        let session = luna.session(parts).await?;
        Ok(luna.granter(&session))
    }
}
