//! Assertions whose messages say why they failed.

use crate::TestBackend;
use lunadefend_core::{ErrorKind, SessionId, VerifiedToken};
use serde_json::Value;

/// Asserts that a response is the error of a kind, in the JSON that every adapter sends.
///
/// `status` takes the `StatusCode` of any framework. If your application renders errors in its own shape,
/// assert that shape instead.
///
/// ```
/// use lunadefend_core::{Error, ErrorKind, adapter::log_and_render};
/// use lunadefend_testing::assert_error;
///
/// let response = log_and_render(&Error::new(ErrorKind::InvalidGrant));
/// assert_error(response.status(), response.body(), ErrorKind::InvalidGrant);
/// ```
///
/// # Panics
/// When the status or the body differs from the kind's; the message shows both.
#[track_caller]
pub fn assert_error(status: impl Into<u16>, body: impl AsRef<[u8]>, kind: ErrorKind) {
    let (status, body) = (status.into(), body.as_ref());
    let json = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let found = (
        &json["success"],
        &json["error"]["name"],
        &json["error"]["code"],
    );
    let expected = (
        &Value::from(false),
        &Value::from(kind.name()),
        &Value::from(kind.status().as_str()),
    );
    assert!(
        status == kind.status().as_u16() && found == expected,
        "not the error `{}` with status {}, but status {status}: {}",
        kind.name(),
        kind.status().as_u16(),
        String::from_utf8_lossy(body)
    );
}

impl TestBackend {
    /// Asserts that the session holds a live grant for the token now.
    ///
    /// # Panics
    /// When the session holds no live grant; the message says why.
    #[track_caller]
    pub fn assert_granted(&self, session: &SessionId, token: &VerifiedToken) {
        if let Err(reason) = self.live_grant(session, token.expose_id()) {
            fail(session, token, "holds no grant for", reason);
        }
    }

    /// Asserts that the session holds no live grant for the token now.
    ///
    /// # Panics
    /// When the session holds a live grant.
    #[track_caller]
    pub fn assert_not_granted(&self, session: &SessionId, token: &VerifiedToken) {
        if self.live_grant(session, token.expose_id()).is_ok() {
            fail(session, token, "holds a grant for", "it is live");
        }
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "how an assertion fails")]
fn fail(session: &SessionId, token: &VerifiedToken, what: &str, reason: &str) -> ! {
    let (session, token) = (session.expose_id(), token.expose_id());
    panic!("the session `{session}` {what} the token {token}: {reason}")
}
