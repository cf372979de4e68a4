//! Which wire level the tokenizer speaks: asked once in the background, remembered for a while.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use lunadefend_core::{
    Error, ErrorKind,
    adapter::is_json,
    provider::{Clock, UnixMillis},
    wire::{self, BATCHES, DISCOVERY_PATH, GrantBatch, VALUES},
};
use lunadefend_flight::{Flight, launch};
use lunadefend_http::{BaseUrl, HttpClient, HttpError, Request, Response, Target};
use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};

/// How long an answer counts.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);
/// The age at which it is asked for again, so that no call of a busy client goes without.
const REFRESHED: Duration = Duration::from_secs(4 * 60);
/// The pause after an attempt. Meanwhile calls go by level 1.
const PAUSE: Duration = Duration::from_secs(10);
/// The same for a client that requires level 2, whose calls wait.
const SHORT_PAUSE: Duration = Duration::from_millis(250);
const LIMITS: wire::Limits = wire::Limits {
    bytes: 64 * 1024,
    ..wire::RESPONSE
};

/// The level that a call uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    One,
    Two {
        /// The most that both sides take in one batch.
        max_items: NonZeroUsize,
        /// Whether values go in the requests and responses themselves.
        has_values: bool,
    },
}

impl Level {
    pub(crate) const fn has_values(self) -> bool {
        matches!(
            self,
            Self::Two {
                has_values: true,
                ..
            }
        )
    }
}

/// What is known of one tokenizer. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Discovery(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: HttpClient,
    clock: Arc<dyn Clock>,
    url: Target,
    /// The origin that the tokenizer must have.
    origin: String,
    time_limit: Duration,
    is_required: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Known>,
    last_attempt: Option<UnixMillis>,
    flight: Option<Flight<()>>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    level: Level,
    /// When it was asked for.
    at: UnixMillis,
}

/// The tokenizer gave no answer that says anything.
struct Unavailable;

impl Discovery {
    /// `public` is the URL at which browsers reach the tokenizer. When level 2 `is_required`, calls wait for it.
    pub(crate) fn new(
        http: HttpClient,
        clock: Arc<dyn Clock>,
        tokenizer: &BaseUrl,
        public: &BaseUrl,
        time_limit: Duration,
        is_required: bool,
    ) -> Self {
        Self(Arc::new(Inner {
            http,
            clock,
            url: tokenizer.target(DISCOVERY_PATH),
            origin: public.origin(),
            time_limit,
            is_required,
            state: Mutex::default(),
        }))
    }

    /// Returns the level for a call that starts now. It waits for nothing unless level 2 is required.
    pub(crate) async fn level(&self, deadline: Instant) -> Result<Level, Error> {
        if self.0.is_required {
            timeout_at(deadline, self.required())
                .await
                .map_err(|elapsed| {
                    Error::new(ErrorKind::TokenizerUnavailable).with_source(elapsed)
                })?
        } else {
            let (known, _) = self.look(PAUSE);
            Ok(known.unwrap_or(Level::One))
        }
    }

    /// Returns what a call may do whose route of level 2 is missing: to go by level 1, as other calls do for a
    /// while.
    pub(crate) fn is_missing(&self) -> Result<(), Error> {
        let now = self.0.clock.unix_millis();
        let mut state = self.0.lock();
        (state.known, state.last_attempt) = (None, Some(now));
        if self.0.is_required {
            Err(too_old())
        } else {
            Ok(())
        }
    }

    async fn required(&self) -> Result<Level, Error> {
        loop {
            match self.look(SHORT_PAUSE) {
                (Some(Level::One), _) => return Err(too_old()),
                (Some(level), _) => return Ok(level),
                (None, Some(flight)) => {
                    flight.landed().await;
                }
                (None, None) => sleep(SHORT_PAUSE).await,
            }
        }
    }

    /// Returns what is known, and the running fetch. Starts one if it is due, at least `pause` after the last.
    fn look(&self, pause: Duration) -> (Option<Level>, Option<Flight<()>>) {
        let mut state = self.0.lock();
        let now = self.0.clock.unix_millis();
        // After the clock was set back, the age of an answer from the future is unknown.
        let is_within = |at: UnixMillis, time| at <= now && now.since(at) < time;
        let known = state.known.filter(|known| is_within(known.at, REMEMBERED));
        let is_fresh = known.is_some_and(|known| is_within(known.at, REFRESHED));
        let is_paused = state.last_attempt.is_some_and(|at| is_within(at, pause));
        let mut running = state.flight.take().filter(Flight::is_running);
        if running.is_none() && !is_fresh && !is_paused {
            state.last_attempt = Some(now);
            running = Some(self.fetch(now));
        }
        state.flight.clone_from(&running);
        (known.map(|known| known.level), running)
    }

    fn fetch(&self, now: UnixMillis) -> Flight<()> {
        let (asking, landing) = (Arc::clone(&self.0), Arc::clone(&self.0));
        launch(
            async move { asking.ask().await },
            move |outcome: Option<Result<Level, Unavailable>>| {
                if let Some(Ok(level)) = outcome {
                    landing.lock().known = Some(Known { level, at: now });
                }
            },
        )
    }
}

impl Inner {
    /// Asks outside of the client's places for requests: no call may have to wait for it.
    async fn ask(&self) -> Result<Level, Unavailable> {
        let json = HeaderValue::from_static("application/json");
        let request = Request {
            method: Method::GET,
            url: self.url.clone(),
            headers: HeaderMap::from_iter([(header::ACCEPT, json)]),
            body: bytes::Bytes::new(),
            max_response: LIMITS.bytes,
            deadline: Instant::now() + self.time_limit,
        };
        read(self.http.send(request).await, &self.origin)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the level from a response. Whatever is not a document for this origin means level 1.
fn read(outcome: Result<Response, HttpError>, origin: &str) -> Result<Level, Unavailable> {
    let status = match &outcome {
        Ok(answer) => answer.status,
        Err(error) => error.head().ok_or(Unavailable)?.status,
    };
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Unavailable);
    }
    let level = outcome.ok().and_then(|answer| offered(&answer, origin));
    tracing::debug!(
        is_level_2 = level.is_some(),
        "the tokenizer's wire level is known"
    );
    Ok(level.unwrap_or(Level::One))
}

fn offered(answer: &Response, origin: &str) -> Option<Level> {
    if answer.status != StatusCode::OK || !is_json(&answer.headers) {
        return None;
    }
    let document: wire::Discovery = wire::from_slice(&answer.body, LIMITS).ok()?;
    if document.origin != origin {
        tracing::warn!(
            "the tokenizer calls itself by another origin than this application calls it, so that it is used by wire level 1: PUBLIC_TOKENIZER_URL, or TOKENIZER_URL when that is not set, must be the TOKENIZER_URL of the tokenizer"
        );
        return None;
    }
    let has = |name: &str| document.features.iter().any(|feature| feature == name);
    if document.level < 2 || !has(BATCHES) {
        return None;
    }
    let max_items = usize::try_from(document.max_items).unwrap_or(usize::MAX);
    let max_items = NonZeroUsize::new(max_items.min(GrantBatch::MAX_ITEMS))?;
    Some(Level::Two {
        max_items,
        has_values: has(VALUES),
    })
}

fn too_old() -> Error {
    Error::new(ErrorKind::TokenizerTooOld).with_message(
        "the tokenizer does not offer wire level 2, which this application requires: put a newer version of it there, or check TOKENIZER_URL and what is between",
    )
}

#[cfg(test)]
mod tests;
