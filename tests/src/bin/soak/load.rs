//! What all users have in common: counters, and when to stop.

use anyhow::{Context, Result, ensure};
use lunadefend_tests::walk::Visit;
use std::{
    future::Future,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Rounds of each user before anything is measured.
const ROUNDS: u64 = 3;
/// How long everybody may take for these, or to have a request in flight that nobody answers.
const PATIENCE: Duration = Duration::from_secs(60);
/// Without an answer for so long, nothing moves any more.
const STANDSTILL: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(50);
/// How many errors are shown.
const SHOWN: u64 = 5;

/// The state of the load.
#[derive(Debug)]
pub(crate) struct Load {
    clients: u64,
    /// Users who have gone round often enough.
    warm: AtomicU64,
    in_flight: AtomicU64,
    requests: AtomicU64,
    errors: AtomicU64,
    over: AtomicBool,
}

/// How many requests there were.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
}

impl Load {
    pub(crate) fn new(clients: u64) -> Self {
        Self {
            clients,
            warm: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            over: AtomicBool::new(false),
        }
    }

    pub(crate) fn clients(&self) -> u64 {
        self.clients
    }

    /// Whether nobody is to start another request.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(SeqCst)
    }

    /// One user has finished a round.
    pub(crate) fn finished_round(&self, round: u64) {
        if round == ROUNDS {
            self.warm.fetch_add(1, SeqCst);
        }
    }

    /// Does what is right when it succeeds. Shows the first errors.
    pub(crate) async fn count_in<T>(&self, act: impl Future<Output = Result<T>>) {
        self.in_flight.fetch_add(1, SeqCst);
        let outcome = act.await;
        self.in_flight.fetch_sub(1, SeqCst);
        self.requests.fetch_add(1, SeqCst);
        if let Err(error) = outcome
            && self.errors.fetch_add(1, SeqCst) < SHOWN
        {
            eprintln!("wrong: {error:#}");
        }
    }

    /// Sends and judges one request. Shows the first errors.
    pub(crate) async fn request(
        &self,
        request: impl Future<Output = Result<Visit>>,
        is_right: impl FnOnce(&Visit) -> bool,
    ) {
        self.in_flight.fetch_add(1, SeqCst);
        let outcome = request.await;
        self.in_flight.fetch_sub(1, SeqCst);
        self.requests.fetch_add(1, SeqCst);
        let wrong = match outcome {
            Ok(page) if is_right(&page) => return,
            Ok(page) => format!("{} -> {}", page.request, page.outcome()),
            Err(error) => format!("{error:#}"),
        };
        if self.errors.fetch_add(1, SeqCst) < SHOWN {
            eprintln!("wrong: {wrong}");
        }
    }

    pub(crate) fn count(&self) -> Count {
        Count {
            requests: self.requests.load(SeqCst),
            errors: self.errors.load(SeqCst),
        }
    }

    /// From here on nobody starts another request.
    pub(crate) fn finish(&self) {
        self.over.store(true, SeqCst);
    }

    pub(crate) async fn until_all_go_round(&self) -> Result<()> {
        self.until(|| self.warm.load(SeqCst) == self.clients)
            .await
            .with_context(|| format!("not every user has gone round {ROUNDS} times"))
    }

    /// Waits until as many requests were answered as can have been held, and as many again.
    pub(crate) async fn until_all_go_on(&self) -> Result<()> {
        let enough = self.count().requests + 2 * self.clients;
        self.until(|| self.count().requests >= enough)
            .await
            .context("nothing moves again although the tokenizer should answer")
    }

    /// Waits until every user has a request in flight and none is answered any more: then the
    /// application has all of them. Gives their number.
    pub(crate) async fn until_held(&self) -> Result<u64> {
        let (mut seen, mut since) = (0, Instant::now());
        self.until(|| {
            let requests = self.count().requests;
            if requests != seen || self.in_flight.load(SeqCst) < self.clients {
                (seen, since) = (requests, Instant::now());
            }
            since.elapsed() > STANDSTILL
        })
        .await
        .context("requests are answered although the tokenizer should not answer")?;
        Ok(self.in_flight.load(SeqCst))
    }

    async fn until(&self, mut reached: impl FnMut() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !reached() {
            ensure!(begun.elapsed() < PATIENCE, "it takes too long");
            sleep(TICK).await;
        }
        Ok(())
    }
}
