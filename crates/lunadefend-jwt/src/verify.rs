//! Verifies JWTs, for tokenizers.

mod payload;

use crate::{Claims, DESTROY_TYP, JwtError, JwtKind, JwtPolicy, TRANSFER_TYP};
use lunadefend_core::wire::{self, from_slice};
use lunadefend_crypto::{PublicKey, base64url_decode, sha256};
pub(crate) use payload::Payload;
use payload::{flag, present};
use serde::Deserialize;
use std::{fmt, time::SystemTime};

/// A JWT with a checked header and a signature that is not verified yet.
///
/// One fixed list decides, after RFC 8725. [`parse`](Self::parse) requires a compact serialisation of at most
/// 8 KiB in canonical base64url and a strict JSON header. `alg` must be `RS256`; `crit`, `jwk`, `jku`, `x5u`
/// and `x5c` must be absent; `typ` must be absent, `JWT`, [`TRANSFER_TYP`] or [`DESTROY_TYP`].
/// [`verify`](Self::verify) checks the rest.
///
/// ```
/// use lunadefend_jwt::{JwtError, ParsedJwt};
///
/// // {"alg":"none"}.{}
/// let refused = ParsedJwt::parse("eyJhbGciOiJub25lIn0.e30.");
/// assert_eq!(refused.unwrap_err(), JwtError::Algorithm);
/// ```
///
/// # Security
/// Trust none of its content before [`verify`](Self::verify). `Debug` prints none of it.
pub struct ParsedJwt<'a> {
    compact: &'a str,
    signing_input: &'a str,
    claims: Vec<u8>,
    signature: Vec<u8>,
    kid: Option<String>,
    typ: Option<String>,
    kind: JwtKind,
}

impl<'a> ParsedJwt<'a> {
    /// The longest accepted JWT, in bytes.
    pub const MAX_LEN: usize = 8 * 1024;

    /// Parses the header of a JWT in compact serialisation.
    ///
    /// # Errors
    /// [`JwtError::Malformed`], [`JwtError::Header`], [`JwtError::Algorithm`],
    /// [`JwtError::Parameter`] or [`JwtError::Type`].
    pub fn parse(compact: &'a str) -> Result<Self, JwtError> {
        if compact.len() > Self::MAX_LEN {
            return Err(JwtError::Malformed);
        }
        let (signing_input, signature) = compact.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, claims) = signing_input.split_once('.').ok_or(JwtError::Malformed)?;
        // This refuses a fourth part: a full stop is not base64url.
        let decode = |part| base64url_decode(part).ok_or(JwtError::Malformed);
        let (header, claims, signature) = (decode(header)?, decode(claims)?, decode(signature)?);

        let header: Header = from_slice(&header, wire::REQUEST).map_err(JwtError::Header)?;
        if header.alg != "RS256" {
            return Err(JwtError::Algorithm);
        }
        if let Some(name) = header.forbidden() {
            return Err(JwtError::Parameter(name));
        }
        let kind = match header.typ.as_deref() {
            None | Some("JWT") => JwtKind::Plain,
            Some(TRANSFER_TYP) => JwtKind::Transfer,
            Some(DESTROY_TYP) => JwtKind::Destroy,
            Some(_) => return Err(JwtError::Type),
        };
        Ok(Self {
            compact,
            signing_input,
            claims,
            signature,
            kid: header.kid,
            typ: header.typ,
            kind,
        })
    }

    /// Returns the purpose that the header claims.
    pub(crate) const fn kind(&self) -> JwtKind {
        self.kind
    }

    /// Returns the whole JWT, with its signature.
    pub(crate) const fn compact(&self) -> &str {
        self.compact
    }

    /// Returns the SHA-256 of header and claims as signed: the id of a JWT without `jti`.
    #[must_use]
    pub fn signing_input_sha256(&self) -> [u8; 32] {
        sha256(self.signing_input.as_bytes())
    }

    /// Returns the `kid` of the header, by which to look for keys.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns the `typ` of the header.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Verifies the signature with any of `keys`, then the claims.
    ///
    /// `iss`, `aud`, `sub`, `iat` and `exp` are required. A user's JWT needs a `session_id`; a transfer JWT
    /// must be a user's and needs `jti` and `nonce`. A JWT that destroys must be the application's, live for
    /// [`Destruction::MAX_LIFETIME`](crate::Destruction::MAX_LIFETIME) at most, and needs `tokenizer`, `jti`,
    /// `route` and `body_sha256`. `nbf`, and `tokenizer` of the others, are checked if present.
    ///
    /// # Errors
    /// [`JwtError::UnknownKey`] without keys, [`JwtError::Signature`] when no key fits. A later error means
    /// that the signature holds, and says which claim does not.
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k PublicKey>,
        policy: &JwtPolicy,
        now: SystemTime,
    ) -> Result<Claims, JwtError> {
        self.verify_signature(keys)?.check(self.kind, policy, now)
    }

    /// Verifies the signature with any of `keys`, and returns the claims for a check.
    pub(crate) fn verify_signature<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k PublicKey>,
    ) -> Result<Payload, JwtError> {
        let mut refusal = JwtError::UnknownKey;
        let holds = keys.into_iter().any(|key| {
            refusal = JwtError::Signature;
            key.verify(self.signing_input.as_bytes(), &self.signature)
                .is_ok()
        });
        if !holds {
            return Err(refusal);
        }
        from_slice(&self.claims, wire::REQUEST).map_err(JwtError::Claims)
    }
}

impl fmt::Debug for ParsedJwt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParsedJwt")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The checked members of a JOSE header. The forbidden ones are refused with any value.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    crit: bool,
    #[serde(default, deserialize_with = "flag")]
    jwk: bool,
    #[serde(default, deserialize_with = "flag")]
    jku: bool,
    #[serde(default, deserialize_with = "flag")]
    x5u: bool,
    #[serde(default, deserialize_with = "flag")]
    x5c: bool,
}

impl Header {
    fn forbidden(&self) -> Option<&'static str> {
        [
            (self.crit, "crit"),
            (self.jwk, "jwk"),
            (self.jku, "jku"),
            (self.x5u, "x5u"),
            (self.x5c, "x5c"),
        ]
        .into_iter()
        .find_map(|(is_there, name)| is_there.then_some(name))
    }
}
