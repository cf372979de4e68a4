//! Storing a value: its options, and the way it goes.

use crate::{
    TokenizerClient,
    answer::{self, Route},
    blob::Source,
    observe,
    tokenizer::Call,
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
use tracing::{field, info_span};

/// A value to store, by [`TokenizerClient::tokenize`] or [`upload`](TokenizerClient::upload): `await` it, with or
/// without options before.
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
/// A stream that fails, or has another length than it announced, is [`Internal`]; its error is the cause. One that
/// makes no progress for the [stall timeout](crate::ClientBuilder::stall_timeout) is [`TokenizerUnavailable`], as is
/// a line without progress. No stream is sent twice: after an error the caller begins again with a new one.
///
/// [`Internal`]: lunadefend_core::ErrorKind::Internal
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
    source: Source<'a>,
    options: NewValue,
    /// Why an option cannot be: then nothing is sent.
    wrong: Option<&'static str>,
}

impl<'a> TokenizeValue<'a> {
    pub(crate) fn new(
        client: TokenizerClient,
        session: &'a SessionId,
        source: Source<'a>,
        metadata: &Metadata,
    ) -> Self {
        Self {
            client,
            session,
            source,
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

    async fn store(self) -> Result<VerifiedToken, Error> {
        if let Some(wrong) = self.wrong {
            return Err(Error::new(ErrorKind::TokenizerRejected).with_message(wrong));
        }
        let client = self.client;
        let call = client.begin(self.session).await?;
        let inline = match &self.source {
            Source::Whole(value, _) => InlineValue::new(SecretValue::new(*value)),
            Source::Stream(_) => None,
        };
        let is_inline = inline.is_some();
        let new = client.new_token(&call, self.options, inline).await?;
        if let Some(SignedLocation { url, headers }) = new.upload {
            let source = self.source;
            client
                .0
                .upload(url, &headers, source, call.deadline)
                .await?;
        } else if !is_inline {
            return Err(Error::new(ErrorKind::BadTokenizerResponse));
        }
        // The tokenizer created it for this session: it never passed through a browser.
        VerifiedToken::assertion(new.token_id.expose_id())
    }
}

impl TokenizerClient {
    /// Asks for a token by level 2 where that is offered or needed, else by level 1.
    async fn new_token(
        &self,
        call: &Call,
        options: NewValue,
        inline: Option<InlineValue>,
    ) -> Result<NewValueToken, Error> {
        let inner = &self.0.0;
        let metadata = options.metadata.clone();
        let needs_level_2 = has_options(&options);
        if needs_level_2 || call.level.has_values() {
            let body = wire::to_vec(&NewValue {
                value: inline,
                ..options
            });
            let key = IdempotencyKey::new(random_bytes().map_err(no_randomness)?);
            let sent = inner.send_once(Route::NewValue, call, key, Bytes::from(body));
            let outcome = sent.await?;
            if needs_level_2 || !answer::is_missing_route(&outcome) {
                return answer::read(Route::NewValue, outcome);
            }
            inner.discovery.is_missing()?;
        }
        let authorization = call.authorization.clone();
        let body = Tokenize { metadata };
        let Tokenized {
            token_id,
            upload_url: url,
            headers,
        } = inner
            .call(Route::Tokenize, authorization, &body, call.deadline)
            .await?;
        Ok(NewValueToken {
            token_id,
            upload: Some(SignedLocation { url, headers }),
        })
    }
}

const fn has_options(value: &NewValue) -> bool {
    let NewValue {
        kind,
        expires_in,
        reads,
        ..
    } = value;
    kind.is_some() || expires_in.is_some() || reads.is_some()
}

impl<'a> IntoFuture for TokenizeValue<'a> {
    type Output = Result<VerifiedToken, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let span = info_span!("lunadefend.tokenize", outcome = field::Empty);
        Box::pin(observe::call("tokenize", span, |_| "done", self.store()))
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
