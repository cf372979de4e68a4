//! What lines call tokens, sessions, URLs and processes.

use lunadefend_core::{SessionId, provider::TokenId};
use lunadefend_crypto::{CryptoError, HmacKey, hex, hex_decode, random_bytes};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Sixteen bytes as 32 hexadecimal digits, which is how lines write them.
macro_rules! sixteen_bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name([u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                hex(&name.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let bytes = hex_decode(&text).and_then(|bytes| bytes.try_into().ok());
                bytes.map(Self).ok_or("not 32 hexadecimal digits")
            }
        }
    };
}

sixteen_bytes! {
    /// What lines call a token, a session or a URL: half of its HMAC.
    Name
}

sixteen_bytes! {
    /// A process that wrote lines, by random bytes of its start.
    ProcessId
}

impl ProcessId {
    pub(crate) fn random() -> Result<Self, CryptoError> {
        random_bytes().map(Self)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Makes the names of tokens, sessions and URLs, the same in all lines under one [`AuditKey`](crate::AuditKey).
///
/// # Security
/// Who has it can test guesses: tokens and URLs are random, session ids are what the application makes them. It forges no
/// line. `Debug` prints none of it.
#[derive(Clone)]
pub struct Names(HmacKey);

impl Names {
    pub(crate) const fn new(key: HmacKey) -> Self {
        Self(key)
    }

    /// Names a token.
    #[must_use]
    pub fn token(&self, token: &TokenId) -> Name {
        self.name(b"token", token.expose_id())
    }

    /// Names a session of the application.
    #[must_use]
    pub fn session(&self, session: &SessionId) -> Name {
        self.name(b"session", session.expose_id())
    }

    /// Names a URL of a value by its signed part.
    #[must_use]
    pub fn url(&self, signed: &str) -> Name {
        self.name(b"url", signed)
    }

    fn name(&self, kind: &[u8], text: &str) -> Name {
        let tag = self.0.tag(&[kind, text.as_bytes()]);
        let mut name = [0; 16];
        name.copy_from_slice(&tag[..16]);
        Name(name)
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names(..)")
    }
}
