//! Verifying, for tokenizers.

mod payload;

use crate::{Claims, JwtError, JwtKind, JwtPolicy, TRANSFER_TYP};
use lunadefend_core::wire::{self, from_slice};
use lunadefend_crypto::{PublicKey, base64url_decode, sha256};
use payload::{Payload, flag, present};
use serde::Deserialize;
use std::{fmt, time::SystemTime};

/// A JWT whose header has been read, and whose signature has not been verified yet.
///
/// One fixed list decides, after RFC 8725. Read here: compact serialisation of at most 8 KiB in
/// canonical base64url; a strict JSON header; `alg` is `RS256`; no `crit`, `jwk`, `jku`, `x5u` or
/// `x5c`; `typ` is absent, `JWT` or [`TRANSFER_TYP`]. The rest is [`verify`](Self::verify).
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
/// Nothing that it says is to be believed before [`verify`](Self::verify). `Debug` prints none of it.
pub struct ParsedJwt<'a> {
    signing_input: &'a str,
    claims: Vec<u8>,
    signature: Vec<u8>,
    kid: Option<String>,
    typ: Option<String>,
    kind: JwtKind,
}

impl<'a> ParsedJwt<'a> {
    /// The longest JWT that is read, in bytes.
    pub const MAX_LEN: usize = 8 * 1024;

    /// Reads the header of a JWT in compact serialisation.
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
        // A fourth part is caught here: a full stop is not base64url.
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
            Some(_) => return Err(JwtError::Type),
        };
        Ok(Self {
            signing_input,
            claims,
            signature,
            kid: header.kid,
            typ: header.typ,
            kind,
        })
    }

    /// The `kid` of the header, by which to look for keys.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The `typ` of the header.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Verifies the signature with any of `keys`, then the claims.
    ///
    /// `iss`, `aud`, `sub`, `iat` and `exp` must be there. A user's JWT has a `session_id`; a
    /// transfer JWT is a user's and has `jti` and `nonce`. `nbf` and `tokenizer` count when they are
    /// there.
    ///
    /// # Errors
    /// [`JwtError::UnknownKey`] when there are no keys, [`JwtError::Signature`] when none fits; after
    /// that the signature holds, and the error says which claim does not.
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k PublicKey>,
        policy: &JwtPolicy,
        now: SystemTime,
    ) -> Result<Claims, JwtError> {
        let mut refusal = JwtError::UnknownKey;
        let holds = keys.into_iter().any(|key| {
            refusal = JwtError::Signature;
            key.verify(self.signing_input.as_bytes(), &self.signature)
                .is_ok()
        });
        if !holds {
            return Err(refusal);
        }
        let payload: Payload = from_slice(&self.claims, wire::REQUEST).map_err(JwtError::Claims)?;
        payload.check(
            self.kind,
            sha256(self.signing_input.as_bytes()),
            policy,
            now,
        )
    }
}

impl fmt::Debug for ParsedJwt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParsedJwt")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What matters of a JOSE header. The forbidden ones are refused whatever their value is.
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
