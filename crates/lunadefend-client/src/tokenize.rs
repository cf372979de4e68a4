//! Storing a value: its options, and the way it goes.

use crate::{
    TokenizerClient,
    answer::{self, Route},
    blob::Content,
    tokenizer::{Call, observed},
};
use bytes::Bytes;
use lunadefend_core::{
    Error, ErrorKind, SessionId, VerifiedToken,
    provider::{BoxFuture, SecretValue},
    wire::{
        self, IdempotencyKey, InlineValue, Metadata, NewValue, NewValueToken, Reads,
        SignedLocation, Tokenize, Tokenized, ValueKind, ValueLifetime,
    },
};
use lunadefend_crypto::{CryptoError, random_bytes};
use std::{fmt, time::Duration};
use tracing::{Instrument, field, info_span};

/// A value to store, by [`TokenizerClient::tokenize`]: `await` it, with or without options before.
///
/// ```no_run
/// use lunadefend_client::TokenizerClient;
/// use lunadefend_core::{Error, SessionId, wire::{Metadata, ValueKind}};
/// use std::time::Duration;
///
/// # async fn example(tokenizer: TokenizerClient, session: SessionId) -> Result<(), Error> {
/// let code = tokenizer
///     .tokenize(&session, b"A7-9931", &Metadata::string())
///     .expires_in(Duration::from_secs(600))
///     .one_time()
///     .await?;
/// # let _ = code;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`PayloadTooLarge`] when the value is larger than the tokenizer accepts, [`TokenizerRejected`] when it
/// refuses for another reason, [`TokenizerUnauthorized`], [`BadTokenizerResponse`] and
/// [`TokenizerUnavailable`]. With options, [`TokenizerTooOld`] when the tokenizer has none: no option is ever left
/// out. After an error the tokenizer may hold a token that the caller never received.
///
/// [`PayloadTooLarge`]: lunadefend_core::ErrorKind::PayloadTooLarge
/// [`TokenizerRejected`]: lunadefend_core::ErrorKind::TokenizerRejected
/// [`TokenizerTooOld`]: lunadefend_core::ErrorKind::TokenizerTooOld
/// [`TokenizerUnauthorized`]: lunadefend_core::ErrorKind::TokenizerUnauthorized
/// [`BadTokenizerResponse`]: lunadefend_core::ErrorKind::BadTokenizerResponse
/// [`TokenizerUnavailable`]: lunadefend_core::ErrorKind::TokenizerUnavailable
#[must_use = "a value is stored when it is awaited"]
pub struct TokenizeValue<'a> {
    client: TokenizerClient,
    session: &'a SessionId,
    value: &'a [u8],
    content: Content,
    options: NewValue,
    /// Why an option cannot be: then nothing is sent.
    wrong: Option<&'static str>,
}

impl<'a> TokenizeValue<'a> {
    pub(crate) fn new(
        client: TokenizerClient,
        session: &'a SessionId,
        value: &'a [u8],
        content: Content,
        metadata: &Metadata,
    ) -> Self {
        Self {
            client,
            session,
            value,
            content,
            options: NewValue {
                metadata: Some(metadata.clone()),
                ..NewValue::default()
            },
            wrong: None,
        }
    }

    /// Says what the value is, for its mask. One of kind [`CardCvc`](ValueKind::CardCvc) is read once, within a day.
    pub const fn kind(mut self, kind: ValueKind) -> Self {
        self.options.kind = Some(kind);
        self
    }

    /// Sets the time after which the value is refused: from a second to ten years. The tokenizer deletes it a day
    /// later.
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.options.expires_in = ValueLifetime::new(time);
        if self.options.expires_in.is_none() {
            self.wrong = Some("a value expires after a second at least, and ten years at most");
        }
        self
    }

    /// Lets the value be read once.
    pub const fn one_time(mut self) -> Self {
        self.options.reads = Some(Reads::ONCE);
        self
    }

    /// Sets how often the value may be read: from once to 100 times. A read that is repeated because its response
    /// was lost counts once.
    pub fn reads(mut self, count: u32) -> Self {
        self.options.reads = Reads::new(count);
        if self.options.reads.is_none() {
            self.wrong = Some("a value may be read from once to 100 times");
        }
        self
    }

    const fn has_options(&self) -> bool {
        let NewValue {
            kind,
            expires_in,
            reads,
            ..
        } = &self.options;
        kind.is_some() || expires_in.is_some() || reads.is_some()
    }

    async fn store(self) -> Result<VerifiedToken, Error> {
        if let Some(wrong) = self.wrong {
            return Err(Error::new(ErrorKind::TokenizerRejected).with_message(wrong));
        }
        let call = self.client.begin(self.session).await?;
        if (self.has_options() || call.level.has_values())
            && let Some(token) = self.store_by_level_2(&call).await?
        {
            return Ok(token);
        }
        self.store_by_level_1(&call).await
    }

    /// Returns `None` when the tokenizer has no such route, and none is needed.
    async fn store_by_level_2(&self, call: &Call) -> Result<Option<VerifiedToken>, Error> {
        let client = &self.client.0;
        let body = NewValue {
            value: InlineValue::new(SecretValue::new(self.value)),
            ..self.options.clone()
        };
        let key = IdempotencyKey::new(random_bytes().map_err(no_randomness)?);
        let body = Bytes::from(wire::to_vec(&body));
        let outcome = client.0.send_once(Route::NewValue, call, key, body).await?;
        if answer::is_missing_route(&outcome) && !self.has_options() {
            client.0.discovery.is_missing()?;
            return Ok(None);
        }
        let NewValueToken { token_id, upload } = answer::read(Route::NewValue, outcome)?;
        if let Some(SignedLocation { url, headers }) = upload {
            client
                .upload(url, &headers, self.value, self.content, call.deadline)
                .await?;
        } else if self.value.len() > wire::MAX_INLINE {
            return Err(Error::new(ErrorKind::BadTokenizerResponse));
        }
        // The tokenizer created it for this session: it never passed through a browser.
        VerifiedToken::assertion(token_id.expose_id()).map(Some)
    }

    async fn store_by_level_1(&self, call: &Call) -> Result<VerifiedToken, Error> {
        let client = &self.client.0;
        let body = Tokenize {
            metadata: self.options.metadata.clone(),
        };
        let authorization = call.authorization.clone();
        let Tokenized {
            token_id,
            upload_url,
            headers,
        } = client
            .0
            .call(Route::Tokenize, authorization, &body, call.deadline)
            .await?;
        client
            .upload(
                upload_url,
                &headers,
                self.value,
                self.content,
                call.deadline,
            )
            .await?;
        VerifiedToken::assertion(token_id.expose_id())
    }
}

impl<'a> IntoFuture for TokenizeValue<'a> {
    type Output = Result<VerifiedToken, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let span = info_span!("lunadefend.tokenize", outcome = field::Empty);
        Box::pin(observed(self.store()).instrument(span))
    }
}

/// Without the value.
impl fmt::Debug for TokenizeValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenizeValue")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

pub(crate) fn no_randomness(error: CryptoError) -> Error {
    Error::new(ErrorKind::Internal).with_source(error)
}
