//! Outgoing values: granted to one session, then sent.

use crate::{Error, GrantDuration, Grants, IntoGranted, SessionId, trust::Grant};
use serde::{Serialize, Serializer};
use std::{fmt, ops::Deref};

/// Grants the tokens of values to one session.
///
/// A handler takes the request's `Granter` as an argument. Elsewhere, such as in a WebSocket or a test, call
/// `Luna::granter(&session)` of the adapter.
#[derive(Clone, Debug)]
pub struct Granter {
    grants: Grants,
    session: SessionId,
}

impl Granter {
    /// Makes a `Granter` of `grants` for one session.
    #[must_use]
    pub const fn new(grants: Grants, session: SessionId) -> Self {
        Self { grants, session }
    }

    /// Grants every token of `value` in one call.
    ///
    /// `value` is a `#[derive(Tokens)]` type, a token, or a container of either, owned or borrowed. Each
    /// grant lives for the `ttl` of its field, or for the tokenizer's default.
    ///
    /// The result of a borrowed value is owned: a `&Row` gives a `Granted<Row>`, and a `Vec<&Row>` or
    /// `&[Row]` gives a `Granted<Vec<Row>>`.
    ///
    /// # Errors
    /// Those of [`Grants::grant`].
    ///
    /// # Security
    /// A grant lets the user read the value: authorise the row that it comes from first.
    pub async fn grant<T: IntoGranted>(&self, value: T) -> Result<Granted<T>, Error> {
        let granted = self.grants.grant(&self.session, value, None).await?;
        Ok(GrantedValue(granted))
    }

    /// Grants like [`grant`](Self::grant), with `duration` for tokens without their own.
    ///
    /// # Errors
    /// Those of [`Grants::grant`].
    pub async fn grant_for<T: IntoGranted>(
        &self,
        value: T,
        duration: GrantDuration,
    ) -> Result<Granted<T>, Error> {
        let granted = self.grants.grant(&self.session, value, duration).await?;
        Ok(GrantedValue(granted))
    }

    /// Returns the session that receives the grants.
    #[must_use]
    pub const fn session(&self) -> &SessionId {
        &self.session
    }
}

/// A `T` whose tokens were granted to one session: a JSON response that caches must not store.
///
/// Only [`Granter`] makes one. It also serialises, as part of a larger response.
///
/// It is named after the granted type and holds its granted form. `Granted<&Row>` and `Granted<Row>` are one
/// type, so a handler may grant a local row by reference and return the result:
///
/// ```
/// # use lunadefend_core::{Error, Granted, Granter, VerifiedToken};
/// async fn show(granter: Granter, row: VerifiedToken) -> Result<Granted<VerifiedToken>, Error> {
///     let granted = granter.grant(&row).await?;
///     # let audit = |_: &VerifiedToken| ();
///     audit(&row);
///     Ok(granted)
/// }
///
/// async fn list(
///     granter: Granter,
///     rows: Vec<VerifiedToken>,
/// ) -> Result<Granted<Vec<VerifiedToken>>, Error> {
///     let first: Vec<&VerifiedToken> = rows.iter().take(20).collect();
///     granter.grant(first).await
/// }
///
/// async fn all(
///     granter: Granter,
///     rows: &[VerifiedToken],
/// ) -> Result<Granted<Vec<VerifiedToken>>, Error> {
///     granter.grant(rows).await
/// }
/// ```
pub type Granted<T> = GrantedValue<<T as Grant>::Granted>;

/// The type behind [`Granted<T>`](Granted): the granted form `G` of a `T`. Handlers name it `Granted<T>`.
///
/// Dereferences to the granted form, so that a template can show its fields.
pub struct GrantedValue<G>(G);

impl<G> GrantedValue<G> {
    /// Returns the granted form itself.
    ///
    /// # Security
    /// A cache may store the value if you send it in any way other than as this response.
    #[must_use]
    pub fn into_inner(self) -> G {
        self.0
    }
}

impl<G> Deref for GrantedValue<G> {
    type Target = G;

    fn deref(&self) -> &G {
        &self.0
    }
}

impl<G> fmt::Debug for GrantedValue<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Granted(..)")
    }
}

impl<G: Serialize> Serialize for GrantedValue<G> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
