//! How applications, pages and tokenizers refer to sessions.

use crate::SessionId;
use http::HeaderName;
use serde::{Deserialize, Serialize};
use std::fmt;

/// `POST /v2/sessions/revoke`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionRevoke {
    /// The session, as the tokenizer knows it.
    #[serde(with = "super::request::session_id")]
    #[cfg_attr(feature = "schema", schemars(with = "SessionId"))]
    pub session_id: SessionId,
}

/// The header in which a frame names the session of its page: a [`PageSession`], or [`PageSession::NONE`].
pub const PAGE_SESSION: HeaderName = HeaderName::from_static("lunadefend-page-session");

/// The session that a page was rendered for: 32 characters of `0-9a-f`.
///
/// The application prints it into its page, and the frame sends it to the tokenizer. The tokenizer rejects
/// the request when the cookie's session is a different one, such as that of this browser's previous user.
///
/// # Security
/// It is not a credential: it only names a session to its own browser.
///
/// ```
/// use lunadefend_core::{SessionId, wire::PageSession};
/// # fn sha256(message: &[u8]) -> [u8; 32] { [message.len() as u8; 32] }
///
/// let wire_session = SessionId::new("the session id as the tokenizer knows it")?;
/// let printed = PageSession::of(&wire_session, sha256).to_string();
/// assert_eq!(printed.len(), 32);
/// # Ok::<(), lunadefend_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSession([u8; 16]);

impl PageSession {
    /// The value with which a page explicitly opts out of the check.
    pub const NONE: &str = "none";

    /// Returns the name of a session, given its id as the tokenizer knows it.
    ///
    /// It is the first 16 bytes of SHA-256 over the text `lunadefend-page-session` and that session id, each
    /// after its length in bytes as `u32`, big endian.
    #[must_use]
    pub fn of(wire_session: &SessionId, sha256: impl FnOnce(&[u8]) -> [u8; 32]) -> Self {
        let mut message = Vec::new();
        for part in [PAGE_SESSION.as_str(), wire_session.expose_id()] {
            // A session id has at most 1024 bytes.
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            message.extend_from_slice(&length.to_be_bytes());
            message.extend_from_slice(part.as_bytes());
        }
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = sha256(&message);
        Self([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }
}

impl fmt::Display for PageSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_separated_and_prefixed_with_lengths() {
        let session = SessionId::new("abc").unwrap();
        let page_session = PageSession::of(&session, |message| {
            assert_eq!(
                message,
                b"\x00\x00\x00\x17lunadefend-page-session\x00\x00\x00\x03abc"
            );
            std::array::from_fn(|index| u8::try_from(index).unwrap())
        });
        assert_eq!(page_session.to_string(), "000102030405060708090a0b0c0d0e0f");
    }
}
