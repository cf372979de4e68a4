//! Signs JWTs, for applications.

use crate::{AUDIENCE, DESTROY_TYP, Destruction, ISSUER, Subject, TRANSFER_TYP};
use lunadefend_core::{Error, ErrorKind, SessionId, provider::TransferState};
use lunadefend_crypto::{SigningKey, base64url, random_bytes, sha256};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::Serialize;
use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// How long a transfer JWT is valid: a browser follows the redirect at once.
const TRANSFER_LIFETIME: Duration = Duration::from_secs(60);

/// Which claims a JWT has beyond those of LunaSec's SDK.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JwtProfile {
    /// Header and claims exactly as LunaSec's SDK writes them.
    ///
    /// # Security
    /// A transfer JWT is then not bound to a state and is valid for 15 minutes. Anyone who sees it before its
    /// use can use it, also as `authorization` unless the tokenizer disables that. Two transfers of one
    /// session in one second have the same JWT, and only the first succeeds.
    LunaSec,
    /// The same claims and more: `kid` and `typ` in the header, and the tokenizer that the JWT is for.
    /// Transfer JWTs also have a `jti` and the state. LunaSec's tokenizer ignores claims that it does not
    /// know.
    #[default]
    Hardened,
}

/// A signed JWT. `Debug` prints none of it.
#[derive(Clone)]
pub struct Jwt {
    compact: SecretString,
    issued_at: SystemTime,
    expires_at: SystemTime,
}

impl Jwt {
    /// Returns the compact serialisation.
    ///
    /// # Security
    /// A bearer credential until it expires: never log it.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.compact.expose_secret()
    }

    /// Returns its `iat`.
    #[must_use]
    pub const fn issued_at(&self) -> SystemTime {
        self.issued_at
    }

    /// Returns its `exp`.
    #[must_use]
    pub const fn expires_at(&self) -> SystemTime {
        self.expires_at
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Signs an application's JWTs for one tokenizer. Each signature costs about half a millisecond.
#[derive(Clone)]
pub struct JwtSigner {
    key: SigningKey,
    profile: JwtProfile,
    tokenizer_origin: String,
}

impl JwtSigner {
    /// How long an application or user JWT is valid, the longest of all JWTs: 15 minutes, as in LunaSec.
    pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

    /// Makes a signer with this key, for the tokenizer at an origin such as `https://tokenizer.example.com`.
    #[must_use]
    pub fn new(key: SigningKey, profile: JwtProfile, tokenizer_origin: &str) -> Self {
        Self {
            key,
            profile,
            tokenizer_origin: tokenizer_origin.to_owned(),
        }
    }

    /// Signs a JWT of the application itself, for grants; valid for 15 minutes.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when the key cannot sign or `now` is before 1970.
    pub fn application(&self, now: SystemTime) -> Result<Jwt, Error> {
        self.sign("JWT", Subject::Application, None, None, now, Self::LIFETIME)
    }

    /// Signs a JWT that acts for a user's session; valid for 15 minutes.
    ///
    /// # Errors
    /// As [`application`](Self::application).
    pub fn user(&self, session: &SessionId, now: SystemTime) -> Result<Jwt, Error> {
        self.sign(
            "JWT",
            Subject::User,
            Some(session),
            None,
            now,
            Self::LIFETIME,
        )
    }

    /// Signs a JWT that transfers a user's session to the tokenizer, for this one state; valid for 60
    /// seconds. With [`JwtProfile::LunaSec`] it is the same as [`user`](Self::user), which LunaSec
    /// understands.
    ///
    /// # Errors
    /// As [`application`](Self::application), and when there is no randomness.
    pub fn transfer(
        &self,
        session: &SessionId,
        state: &TransferState,
        now: SystemTime,
    ) -> Result<Jwt, Error> {
        if self.profile == JwtProfile::LunaSec {
            return self.user(session, now);
        }
        let once = Once::Transfer {
            jti: new_jti()?,
            nonce: base64url(&sha256(state.expose_secret().as_bytes())),
        };
        self.sign(
            TRANSFER_TYP,
            Subject::User,
            Some(session),
            Some(once),
            now,
            TRANSFER_LIFETIME,
        )
    }

    /// Signs a JWT of the application for one request that destroys tokens or their grants; valid for 60
    /// seconds, once, for this route and body alone. `route` is the path below the tokenizer's URL, such as
    /// `/v2/tokens/delete`. With every profile it has the claims and the header of
    /// [`JwtProfile::Hardened`]: LunaSec's tokenizer has no such route.
    ///
    /// # Errors
    /// As [`application`](Self::application), and when there is no randomness.
    pub fn destroy(&self, route: &str, body: &[u8], now: SystemTime) -> Result<Jwt, Error> {
        let once = Once::Destroy {
            jti: new_jti()?,
            route: route.to_owned(),
            body_sha256: base64url(&sha256(body)),
        };
        let hardened = Self {
            profile: JwtProfile::Hardened,
            ..self.clone()
        };
        hardened.sign(
            DESTROY_TYP,
            Subject::Application,
            None,
            Some(once),
            now,
            Destruction::MAX_LIFETIME,
        )
    }

    /// Returns the signing key.
    #[must_use]
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    fn sign(
        &self,
        typ: &str,
        subject: Subject,
        session: Option<&SessionId>,
        once: Option<Once>,
        now: SystemTime,
        lifetime: Duration,
    ) -> Result<Jwt, Error> {
        let seconds = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_err(internal)?
            .as_secs();
        let issued_at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let expires_at = issued_at + lifetime;

        let is_hardened = self.profile == JwtProfile::Hardened;
        let header = Header {
            typ: is_hardened.then_some(typ),
            alg: "RS256",
            kid: is_hardened.then(|| self.key.public_key().thumbprint()),
        };
        let claims = SignedClaims {
            session_id: session.map(SessionId::expose_id),
            iat: seconds,
            iss: ISSUER,
            sub: subject.as_str(),
            aud: AUDIENCE,
            exp: seconds + lifetime.as_secs(),
            tokenizer: is_hardened.then_some(&self.tokenizer_origin),
            once,
        };
        let header = base64url(&serde_json::to_vec(&header).map_err(internal)?);
        let claims = Zeroizing::new(serde_json::to_vec(&claims).map_err(internal)?);
        let claims = Zeroizing::new(base64url(&claims));

        // Allocated at its final size: a string that grows leaves copies of itself behind.
        let signature_len = self.key.public_key().n().len().div_ceil(3) * 4;
        let mut compact = String::with_capacity(header.len() + claims.len() + signature_len + 2);
        compact.push_str(&header);
        compact.push('.');
        compact.push_str(&claims);
        let signature = self.key.sign(compact.as_bytes()).map_err(internal)?;
        compact.push('.');
        compact.push_str(&base64url(&signature));
        Ok(Jwt {
            compact: SecretString::from(compact),
            issued_at,
            expires_at,
        })
    }
}

impl fmt::Debug for JwtSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSigner")
            .field("key", &self.key)
            .field("level", &self.profile)
            .finish_non_exhaustive()
    }
}

/// The JOSE header. `jsonwebtoken` has it too, and weighs more than all of this crate.
#[derive(Serialize)]
struct Header<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

/// The claims in LunaSec's order, then LunaDefend's own.
#[derive(Serialize)]
struct SignedClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    iat: u64,
    iss: &'static str,
    sub: &'static str,
    aud: &'static str,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokenizer: Option<&'a String>,
    #[serde(flatten)]
    once: Option<Once>,
}

/// The claims that bind a JWT to one use.
#[derive(Serialize)]
#[serde(untagged)]
enum Once {
    Transfer {
        jti: String,
        nonce: String,
    },
    Destroy {
        jti: String,
        route: String,
        body_sha256: String,
    },
}

fn new_jti() -> Result<String, Error> {
    Ok(base64url(&random_bytes::<16>().map_err(internal)?))
}

fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal)
        .with_message("signing a JWT failed")
        .with_source(cause)
}
