//! The claims of a verified JWT.

use lunadefend_core::SessionId;
use lunadefend_crypto::{base64url, sha256};
use std::{
    fmt,
    time::{Duration, SystemTime},
};

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

    #[cfg(feature = "verify")]
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
    /// [`DESTROY_TYP`](crate::DESTROY_TYP): valid only for one request that destroys tokens or their grants.
    Destroy,
}

/// The one request that a [`JwtKind::Destroy`] is for.
///
/// # Security
/// The verifier of JWTs does not see the request: compare it with [`is_of`](Self::is_of), and remember
/// [`jti`](Self::jti).
#[derive(Clone)]
pub struct Destruction {
    pub(crate) jti: String,
    pub(crate) route: String,
    pub(crate) body_sha256: String,
}

impl Destruction {
    /// The longest time from `iat` to `exp` of such a JWT: 60 seconds.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(60);

    /// Returns the id of the JWT, which is good for one use.
    #[must_use]
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// Returns whether this is the request: the path of the route below the tokenizer's URL, and the bytes of
    /// the body.
    #[must_use]
    pub fn is_of(&self, route: &str, body: &[u8]) -> bool {
        let is_of_body = self.body_sha256 == base64url(&sha256(body));
        self.route == route && is_of_body
    }
}

impl fmt::Debug for Destruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Destruction(..)")
    }
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
    /// The one request that the JWT is for; present exactly when the kind is [`JwtKind::Destroy`].
    pub destruction: Option<Destruction>,
    /// Its `iat`.
    pub issued_at: SystemTime,
    /// Its `exp`, without leeway.
    pub expires_at: SystemTime,
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
