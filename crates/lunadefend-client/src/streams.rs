//! Values of any length, as streams.

use crate::{Download, TokenizerClient, answer::Route, tokenizer::observed};
use lunadefend_core::{
    Error, SessionId, VerifiedToken,
    wire::{Detokenized, Metadata, Tokenized},
};
use lunadefend_http::StreamBody;
use tracing::{Instrument, field, info_span};

impl TokenizerClient {
    /// Stores a value that a stream delivers, and grants the new token to the session for the tokenizer's default
    /// duration. No more than a few chunks of the value are in memory.
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
    /// # Errors
    /// [`Internal`] when the stream fails or has another length than it announced; its error is the cause.
    /// [`TokenizerUnavailable`] also when the stream or the tokenizer makes no progress for the
    /// [stall timeout](crate::ClientBuilder::stall_timeout). Otherwise as [`tokenize`](Self::tokenize).
    ///
    /// The request for the token is repeated, the stream is not: after an error the caller begins again with a new
    /// one. The token of the failed attempt has no value and ends by itself.
    ///
    /// # Security
    /// The bytes belong to the caller's stream. They are not wiped from memory after they were sent.
    ///
    /// [`Internal`]: lunadefend_core::ErrorKind::Internal
    /// [`TokenizerUnavailable`]: lunadefend_core::ErrorKind::TokenizerUnavailable
    pub async fn upload(
        &self,
        session: &SessionId,
        body: StreamBody,
        metadata: &Metadata,
    ) -> Result<VerifiedToken, Error> {
        let span = info_span!("lunadefend.upload", outcome = field::Empty);
        let work = async {
            let call = self.begin(session).await?;
            let Tokenized {
                token_id,
                upload_url,
                headers,
            } = self.new_token(&call, metadata).await?;
            self.0
                .upload_stream(upload_url, &headers, body, call.deadline)
                .await?;
            // The tokenizer created it for this session: it never passed through a browser.
            VerifiedToken::assertion(token_id.expose_id())
        };
        observed(work).instrument(span).await
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
            let Detokenized {
                download_url,
                headers,
            } = self.ask(&call, Route::Detokenize, token).await?;
            self.0
                .download_stream(download_url, &headers, call.deadline)
                .await
        };
        observed(work).instrument(span).await
    }
}
