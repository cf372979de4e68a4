//! The tokenizer API for a session, and the end of tokens.

use crate::{
    Client, Download, StreamBody, TokenizeValue,
    answer::{self, Route},
    blob::{Content, Source},
    client::Inner,
    discovery::Level,
    observe,
};
use http::HeaderValue;
use lunadefend_core::{
    Error, ErrorKind, SessionId, VerifiedToken,
    provider::{SecretValue, TokenId},
    wire::{
        Detokenized, Metadata, MetadataFound, SignedLocation, TokenIds, TokenRequest, TokensDelete,
        ValueItem,
    },
};
use std::fmt;
use tokio::time::Instant;
use tracing::{field, info_span};

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

    /// Stores bytes, and grants the new token to the session for the tokenizer's default duration. `await` the
    /// result, which also has options: see [`TokenizeValue`]. [`upload`](Self::upload) stores a stream.
    pub fn tokenize<'a>(
        &self,
        session: &'a SessionId,
        value: &'a [u8],
        metadata: &Metadata,
    ) -> TokenizeValue<'a> {
        let source = Source::Whole(value, Content::Bytes);
        TokenizeValue::new(self.clone(), session, source, metadata)
    }

    /// Stores a text, as [`tokenize`](Self::tokenize) does with bytes.
    pub fn tokenize_text<'a>(
        &self,
        session: &'a SessionId,
        text: &'a str,
        metadata: &Metadata,
    ) -> TokenizeValue<'a> {
        let source = Source::Whole(text.as_bytes(), Content::Text);
        TokenizeValue::new(self.clone(), session, source, metadata)
    }

    /// Stores a value that a stream delivers, as [`tokenize`](Self::tokenize) does with bytes. No more than a few
    /// chunks of the value are in memory.
    ///
    /// The length need not be known. Where it is, [`StreamBody::with_length`] lets a value that is too long be
    /// refused before it is sent. A value is stored as a whole or not at all.
    ///
    /// ```no_run
    /// use lunadefend_client::{StreamBody, TokenizerClient};
    /// use lunadefend_core::{Error, SessionId, VerifiedToken, wire::Metadata};
    /// # use futures_util::Stream;
    /// # use std::io;
    ///
    /// # async fn example(
    /// #     tokenizer: TokenizerClient, session: SessionId, chunks: impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static,
    /// # ) -> Result<VerifiedToken, Error> {
    /// // A file, or the body of a request: any stream of bytes.
    /// let body = StreamBody::new(chunks);
    /// let token = tokenizer.upload(&session, body, &Metadata::string()).await?;
    /// # Ok(token)
    /// # }
    /// ```
    ///
    /// # Security
    /// The bytes belong to the caller's stream. They are not wiped from memory after they were sent.
    pub fn upload<'a>(
        &self,
        session: &'a SessionId,
        body: StreamBody,
        metadata: &Metadata,
    ) -> TokenizeValue<'a> {
        TokenizeValue::new(self.clone(), session, Source::Stream(body), metadata)
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
            match self.locate(&call, token).await? {
                Located::Here(value) => Ok(value),
                Located::At(SignedLocation { url, headers }) => {
                    self.0.download(url, &headers, call.deadline).await
                }
            }
        };
        observe::call("detokenize", span, |_| "done", work).await
    }

    /// Begins to read a value that the session holds a live grant for. It returns when the first bytes can be read;
    /// the [`Download`] is the stream of the stored bytes, unchanged.
    ///
    /// ```no_run
    /// use lunadefend_client::TokenizerClient;
    /// use lunadefend_core::{Error, SessionId, VerifiedToken};
    /// use std::{fs::File, io::Write};
    ///
    /// # async fn example(
    /// #     tokenizer: TokenizerClient, session: SessionId, token: VerifiedToken, file: &mut File,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut value = tokenizer.download(&session, &token).await?;
    /// while let Some(chunk) = value.next_chunk().await? {
    ///     file.write_all(&chunk)?;
    /// }
    /// // Only now it is whole.
    /// file.sync_all()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`detokenize`](Self::detokenize), until the head of the value is there; the deadline of a call covers this
    /// much. [`BadTokenizerResponse`](lunadefend_core::ErrorKind::BadTokenizerResponse) also for a value longer than
    /// [`max_stream_len`](crate::ClientBuilder::max_stream_len). Later errors are those of the stream:
    /// [`Download::next_chunk`].
    pub async fn download(
        &self,
        session: &SessionId,
        token: &VerifiedToken,
    ) -> Result<Download, Error> {
        let span = info_span!("lunadefend.download", outcome = field::Empty);
        let work = async {
            let call = self.begin(session).await?;
            match self.locate(&call, token).await? {
                Located::Here(value) => Ok(Download::whole(&value)),
                Located::At(SignedLocation { url, headers }) => {
                    self.0.download_stream(url, &headers, call.deadline).await
                }
            }
        };
        observe::call("download", span, |_| "done", work).await
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
        observe::call("metadata", span, |_| "done", work).await
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
        observe::call("delete", span, |_| "done", work).await
    }

    pub(crate) async fn begin(&self, session: &SessionId) -> Result<Call, Error> {
        let inner = &self.0.0;
        let deadline = inner.deadline();
        let session = inner.session_ids.on_the_wire(session)?;
        let authorization = inner.keys.user_authorization(&session);
        let authorization = Inner::authorized(authorization, deadline).await?;
        Ok(Call {
            deadline,
            authorization,
            level: inner.discovery.level(deadline).await?,
        })
    }

    /// Asks for a value by level 2 where that is offered, else by level 1.
    async fn locate(&self, call: &Call, token: &VerifiedToken) -> Result<Located, Error> {
        if call.level.has_values()
            && let Some(items) = self.read_some(call, std::slice::from_ref(token)).await?
        {
            let item = items.into_iter().next().ok_or(ErrorKind::Internal)?;
            return match item {
                ValueItem::Inline { value, .. } => Ok(Located::Here(value.into_value())),
                ValueItem::Download { download, .. } => Ok(Located::At(download)),
                ValueItem::Refused { .. } => Err(answer::no_such_value()),
            };
        }
        let Detokenized {
            download_url: url,
            headers,
        } = self.ask(call, Route::Detokenize, token).await?;
        Ok(Located::At(SignedLocation { url, headers }))
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

/// A value, or where it is.
enum Located {
    Here(SecretValue),
    At(SignedLocation),
}

/// The common parts of the requests of one call.
pub(crate) struct Call {
    pub(crate) deadline: Instant,
    pub(crate) authorization: HeaderValue,
    pub(crate) level: Level,
}

impl fmt::Debug for TokenizerClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenizerClient").field(&self.0).finish()
    }
}
