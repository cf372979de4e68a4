//! What a verified JWT says.

use lunadefend_core::SessionId;
use std::{fmt, time::SystemTime};

/// On whose behalf a JWT speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The application: may set and verify grants. Owns no session.
    Application,
    /// A user, in one session.
    User,
    /// A developer: may change metadata. Owns no session.
    Developer,
}

impl Subject {
    /// The `sub` claim.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::User => "user",
            Self::Developer => "developer",
        }
    }

    pub(crate) fn from_claim(sub: &str) -> Option<Self> {
        [Self::Application, Self::User, Self::Developer]
            .into_iter()
            .find(|subject| subject.as_str() == sub)
    }
}

/// What a JWT is good for, by its `typ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JwtKind {
    /// No `typ`, or `JWT`: goes into `authorization`.
    Plain,
    /// [`TRANSFER_TYP`](crate::TRANSFER_TYP): good for one `/session/create` and nothing else.
    Transfer,
}

/// What a JWT says whose signature and claims hold.
///
/// # Security
/// `Debug` prints neither ids nor hashes.
#[derive(Clone)]
#[non_exhaustive]
pub struct Claims {
    /// On whose behalf it speaks.
    pub subject: Subject,
    /// The session of the user: there exactly when the subject is [`Subject::User`].
    pub session: Option<SessionId>,
    /// What it is good for.
    pub kind: JwtKind,
    /// Its own id; always there in a transfer JWT.
    pub jti: Option<String>,
    /// The base64url SHA-256 of the state that it answers; always there in a transfer JWT.
    pub nonce: Option<String>,
    /// Its `iat`.
    pub issued_at: SystemTime,
    /// Its `exp`, without leeway.
    pub expires_at: SystemTime,
    /// SHA-256 of header and claims as they were signed: stands for a JWT without `jti`.
    pub signing_input_sha256: [u8; 32],
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("subject", &self.subject)
            .field("kind", &self.kind)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
