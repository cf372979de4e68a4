//! Values on their way out: granted to one session, then sent.

use crate::{Error, GrantDuration, Grants, IntoGranted, SessionId, trust::Grant};
use serde::{Serialize, Serializer};
use std::{fmt, ops::Deref};

/// Grants the tokens of values to one session.
///
/// A handler takes that of its request as an argument. For a session that is known otherwise, in a
/// WebSocket or a test, `Luna::granter(&session)` of each adapter makes one.
#[derive(Clone, Debug)]
pub struct Granter {
    grants: Grants,
    session: SessionId,
}

impl Granter {
    /// Joins the grants with the session that they are made for.
    #[must_use]
    pub const fn new(grants: Grants, session: SessionId) -> Self {
        Self { grants, session }
    }

    /// Grants every token of `value` in one call: a `#[derive(Tokens)]` type, a token, or a container
    /// of either, owned or borrowed. Each grant lives as long as its field says, or for the tokenizer's
    /// default.
    ///
    /// What comes of a borrowed value borrows nothing: of a `&Row` it is a `Granted<Row>`, of a
    /// `Vec<&Row>` or a `&[Row]` a `Granted<Vec<Row>>`.
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

    /// Does the same, with a duration for the tokens that name none themselves.
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

    /// Names the session that is granted to.
    #[must_use]
    pub const fn session(&self) -> &SessionId {
        &self.session
    }
}

/// A `T` whose tokens were granted to one session: a JSON response that no cache keeps.
///
/// Only [`Granter`] makes one. It also serialises, as part of a larger response.
///
/// It is named after the type that was granted and holds its granted form. `Granted<&Row>` and
/// `Granted<Row>` are therefore one type, and a handler may return what it granted of a local row:
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

/// What [`Granted<T>`](Granted) is: the granted form `G` of a `T`. Handlers name it `Granted<T>`.
///
/// Dereferences to the granted form, for a template that shows its fields.
pub struct GrantedValue<G>(G);

impl<G> GrantedValue<G> {
    /// Returns the granted form itself.
    ///
    /// # Security
    /// What is sent in another way than as this response may be kept by a cache.
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
