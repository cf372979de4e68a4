//! States of a session transfer: signed, so that issuing one stores nothing.

use super::{InvalidState, Vault, VaultError, fields::Fields, ring::Ring, row_keys::Purpose};
use lunadefend_crypto::{base64url, base64url_decode, constant_time_eq, random_bytes, sha256};
use std::fmt;

const VERSION: u8 = 1;
/// Version, expiry, random bytes, hash of the provider's name, tag; in base64url 119 characters.
const LEN: usize = 1 + 8 + 16 + 32 + 32;

/// What a state of ours says. `Debug` prints its expiry only.
#[derive(Clone, PartialEq, Eq)]
pub struct StateClaims {
    pub(super) expires_at: u64,
    pub(super) random: [u8; 16],
    provider: [u8; 32],
}

impl StateClaims {
    /// Whether the state was issued for the provider of that name.
    #[must_use]
    pub fn is_for(&self, provider: &str) -> bool {
        constant_time_eq(&self.provider, &sha256(provider.as_bytes()))
    }

    /// From when on it is refused.
    #[must_use]
    pub const fn expires_at(&self) -> u64 {
        self.expires_at
    }
}

impl fmt::Debug for StateClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateClaims")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// How long a state is good for: 5 minutes, in milliseconds.
    pub const STATE_LIFETIME: u64 = 5 * 60 * 1000;

    /// Makes a state for a transfer by that provider: 119 characters of `A-Za-z0-9_-`. Nothing is
    /// stored before it is used.
    ///
    /// # Errors
    /// [`VaultError::Crypto`] when the operating system has no randomness.
    pub fn issue_state(&self, provider: &str) -> Result<String, VaultError> {
        let claims = StateClaims {
            expires_at: self.now().saturating_add(Self::STATE_LIFETIME),
            random: random_bytes()?,
            provider: sha256(provider.as_bytes()),
        };
        let mut text = Vec::with_capacity(LEN);
        text.push(VERSION);
        text.extend_from_slice(&claims.expires_at.to_be_bytes());
        text.extend_from_slice(&claims.random);
        text.extend_from_slice(&claims.provider);
        text.extend_from_slice(&tag(&self.ring(), &claims));
        Ok(base64url(&text))
    }

    /// Reads a state that this tokenizer issued and that has not expired.
    ///
    /// Whether it was used is decided by [`create_session`](Self::create_session).
    ///
    /// # Errors
    /// [`InvalidState`] for everything else.
    pub fn check_state(&self, state: &str) -> Result<StateClaims, InvalidState> {
        let bytes = base64url_decode(state)
            .filter(|bytes| bytes.len() == LEN)
            .ok_or(InvalidState)?;
        let (claims, signature) = read(&bytes).map_err(|_| InvalidState)?;
        let right = constant_time_eq(&tag(&self.ring(), &claims), &signature);
        if right && self.now() < claims.expires_at {
            Ok(claims)
        } else {
            Err(InvalidState)
        }
    }
}

fn read(bytes: &[u8]) -> Result<(StateClaims, [u8; 32]), VaultError> {
    let mut fields = Fields::of(bytes);
    if fields.u8()? != VERSION {
        return Err(VaultError::Corrupt);
    }
    let claims = StateClaims {
        expires_at: fields.u64()?,
        random: fields.take()?,
        provider: fields.take()?,
    };
    Ok((claims, fields.take()?))
}

fn tag(ring: &Ring, claims: &StateClaims) -> [u8; 32] {
    ring.url().tag(&[
        Purpose::State.label(),
        &[VERSION],
        &claims.expires_at.to_be_bytes(),
        &claims.random,
        &claims.provider,
    ])
}
