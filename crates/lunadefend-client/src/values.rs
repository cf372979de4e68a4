//! Reading and describing values, many at once.

use crate::{
    TokenizerClient,
    answer::{self, Route},
    client::Inner,
    observe,
    tokenize::no_randomness,
    tokenizer::Call,
};
use lunadefend_core::{
    Error, ErrorKind, SessionId, VerifiedToken,
    provider::{SecretValue, TokenId},
    wire::{
        self, DescribedItem, Description, ReadId, SignedLocation, TokenIds, TokensDescribe,
        TokensDescribed, ValueItem, ValuesFound, ValuesRead,
    },
};
use lunadefend_crypto::random_bytes;
use tracing::{field, info_span};

impl TokenizerClient {
    /// Reads values, in the order of `tokens`. `None` for each one that the session may not read: it holds no live
    /// grant, or there is no such value, or it was read as often as it may be.
    ///
    /// One request reads up to 100 values; those over 16 KiB take a request each.
    ///
    /// # Errors
    /// [`TokenizerTooOld`](ErrorKind::TokenizerTooOld) when the tokenizer has no such call, and as
    /// [`detokenize`](Self::detokenize).
    pub async fn detokenize_all(
        &self,
        session: &SessionId,
        tokens: &[VerifiedToken],
    ) -> Result<Vec<Option<SecretValue>>, Error> {
        let span = info_span!(
            "lunadefend.detokenize",
            tokens = tokens.len(),
            outcome = field::Empty
        );
        let work = async {
            let call = self.begin(session).await?;
            let mut values = Vec::with_capacity(tokens.len());
            for some in tokens.chunks(TokenIds::MAX) {
                let outcome = self.read_some(&call, some).await?;
                for item in outcome.ok_or_else(too_old)? {
                    values.push(self.value_of(&call, item).await?);
                }
            }
            Ok(values)
        };
        observe::call("detokenize", span, |_| "done", work).await
    }

    /// Says what is known about tokens without their values, in the order of `tokens`: kind, size, times and mask.
    /// `None` for each one that the session holds no live grant for, and for one that does not exist.
    ///
    /// # Errors
    /// [`TokenizerTooOld`](ErrorKind::TokenizerTooOld) when the tokenizer has no such call, and as
    /// [`detokenize`](Self::detokenize).
    pub async fn describe(
        &self,
        session: &SessionId,
        tokens: &[VerifiedToken],
    ) -> Result<Vec<Option<Description>>, Error> {
        self.describe_by(self.begin(session), tokens).await
    }

    /// Says what is known about tokens, as [`describe`](Self::describe) does, whoever holds grants.
    ///
    /// # Errors
    /// [`TokenizerUnauthorized`](ErrorKind::TokenizerUnauthorized) unless the tokenizer has
    /// `LUNADEFEND_MASKS=application`, and as [`describe`](Self::describe).
    ///
    /// # Security
    /// A mask is a part of the value. Authorise the rows that the tokens came from first.
    pub async fn describe_as_application(
        &self,
        tokens: &[VerifiedToken],
    ) -> Result<Vec<Option<Description>>, Error> {
        let call = async {
            let inner = &self.0.0;
            let deadline = inner.deadline();
            let authorization = inner.keys.application_authorization();
            Ok(Call {
                deadline,
                authorization: Inner::authorized(authorization, deadline).await?,
                level: inner.discovery.level(deadline).await?,
            })
        };
        self.describe_by(call, tokens).await
    }

    async fn describe_by(
        &self,
        call: impl Future<Output = Result<Call, Error>>,
        tokens: &[VerifiedToken],
    ) -> Result<Vec<Option<Description>>, Error> {
        let span = info_span!(
            "lunadefend.describe",
            tokens = tokens.len(),
            outcome = field::Empty
        );
        let work = async {
            let call = call.await?;
            let mut all = Vec::with_capacity(tokens.len());
            for some in tokens.chunks(TokenIds::MAX) {
                let token_ids = ids(some)?;
                let body = TokensDescribe {
                    token_ids: token_ids.clone(),
                };
                let authorization = call.authorization.clone();
                let found: TokensDescribed = self
                    .0
                    .0
                    .call(Route::TokensDescribe, authorization, &body, call.deadline)
                    .await?;
                let answered = found
                    .items
                    .iter()
                    .map(|item: &DescribedItem| &item.token_id);
                check_order(&token_ids, answered)?;
                all.extend(found.items.into_iter().map(|item| item.description));
            }
            Ok(all)
        };
        observe::call("describe", span, |_| "done", work).await
    }

    /// Reads at most [`TokenIds::MAX`] values; `None` when the tokenizer has no such route.
    pub(crate) async fn read_some(
        &self,
        call: &Call,
        tokens: &[VerifiedToken],
    ) -> Result<Option<Vec<ValueItem>>, Error> {
        let inner = &self.0.0;
        // Kept over the retries of this call: they count as one read.
        let read_id = ReadId::new(random_bytes().map_err(no_randomness)?);
        let token_ids = ids(tokens)?;
        let body = wire::to_vec(&ValuesRead {
            token_ids: token_ids.clone(),
            read_id,
        });
        let body = bytes::Bytes::from(body);
        let authorization = call.authorization.clone();
        let outcome = inner
            .send(Route::ReadValues, authorization, call.deadline, || {
                Ok(body.clone())
            })
            .await?;
        if answer::is_missing_route(&outcome) {
            if call.level.has_values() {
                inner.discovery.is_missing()?;
            }
            return Ok(None);
        }
        let found: ValuesFound = answer::read(Route::ReadValues, outcome)?;
        check_order(&token_ids, found.items.iter().map(ValueItem::token_id))?;
        Ok(Some(found.items))
    }

    /// Returns the value of an item; `None` of a refused one.
    pub(crate) async fn value_of(
        &self,
        call: &Call,
        item: ValueItem,
    ) -> Result<Option<SecretValue>, Error> {
        match item {
            ValueItem::Inline { value, .. } => Ok(Some(value.into_value())),
            ValueItem::Download { download, .. } => {
                let SignedLocation { url, headers } = download;
                self.0
                    .download(url, &headers, call.deadline)
                    .await
                    .map(Some)
            }
            ValueItem::Refused { .. } => Ok(None),
        }
    }
}

fn ids(tokens: &[VerifiedToken]) -> Result<TokenIds, Error> {
    let ids = tokens.iter().map(|token| TokenId::parse(token.expose_id()));
    let ids = TokenIds::new(ids.collect::<Result<_, _>>()?);
    ids.ok_or_else(|| ErrorKind::Internal.into())
}

/// An answer must have an item for each token, in its order: a value must not pass for another one's.
fn check_order<'a>(
    asked: &TokenIds,
    answered: impl Iterator<Item = &'a TokenId>,
) -> Result<(), Error> {
    if answered.eq(asked.as_slice()) {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::BadTokenizerResponse)
            .with_message("the tokenizer's answer is about other tokens than the request"))
    }
}

fn too_old() -> Error {
    Error::new(ErrorKind::TokenizerTooOld).with_message(
        "the tokenizer cannot read many values: put a newer version of it there, or check the path of TOKENIZER_URL",
    )
}
