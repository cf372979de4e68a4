//! Verifies and grants inside a resolver, where the types tell trusted and untrusted tokens apart.

use crate::{error::into_graphql, request::RequestGrants};
use async_graphql::{Context, Result};
use lunadefend_core::{
    GrantDuration, SessionId,
    trust::{Grant, Verify},
};
use std::future::Future;

/// Returns the session of the resolver's request.
///
/// ```
/// use async_graphql::{Context, Object, Result};
/// use lunadefend_graphql::session_in;
/// # use lunadefend_core::SessionId;
/// # struct Row { name: String }
/// # struct Db;
/// # impl Db { async fn row(&self, _: &SessionId) -> Option<Row> { None } }
///
/// struct Query;
///
/// #[Object]
/// impl Query {
///     async fn name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
///         let row = ctx.data::<Db>()?.row(session_in(ctx)?).await;
///         Ok(row.map(|row| row.name))
///     }
/// }
/// ```
///
/// # Errors
/// An error with `sessionError` as `extensions.code` when nobody is logged in, and with `internalError` in a
/// schema without [`TokenExtension`](crate::TokenExtension).
pub fn session_in<'a>(context: &Context<'a>) -> Result<&'a SessionId> {
    let grants = RequestGrants::of(context).map_err(into_graphql)?;
    grants.session().map_err(into_graphql)
}

/// Turns an untrusted input into a verified value.
///
/// Implemented for [`UntrustedToken`](lunadefend_core::UntrustedToken),
/// [`Unverified<T>`](lunadefend_core::Unverified), and containers of these.
pub trait VerifyIn: Verify {
    /// Verifies every token for the request's session. Tokens in arguments were verified before the first
    /// resolver ran, and cost no call here.
    ///
    /// # Errors
    /// An error with its name as `extensions.code`: `invalidGrant` when the session holds no live grant for
    /// one of the tokens, `sessionError` without a session, and the other names of
    /// [`ErrorKind`](lunadefend_core::ErrorKind).
    ///
    /// # Security
    /// Verified does not mean owned: the resolver must still decide whether the user may write the token's
    /// row.
    fn verify_in(
        self,
        context: &Context<'_>,
    ) -> impl Future<Output = Result<Self::Verified>> + Send;
}

impl<T: Verify + Send> VerifyIn for T {
    async fn verify_in(self, context: &Context<'_>) -> Result<T::Verified> {
        let grants = RequestGrants::of(context).map_err(into_graphql)?;
        grants.verify(self).await.map_err(into_graphql)
    }
}

/// The result of [`GrantIn`] for a `T`, as the type that a resolver returns.
///
/// A `#[derive(Tokens)]` type with `#[tokens(graphql)]` is an object of the schema only in this form.
pub type Granted<T> = <T as Grant>::Granted;

/// Turns a stored value into one that may be sent.
///
/// Implemented for [`VerifiedToken`](lunadefend_core::VerifiedToken), types with `#[derive(Tokens)]`, and
/// containers of these, owned or borrowed.
pub trait GrantIn: Grant {
    /// Grants every token to the request's session, in one call. Each grant has the duration of its field, or
    /// the tokenizer's default.
    ///
    /// # Errors
    /// An error with its name as `extensions.code`: `sessionError` without a session, and the names of
    /// [`Grants::grant`](lunadefend_core::Grants::grant).
    ///
    /// # Security
    /// A grant lets the user read the value: first check that the user may read its row.
    fn grant_in(self, context: &Context<'_>) -> impl Future<Output = Result<Self::Granted>> + Send;

    /// Grants like [`grant_in`](Self::grant_in), with a duration for tokens whose fields set none.
    ///
    /// # Errors
    /// As for [`grant_in`](Self::grant_in).
    fn grant_in_for(
        self,
        context: &Context<'_>,
        duration: GrantDuration,
    ) -> impl Future<Output = Result<Self::Granted>> + Send;
}

impl<T: Grant + Send> GrantIn for T {
    async fn grant_in(self, context: &Context<'_>) -> Result<T::Granted> {
        let grants = RequestGrants::of(context).map_err(into_graphql)?;
        grants.grant(self, None).await.map_err(into_graphql)
    }

    async fn grant_in_for(
        self,
        context: &Context<'_>,
        duration: GrantDuration,
    ) -> Result<T::Granted> {
        let grants = RequestGrants::of(context).map_err(into_graphql)?;
        let granted = grants.grant(self, Some(duration)).await;
        granted.map_err(into_graphql)
    }
}
