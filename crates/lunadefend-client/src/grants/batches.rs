//! Wire level 2: many tokens in one request.

use super::{
    Call,
    queue::{Carried, Carry, Part},
};
use crate::{
    Client,
    answer::{self, Route},
    client::Inner,
    observe,
};
use lunadefend_core::{
    Error, ErrorKind,
    provider::{BoxFuture, GrantRequest, TokenId, Verdict},
    wire::{
        self, AnsweredItem, BatchAnswer, BatchId, BatchOperation, BatchPlace, Binding,
        GRANT_DURATION, GrantBatch, GrantItem, GrantedItem, SESSION_ENDED, VerifiedItem,
    },
};
use lunadefend_crypto::{CryptoError, random_bytes, sha256};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use std::{marker::PhantomData, num::NonZeroUsize};
use tokio::time::Instant;

impl Client {
    /// Returns `None` when the tokenizer has no such route after all.
    pub(super) async fn verify_in_batches(
        &self,
        call: &Call,
        tokens: &[TokenId],
        max_items: NonZeroUsize,
    ) -> Result<Option<Vec<Verdict>>, Error> {
        let batches: Vec<_> = tokens.chunks(max_items.get()).collect();
        let work = |index: usize| self.verify_batch(call, batches[index], max_items);
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
        max_items: NonZeroUsize,
    ) -> Result<Option<Vec<Verdict>>, Error> {
        let item = |token| GrantItem::new(&call.session, token, None);
        let part = Part {
            carrier: Batches::new(self),
            items: || tokens.iter().map(item).collect(),
            max_items,
            deadline: call.deadline,
        };
        let answers = self.0.queues.verifying.ask(part).await?;
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
        let work = |index: usize| self.create_batch(call, batches[index], max_items);
        let answers = self.for_each(batches.len(), work, Option::is_none).await?;
        Ok(answers.into_iter().flatten().collect())
    }

    async fn create_batch(
        &self,
        call: &Call,
        grants: &[GrantRequest],
        max_items: NonZeroUsize,
    ) -> Result<Option<()>, Error> {
        let item =
            |grant: &GrantRequest| GrantItem::new(&call.session, grant.token(), grant.duration());
        let part = Part {
            carrier: Batches::new(self),
            items: || grants.iter().map(item).collect(),
            max_items,
            deadline: call.deadline,
        };
        let answers = self.0.queues.setting.ask(part).await?;
        let outcome = |answer: GrantedItem| match answer.outcome {
            Ok(_) => Ok(()),
            Err(name) => Err(refused(&name)),
        };
        answers
            .map(|answers| answers.into_iter().try_for_each(outcome))
            .transpose()
    }
}

/// Sends the batches of one client to the route for `T`.
pub(crate) struct Batches<T> {
    client: Client,
    answers: PhantomData<fn() -> T>,
}

impl<T> Batches<T> {
    fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            answers: PhantomData,
        }
    }
}

impl<T> Clone for Batches<T> {
    fn clone(&self) -> Self {
        Self::new(&self.client)
    }
}

impl<T> Carry for Batches<T>
where
    T: AnsweredItem + DeserializeOwned + Clone + Send + Sync + 'static,
{
    type Answer = T;

    fn carry(self, items: Vec<GrantItem>, deadline: Instant) -> BoxFuture<'static, Carried<T>> {
        Box::pin(async move {
            let carried = self.send(items, deadline).await;
            carried.unwrap_or_else(Carried::Failed)
        })
    }
}

impl<T: AnsweredItem + DeserializeOwned> Batches<T> {
    async fn send(&self, items: Vec<GrantItem>, deadline: Instant) -> Result<Carried<T>, Error> {
        let inner = &self.client.0;
        let route = match T::OPERATION {
            BatchOperation::Set => Route::SetBatch,
            BatchOperation::Verify => Route::VerifyBatch,
        };
        // The calls may have waited: the JWT is one that counts now.
        let authorization = inner.keys.application_authorization();
        let authorization = Inner::authorized(authorization, deadline).await?;
        observe::batch(route.path(), items.len());
        let mut batch = GrantBatch {
            batch_id: new_id()?,
            items,
        };
        // An answer to an earlier attempt must not pass for one to a later attempt.
        let outcome = inner
            .send(route, authorization, deadline, || {
                batch.batch_id = new_id()?;
                Ok(wire::to_vec(&batch).into())
            })
            .await?;
        if answer::is_missing_route(&outcome) {
            inner.discovery.is_missing()?;
            return Ok(Carried::Missing);
        }
        let is_final = answer::is_final(&outcome);
        let answers = answer::read(route, outcome).and_then(|answer| {
            let bad = |bad| Error::new(ErrorKind::BadTokenizerResponse).with_source(bad);
            check(&batch, answer).map_err(bad)
        });
        Ok(match answers {
            Ok(answers) => Carried::Answered(answers.into()),
            Err(error) if is_final => Carried::Refused(error),
            Err(error) => Carried::Failed(error),
        })
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
