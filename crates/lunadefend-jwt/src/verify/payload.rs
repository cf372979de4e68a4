//! The claims of a JWT with a valid signature.

use crate::{Claims, Destruction, JwtError, JwtKind, JwtPolicy, Subject};
use lunadefend_core::SessionId;
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use std::time::{Duration, SystemTime};

/// The checked claims. Times are seconds since 1970, fractions allowed (`NumericDate`, RFC 7519 section 2).
#[derive(Deserialize)]
pub(crate) struct Payload {
    iss: String,
    sub: String,
    aud: Audience,
    iat: f64,
    exp: f64,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    tokenizer: Option<String>,
    #[serde(default, deserialize_with = "present")]
    session_id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    jti: Option<String>,
    #[serde(default, deserialize_with = "present")]
    nonce: Option<String>,
    #[serde(default, deserialize_with = "present")]
    route: Option<String>,
    #[serde(default, deserialize_with = "present")]
    body_sha256: Option<String>,
}

/// One audience, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Payload {
    pub(crate) fn check(
        &self,
        kind: JwtKind,
        policy: &JwtPolicy,
        now: SystemTime,
    ) -> Result<Claims, JwtError> {
        if !policy.issuers.contains(&self.iss) {
            return Err(JwtError::Claim("iss"));
        }
        let is_for_us = match &self.aud {
            Audience::One(audience) => *audience == policy.audience,
            Audience::Several(audiences) => audiences.contains(&policy.audience),
        };
        if !is_for_us {
            return Err(JwtError::Claim("aud"));
        }
        if self.tokenizer.is_some() && self.tokenizer != policy.tokenizer_origin {
            return Err(JwtError::Claim("tokenizer"));
        }
        self.check_times(policy, now)?;
        let issued_at = time("iat", self.iat)?;
        let expires_at = time("exp", self.exp)?;

        let subject = Subject::from_claim(&self.sub).ok_or(JwtError::Claim("sub"))?;
        let destruction = match kind {
            JwtKind::Destroy => Some(self.destruction(subject)?),
            JwtKind::Plain | JwtKind::Transfer => None,
        };
        let session = match subject {
            Subject::User => {
                let id = self.session_id.as_deref();
                let id = id.ok_or(JwtError::Claim("session_id"))?;
                Some(SessionId::new(id).map_err(|_| JwtError::Claim("session_id"))?)
            }
            Subject::Application | Subject::Developer => None,
        };
        if kind == JwtKind::Transfer {
            if subject != Subject::User {
                return Err(JwtError::Claim("sub"));
            }
            required("jti", self.jti.as_ref())?;
            required("nonce", self.nonce.as_ref())?;
        }
        Ok(Claims {
            subject,
            session,
            kind,
            jti: self.jti.clone(),
            nonce: self.nonce.clone(),
            destruction,
            issued_at,
            expires_at,
        })
    }

    fn destruction(&self, subject: Subject) -> Result<Destruction, JwtError> {
        if subject != Subject::Application {
            return Err(JwtError::Claim("sub"));
        }
        if self.exp - self.iat > Destruction::MAX_LIFETIME.as_secs_f64() {
            return Err(JwtError::Lifetime);
        }
        // Its value was compared with this tokenizer's.
        required("tokenizer", self.tokenizer.as_ref())?;
        Ok(Destruction {
            jti: required("jti", self.jti.as_ref())?,
            route: required("route", self.route.as_ref())?,
            body_sha256: required("body_sha256", self.body_sha256.as_ref())?,
        })
    }

    fn check_times(&self, policy: &JwtPolicy, now: SystemTime) -> Result<(), JwtError> {
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_err(|_| JwtError::NotYetValid)?
            .as_secs_f64();
        let latest = now + policy.max_ahead.as_secs_f64();
        if self.iat > latest || self.nbf.is_some_and(|nbf| nbf > latest) {
            return Err(JwtError::NotYetValid);
        }
        if now >= self.exp + policy.leeway.as_secs_f64() {
            return Err(JwtError::Expired);
        }
        let lifetime = self.exp - self.iat;
        if !(0.0..=policy.max_lifetime.as_secs_f64()).contains(&lifetime) {
            return Err(JwtError::Lifetime);
        }
        Ok(())
    }
}

/// Returns a claim that must be there and say something.
fn required(name: &'static str, claim: Option<&String>) -> Result<String, JwtError> {
    claim
        .filter(|claim| !claim.is_empty())
        .cloned()
        .ok_or(JwtError::Claim(name))
}

/// Returns the time of a claim, in seconds since 1970.
fn time(name: &'static str, seconds: f64) -> Result<SystemTime, JwtError> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|age| SystemTime::UNIX_EPOCH.checked_add(age))
        .ok_or(JwtError::Claim(name))
}

/// A member that may be absent, but not `null`.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Whether a member is present, also as `null`.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}
