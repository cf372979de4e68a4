//! States of a session transfer: signed, so that issuing one stores nothing.

use crate::{InvalidState, Vault, VaultError, fields::Fields, purpose::Purpose, ring::Ring};
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::{base64url, base64url_decode, constant_time_eq, random_bytes, sha256};
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, time::Duration};
use zeroize::Zeroizing;

/// Version 1 had no hash of a cookie: its cookie held the state itself.
const VERSION: u8 = 2;
/// Version, expiry, random bytes, hash of the provider's name, hash of the cookie, the holder, tag; in
/// base64url 163 characters.
const LEN: usize = 1 + 8 + 16 + 32 + 32 + 1 + 32;

/// A new state, for a URL, with the value of its browser's cookie.
///
/// # Security
/// The state travels in URLs. It is useless to an attacker who learns it: only the cookie holds the secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct IssuedState {
    /// The state: 163 characters of `A-Za-z0-9_-`.
    pub state: SecretString,
    /// The value of the cookie: 256 random bits, 43 characters of `A-Za-z0-9_-`.
    pub cookie: SecretString,
}

impl fmt::Debug for IssuedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssuedState(..)")
    }
}

/// Who holds a state on its way to the auth provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateHolder {
    /// A redirect of the browser, which no page can read.
    Redirect,
    /// The same, after the tokenizer began the transfer a second time because of its JWT.
    SecondRedirect,
    /// Script of a page of the application.
    ///
    /// # Security
    /// Such script can bring a JWT of another account for the state. The session that it makes must serve only
    /// requests that say which session their page was made for.
    Page,
}

impl StateHolder {
    const fn byte(self) -> u8 {
        match self {
            Self::Redirect => 0,
            Self::SecondRedirect => 1,
            Self::Page => 2,
        }
    }

    const fn of_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Redirect),
            1 => Some(Self::SecondRedirect),
            2 => Some(Self::Page),
            _ => None,
        }
    }
}

/// The content of a state of this tokenizer. `Debug` prints its expiry only.
#[derive(Clone, PartialEq, Eq)]
pub struct StateClaims {
    pub(crate) expires_at: UnixMillis,
    pub(crate) random: [u8; 16],
    provider: [u8; 32],
    cookie: [u8; 32],
    holder: StateHolder,
}

impl StateClaims {
    /// Returns whether the state was issued for the provider of that name.
    #[must_use]
    pub fn is_for(&self, provider: &str) -> bool {
        constant_time_eq(&self.provider, &sha256(provider.as_bytes()))
    }

    /// Returns whether this is the value of the cookie that was made with the state.
    #[must_use]
    pub fn is_of_cookie(&self, value: &str) -> bool {
        constant_time_eq(&self.cookie, &sha256(value.as_bytes()))
    }

    /// Returns who held the state on its way to the auth provider.
    #[must_use]
    pub const fn holder(&self) -> StateHolder {
        self.holder
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
    /// The lifetime of a state: 5 minutes.
    pub const STATE_LIFETIME: Duration = Duration::from_secs(5 * 60);

    /// Makes a state for a transfer by that provider, and the value of its cookie. Stores nothing before the
    /// state is used.
    ///
    /// # Errors
    /// [`VaultError::Crypto`] when the operating system has no randomness.
    pub fn issue_state(
        &self,
        provider: &str,
        holder: StateHolder,
    ) -> Result<IssuedState, VaultError> {
        let secret = Zeroizing::new(random_bytes::<32>()?);
        let cookie = SecretString::from(base64url(secret.as_slice()));
        let claims = StateClaims {
            expires_at: self.now() + Self::STATE_LIFETIME,
            random: random_bytes()?,
            provider: sha256(provider.as_bytes()),
            cookie: sha256(cookie.expose_secret().as_bytes()),
            holder,
        };
        let mut text = Vec::with_capacity(LEN);
        text.push(VERSION);
        text.extend_from_slice(&claims.expires_at.get().to_be_bytes());
        text.extend_from_slice(&claims.random);
        text.extend_from_slice(&claims.provider);
        text.extend_from_slice(&claims.cookie);
        text.push(claims.holder.byte());
        text.extend_from_slice(&tag(&self.ring(), &claims));
        Ok(IssuedState {
            state: base64url(&text).into(),
            cookie,
        })
    }

    /// Reads a state that this tokenizer issued and that has not expired.
    ///
    /// [`create_session`](Self::create_session) decides whether it was used.
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
        expires_at: fields.time()?,
        random: fields.take()?,
        provider: fields.take()?,
        cookie: fields.take()?,
        holder: StateHolder::of_byte(fields.u8()?).ok_or(VaultError::Corrupt)?,
    };
    Ok((claims, fields.take()?))
}

fn tag(ring: &Ring, claims: &StateClaims) -> [u8; 32] {
    ring.url().tag(&[
        Purpose::State.label(),
        &[VERSION],
        &claims.expires_at.get().to_be_bytes(),
        &claims.random,
        &claims.provider,
        &claims.cookie,
        &[claims.holder.byte()],
    ])
}
