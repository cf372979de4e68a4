//! The tokenizer API for a session, and the end of tokens.

use crate::{Client, answer::Route, blob::Content, client::Inner};
use http::HeaderValue;
use lunadefend_core::{
    Error, ErrorKind, SessionId, VerifiedToken,
    provider::{SecretValue, TokenId},
    wire::{
        Detokenized, Metadata, MetadataFound, TokenIds, TokenRequest, Tokenize, Tokenized,
        TokensDelete,
    },
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
pub struct TokenizerClient(pub(crate) Client);

impl TokenizerClient {
    pub(crate) const fn new(client: Client) -> Self {
        Self(client)
    }

    /// Stores bytes, and grants the new token to the session for the tokenizer's default duration. A copy of them is
    /// made; [`upload`](Self::upload) stores a stream.
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

    /// Reads a value that the session holds a live grant for. Returns the stored bytes, unchanged. They are in
    /// memory as a whole; [`download`](Self::download) reads them as a stream.
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

    /// Deletes tokens for good: their values, metadata, grants and URLs. Deleted and unknown tokens are not an
    /// error. A running download ends within 5 seconds.
    ///
    /// One request deletes 100 tokens; more make several requests, one after the other.
    ///
    /// Only tokens that this application holds can be deleted, never one that a browser just sent:
    ///
    /// ```compile_fail,E0308
    /// # async fn example(tokenizer: lunadefend_client::TokenizerClient) -> Result<(), lunadefend_core::Error> {
    /// let sent = lunadefend_core::UntrustedToken::parse("lunasec-0a1b2c3d-1111-4222-8333-444455556666")?;
    /// tokenizer.delete(&[sent]).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TokenizerTooOld`] when the tokenizer does not support this call, [`TokenizerRejected`] when deleting
    /// is switched off there, [`TokenizerUnavailable`] also above its rate of deletions,
    /// [`TokenizerUnauthorized`] and [`BadTokenizerResponse`]. Some of the tokens may then be deleted: a
    /// repeated call deletes the rest.
    ///
    /// # Security
    /// Nothing brings a value back but a backup of the tokenizer's store. Authorise the rows that the tokens
    /// came from first.
    ///
    /// [`TokenizerTooOld`]: lunadefend_core::ErrorKind::TokenizerTooOld
    /// [`TokenizerRejected`]: lunadefend_core::ErrorKind::TokenizerRejected
    /// [`TokenizerUnauthorized`]: lunadefend_core::ErrorKind::TokenizerUnauthorized
    /// [`BadTokenizerResponse`]: lunadefend_core::ErrorKind::BadTokenizerResponse
    /// [`TokenizerUnavailable`]: lunadefend_core::ErrorKind::TokenizerUnavailable
    pub async fn delete(&self, tokens: &[VerifiedToken]) -> Result<(), Error> {
        let span = info_span!(
            "lunadefend.delete",
            tokens = tokens.len(),
            outcome = field::Empty
        );
        let work = async {
            let inner = &self.0.0;
            let deadline = inner.deadline();
            for some in tokens.chunks(TokenIds::MAX) {
                let ids = some.iter().map(|token| TokenId::parse(token.expose_id()));
                let token_ids = TokenIds::new(ids.collect::<Result<_, _>>()?);
                let token_ids = token_ids.ok_or(ErrorKind::Internal)?;
                let body = TokensDelete { token_ids };
                inner.destroy(Route::TokensDelete, &body, deadline).await?;
            }
            Ok(())
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
            let Tokenized {
                token_id,
                upload_url,
                headers,
            } = self.new_token(&call, metadata).await?;
            self.0
                .upload(upload_url, &headers, value, content, call.deadline)
                .await?;
            // The tokenizer created it for this session: it never passed through a browser.
            VerifiedToken::assertion(token_id.expose_id())
        };
        observed(work).instrument(span).await
    }

    /// Asks for a token without a value, and where to upload one.
    pub(crate) async fn new_token(
        &self,
        call: &Call,
        metadata: &Metadata,
    ) -> Result<Tokenized, Error> {
        let metadata = Some(metadata.clone());
        let authorization = call.authorization.clone();
        self.0
            .0
            .call(
                Route::Tokenize,
                authorization,
                &Tokenize { metadata },
                call.deadline,
            )
            .await
    }

    pub(crate) async fn begin(&self, session: &SessionId) -> Result<Call, Error> {
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

    pub(crate) async fn ask<T: serde::de::DeserializeOwned>(
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
pub(crate) struct Call {
    pub(crate) deadline: Instant,
    pub(crate) authorization: HeaderValue,
}

/// Records the outcome in the current span.
pub(crate) async fn observed<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
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
