//! Verifying and granting inside of a resolver, where the types say what a token is.

use crate::{error::into_graphql, request::RequestGrants};
use async_graphql::{Context, Result};
use lunadefend_core::{
    GrantDuration, SessionId,
    trust::{Grant, Verify},
};
use std::future::Future;

/// The session of the request that a resolver runs for: that of its user.
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
/// With `sessionError` as `extensions.code` when nobody is logged in, and `internalError` in a schema
/// without [`TokenExtension`](crate::TokenExtension).
pub fn session_in<'a>(context: &Context<'a>) -> Result<&'a SessionId> {
    let grants = RequestGrants::of(context).map_err(into_graphql)?;
    grants.session().map_err(into_graphql)
}

/// Turns what came in into what is verified.
///
/// For an [`UntrustedToken`](lunadefend_core::UntrustedToken), an
/// [`Unverified<T>`](lunadefend_core::Unverified), and containers of these.
pub trait VerifyIn: Verify {
    /// Verifies every token for the session of the request. Those in arguments were verified before the
    /// first resolver ran, and cost no call here.
    ///
    /// # Errors
    /// With the name of the error as `extensions.code`: `invalidGrant` when the session holds no live
    /// grant for one of the tokens, `sessionError` without a session, and the other names of
    /// [`ErrorKind`](lunadefend_core::ErrorKind).
    ///
    /// # Security
    /// Verified is not owned: the resolver still decides whether the user may write the row that the
    /// token is for.
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

/// What [`GrantIn`] makes of a `T`, as the type that a resolver returns.
///
/// A `#[derive(Tokens)]` type with `#[tokens(graphql)]` is an object of the schema in this form, and in
/// no other.
pub type Granted<T> = <T as Grant>::Granted;

/// Turns what is stored into what may be sent.
///
/// For a [`VerifiedToken`](lunadefend_core::VerifiedToken), a type with `#[derive(Tokens)]`, and
/// containers of these, owned or borrowed.
pub trait GrantIn: Grant {
    /// Grants every token to the session of the request, in one call. Each lives as long as its field
    /// says, or for the default of the tokenizer.
    ///
    /// # Errors
    /// With the name of the error as `extensions.code`: `sessionError` without a session, and the names
    /// of [`Grants::grant`](lunadefend_core::Grants::grant).
    ///
    /// # Security
    /// A grant lets the user read the value: authorise the row that it comes from first.
    fn grant_in(self, context: &Context<'_>) -> impl Future<Output = Result<Self::Granted>> + Send;

    /// The same, with a duration for the tokens that name none themselves.
    ///
    /// # Errors
    /// Those of [`grant_in`](Self::grant_in).
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
