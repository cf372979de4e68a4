//! Identifiers of sessions.

use crate::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use std::{
    fmt,
    future::{Future, poll_fn},
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// The identifier of a user's session; grants are tied to it.
///
/// In an application, the session id provider returns it: usually the value of the session cookie or a hash
/// of it. It is a secret: an attacker who knows it may be able to act as the user. `Debug` prints none of it.
///
/// It is never empty and at most [`SessionId::MAX_LEN`] bytes long.
///
/// # Security
/// Return a **new** identifier after every log-in. Reusing the id for the next user of a browser would give
/// them the previous user's grants until these expire.
///
/// ```
/// use lunadefend_core::SessionId;
///
/// let session = SessionId::new("3f6c0f6e")?;
/// assert_eq!(format!("{session:?}"), "SessionId(..)");
/// assert!(SessionId::new("").is_err());
/// # Ok::<(), lunadefend_core::Error>(())
/// ```
///
/// It can be the key of a map: `HashMap<SessionId, User>` needs no [`expose_id`](SessionId::expose_id).
#[derive(Clone)]
pub struct SessionId(SecretString);

// Constant time is not needed: the session store has already accepted a `SessionId`. No user is authenticated
// by comparing two of them, so the time that a comparison takes reveals nothing useful.
impl PartialEq for SessionId {
    fn eq(&self, other: &Self) -> bool {
        self.expose_id() == other.expose_id()
    }
}

impl Eq for SessionId {}

impl Hash for SessionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose_id().hash(state);
    }
}

impl SessionId {
    /// The longest accepted identifier, in bytes.
    pub const MAX_LEN: usize = 1024;

    /// Wraps the identifier of a session.
    ///
    /// # Errors
    /// [`ErrorKind::SessionProvider`](crate::ErrorKind::SessionProvider) when `id` is empty or longer than
    /// [`SessionId::MAX_LEN`] bytes.
    pub fn new(id: impl Into<String>) -> Result<Self, Error> {
        // Into `SecretString` first: it is wiped on every path.
        let id = SecretString::from(id.into());
        match id.expose_secret().len() {
            0 => Err(Error::session_provider(
                "the session id is empty: return None when nobody is logged in",
            )),
            1..=Self::MAX_LEN => Ok(Self(id)),
            _ => Err(Error::session_provider(
                "the session id is longer than 1024 bytes",
            )),
        }
    }

    /// Returns the identifier itself.
    ///
    /// # Security
    /// A bearer credential in most applications: never log it, and never send it to the tokenizer
    /// without the mapping that the client applies.
    #[must_use]
    pub fn expose_id(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// Calls the session id provider, for adapters.
///
/// A panic of the provider is caught and becomes an error.
///
/// # Errors
/// [`ErrorKind::NoSession`] when no user is logged in, the provider's own error when it fails, and
/// [`ErrorKind::SessionProvider`] when it panics.
pub async fn resolve_session<F>(session: impl FnOnce() -> F) -> Result<SessionId, Error>
where
    F: Future<Output = Result<Option<SessionId>, Error>>,
{
    let outcome = match catch_unwind(AssertUnwindSafe(session)) {
        Ok(future) => {
            let mut future = pin!(future);
            poll_fn(|context| {
                match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
                    Ok(poll) => poll.map(Some),
                    Err(_) => Poll::Ready(None),
                }
            })
            .await
        }
        Err(_) => None,
    };
    match outcome {
        Some(Ok(Some(session))) => Ok(session),
        Some(Ok(None)) => Err(Error::new(ErrorKind::NoSession)),
        Some(Err(error)) => Err(error),
        None => Err(Error::session_provider(
            "the session id provider panicked: see the log of the application",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn finds_itself_in_a_map() {
        let [ann, bob] = ["ann", "bob"].map(|id| SessionId::new(id).unwrap());
        let users = HashMap::from([(ann.clone(), 1), (bob.clone(), 2)]);
        assert_eq!((users.get(&ann), users.get(&bob)), (Some(&1), Some(&2)));
        assert_ne!(ann, bob);
    }

    #[test]
    fn bounds() {
        assert!(SessionId::new("s").is_ok());
        assert!(SessionId::new("s".repeat(1024)).is_ok());
        for bad in [String::new(), "s".repeat(1025)] {
            let error = SessionId::new(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SessionProvider);
        }
    }
}
