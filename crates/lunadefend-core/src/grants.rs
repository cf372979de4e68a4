//! Grants tie a token to a session: verified when the token comes in, created before it goes out.

use crate::{
    Error, ErrorKind, GrantDuration, SessionId, VerifiedToken,
    provider::{BoxFuture, TokenId},
    trust::{Grant, GrantCollector, GrantProof, Verify, VerifyCollector, VerifyProof},
};
use std::{fmt::Debug, num::NonZeroUsize, sync::Arc};

#[cfg(test)]
mod tests;

/// A request to grant one token, with an optional duration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GrantRequest {
    token: TokenId,
    duration: Option<GrantDuration>,
}

impl GrantRequest {
    /// Requests a grant of `token`; without a duration the tokenizer's default applies.
    #[must_use]
    pub const fn new(token: TokenId, duration: Option<GrantDuration>) -> Self {
        Self { token, duration }
    }

    /// Returns the token.
    #[must_use]
    pub const fn token(&self) -> &TokenId {
        &self.token
    }

    /// Returns the requested duration, if any.
    #[must_use]
    pub const fn duration(&self) -> Option<GrantDuration> {
        self.duration
    }

    pub(crate) fn into_token(self) -> TokenId {
        self.token
    }
}

/// The tokenizer's verdict on one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a verdict that nobody looks at verifies nothing"]
pub enum Verdict {
    /// The session holds a live grant for the token.
    Valid,
    /// The session holds no live grant for the token.
    Invalid,
}

/// Verifies and creates grants at a tokenizer. The client implements it, and so does `TestBackend` of `lunadefend-testing`.
///
/// It returns one verdict per token, in the order of the tokens. It cannot make a proof: only [`Grants`] can,
/// which rejects a list of another length.
///
/// # Security
/// Fail closed: anything but a definite confirmation by the tokenizer is an error or [`Verdict::Invalid`].
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
    /// Returns for each token whether the session holds a live grant for it.
    ///
    /// One [`Verdict::Invalid`] rejects all tokens. A service may therefore stop at the first one, and return
    /// `Invalid` for the rest.
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

    /// Revokes the grants of a token, those of one session or of all, or fails. Revoking again is not an
    /// error; grants that are made later count.
    ///
    /// A service whose tokenizer cannot do it keeps the default, which fails.
    fn revoke_grants<'a>(
        &'a self,
        session: Option<&'a SessionId>,
        token: &'a TokenId,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let _ = (session, token);
        Box::pin(async {
            let error = Error::new(ErrorKind::TokenizerTooOld);
            Err(error.with_message("the service of these grants cannot revoke them"))
        })
    }
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

    fn revoke_grants<'a>(
        &'a self,
        session: Option<&'a SessionId>,
        token: &'a TokenId,
    ) -> BoxFuture<'a, Result<(), Error>> {
        (**self).revoke_grants(session, token)
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
    /// The default limit of distinct tokens in one call; set another by
    /// [`with_max_tokens`](Self::with_max_tokens).
    ///
    /// Each token may cost one request to the tokenizer. Without a limit one body of 2 MB could cause 40,000
    /// requests.
    pub const MAX_TOKENS: NonZeroUsize = NonZeroUsize::new(500).unwrap();

    /// Wraps a service.
    pub fn new(service: impl GrantService) -> Self {
        Self {
            service: Arc::new(service),
            max_tokens: Self::MAX_TOKENS,
        }
    }

    /// Sets how many distinct tokens one call may verify or grant.
    ///
    /// A call with more tokens fails before the tokenizer is called, and none of the tokens is let through.
    #[must_use]
    pub fn with_max_tokens(self, max_tokens: NonZeroUsize) -> Self {
        Self { max_tokens, ..self }
    }

    /// Returns how many distinct tokens one call may verify or grant.
    #[must_use]
    pub const fn max_tokens(&self) -> NonZeroUsize {
        self.max_tokens
    }

    /// Verifies every token of `value` for `session` in one call; all or nothing.
    ///
    /// `value` is an [`UntrustedToken`], a container of them, or the wire form of a `#[derive(Tokens)]` type.
    ///
    /// A value without tokens costs no call.
    ///
    /// # Errors
    /// - [`ErrorKind::TooManyTokens`] over [`max_tokens`](Self::max_tokens), before the tokenizer is called;
    /// - [`ErrorKind::InvalidGrant`] when the session holds no live grant for one of the tokens;
    /// - [`ErrorKind::TokenizerUnavailable`] and other kinds when the tokenizer gives no definite response.
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

    /// Grants every token of `value` to `session` in one call.
    ///
    /// `value` is a [`VerifiedToken`] or a reference to one, a container of them, or a `#[derive(Tokens)]`
    /// type.
    ///
    /// `duration` applies to tokens without their own. Without either, the tokenizer's default applies (15
    /// minutes unless configured). A value without tokens costs no call.
    ///
    /// # Errors
    /// - [`ErrorKind::TooManyTokens`] over [`max_tokens`](Self::max_tokens), before the tokenizer is called:
    ///   send a long list in pages, or raise the limit;
    /// - [`ErrorKind::GrantDuration`] over the tokenizer's maximum;
    /// - [`ErrorKind::GrantCreation`] when the tokenizer refuses;
    /// - other kinds when the tokenizer gives no definite response.
    ///
    /// # Security
    /// A grant lets the session read the value. Authorise the row that the token came from first.
    ///
    /// A single grant can be extended, not shortened: of two grants, the one that ends later counts.
    /// [`revoke`](Self::revoke) ends it, [`revoke_all`](Self::revoke_all) those of all sessions. To revoke all
    /// grants of a session, as at log-out, end the session: [`Sessions::end`](crate::Sessions::end).
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

    /// Revokes the session's grant of a token: the tokenizer then refuses the token from this session, and
    /// its value to it. Without a grant nothing happens. A later [`grant`](Self::grant) counts.
    ///
    /// A download that runs goes on. The page keeps a value that it already shows.
    ///
    /// # Errors
    /// [`ErrorKind::TokenizerTooOld`] when the tokenizer does not support this call, and other kinds when it
    /// does not confirm it: the grant may then still count.
    pub async fn revoke(&self, session: &SessionId, token: &VerifiedToken) -> Result<(), Error> {
        let token = TokenId::parse(token.expose_id())?;
        self.service.revoke_grants(Some(session), &token).await
    }

    /// Revokes the grants of a token of all sessions, as [`revoke`](Self::revoke) does that of one.
    ///
    /// Only the token that this application holds can be revoked, never one that a browser just sent:
    ///
    /// ```compile_fail,E0308
    /// # async fn example(grants: lunadefend_core::Grants) -> Result<(), lunadefend_core::Error> {
    /// let sent = lunadefend_core::UntrustedToken::parse("lunasec-0a1b2c3d-1111-4222-8333-444455556666")?;
    /// grants.revoke_all(&sent).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    pub async fn revoke_all(&self, token: &VerifiedToken) -> Result<(), Error> {
        let token = TokenId::parse(token.expose_id())?;
        self.service.revoke_grants(None, &token).await
    }
}

pub(crate) fn too_many_to_verify(max: NonZeroUsize) -> Error {
    Error::new(ErrorKind::TooManyTokens).with_message(format!(
        "the request holds more than {max} different tokens, which is the most that is verified at once"
    ))
}

pub(crate) fn too_many_to_grant(max: NonZeroUsize) -> Error {
    // The caller cannot fix it, and the operator does not see the response.
    tracing::warn!(
        max_tokens = max,
        "an answer held too many tokens: send it in pages, or raise the limit"
    );
    Error::new(ErrorKind::TooManyTokens).with_message(format!(
        "the answer holds more than {max} different tokens, which is the most that is granted at once: ask for less"
    ))
}

/// A handle is itself a service, so that another service can wrap it: to count calls, or to cache the
/// verdicts of one operation. Its limit still applies.
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

    fn revoke_grants<'a>(
        &'a self,
        session: Option<&'a SessionId>,
        token: &'a TokenId,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.service.revoke_grants(session, token)
    }
}
