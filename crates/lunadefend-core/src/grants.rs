//! Grants: the tie of a token to a session, checked on the way in and made on the way out.

use crate::{
    Error, ErrorKind, GrantDuration, SessionId,
    provider::{BoxFuture, TokenId},
    trust::{Grant, GrantCollector, GrantProof, Verify, VerifyCollector, VerifyProof},
};
use std::{fmt::Debug, num::NonZeroUsize, sync::Arc};

#[cfg(test)]
mod tests;

/// One token to be granted, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GrantRequest {
    token: TokenId,
    duration: Option<GrantDuration>,
}

impl GrantRequest {
    /// Asks for a grant of `token`; without a duration the tokenizer's default applies.
    #[must_use]
    pub const fn new(token: TokenId, duration: Option<GrantDuration>) -> Self {
        Self { token, duration }
    }

    /// The token.
    #[must_use]
    pub const fn token(&self) -> &TokenId {
        &self.token
    }

    /// The duration, when one was asked for.
    #[must_use]
    pub const fn duration(&self) -> Option<GrantDuration> {
        self.duration
    }

    pub(crate) fn into_token(self) -> TokenId {
        self.token
    }
}

/// What the tokenizer says of one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a verdict that nobody looks at verifies nothing"]
pub enum Verdict {
    /// The session holds a live grant for the token.
    Valid,
    /// It does not.
    Invalid,
}

/// Asks a tokenizer about grants. Implemented by the client, and by `TestBackend` of `lunadefend-testing`.
///
/// It returns verdicts, one for each token in the order of the tokens. It cannot make a proof: that
/// is left to [`Grants`], which refuses a list of another length.
///
/// # Security
/// Fail closed: whatever is not a clear yes of the tokenizer is an error or [`Verdict::Invalid`].
///
/// ```
/// use lunadefend_core::{
///     Error, ErrorKind, Grants, SessionId, UntrustedToken, VerifiedToken,
///     provider::{BoxFuture, GrantRequest, GrantService, TokenId, Verdict},
/// };
/// use std::{collections::HashSet, sync::Mutex};
///
/// /// Grants that live in memory and never expire.
/// #[derive(Debug, Default)]
/// struct FakeGrants(Mutex<HashSet<(String, TokenId)>>);
///
/// impl GrantService for FakeGrants {
///     fn verify_all<'a>(
///         &'a self,
///         session: &'a SessionId,
///         tokens: &'a [TokenId],
///     ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
///         Box::pin(async move {
///             let granted = self.0.lock().map_err(|_| ErrorKind::Internal)?;
///             let verdict = |token: &TokenId| {
///                 match granted.contains(&(session.expose_id().to_owned(), token.clone())) {
///                     true => Verdict::Valid,
///                     false => Verdict::Invalid,
///                 }
///             };
///             Ok(tokens.iter().map(verdict).collect())
///         })
///     }
///
///     fn grant_all<'a>(
///         &'a self,
///         session: &'a SessionId,
///         grants: &'a [GrantRequest],
///     ) -> BoxFuture<'a, Result<(), Error>> {
///         Box::pin(async move {
///             let mut granted = self.0.lock().map_err(|_| ErrorKind::Internal)?;
///             for grant in grants {
///                 granted.insert((session.expose_id().to_owned(), grant.token().clone()));
///             }
///             Ok(())
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let grants = Grants::new(FakeGrants::default());
/// let (ann, bob) = (SessionId::new("ann")?, SessionId::new("bob")?);
/// let stored = VerifiedToken::assertion("lunasec-0a1b2c3d-1111-4222-8333-444455556666")?;
///
/// let sent = grants.grant(&ann, &stored, None).await?;
/// let came_back = || UntrustedToken::parse(sent.expose_id());
/// assert_eq!(grants.verify(&ann, came_back()?).await?, stored);
/// assert_eq!(grants.verify(&bob, came_back()?).await.unwrap_err().name(), "invalidGrant");
/// # Ok(())
/// # }
/// ```
pub trait GrantService: Debug + Send + Sync + 'static {
    /// Says for each token whether the session holds a live grant for it.
    ///
    /// One [`Verdict::Invalid`] refuses all: a service may ask no more after it, and say the same of the rest.
    fn verify_all<'a>(
        &'a self,
        session: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>>;

    /// Grants every token to the session, or fails.
    fn grant_all<'a>(
        &'a self,
        session: &'a SessionId,
        grants: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>>;
}

#[deny(clippy::missing_trait_methods)]
impl<T: GrantService + ?Sized> GrantService for Arc<T> {
    fn verify_all<'a>(
        &'a self,
        session: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        (**self).verify_all(session, tokens)
    }

    fn grant_all<'a>(
        &'a self,
        session: &'a SessionId,
        grants: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>> {
        (**self).grant_all(session, grants)
    }
}

/// The handle through which tokens change their trust state.
///
/// Cheap to clone. The example of [`GrantService`] shows both calls.
#[derive(Clone, Debug)]
pub struct Grants {
    service: Arc<dyn GrantService>,
    max_tokens: NonZeroUsize,
}

impl Grants {
    /// How many different tokens one call may verify or grant, unless
    /// [`with_max_tokens`](Self::with_max_tokens) says otherwise.
    ///
    /// Each of them may be a request to the tokenizer. Without a limit one body of 2 MB would be 40,000.
    pub const MAX_TOKENS: NonZeroUsize = NonZeroUsize::new(500).unwrap();

    /// Wraps a service.
    pub fn new(service: impl GrantService) -> Self {
        Self {
            service: Arc::new(service),
            max_tokens: Self::MAX_TOKENS,
        }
    }

    /// Sets how many different tokens one call may verify or grant. One more is an error before
    /// anything is asked; never a part of them is let through.
    #[must_use]
    pub fn with_max_tokens(self, max_tokens: NonZeroUsize) -> Self {
        Self { max_tokens, ..self }
    }

    /// How many different tokens one call may verify or grant.
    #[must_use]
    pub const fn max_tokens(&self) -> NonZeroUsize {
        self.max_tokens
    }

    /// Verifies every token of `value` for `session` in one call: one [`UntrustedToken`], a container
    /// of them, or the wire form of a `#[derive(Tokens)]` type. All or nothing.
    ///
    /// A value without tokens costs no call.
    ///
    /// # Errors
    /// [`ErrorKind::TooManyTokens`] over [`max_tokens`](Self::max_tokens), before anything is asked;
    /// [`ErrorKind::InvalidGrant`] when the session holds no live grant for one of them;
    /// [`ErrorKind::TokenizerUnavailable`] and the other kinds when there is no clear answer.
    ///
    /// [`UntrustedToken`]: crate::UntrustedToken
    pub async fn verify<T: Verify>(
        &self,
        session: &SessionId,
        value: T,
    ) -> Result<T::Verified, Error> {
        let mut collector = VerifyCollector::new(self.max_tokens);
        value.collect(&mut collector);
        let ids = collector.into_ids()?;
        if !ids.is_empty() {
            let verdicts = self.service.verify_all(session, &ids).await?;
            if verdicts.len() != ids.len() {
                return Err(Error::new(ErrorKind::BadTokenizerResponse));
            }
            if verdicts.iter().any(|verdict| *verdict != Verdict::Valid) {
                return Err(Error::new(ErrorKind::InvalidGrant));
            }
        }
        value.upgrade(&VerifyProof::new(ids))
    }

    /// Grants every token of `value` to `session` in one call: a [`VerifiedToken`] or a reference to
    /// one, a container of them, or a `#[derive(Tokens)]` type.
    ///
    /// `duration` is for tokens that name none themselves; without either the tokenizer's default
    /// applies (15 minutes unless configured). A value without tokens costs no call.
    ///
    /// # Errors
    /// [`ErrorKind::TooManyTokens`] over [`max_tokens`](Self::max_tokens), before anything is asked:
    /// send a long list in pages, or raise the limit.
    /// [`ErrorKind::GrantDuration`] over the tokenizer's maximum, [`ErrorKind::GrantCreation`] when
    /// the tokenizer refuses, and the other kinds when there is no clear answer.
    ///
    /// # Security
    /// A grant lets the session read the value. Authorise the row that the token came from first.
    ///
    /// A grant can be extended, but neither shortened nor revoked by itself: of two grants the later end
    /// holds. To revoke all grants of a session at once, as at log-out, end it: [`Sessions::end`](crate::Sessions::end).
    ///
    /// [`VerifiedToken`]: crate::VerifiedToken
    pub async fn grant<T: Grant>(
        &self,
        session: &SessionId,
        value: T,
        duration: impl Into<Option<GrantDuration>>,
    ) -> Result<T::Granted, Error> {
        let mut collector = GrantCollector::new(self.max_tokens, duration.into());
        value.collect(&mut collector);
        let requests = collector.into_requests()?;
        if !requests.is_empty() {
            self.service.grant_all(session, &requests).await?;
        }
        value.upgrade(&GrantProof::new(requests))
    }
}

pub(crate) fn too_many_to_verify(max: NonZeroUsize) -> Error {
    Error::new(ErrorKind::TooManyTokens).with_message(format!(
        "the request holds more than {max} different tokens, which is the most that is verified at once"
    ))
}

pub(crate) fn too_many_to_grant(max: NonZeroUsize) -> Error {
    // Who asked cannot mend it, and the application's people do not see the answer.
    tracing::warn!(
        max_tokens = max,
        "an answer held too many tokens: send it in pages, or raise the limit"
    );
    Error::new(ErrorKind::TooManyTokens).with_message(format!(
        "the answer holds more than {max} different tokens, which is the most that is granted at once: ask for less"
    ))
}

/// A handle is a service again, so that another one can wrap it: to count calls, or to remember the
/// verdicts of one operation. Its limit holds there too.
impl GrantService for Grants {
    fn verify_all<'a>(
        &'a self,
        session: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        if tokens.len() > self.max_tokens.get() {
            return Box::pin(async { Err(too_many_to_verify(self.max_tokens)) });
        }
        self.service.verify_all(session, tokens)
    }

    fn grant_all<'a>(
        &'a self,
        session: &'a SessionId,
        grants: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>> {
        if grants.len() > self.max_tokens.get() {
            return Box::pin(async { Err(too_many_to_grant(self.max_tokens)) });
        }
        self.service.grant_all(session, grants)
    }
}
