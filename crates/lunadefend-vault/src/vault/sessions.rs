//! Browser sessions of the tokenizer, and the one use of a state and a JWT that makes one.

use super::{StateClaims, Vault, VaultError, row_keys::Place, tokens::insert};
use crate::store::{Row, RowKey, Table, Write, Written};
use bytes::Bytes;
use lunadefend_core::SessionId;
use lunadefend_crypto::{base64url, base64url_decode, random_bytes};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use zeroize::Zeroizing;

/// How much longer than a state or JWT lives it is remembered that it was used, in milliseconds:
/// more than the leeway of a verifier and the difference of the clocks of two replicas.
const USED_MARGIN: u64 = 60 * 1000;

/// The value of a session cookie: 256 random bits, 43 characters of base64url.
#[derive(Clone)]
pub struct SessionHandle(SecretString);

impl SessionHandle {
    /// How long a session lives: 15 minutes, in milliseconds.
    pub const LIFETIME: u64 = 15 * 60 * 1000;

    /// The text for the cookie.
    ///
    /// # Security
    /// Whoever has it is the session.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionHandle(..)")
    }
}

/// What came of the use of a state and a JWT. Both are used up.
#[derive(Clone, Debug)]
pub enum Transfer {
    /// A browser session.
    Session(SessionHandle),
    /// Nothing: the state had been used before.
    StateUsed,
    /// Nothing: the state was good, and the JWT had been used before.
    JwtUsed,
    /// Nothing: the session of the application has ended.
    SessionEnded,
}

impl Vault {
    /// How long a browser session lives: 15 minutes, in milliseconds.
    pub const SESSION_LIFETIME: u64 = SessionHandle::LIFETIME;

    /// Uses a state and a JWT and makes a browser session, in one transaction. `jwt_id` is the
    /// JWT's `jti`, or a hash of the JWT when it has none; `jwt_expires_at` is its expiry.
    ///
    /// Whatever comes of it, state and JWT are used up: of any number of calls with one state or one
    /// JWT one makes a session.
    ///
    /// # Errors
    /// A [`VaultError`] when no session was made; state and JWT may or may not be used up then.
    pub async fn create_session(
        &self,
        state: &StateClaims,
        jwt_id: &[u8],
        jwt_expires_at: u64,
        session: &SessionId,
    ) -> Result<Transfer, VaultError> {
        if self.is_ended(session).await? {
            self.spend(state, jwt_id, jwt_expires_at).await?;
            return Ok(Transfer::SessionEnded);
        }
        let ring = self.ring();
        let handle = Zeroizing::new(random_bytes::<32>()?);
        let now = self.now();
        let expires_at = Some(now.saturating_add(Self::SESSION_LIFETIME));
        let place = Place::session(&ring, handle.as_slice());
        let content = session.expose_id().as_bytes();
        let batch = vec![
            insert(
                &Place::used_state(&ring, &state.random),
                used_until(state.expires_at),
            ),
            insert(&Place::used_jwt(&ring, jwt_id), used_until(jwt_expires_at)),
            insert(&place, ring.seal_row(&place, expires_at, content)?),
        ];
        match self.store().write(batch, now).await? {
            Written::Done => {
                let text = SecretString::from(base64url(handle.as_slice()));
                Ok(Transfer::Session(SessionHandle(text)))
            }
            Written::Conflict => {
                let was_good = self.spend(state, jwt_id, jwt_expires_at).await?;
                Ok(if was_good {
                    Transfer::JwtUsed
                } else {
                    Transfer::StateUsed
                })
            }
        }
    }

    /// Uses up both, and says whether the state was good until now.
    async fn spend(
        &self,
        state: &StateClaims,
        jwt_id: &[u8],
        jwt_expires_at: u64,
    ) -> Result<bool, VaultError> {
        let used_state = Place::used_state(&self.ring(), &state.random);
        let batch = vec![
            insert(&used_state, used_until(state.expires_at)),
            self.jwt_use(jwt_id, jwt_expires_at),
        ];
        match self.store().write(batch, self.now()).await? {
            Written::Done => Ok(true),
            Written::Conflict => {
                self.spend_jwt(jwt_id, jwt_expires_at).await?;
                Ok(false)
            }
        }
    }

    /// Marks a JWT as used, so that no session can be made with it; used before or not. For a JWT
    /// that came with a state that is not one.
    ///
    /// # Errors
    /// A [`VaultError`] when that was not written.
    pub async fn spend_jwt(&self, jwt_id: &[u8], expires_at: u64) -> Result<(), VaultError> {
        self.write(vec![self.jwt_use(jwt_id, expires_at)]).await
    }

    fn jwt_use(&self, jwt_id: &[u8], expires_at: u64) -> Write {
        let place = Place::used_jwt(&self.ring(), jwt_id);
        Write::RaiseExpiry {
            table: place.table,
            key: place.key,
            row: used_until(expires_at),
        }
    }

    /// The session that a cookie stands for; `None` when there is none, or none any more, or the
    /// session of the application has ended.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when the row was changed or moved.
    pub async fn session(&self, handle: &str) -> Result<Option<SessionId>, VaultError> {
        let Some(handle) = decode(handle) else {
            return Ok(None);
        };
        let ring = self.ring();
        let place = Place::session(&ring, handle.as_slice());
        let Some(row) = self.live(&place).await? else {
            return Ok(None);
        };
        let content = ring.open_row(&place, &row)?;
        let id = std::str::from_utf8(&content).map_err(|_| VaultError::Corrupt)?;
        let session = SessionId::new(id).map_err(|_| VaultError::Corrupt)?;
        Ok(if self.is_ended(&session).await? {
            None
        } else {
            Some(session)
        })
    }

    /// Ends one browser session; one that is not there is no error.
    ///
    /// # Errors
    /// A [`VaultError`] when it may go on.
    pub async fn end_browser_session(&self, handle: &str) -> Result<(), VaultError> {
        let Some(handle) = decode(handle) else {
            return Ok(());
        };
        let place = Place::session(&self.ring(), handle.as_slice());
        let delete = Write::Delete {
            table: place.table,
            key: place.key,
        };
        self.write(vec![delete]).await
    }

    /// Ends a session of the application, for good: none of its grants, browser sessions and URLs counts
    /// any more, nor does one that is made later.
    ///
    /// That is remembered until `remembered_until`, which must be after the expiry of all that was
    /// made for the session. Ending it again remembers it for longer.
    ///
    /// # Errors
    /// A [`VaultError`] when it may go on.
    pub async fn end_session(
        &self,
        session: &SessionId,
        remembered_until: u64,
    ) -> Result<(), VaultError> {
        let place = Place::ended_session(&self.ring(), session);
        let mark = Write::RaiseExpiry {
            table: place.table,
            key: place.key,
            row: Row::until(remembered_until, Bytes::new()),
        };
        self.write(vec![mark]).await
    }

    /// Says whether a session of the application has ended.
    ///
    /// # Errors
    /// A [`VaultError`] when that is not known.
    pub async fn is_ended(&self, session: &SessionId) -> Result<bool, VaultError> {
        let place = Place::ended_session(&self.ring(), session);
        self.is_marked_as_ended(&place.key).await
    }

    /// By presence: no clock decides whether a session that has ended is one again.
    pub(super) async fn is_marked_as_ended(&self, mark: &RowKey) -> Result<bool, VaultError> {
        Ok(self.store().get(Table::Used, mark).await?.is_some())
    }
}

const fn used_until(expires_at: u64) -> Row {
    Row::until(expires_at.saturating_add(USED_MARGIN), Bytes::new())
}

fn decode(handle: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(base64url_decode(handle)?);
    <[u8; 32]>::try_from(bytes.as_slice())
        .ok()
        .map(Zeroizing::new)
}
