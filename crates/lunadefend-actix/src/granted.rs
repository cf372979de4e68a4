//! What goes out, with every token granted.

use crate::{Error, LocalBoxFuture, Luna, convert};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, body::BoxBody, dev::Payload};
use lunadefend_core::{Grant, GrantDuration, Grants, IntoGranted, SessionId, granted_response};
use serde::{Serialize, Serializer};
use std::fmt;

/// Grants the tokens of a value to the session of the request.
#[derive(Clone, Debug)]
pub struct Granter {
    grants: Grants,
    session: SessionId,
}

impl Granter {
    /// Grants every token of `value`, a `#[derive(Tokens)]` type, a token or a container of tokens,
    /// owned or borrowed, in one call. Each lives as long as its field says, or for the tokenizer's
    /// default.
    ///
    /// # Errors
    /// Those of [`Grants::create`].
    ///
    /// # Security
    /// A grant lets the user read the value: authorise the row that it comes from first.
    pub async fn grant<T: IntoGranted>(&self, value: T) -> Result<Granted<T>, Error> {
        Ok(Granted(
            self.grants.create(&self.session, value, None).await?,
        ))
    }

    /// The same, with a duration for the tokens that name none themselves.
    ///
    /// # Errors
    /// Those of [`Grants::create`].
    pub async fn grant_for<T: IntoGranted>(
        &self,
        value: T,
        duration: GrantDuration,
    ) -> Result<Granted<T>, Error> {
        Ok(Granted(
            self.grants.create(&self.session, value, duration).await?,
        ))
    }

    /// The session that is granted to.
    #[must_use]
    pub fn session(&self) -> &SessionId {
        &self.session
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
            Ok(Self {
                grants: luna.grants().clone(),
                session,
            })
        })
    }
}

/// A `T` whose tokens were granted to the session of the request: a JSON answer, never cached.
///
/// Only [`Granter`] makes one. It also serialises, as part of a larger answer.
pub struct Granted<T: Grant>(T::Granted);

impl<T: Grant> Granted<T> {
    /// The granted form itself.
    #[must_use]
    pub fn into_inner(self) -> T::Granted {
        self.0
    }
}

impl<T: Grant> fmt::Debug for Granted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Granted(..)")
    }
}

impl<T: Grant<Granted: Serialize>> Serialize for Granted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: Grant<Granted: Serialize>> Responder for Granted<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        convert::response(granted_response(&self.0))
    }
}
