//! Secrets from a closure.

use lunadefend_core::provider::{BoxFuture, SecretError, SecretProvider, SecretVersions};
use std::{borrow::Cow, fmt, future::Future};

/// A secret that an asynchronous closure fetches: the short form of your own provider.
///
/// ```
/// use lunadefend_core::provider::{SecretError, SecretProvider, SecretValue};
/// use lunadefend_secrets::SecretFn;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), SecretError> {
/// let vault = SecretFn::new("vault path kv/lunasec", || async {
///     Ok(SecretValue::new("what your client returned").into())
/// });
/// assert_eq!(vault.origin(), "vault path kv/lunasec");
/// vault.fetch().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SecretFn<F> {
    origin: Cow<'static, str>,
    fetch: F,
}

impl<F> SecretFn<F> {
    /// Wraps a closure; `origin` names the source of the secret, for error messages.
    pub fn new(origin: impl Into<Cow<'static, str>>, fetch: F) -> Self {
        Self {
            origin: origin.into(),
            fetch,
        }
    }
}

impl<F> fmt::Debug for SecretFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretFn").field(&self.origin).finish()
    }
}

impl<F, R> SecretProvider for SecretFn<F>
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<SecretVersions, SecretError>> + Send + 'static,
{
    fn origin(&self) -> String {
        self.origin.clone().into_owned()
    }

    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
        Box::pin((self.fetch)())
    }
}
