//! The claims of a verified JWT.

use lunadefend_core::SessionId;
use std::{fmt, time::SystemTime};

/// The subject of a JWT: who it acts for.
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

/// The purpose of a JWT, by its `typ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JwtKind {
    /// No `typ`, or `JWT`: a credential for `authorization`.
    Plain,
    /// [`TRANSFER_TYP`](crate::TRANSFER_TYP): valid only for one `/session/create`.
    Transfer,
}

/// The claims of a JWT with a valid signature and valid claims.
///
/// # Security
/// `Debug` prints neither ids nor hashes.
#[derive(Clone)]
#[non_exhaustive]
pub struct Claims {
    /// The subject that the JWT acts for.
    pub subject: Subject,
    /// The session of the user; present exactly when the subject is [`Subject::User`].
    pub session: Option<SessionId>,
    /// The purpose of the JWT.
    pub kind: JwtKind,
    /// The id of the JWT; always present in a transfer JWT.
    pub jti: Option<String>,
    /// The base64url SHA-256 of the transfer state; always present in a transfer JWT.
    pub nonce: Option<String>,
    /// Its `iat`.
    pub issued_at: SystemTime,
    /// Its `exp`, without leeway.
    pub expires_at: SystemTime,
    /// The SHA-256 of header and claims as signed: the id of a JWT without `jti`.
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
