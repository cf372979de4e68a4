//! The granter as an extractor.

use crate::{Error, LocalBoxFuture, Luna};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
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

impl FromRequest for Granter {
    type Error = Error;
    type Future = LocalBoxFuture<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let luna = Luna::of(&request)?;
            let session = luna.session(&request).await?;
            Ok(luna.granter(&session))
        })
    }
}
