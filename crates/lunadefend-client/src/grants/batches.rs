//! Wire level 2: many tokens in one request.

use super::Call;
use crate::{
    Client,
    answer::{self, Route},
};
use lunadefend_core::{
    Error, ErrorKind,
    provider::{GrantRequest, TokenId, Verdict},
    wire::{
        self, AnsweredItem, BatchAnswer, BatchId, BatchPlace, Binding, GRANT_DURATION, GrantBatch,
        GrantItem, GrantedItem, SESSION_ENDED, VerifiedItem,
    },
};
use lunadefend_crypto::{CryptoError, random_bytes, sha256};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use std::num::NonZeroUsize;

impl Client {
    /// Returns `None` when the tokenizer has no such route after all.
    pub(super) async fn verify_in_batches(
        &self,
        call: &Call,
        tokens: &[TokenId],
        max_items: NonZeroUsize,
    ) -> Result<Option<Vec<Verdict>>, Error> {
        let batches: Vec<_> = tokens.chunks(max_items.get()).collect();
        let work = |index: usize| self.verify_batch(call, batches[index]);
        let is_last = |verdicts: &Option<Vec<Verdict>>| {
            verdicts
                .as_ref()
                .is_none_or(|verdicts| verdicts.contains(&Verdict::Invalid))
        };
        let answers = self.for_each(batches.len(), work, is_last).await?;
        let mut all = Vec::with_capacity(tokens.len());
        for (answer, batch) in answers.into_iter().zip(batches) {
            match answer {
                Some(Some(verdicts)) => all.extend(verdicts),
                Some(None) => return Ok(None),
                // Tokens without a verdict count as refused: one invalid token refuses all.
                None => all.extend(batch.iter().map(|_| Verdict::Invalid)),
            }
        }
        Ok(Some(all))
    }

    async fn verify_batch(
        &self,
        call: &Call,
        tokens: &[TokenId],
    ) -> Result<Option<Vec<Verdict>>, Error> {
        let items = tokens
            .iter()
            .map(|token| GrantItem::new(&call.session, token, None));
        let answers = self
            .batch::<VerifiedItem>(Route::VerifyBatch, call, items.collect())
            .await?;
        let verdict = |answer: VerifiedItem| match answer.expires_at {
            Some(_) => Verdict::Valid,
            None => Verdict::Invalid,
        };
        Ok(answers.map(|answers| answers.into_iter().map(verdict).collect()))
    }

    /// Returns `None` when the tokenizer has no such route after all; some grants may then exist.
    pub(super) async fn create_in_batches(
        &self,
        call: &Call,
        grants: &[GrantRequest],
        max_items: NonZeroUsize,
    ) -> Result<Option<()>, Error> {
        let batches: Vec<_> = grants.chunks(max_items.get()).collect();
        let work = |index: usize| self.create_batch(call, batches[index]);
        let answers = self.for_each(batches.len(), work, Option::is_none).await?;
        Ok(answers.into_iter().flatten().collect())
    }

    async fn create_batch(
        &self,
        call: &Call,
        grants: &[GrantRequest],
    ) -> Result<Option<()>, Error> {
        let items = grants
            .iter()
            .map(|grant| GrantItem::new(&call.session, grant.token(), grant.duration()));
        let answers = self
            .batch::<GrantedItem>(Route::SetBatch, call, items.collect())
            .await?;
        let outcome = |answer: GrantedItem| match answer.outcome {
            Ok(_) => Ok(()),
            Err(name) => Err(refused(&name)),
        };
        answers
            .map(|answers| answers.into_iter().try_for_each(outcome))
            .transpose()
    }

    /// Sends one batch, and returns the answers in the order of its items, or `None` when the tokenizer has no
    /// such route.
    async fn batch<T: AnsweredItem + DeserializeOwned>(
        &self,
        route: Route,
        call: &Call,
        items: Vec<GrantItem>,
    ) -> Result<Option<Vec<T>>, Error> {
        let mut batch = GrantBatch {
            batch_id: new_id()?,
            items,
        };
        // An answer to an earlier attempt must not pass for one to a later attempt.
        let outcome = self
            .0
            .send(route, call.authorization.clone(), call.deadline, || {
                batch.batch_id = new_id()?;
                Ok(wire::to_vec(&batch).into())
            })
            .await?;
        if answer::is_missing_route(&outcome) {
            self.0.discovery.is_missing()?;
            return Ok(None);
        }
        let answer = answer::read(route, outcome)?;
        check(&batch, answer)
            .map(Some)
            .map_err(|bad| Error::new(ErrorKind::BadTokenizerResponse).with_source(bad))
    }
}

fn new_id() -> Result<BatchId, Error> {
    random_bytes()
        .map(BatchId::new)
        .map_err(|error: CryptoError| Error::new(ErrorKind::Internal).with_source(error))
}

/// Why an answer is not one to this batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum BadBatch {
    #[error("the answer is to another batch")]
    Batch,
    #[error("the answer has more or fewer items than the batch")]
    Length,
    #[error("an item of the answer is not about the item of the batch at its place")]
    Item,
}

/// Returns the answers only if they were made for exactly these items of this batch, in this order.
fn check<T: AnsweredItem>(batch: &GrantBatch, answer: BatchAnswer<T>) -> Result<Vec<T>, BadBatch> {
    if answer.batch_id != batch.batch_id {
        return Err(BadBatch::Batch);
    }
    if answer.items.len() != batch.items.len() {
        return Err(BadBatch::Length);
    }
    for (index, (item, answered)) in (0..).zip(batch.items.iter().zip(&answer.items)) {
        let place = BatchPlace {
            operation: T::OPERATION,
            batch: batch.batch_id,
            index,
        };
        let session = item.session_id.expose_secret();
        let binding = Binding::of(
            place,
            session,
            &item.token_id,
            answered.expires_at(),
            sha256,
        );
        if answered.binding() != binding {
            return Err(BadBatch::Item);
        }
    }
    Ok(answer.items)
}

/// The tokenizer's reason, if it is one that this client knows.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the tokenizer refused a grant of the batch: {0}")]
struct Refused(&'static str);

fn refused(name: &str) -> Error {
    let (kind, name) = match name {
        SESSION_ENDED => (ErrorKind::SessionEnded, SESSION_ENDED),
        GRANT_DURATION => (ErrorKind::GrantDuration, GRANT_DURATION),
        _ => (ErrorKind::GrantCreation, "for another reason"),
    };
    Error::new(kind).with_source(Refused(name))
}

#[cfg(test)]
mod tests;
