//! What all users have in common: counters, and when to stop.

use anyhow::{Result, bail};
use app_common::Page;
use std::{
    future::Future,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Rounds of each user before anything is measured, and the least time for them.
const WARM_ROUNDS: u64 = 3;
const WARM_TIME: Duration = Duration::from_secs(4);
/// How long everybody may take to be warm, or to have a request in flight that nobody answers.
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
    warm_clients: AtomicU64,
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
            warm_clients: AtomicU64::new(0),
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
        if round == WARM_ROUNDS {
            self.warm_clients.fetch_add(1, SeqCst);
        }
    }

    /// Sends and judges one request. Shows the first errors.
    pub(crate) async fn request(
        &self,
        request: impl Future<Output = Result<Page>>,
        is_right: impl FnOnce(&Page) -> bool,
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

    pub(crate) async fn until_warm(&self) -> Result<()> {
        sleep(WARM_TIME).await;
        let begun = Instant::now();
        while self.warm_clients.load(SeqCst) < self.clients {
            if begun.elapsed() > PATIENCE {
                bail!("not every user has gone round {WARM_ROUNDS} times");
            }
            sleep(TICK).await;
        }
        Ok(())
    }

    /// Waits until every user has a request in flight and none is answered any more: then the
    /// application has all of them. From then on nobody starts another one.
    pub(crate) async fn until_held(&self) -> Result<u64> {
        let begun = Instant::now();
        let (mut seen, mut since) = (self.count().requests, begun);
        loop {
            sleep(TICK).await;
            let requests = self.count().requests;
            if requests != seen || self.in_flight.load(SeqCst) < self.clients {
                (seen, since) = (requests, Instant::now());
            } else if since.elapsed() > STANDSTILL {
                self.over.store(true, SeqCst);
                return Ok(self.in_flight.load(SeqCst));
            }
            if begun.elapsed() > PATIENCE {
                bail!("requests are still answered although the tokenizer should be held");
            }
        }
    }
}
