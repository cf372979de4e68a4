//! The environment, injected.

use lunadefend_core::provider::SecretValue;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// Variables by name: those of the process, or a map in tests.
pub trait Environment: fmt::Debug + Send + Sync + 'static {
    /// Returns the value of a variable; `None` when it is not set. On Unix the bytes are those of the
    /// process, which need not be UTF-8.
    fn get(&self, name: &str) -> Option<SecretValue>;

    /// Returns the names of the variables that are set, to find a misspelled one. The default returns none.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

#[deny(clippy::missing_trait_methods)]
impl<T: Environment + ?Sized> Environment for Arc<T> {
    fn get(&self, name: &str) -> Option<SecretValue> {
        (**self).get(name)
    }

    fn names(&self) -> Vec<String> {
        (**self).names()
    }
}

/// Returns whether a variable has a value: an empty one counts as not set.
pub(crate) fn is_set(environment: &dyn Environment, name: &str) -> bool {
    let value = environment.get(name);
    value.is_some_and(|value| !crate::bare_secret(value.expose_secret()).is_empty())
}

/// An environment with fixed variables.
///
/// ```
/// use lunadefend_settings::{Environment, FixedEnvironment};
///
/// let environment = FixedEnvironment::from_iter([("LUNADEFEND_SESSION_KEY", "hunter2")]);
/// assert!(environment.get("LUNADEFEND_SESSION_KEY").is_some());
/// assert!(environment.get("TOKENIZER_URL").is_none());
/// assert!(!format!("{environment:?}").contains("hunter2"));
/// ```
#[derive(Clone, Default)]
pub struct FixedEnvironment(BTreeMap<String, SecretValue>);

impl<K: Into<String>, V: Into<Vec<u8>>> FromIterator<(K, V)> for FixedEnvironment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), SecretValue::new(value)))
                .collect(),
        )
    }
}

impl Environment for FixedEnvironment {
    fn get(&self, name: &str) -> Option<SecretValue> {
        self.0.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// Prints the names of the variables, never their values.
impl fmt::Debug for FixedEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FixedEnvironment")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}
