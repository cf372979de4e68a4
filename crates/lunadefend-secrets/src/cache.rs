//! A secret that is fetched once, kept, and refreshed while it is used.

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

/// How long a caller who could go on with an old value waits for a newer one.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is made of a secret's versions, kept and refreshed. Cheap to clone; clones share the value.
///
/// The value is made of the versions by a function that also gets the value before, so that it can
/// carry over what it learned from earlier versions. When that function fails, as when the newest
/// version is not a key, the fetch counts as failed and the value before is kept.
///
/// No timer runs. A caller who comes when it is time starts a fetch and goes on with the old value;
/// one who comes so late that the value is older than [`RefreshPolicy::slowest`] waits for the fetch,
/// so that a value which is handed out is never older than that while the provider can be reached.
/// There is one fetch at a time, in a task of its own, which a caller who goes away does not end.
///
/// While the provider fails the last value is used, up to [`RefreshPolicy::max_age`]; after that
/// [`get`](Self::get) fails until a fetch succeeds. Needs a tokio runtime with time.
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
    /// There while a fetch runs.
    flight: Option<Flight<()>>,
    /// When the last fetch failed, if it did: the provider is left alone for a while after that.
    failed_at: Option<SystemTime>,
}

/// A secret is not used any more: its provider has not answered for too long.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "the secret at {origin} could not be refreshed for {} s and is not used any more; the log says why",
    age.as_secs()
)]
pub struct SecretExpired {
    origin: String,
    age: Duration,
}

/// What a caller does who came now.
enum Look<T> {
    /// Go on with the value.
    Fresh(Arc<T>),
    /// Start a fetch, and go on with the value.
    Due(Arc<T>),
    /// Wait for a fetch.
    Overdue,
    /// The provider failed a moment ago: take what there is, if it is not too old.
    Paused,
}

impl<T, E> SecretCache<T, E>
where
    T: Send + Sync + 'static,
    E: Error + From<SecretError> + Send + Sync + 'static,
{
    /// Fetches for the first time. `make` gets the value before, if there is one, the versions, and
    /// the time.
    ///
    /// # Errors
    /// Those of the provider, and of `make`.
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

    /// The value.
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
        // What went wrong is logged, and the value says the rest.
        if is_usable {
            let _ = tokio::time::timeout(PATIENCE, flight.landed()).await;
        } else {
            flight.landed().await;
        }
        self.0.usable(&self.0.lock())
    }

    /// The value of the last fetch that succeeded, however old; nothing is fetched.
    #[must_use]
    pub fn last(&self) -> Arc<T> {
        Arc::clone(&self.0.lock().value)
    }

    /// Fetches now, whatever the policy says, and returns the new value.
    ///
    /// # Errors
    /// Those of the provider and of the function that makes the value; the old value is then kept.
    pub async fn refresh(&self) -> Result<Arc<T>, E> {
        let (tell, told) = oneshot::channel();
        {
            // A fetch that runs already began before whatever the caller wants to see.
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

    /// Replaces the value by one that is made of it, by a function that must not use the cache itself.
    pub async fn update(&self, change: impl FnOnce(&T) -> T) {
        let mut state = self.at_rest().await;
        state.value = Arc::new(change(&state.value));
    }

    /// The state, while no fetch runs.
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
        // No pause ends later because the clock was set back since.
        let since_failure = state.failed_at.and_then(|at| now.duration_since(at).ok());
        if since_failure.is_some_and(|since| since < flight::pause(&self.policy)) {
            return Look::Paused;
        }
        // A clock that was set back makes a value that is not there yet: it is as good as due.
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
        // Nothing that is done under the lock leaves the state half changed.
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
