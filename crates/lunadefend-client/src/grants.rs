//! Verifying and creating grants.

mod batches;
mod queue;
mod single;

use crate::{Client, answer::Route, client::Inner, discovery::Level, observe};
use batches::Batches;
use futures_util::{StreamExt, TryFutureExt, TryStreamExt, stream};
use http::HeaderValue;
use lunadefend_core::{
    Error, SessionId,
    provider::{BoxFuture, GrantRequest, GrantService, TokenId, Verdict},
    wire::{GrantedItem, GrantsRevoke, VerifiedItem},
};
use queue::Queue;
use std::future::Future;
use tokio::time::Instant;
use tracing::{field, info_span};

impl GrantService for Client {
    fn verify_all<'a>(
        &'a self,
        session: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        let span = info_span!(
            "lunadefend.verify",
            tokens = tokens.len(),
            outcome = field::Empty
        );
        let done = |verdicts: &Vec<Verdict>| match verdicts.contains(&Verdict::Invalid) {
            true => "invalid",
            false => "valid",
        };
        let work = self.verify_tokens(session, tokens);
        Box::pin(observe::call("verify", span, done, work))
    }

    fn grant_all<'a>(
        &'a self,
        session: &'a SessionId,
        grants: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>> {
        let span = info_span!(
            "lunadefend.create",
            tokens = grants.len(),
            outcome = field::Empty
        );
        let work = self.create_grants(session, grants);
        Box::pin(observe::call("grant", span, |()| "granted", work))
    }

    fn revoke_grants<'a>(
        &'a self,
        session: Option<&'a SessionId>,
        token: &'a TokenId,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let span = info_span!("lunadefend.revoke", outcome = field::Empty);
        let work = self.revoke_of_token(session, token);
        Box::pin(observe::call("revoke", span, |()| "revoked", work))
    }
}

impl Client {
    async fn revoke_of_token(
        &self,
        session: Option<&SessionId>,
        token: &TokenId,
    ) -> Result<(), Error> {
        let session_ids = &self.0.session_ids;
        let body = GrantsRevoke {
            session_id: session.map(|id| session_ids.on_the_wire(id)).transpose()?,
            token_id: token.clone(),
        };
        let deadline = self.0.deadline();
        self.0.destroy(Route::GrantsRevoke, &body, deadline).await
    }
}

/// How many batches of one route are under way before calls share one, if `max_in_flight` is no smaller: a
/// client with few calls at a time does not wait for any.
const BATCHES_AT_ONCE: usize = 4;

/// The batches of a client. A verify and a set never share one.
pub(crate) struct Queues {
    verifying: Queue<Batches<VerifiedItem>>,
    setting: Queue<Batches<GrantedItem>>,
}

impl Queues {
    pub(crate) fn new(max_in_flight: usize) -> Self {
        let at_once = max_in_flight.min(BATCHES_AT_ONCE);
        Self {
            verifying: Queue::new(at_once),
            setting: Queue::new(at_once),
        }
    }
}

/// The common parts of all requests of one call.
struct Call {
    deadline: Instant,
    session: SessionId,
    authorization: HeaderValue,
    level: Level,
}

impl Client {
    async fn begin(&self, session: &SessionId) -> Result<Call, Error> {
        let deadline = self.0.deadline();
        let authorization = self.0.keys.application_authorization();
        Ok(Call {
            deadline,
            session: self.0.session_ids.on_the_wire(session)?,
            authorization: Inner::authorized(authorization, deadline).await?,
            level: self.0.discovery.level(deadline).await?,
        })
    }

    async fn verify_tokens(
        &self,
        session: &SessionId,
        tokens: &[TokenId],
    ) -> Result<Vec<Verdict>, Error> {
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let call = self.begin(session).await?;
        if let Level::Two { max_items, .. } = call.level
            && let Some(verdicts) = self.verify_in_batches(&call, tokens, max_items).await?
        {
            return Ok(verdicts);
        }
        self.verify_one_by_one(&call, tokens).await
    }

    async fn create_grants(
        &self,
        session: &SessionId,
        grants: &[GrantRequest],
    ) -> Result<(), Error> {
        if grants.is_empty() {
            return Ok(());
        }
        let call = self.begin(session).await?;
        if let Level::Two { max_items, .. } = call.level
            && let Some(()) = self.create_in_batches(&call, grants, max_items).await?
        {
            return Ok(());
        }
        // Grants of batches that did succeed are only made again.
        self.create_one_by_one(&call, grants).await
    }

    /// Processes items `0..count`, a bounded number at once. The results are in the order of the items.
    ///
    /// The first error cancels the rest. So does the first result for which `is_last` holds: no further item
    /// is started, and unfinished items have no result.
    async fn for_each<T, F>(
        &self,
        count: usize,
        work: impl Fn(usize) -> F,
        is_last: impl Fn(&T) -> bool,
    ) -> Result<Vec<Option<T>>, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        // The usual case, without the overhead for many items.
        if count == 1 {
            return Ok(vec![Some(work(0).await?)]);
        }
        let mut results: Vec<Option<T>> = Vec::new();
        results.resize_with(count, || None);
        let mut running = stream::iter(0..count)
            .map(|index| work(index).map_ok(move |result| (index, result)))
            .buffer_unordered(self.0.max_in_flight);
        while let Some((index, result)) = running.try_next().await? {
            let ends = is_last(&result);
            results[index] = Some(result);
            if ends {
                break;
            }
        }
        Ok(results)
    }
}
