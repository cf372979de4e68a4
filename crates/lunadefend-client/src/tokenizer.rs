//! The tokenizer API for a session.

use crate::{Client, answer::Route, blob::Content, client::Inner};
use http::HeaderValue;
use lunadefend_core::{
    Error, SessionId, VerifiedToken,
    provider::{SecretValue, TokenId},
    wire::{Detokenized, Metadata, MetadataFound, TokenRequest, Tokenize, Tokenized},
};
use std::{fmt, future::Future};
use tokio::time::Instant;
use tracing::{Instrument, Span, field, info_span};

/// Stores and reads values on behalf of a user's session, from the application's server.
///
/// Cheap to clone. Each call signs a JWT for its session.
///
/// ```no_run
/// use lunadefend_client::TokenizerClient;
/// use lunadefend_core::{Error, SessionId, wire::Metadata};
///
/// # async fn example(tokenizer: TokenizerClient, session: SessionId) -> Result<(), Error> {
/// let token = tokenizer
///     .tokenize_text(&session, "078-05-1120", &Metadata::string())
///     .await?;
/// let value = tokenizer.detokenize(&session, &token).await?;
/// assert_eq!(value.expose_secret(), b"078-05-1120");
/// # Ok(())
/// # }
/// ```
///
/// # Security
/// A value that passes through the application can leak from it. Where a browser can do the work, let the
/// secure frame tokenize and show the value.
#[derive(Clone)]
pub struct TokenizerClient(Client);

impl TokenizerClient {
    pub(crate) const fn new(client: Client) -> Self {
        Self(client)
    }

    /// Stores bytes, and grants the new token to the session for the tokenizer's default duration.
    ///
    /// # Errors
    /// [`PayloadTooLarge`] when the value is larger than the tokenizer accepts, [`TokenizerRejected`] when it
    /// refuses for another reason, [`TokenizerUnauthorized`], [`BadTokenizerResponse`] and
    /// [`TokenizerUnavailable`]. No value is sent twice: after an error the tokenizer may hold a token that
    /// the caller never received.
    ///
    /// [`PayloadTooLarge`]: lunadefend_core::ErrorKind::PayloadTooLarge
    /// [`TokenizerRejected`]: lunadefend_core::ErrorKind::TokenizerRejected
    /// [`TokenizerUnauthorized`]: lunadefend_core::ErrorKind::TokenizerUnauthorized
    /// [`BadTokenizerResponse`]: lunadefend_core::ErrorKind::BadTokenizerResponse
    /// [`TokenizerUnavailable`]: lunadefend_core::ErrorKind::TokenizerUnavailable
    pub async fn tokenize(
        &self,
        session: &SessionId,
        value: &[u8],
        metadata: &Metadata,
    ) -> Result<VerifiedToken, Error> {
        self.store(session, value, Content::Bytes, metadata).await
    }

    /// Stores a text, as [`tokenize`](Self::tokenize) does with bytes.
    ///
    /// # Errors
    /// As [`tokenize`](Self::tokenize).
    pub async fn tokenize_text(
        &self,
        session: &SessionId,
        text: &str,
        metadata: &Metadata,
    ) -> Result<VerifiedToken, Error> {
        self.store(session, text.as_bytes(), Content::Text, metadata)
            .await
    }

    /// Reads a value that the session holds a live grant for. Returns the stored bytes, unchanged.
    ///
    /// # Errors
    /// [`TokenizerRejected`] without a grant, [`TokenizerUnauthorized`], [`BadTokenizerResponse`]
    /// (also for a value larger than configured) and [`TokenizerUnavailable`].
    ///
    /// [`TokenizerRejected`]: lunadefend_core::ErrorKind::TokenizerRejected
    /// [`TokenizerUnauthorized`]: lunadefend_core::ErrorKind::TokenizerUnauthorized
    /// [`BadTokenizerResponse`]: lunadefend_core::ErrorKind::BadTokenizerResponse
    /// [`TokenizerUnavailable`]: lunadefend_core::ErrorKind::TokenizerUnavailable
    pub async fn detokenize(
        &self,
        session: &SessionId,
        token: &VerifiedToken,
    ) -> Result<SecretValue, Error> {
        let span = info_span!("lunadefend.detokenize", outcome = field::Empty);
        let work = async {
            let call = self.begin(session).await?;
            let Detokenized {
                download_url,
                headers,
            } = self.ask(&call, Route::Detokenize, token).await?;
            self.0.download(download_url, &headers, call.deadline).await
        };
        observed(work).instrument(span).await
    }

    /// Reads the metadata that was stored with a value. The session needs a live grant.
    ///
    /// # Errors
    /// As [`detokenize`](Self::detokenize).
    pub async fn metadata(
        &self,
        session: &SessionId,
        token: &VerifiedToken,
    ) -> Result<Metadata, Error> {
        let span = info_span!("lunadefend.metadata", outcome = field::Empty);
        let work = async {
            let call = self.begin(session).await?;
            let MetadataFound { metadata } = self.ask(&call, Route::MetadataGet, token).await?;
            Ok(metadata)
        };
        observed(work).instrument(span).await
    }

    async fn store(
        &self,
        session: &SessionId,
        value: &[u8],
        content: Content,
        metadata: &Metadata,
    ) -> Result<VerifiedToken, Error> {
        let span = info_span!("lunadefend.tokenize", outcome = field::Empty);
        let work = async {
            let call = self.begin(session).await?;
            let body = Tokenize {
                metadata: Some(metadata.clone()),
            };
            let Tokenized {
                token_id,
                upload_url,
                headers,
            } = self
                .0
                .0
                .call(Route::Tokenize, call.authorization, &body, call.deadline)
                .await?;
            self.0
                .upload(upload_url, &headers, value, content, call.deadline)
                .await?;
            // The tokenizer created it for this session: it never passed through a browser.
            VerifiedToken::assertion(token_id.expose_id())
        };
        observed(work).instrument(span).await
    }

    async fn begin(&self, session: &SessionId) -> Result<Call, Error> {
        let inner = &self.0.0;
        let deadline = inner.deadline();
        let session = inner.session_ids.on_the_wire(session)?;
        let authorization = inner.keys.user_authorization(&session);
        let authorization = Inner::authorized(authorization, deadline).await?;
        inner.discovery.level(deadline).await?;
        Ok(Call {
            deadline,
            authorization,
        })
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        call: &Call,
        route: Route,
        token: &VerifiedToken,
    ) -> Result<T, Error> {
        let body = TokenRequest {
            token_id: TokenId::parse(token.expose_id())?,
        };
        self.0
            .0
            .call(route, call.authorization.clone(), &body, call.deadline)
            .await
    }
}

/// The common parts of the requests of one call.
struct Call {
    deadline: Instant,
    authorization: HeaderValue,
}

/// Records the outcome in the current span.
async fn observed<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let outcome = work.await;
    let name = outcome.as_ref().map_or_else(Error::name, |_| "done");
    Span::current().record("outcome", name);
    outcome
}

impl fmt::Debug for TokenizerClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenizerClient").field(&self.0).finish()
    }
}
