//! A key set that is fetched, kept and refreshed, one request at a time.

use super::JwksSource;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use lunadefend_core::{Clock, is_json};
use lunadefend_http::{HttpError, Request};
use lunadefend_jwt::{JwksError, KeySet};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

const MAX_SET: usize = 64 * 1024;
const DEADLINE: Duration = Duration::from_secs(5);

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DEFAULT_FRESH: u64 = 5 * MINUTE;
const MIN_FRESH: u64 = MINUTE;
const MAX_FRESH: u64 = HOUR;
/// How long the last good set is used when no newer one can be had.
const MAX_AGE: u64 = 24 * HOUR;
/// How long after the last attempt somebody may try again, by what there is without it.
const RETRY_WITHOUT_KEYS: u64 = SECOND;
const RETRY_STALE: u64 = 30 * SECOND;
const RETRY_UNKNOWN_KEY: u64 = MINUTE;

/// The fetched key set. Times are milliseconds of the clock since the Unix epoch.
#[derive(Debug)]
pub(crate) struct Cache {
    source: JwksSource,
    allow_demo_key: bool,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    set: Option<Arc<FetchedSet>>,
    last_attempt: Option<Attempt>,
    /// There while a fetch runs; it ends when the sender is dropped.
    flight: Option<watch::Receiver<()>>,
}

#[derive(Clone, Copy, Debug)]
struct Attempt {
    at: u64,
    failed: bool,
}

#[derive(Debug)]
pub(crate) struct FetchedSet {
    pub(super) keys: KeySet,
    at: u64,
    fresh_until: u64,
}

/// Newer keys were looked for and cannot be had.
#[derive(Debug)]
pub(crate) struct Failed;

impl Cache {
    pub(super) fn new(source: JwksSource, allow_demo_key: bool, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            allow_demo_key,
            clock,
            state: Mutex::default(),
        }
    }

    /// The set to use now. Fetches it when there is none; a stale one is used while a task fetches
    /// the next. `None`: there is none, or the last one is too old.
    pub(super) async fn current(self: &Arc<Self>) -> Option<Arc<FetchedSet>> {
        let flight = {
            let now = self.clock.unix_millis();
            let mut state = self.lock();
            match state.usable(now) {
                Some(set) => {
                    if now >= set.fresh_until || now < set.at {
                        // Nobody waits for it.
                        let _ = self.start(&mut state, now, RETRY_STALE);
                    }
                    return Some(set);
                }
                None => self.start(&mut state, now, RETRY_WITHOUT_KEYS)?,
            }
        };
        landed(flight).await;
        let now = self.clock.unix_millis();
        self.lock().usable(now)
    }

    /// A set that was fetched after `seen`; waits for a running fetch, or starts one if the last is
    /// long enough ago. `Ok(None)`: there is no newer set.
    pub(super) async fn newer_than(
        self: &Arc<Self>,
        seen: &Arc<FetchedSet>,
    ) -> Result<Option<Arc<FetchedSet>>, Failed> {
        let flight = {
            let now = self.clock.unix_millis();
            let mut state = self.lock();
            if let Some(newer) = state.other_than(seen) {
                return Ok(Some(newer));
            }
            self.start(&mut state, now, RETRY_UNKNOWN_KEY)
        };
        if let Some(flight) = flight {
            landed(flight).await;
        }
        let state = self.lock();
        match state.other_than(seen) {
            Some(newer) => Ok(Some(newer)),
            // The key may be in the set that could not be fetched.
            None if state.last_attempt.is_some_and(|attempt| attempt.failed) => Err(Failed),
            None => Ok(None),
        }
    }

    /// Joins the running fetch or starts one; `None` when it is too early for another.
    ///
    /// The fetch is a task of its own: a client that goes away does not end it, or whoever invents
    /// keys and hangs up could keep everybody else from the new ones.
    fn start(
        self: &Arc<Self>,
        state: &mut State,
        now: u64,
        retry_after: u64,
    ) -> Option<watch::Receiver<()>> {
        if let Some(flight) = &state.flight {
            return Some(flight.clone());
        }
        let too_early = state.last_attempt.is_some_and(|attempt| {
            // A clock that was set back must not stop the refreshing.
            now.checked_sub(attempt.at)
                .is_some_and(|age| age < retry_after)
        });
        if too_early {
            return None;
        }
        let (done, flight) = watch::channel(());
        state.flight = Some(flight.clone());
        // Until it is known better: if the task dies, the attempt has failed.
        state.last_attempt = Some(Attempt {
            at: now,
            failed: true,
        });
        let landing = Landing {
            cache: Arc::clone(self),
            _done: done,
        };
        tokio::spawn(async move {
            let fetched = landing.cache.fetch().await;
            landing.cache.store(fetched);
        });
        Some(flight)
    }

    fn store(&self, fetched: Result<(KeySet, u64), FetchError>) {
        let now = self.clock.unix_millis();
        match fetched {
            Ok((keys, fresh)) => {
                tracing::debug!(fresh_ms = fresh, "fetched the key set");
                let mut state = self.lock();
                state.set = Some(Arc::new(FetchedSet {
                    keys,
                    at: now,
                    fresh_until: now.saturating_add(fresh),
                }));
                if let Some(attempt) = &mut state.last_attempt {
                    attempt.failed = false;
                }
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the key set of the application cannot be fetched: check SESSION_JWKS_URL"
            ),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn usable(&self, now: u64) -> Option<Arc<FetchedSet>> {
        self.set
            .as_ref()
            .filter(|set| now.saturating_sub(set.at) < MAX_AGE)
            .cloned()
    }

    fn other_than(&self, seen: &Arc<FetchedSet>) -> Option<Arc<FetchedSet>> {
        self.set
            .as_ref()
            .filter(|set| !Arc::ptr_eq(set, seen))
            .cloned()
    }
}

/// Ends the flight however its task ends; then the sender is dropped, which wakes who waits.
struct Landing {
    cache: Arc<Cache>,
    _done: watch::Sender<()>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.cache.lock().flight = None;
    }
}

async fn landed(mut flight: watch::Receiver<()>) {
    // Nothing is ever sent: this returns when the sender is gone.
    let _ = flight.changed().await;
}

/// Why a key set cannot be had. No text contains the URL or what came back.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the request failed")]
    Http(#[from] HttpError),
    #[error("the answer has status {0}, not 200; redirects are not followed")]
    Status(u16),
    #[error("the answer is not application/json")]
    ContentType,
    #[error("the answer is not a key set")]
    Jwks(#[from] JwksError),
}

impl Cache {
    /// The set, and for how many milliseconds it is fresh.
    async fn fetch(&self) -> Result<(KeySet, u64), FetchError> {
        let answer = self
            .source
            .client
            .send(Request {
                method: Method::GET,
                url: self.source.url.as_str().to_owned(),
                headers: HeaderMap::from_iter([(
                    header::ACCEPT,
                    HeaderValue::from_static("application/json, application/jwk-set+json"),
                )]),
                body: Bytes::new(),
                max_answer: MAX_SET,
                deadline: Instant::now() + DEADLINE,
            })
            .await?;
        if answer.status != StatusCode::OK {
            return Err(FetchError::Status(answer.status.as_u16()));
        }
        if !is_json(&answer.headers) && !is_jwk_set(&answer.headers) {
            return Err(FetchError::ContentType);
        }
        let keys = if self.allow_demo_key {
            KeySet::parse_allowing_demo_key(&answer.body)?
        } else {
            KeySet::parse(&answer.body)?
        };
        Ok((keys, fresh_for(&answer.headers)))
    }
}

/// RFC 7517 section 8.5.1.
fn is_jwk_set(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok()?.split(';').next())
        .is_some_and(|essence| {
            essence
                .trim()
                .eq_ignore_ascii_case("application/jwk-set+json")
        })
}

/// `Cache-Control` of RFC 9111, within our own bounds: the application may ask for more or fewer
/// requests, not for one each second and not to be trusted for a day.
fn fresh_for(headers: &HeaderMap) -> u64 {
    let mut directives = headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(str::trim);
    let seconds = directives.find_map(|directive| {
        if directive.eq_ignore_ascii_case("no-store") || directive.eq_ignore_ascii_case("no-cache")
        {
            return Some(0);
        }
        let (name, value) = directive.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("max-age")
            .then(|| value.trim().trim_matches('"').parse::<u64>().unwrap_or(0))
    });
    seconds.map_or(DEFAULT_FRESH, |seconds| {
        seconds.saturating_mul(SECOND).clamp(MIN_FRESH, MAX_FRESH)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness() {
        let fresh = |values: &[&'static str]| {
            let headers: HeaderMap = values
                .iter()
                .map(|value| (header::CACHE_CONTROL, HeaderValue::from_static(value)))
                .collect();
            fresh_for(&headers)
        };
        assert_eq!(fresh(&[]), DEFAULT_FRESH);
        assert_eq!(fresh(&["public"]), DEFAULT_FRESH);
        assert_eq!(fresh(&["public, max-age=600"]), 10 * MINUTE);
        assert_eq!(fresh(&["public", "Max-Age=\"600\""]), 10 * MINUTE);
        assert_eq!(fresh(&["max-age=1"]), MIN_FRESH);
        assert_eq!(fresh(&["max-age=-1"]), MIN_FRESH);
        assert_eq!(fresh(&["no-store"]), MIN_FRESH);
        assert_eq!(fresh(&["no-cache, max-age=600"]), MIN_FRESH);
        assert_eq!(fresh(&["max-age=99999999999999999999"]), MIN_FRESH);
        assert_eq!(fresh(&["max-age=18446744073709551615"]), MAX_FRESH);
    }

    #[test]
    fn media_type() {
        let is = |value: &'static str| {
            is_jwk_set(&HeaderMap::from_iter([(
                header::CONTENT_TYPE,
                HeaderValue::from_static(value),
            )]))
        };
        assert!(is("application/jwk-set+json"));
        assert!(is("Application/JWK-Set+json; charset=utf-8"));
        assert!(!is("text/html"));
        assert!(!is_jwk_set(&HeaderMap::new()));
    }
}
