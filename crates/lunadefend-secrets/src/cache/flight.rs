//! One fetch.

use super::{SecretCache, State};
use crate::RefreshPolicy;
use lunadefend_core::{SecretError, SecretProvider, SecretVersions};
use std::{
    collections::hash_map::RandomState,
    error::Error,
    hash::{BuildHasher, Hasher},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{sync::OwnedMutexGuard, task::JoinHandle};

/// How long a provider may take that has no deadline of its own.
const DEADLINE: Duration = Duration::from_secs(15);
/// How long after a fetch that failed the provider is left alone, within these bounds.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Asks a provider, who may never answer.
pub(super) async fn fetch(provider: &dyn SecretProvider) -> Result<SecretVersions, SecretError> {
    match tokio::time::timeout(DEADLINE, provider.fetch()).await {
        Ok(outcome) => outcome,
        Err(elapsed) => Err(SecretError::Unavailable {
            origin: provider.origin().into(),
            source: Some(elapsed.into()),
        }),
    }
}

/// When a value that was fetched now is fetched again.
pub(super) fn due_at(policy: &RefreshPolicy, now: SystemTime) -> SystemTime {
    // Not for security: it only has to differ between processes.
    let random = RandomState::new().build_hasher().finish();
    let millis = u64::try_from(policy.jitter().as_millis()).unwrap_or(u64::MAX);
    now + policy.every() + Duration::from_millis(random.checked_rem(millis).unwrap_or(0))
}

/// How long a provider is left alone after a fetch that failed.
pub(super) fn pause(policy: &RefreshPolicy) -> Duration {
    policy.every().clamp(MIN_PAUSE, MAX_PAUSE)
}

impl<T, E> SecretCache<T, E>
where
    T: Send + Sync + 'static,
    E: Error + From<SecretError> + Send + Sync + 'static,
{
    /// Fetches in a task of its own.
    pub(super) fn start(&self, turn: OwnedMutexGuard<()>) -> JoinHandle<Result<Arc<T>, E>> {
        let mut landing = Landing {
            cache: self.clone(),
            fetched: None,
            _turn: turn,
        };
        tokio::spawn(async move {
            let cache = landing.cache.clone();
            let outcome = cache.attempt().await;
            match outcome {
                Ok((value, at)) => {
                    landing.keep(Arc::clone(&value), at);
                    Ok(value)
                }
                Err(error) => {
                    tracing::error!(
                        origin = cache.0.provider.origin(),
                        error = &error as &dyn Error,
                        "a secret could not be refreshed; the last one is used until it is too old"
                    );
                    Err(error)
                }
            }
        })
    }

    async fn attempt(&self) -> Result<(Arc<T>, SystemTime), E> {
        let versions = fetch(&*self.0.provider).await?;
        let before = self.last();
        let now = self.0.clock.now();
        let value = (self.0.make)(Some(&*before), versions, now)?;
        Ok((Arc::new(value), now))
    }
}

/// Ends a fetch however its task ends; then the turn is passed on.
struct Landing<T, E> {
    cache: SecretCache<T, E>,
    /// The new value and its time, unless the fetch failed.
    fetched: Option<(Arc<T>, SystemTime)>,
    _turn: OwnedMutexGuard<()>,
}

impl<T, E> Landing<T, E> {
    fn keep(&mut self, value: Arc<T>, at: SystemTime) {
        self.fetched = Some((value, at));
    }
}

impl<T, E> Drop for Landing<T, E> {
    fn drop(&mut self) {
        let inner = &self.cache.0;
        count(self.fetched.is_some());
        let mut state = inner.lock();
        state.attempts += 1;
        match self.fetched.take() {
            Some((value, at)) => {
                *state = State {
                    value,
                    fetched_at: at,
                    due_at: due_at(&inner.policy, at),
                    attempts: state.attempts,
                    failed_at: None,
                };
            }
            None => {
                let now = inner.clock.now();
                state.failed_at = Some(now);
                // The clock was set back: what is left of the value's time counts from now.
                if now < state.fetched_at {
                    state.fetched_at = now;
                    state.due_at = now;
                }
            }
        }
    }
}

/// The counter `lunadefend_secret_refreshes_total`, by outcome.
#[cfg(feature = "metrics")]
fn count(ok: bool) {
    let outcome = if ok { "ok" } else { "failed" };
    metrics::counter!("lunadefend_secret_refreshes_total", "outcome" => outcome).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_ok: bool) {}
