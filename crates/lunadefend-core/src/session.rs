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

/// The identifier of a user's session: what a grant is tied to.
///
/// In an application it is the identifier that the session id provider returns, usually the value
/// of the session cookie or a hash of it. It is a secret: whoever knows it may be able to act as the
/// user. `Debug` prints none of it.
///
/// It is never empty and at most [`SessionId::MAX_LEN`] bytes long.
///
/// # Security
/// Return a **new** identifier at every log-in. Grants of an earlier user of the same browser live
/// on for their duration when the identifier stays the same.
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

// Not in constant time, and no need for it: a `SessionId` is what the session store said yes to. Nobody
// becomes a user because two of them are equal, so that how long the comparison took tells nothing of use.
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

    /// Takes the identifier of a session.
    ///
    /// # Errors
    /// [`ErrorKind::SessionProvider`](crate::ErrorKind::SessionProvider) when it is empty or longer
    /// than [`SessionId::MAX_LEN`] bytes.
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

    /// The identifier itself.
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

/// Asks a session id provider, for adapters: nobody is an error, and so is a panic, which is caught so
/// that the process lives.
///
/// # Errors
/// [`ErrorKind::NoSession`] when the provider finds nobody, its own error when it fails, and
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
