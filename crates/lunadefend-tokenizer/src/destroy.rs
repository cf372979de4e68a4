//! Requests that destroy: each has a JWT that is good for it alone, once. So a JWT of the application that has
//! leaked, which is good for all grants for a quarter of an hour, destroys nothing.

use crate::{
    body::{self, JsonBody},
    error::ApiError,
    state::Shared,
};
use axum::extract::{FromRequest, Request};
use lunadefend_core::{
    provider::UnixMillis,
    wire::{self, Destroys},
};
use lunadefend_jwt::Destruction;
use std::{sync::Arc, time::Duration};

/// The verified JWT of a request that destroys, before its request is known. Admission makes it of the
/// `authorization` header.
#[derive(Clone, Debug)]
pub(crate) struct DestroyJwt {
    pub(crate) destruction: Destruction,
    /// Its `exp`, without leeway.
    pub(crate) expires_at: UnixMillis,
}

/// A request whose JWT names its route and its body. Only [`spend`](Self::spend) gives it away.
pub(crate) struct Destroy<T> {
    request: T,
    jwt: DestroyJwt,
}

impl<T: Destroys> FromRequest<Arc<Shared>> for Destroy<T> {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, shared: &Arc<Shared>) -> Result<Self, ApiError> {
        let jwt = request.extensions_mut().remove::<DestroyJwt>();
        let jwt = jwt.ok_or_else(ApiError::internal)?;
        let JsonBody { bytes, bounds } = body::read_json(request, shared).await?;
        if !jwt.destruction.is_of(T::ROUTE, &bytes) {
            tracing::debug!("a JWT was refused: it is for another route or another body");
            return Err(ApiError::unauthorized());
        }
        let request = wire::from_slice(&bytes, bounds)
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        Ok(Self { request, jwt })
    }
}

impl<T> Destroy<T> {
    /// Returns the request, to check it.
    pub(crate) const fn get(&self) -> &T {
        &self.request
    }

    /// Spends the JWT, and returns the request to act on. Call it after all other checks.
    ///
    /// # Errors
    /// 401 when the JWT was spent before.
    pub(crate) async fn spend(self, shared: &Shared) -> Result<T, ApiError> {
        let id = [b"jti:", self.jwt.destruction.jti().as_bytes()].concat();
        let leeway = shared.config.jwt.leeway;
        let spent_until = self.jwt.expires_at + leeway + Duration::from_millis(1);
        if shared.vault.spend_jwt_once(&id, spent_until).await? {
            Ok(self.request)
        } else {
            tracing::debug!("a JWT was refused: it has been used before");
            Err(ApiError::unauthorized())
        }
    }
}
