//! One fetch.

use super::{Inner, SecretCache, State};
use crate::RefreshPolicy;
use lunadefend_core::provider::{SecretError, SecretProvider, SecretVersions};
use lunadefend_flight::{Flight, launch};
use std::{
    collections::hash_map::RandomState,
    error::Error,
    hash::{BuildHasher, Hasher},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::sync::oneshot;

/// The time limit for a provider without its own deadline.
const DEADLINE: Duration = Duration::from_secs(15);
/// The bounds of the pause after a failed fetch.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Fetches from a provider, which may never respond.
pub(super) async fn fetch(provider: &dyn SecretProvider) -> Result<SecretVersions, SecretError> {
    match tokio::time::timeout(DEADLINE, provider.fetch()).await {
        Ok(outcome) => outcome,
        Err(elapsed) => Err(SecretError::Unavailable {
            origin: provider.origin().into(),
            source: Some(elapsed.into()),
        }),
    }
}

/// Returns when a value that was fetched now is due again.
pub(super) fn due_at(policy: &RefreshPolicy, now: SystemTime) -> SystemTime {
    // Not for security: it only has to differ between processes.
    let random = RandomState::new().build_hasher().finish();
    let millis = u64::try_from(policy.jitter().as_millis()).unwrap_or(u64::MAX);
    now + policy.every() + Duration::from_millis(random.checked_rem(millis).unwrap_or(0))
}

/// Returns the pause after a failed fetch.
pub(super) fn pause(policy: &RefreshPolicy) -> Duration {
    policy.every().clamp(MIN_PAUSE, MAX_PAUSE)
}

/// Receives the result of a fetch.
type Tell<T, E> = oneshot::Sender<Result<Arc<T>, E>>;

impl<T, E> SecretCache<T, E>
where
    T: Send + Sync + 'static,
    E: Error + From<SecretError> + Send + Sync + 'static,
{
    /// Joins the running fetch, or starts one.
    pub(super) fn join(&self, state: &mut State<T>) -> Flight<()> {
        let running = state.flight.take().filter(Flight::is_running);
        let flight = running.unwrap_or_else(|| self.start(None));
        state.flight.insert(flight).clone()
    }

    /// Starts a fetch; the state must be locked, and keep the flight.
    pub(super) fn start(&self, tell: Option<Tell<T, E>>) -> Flight<()> {
        let (cache, fetching) = (self.clone(), self.clone());
        launch(async move { fetching.attempt().await }, move |fetched| {
            cache.land(fetched, tell)
        })
    }

    async fn attempt(&self) -> Result<(Arc<T>, SystemTime), E> {
        let versions = fetch(&*self.0.provider).await?;
        let before = self.last();
        let now = self.0.clock.now();
        let value = (self.0.make)(Some(&*before), versions, now)?;
        Ok((Arc::new(value), now))
    }

    /// Takes the result of a fetch: `None`, if its task died.
    fn land(&self, fetched: Option<Result<(Arc<T>, SystemTime), E>>, tell: Option<Tell<T, E>>) {
        let outcome = fetched.map(|fetched| {
            fetched.inspect_err(|error| {
                tracing::error!(
                    origin = self.0.provider.origin(),
                    error = error as &dyn Error,
                    "a secret could not be refreshed; the last one is used until it is too old"
                );
            })
        });
        self.0
            .keep(outcome.as_ref().and_then(|outcome| outcome.as_ref().ok()));
        if let (Some(tell), Some(outcome)) = (tell, outcome) {
            // A cancelled caller receives nothing.
            let _ = tell.send(outcome.map(|(value, _)| value));
        }
    }
}

impl<T, E> Inner<T, E> {
    /// Stores a new value and its time, unless the fetch failed.
    fn keep(&self, fetched: Option<&(Arc<T>, SystemTime)>) {
        count(fetched.map(|(_, at)| *at));
        let mut state = self.lock();
        state.flight = None;
        match fetched {
            Some((value, at)) => {
                state.value = Arc::clone(value);
                state.fetched_at = *at;
                state.due_at = due_at(&self.policy, *at);
                state.failed_at = None;
            }
            None => {
                let now = self.clock.now();
                state.failed_at = Some(now);
                // The clock was set back: the value's remaining time counts from now.
                if now < state.fetched_at {
                    state.fetched_at = now;
                    state.due_at = now;
                }
            }
        }
    }
}

/// The counter `lunadefend_secret_refreshes_total`, by outcome, and the time of the last fetch that succeeded.
#[cfg(feature = "metrics")]
fn count(fetched_at: Option<SystemTime>) {
    let outcome = if fetched_at.is_some() { "ok" } else { "failed" };
    metrics::counter!("lunadefend_secret_refreshes_total", "outcome" => outcome).increment(1);
    if let Some(since) = fetched_at.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()) {
        metrics::gauge!("lunadefend_secret_fetched_timestamp_seconds").set(since.as_secs_f64());
    }
}

#[cfg(not(feature = "metrics"))]
const fn count(_: Option<SystemTime>) {}
