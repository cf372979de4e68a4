//! Sessions and tokens made for a test.

use lunadefend_core::{SessionId, VerifiedToken, provider::TokenId};
use std::hash::{BuildHasher, RandomState};

/// Makes a session id from a text: `session("ann")`.
///
/// # Panics
/// When the text is empty or longer than [`SessionId::MAX_LEN`] bytes.
#[must_use]
#[track_caller]
#[expect(clippy::expect_used, reason = "a test that gives no session id fails")]
pub fn session(id: &str) -> SessionId {
    SessionId::new(id).expect("a session id of 1 to 1024 bytes")
}

/// Makes the token with this number. Each number gives a different token, and always the same one.
///
/// It has the state of a token in a database row. [`TestBackend::grant`] makes the token that a browser has.
///
/// ```
/// use lunadefend_testing::token;
///
/// assert_eq!(token(7).expose_id(), "lunasec-00000000-0000-4000-8000-000000000007");
/// ```
///
/// [`TestBackend::grant`]: crate::TestBackend::grant
#[must_use]
pub fn token(number: u32) -> VerifiedToken {
    let mut bytes = [0; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    verified(bytes)
}

/// Makes a token that no other test has, for tests that share a database.
#[must_use]
pub fn unique_token() -> VerifiedToken {
    let half = || RandomState::new().hash_one(()).to_be_bytes();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&half());
    bytes[8..].copy_from_slice(&half());
    verified(bytes)
}

#[expect(clippy::expect_used, reason = "a UUID is always the end of a token")]
fn verified(bytes: [u8; 16]) -> VerifiedToken {
    VerifiedToken::assertion(TokenId::from_random(bytes).expose_id()).expect("a token")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ() {
        assert_eq!(token(1), token(1));
        assert_ne!(token(1), token(2));
        assert_ne!(token(0), token(u32::MAX));
        assert_ne!(unique_token(), unique_token());
    }
}
