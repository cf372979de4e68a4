//! A secret that is fetched once, cached, and refreshed while it is in use.

mod flight;

use crate::RefreshPolicy;
use flight::fetch;
use lunadefend_core::provider::{Clock, SecretError, SecretProvider, SecretVersions};
use lunadefend_flight::Flight;
use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::sync::oneshot;

/// How long a caller with a usable old value waits for a newer one.
const PATIENCE: Duration = Duration::from_secs(1);

/// A cached value made from a secret's versions, and refreshed. Cheap to clone; clones share the value.
///
/// A function makes the value from the versions. It also gets the value before, so that it can carry over
/// knowledge of earlier versions. If the function fails, for example because the newest version is not a key,
/// the fetch counts as failed and the old value stays.
///
/// No timer runs. A caller that arrives when a fetch is due starts it and uses the old value. A caller that
/// arrives when the value is older than [`RefreshPolicy::slowest`] waits for the fetch. So a returned value
/// is never older than that while the provider is reachable. Only one fetch runs at a time, in its own task,
/// and a cancelled caller does not cancel it.
///
/// While the provider fails, the cache returns the last value up to [`RefreshPolicy::max_age`]. After that
/// [`get`](Self::get) fails until a fetch succeeds. It needs a tokio runtime with time.
pub struct SecretCache<T, E>(Arc<Inner<T, E>>);

type Make<T, E> = dyn Fn(Option<&T>, SecretVersions, SystemTime) -> Result<T, E> + Send + Sync;

struct Inner<T, E> {
    provider: Arc<dyn SecretProvider>,
    policy: RefreshPolicy,
    clock: Arc<dyn Clock>,
    make: Box<Make<T, E>>,
    state: Mutex<State<T>>,
}

struct State<T> {
    value: Arc<T>,
    fetched_at: SystemTime,
    due_at: SystemTime,
    /// Present while a fetch runs.
    flight: Option<Flight<()>>,
    /// The time of the last fetch if it failed: the cache then pauses before the next one.
    failed_at: Option<SystemTime>,
}

/// The error for a secret that is too old: its provider has failed for too long.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "the secret at {origin} could not be refreshed for {} s and is not used any more; the log says why",
    age.as_secs()
)]
pub struct SecretExpired {
    origin: String,
    age: Duration,
}

/// What a caller does now.
enum Look<T> {
    /// Use the value.
    Fresh(Arc<T>),
    /// Start a fetch, and use the value.
    Due(Arc<T>),
    /// Wait for a fetch.
    Overdue,
    /// The provider failed a moment ago: use the present value, if it is not too old.
    Paused,
}

impl<T, E> SecretCache<T, E>
where
    T: Send + Sync + 'static,
    E: Error + From<SecretError> + Send + Sync + 'static,
{
    /// Fetches for the first time. `make` gets the previous value, if any, the versions, and the time.
    ///
    /// # Errors
    /// The errors of the provider and of `make`.
    pub async fn load(
        provider: Arc<dyn SecretProvider>,
        policy: RefreshPolicy,
        clock: Arc<dyn Clock>,
        make: impl Fn(Option<&T>, SecretVersions, SystemTime) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        let versions = fetch(&*provider).await?;
        let now = clock.now();
        let state = State {
            value: Arc::new(make(None, versions, now)?),
            fetched_at: now,
            due_at: flight::due_at(&policy, now),
            flight: None,
            failed_at: None,
        };
        Ok(Self(Arc::new(Inner {
            provider,
            policy,
            clock,
            make: Box::new(make),
            state: Mutex::new(state),
        })))
    }

    /// Returns the value.
    ///
    /// # Errors
    /// [`SecretExpired`] when no fetch succeeded for [`RefreshPolicy::max_age`].
    pub async fn get(&self) -> Result<Arc<T>, SecretExpired> {
        let flight = {
            let mut state = self.0.lock();
            match self.0.look(&state) {
                Look::Fresh(value) => return Ok(value),
                Look::Due(value) => {
                    let _ = self.join(&mut state);
                    return Ok(value);
                }
                Look::Overdue => self.join(&mut state),
                Look::Paused => return self.0.usable(&state),
            }
        };
        let is_usable = self.0.usable(&self.0.lock()).is_ok();
        // The failure is logged, and the value's age decides.
        if is_usable {
            let _ = tokio::time::timeout(PATIENCE, flight.landed()).await;
        } else {
            flight.landed().await;
        }
        self.0.usable(&self.0.lock())
    }

    /// Returns the value of the last successful fetch, however old; nothing is fetched.
    #[must_use]
    pub fn last(&self) -> Arc<T> {
        Arc::clone(&self.0.lock().value)
    }

    /// Fetches now, whatever the policy says, and returns the new value.
    ///
    /// # Errors
    /// The errors of the provider and of the function that makes the value; the old value then stays.
    pub async fn refresh(&self) -> Result<Arc<T>, E> {
        let (tell, told) = oneshot::channel();
        {
            // A running fetch may have begun before the change that the caller wants to see.
            let mut state = self.at_rest().await;
            state.flight = Some(self.start(Some(tell)));
        }
        told.await.unwrap_or_else(|panicked| {
            Err(E::from(SecretError::Unavailable {
                origin: self.0.provider.origin().into(),
                source: Some(panicked.into()),
            }))
        })
    }

    /// Replaces the value with the result of a function of it. The function must not use the cache itself.
    pub async fn update(&self, change: impl FnOnce(&T) -> T) {
        let mut state = self.at_rest().await;
        state.value = Arc::new(change(&state.value));
    }

    /// Returns the state while no fetch runs.
    async fn at_rest(&self) -> MutexGuard<'_, State<T>> {
        loop {
            let flight = {
                let state = self.0.lock();
                match state.flight.as_ref().filter(|flight| flight.is_running()) {
                    None => return state,
                    Some(flight) => flight.clone(),
                }
            };
            flight.landed().await;
        }
    }
}

impl<T, E> Inner<T, E> {
    fn look(&self, state: &State<T>) -> Look<T> {
        let now = self.clock.now();
        // A clock that was set back does not extend a pause.
        let since_failure = state.failed_at.and_then(|at| now.duration_since(at).ok());
        if since_failure.is_some_and(|since| since < flight::pause(&self.policy)) {
            return Look::Paused;
        }
        // With a clock that was set back, a value seems to be from the future: it counts as due.
        let Ok(age) = now.duration_since(state.fetched_at) else {
            return Look::Due(Arc::clone(&state.value));
        };
        if age > self.policy.slowest() || self.policy.every().is_zero() {
            Look::Overdue
        } else if now < state.due_at {
            Look::Fresh(Arc::clone(&state.value))
        } else {
            Look::Due(Arc::clone(&state.value))
        }
    }

    fn usable(&self, state: &State<T>) -> Result<Arc<T>, SecretExpired> {
        let age = self.clock.now().duration_since(state.fetched_at);
        match age {
            Ok(age) if age >= self.policy.max_age() => Err(SecretExpired {
                origin: self.provider.origin(),
                age,
            }),
            _ => Ok(Arc::clone(&state.value)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, E> Clone for SecretCache<T, E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T, E> fmt::Debug for SecretCache<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretCache")
            .field("origin", &self.0.provider.origin())
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
