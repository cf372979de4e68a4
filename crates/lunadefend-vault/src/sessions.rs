//! Browser sessions of the tokenizer, and the one use of a state and a JWT that makes one.

use crate::{
    StateClaims, Vault, VaultError,
    rows::{
        marks,
        session::{self, SessionRow},
    },
    store::Row,
    vault::{delete, insert},
};
use lunadefend_core::{SessionId, provider::UnixMillis};
use lunadefend_crypto::{base64url, base64url_decode, random_bytes};
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, time::Duration};
use zeroize::Zeroizing;

/// How much longer than a state or JWT lives it is remembered that it was used: more than the leeway of a verifier and the difference of the clocks of two replicas.
const USED_MARGIN: Duration = Duration::from_secs(60);

/// The value of a session cookie: 256 random bits, 43 characters of base64url.
#[derive(Clone)]
pub struct SessionHandle(SecretString);

impl SessionHandle {
    /// How long a session lives: 15 minutes.
    pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

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
    /// How long a browser session lives: 15 minutes.
    pub const SESSION_LIFETIME: Duration = SessionHandle::LIFETIME;

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
        jwt_expires_at: UnixMillis,
        session: &SessionId,
    ) -> Result<Transfer, VaultError> {
        if self.is_ended(session).await? {
            self.spend(state, jwt_id, jwt_expires_at).await?;
            return Ok(Transfer::SessionEnded);
        }
        let ring = self.ring();
        let handle = Zeroizing::new(random_bytes::<32>()?);
        let at = session::address(&ring, handle.as_slice());
        let expires_at = Some(self.now() + Self::SESSION_LIFETIME);
        let row = ring.seal_row(&at, expires_at, &SessionRow(session.clone()))?;
        let writes = vec![
            insert(
                marks::used_state(&ring, &state.random),
                used_until(state.expires_at),
            ),
            insert(marks::used_jwt(&ring, jwt_id), used_until(jwt_expires_at)),
            insert(at, row),
        ];
        if self.write(writes).await?.is_some() {
            let text = SecretString::from(base64url(handle.as_slice()));
            return Ok(Transfer::Session(SessionHandle(text)));
        }
        let was_good = self.spend(state, jwt_id, jwt_expires_at).await?;
        Ok(if was_good {
            Transfer::JwtUsed
        } else {
            Transfer::StateUsed
        })
    }

    /// Uses up both, and says whether the state was good until now.
    async fn spend(
        &self,
        state: &StateClaims,
        jwt_id: &[u8],
        jwt_expires_at: UnixMillis,
    ) -> Result<bool, VaultError> {
        self.spend_jwt(jwt_id, jwt_expires_at).await?;
        let used_state = marks::used_state(&self.ring(), &state.random);
        let mark = insert(used_state, used_until(state.expires_at));
        Ok(self.write(vec![mark]).await?.is_some())
    }

    /// Marks a JWT as used, so that no session can be made with it; used before or not. For a JWT
    /// that came with a state that is not one.
    ///
    /// # Errors
    /// A [`VaultError`] when that may not have been written.
    pub async fn spend_jwt(&self, jwt_id: &[u8], expires_at: UnixMillis) -> Result<(), VaultError> {
        let at = marks::used_jwt(&self.ring(), jwt_id);
        self.raise_expiry(at, used_until(expires_at)).await
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
        let at = session::address(&ring, handle.as_slice());
        let [held] = self.live([at]).await?;
        let Some(held) = held else {
            return Ok(None);
        };
        let SessionRow(session) = ring.open_row(&at, &held.row)?;
        let has_ended = self.is_ended(&session).await?;
        Ok((!has_ended).then_some(session))
    }

    /// Ends one browser session; one that is not there is no error.
    ///
    /// # Errors
    /// A [`VaultError`] when it may go on.
    pub async fn end_browser_session(&self, handle: &str) -> Result<(), VaultError> {
        let Some(handle) = decode(handle) else {
            return Ok(());
        };
        let at = session::address(&self.ring(), handle.as_slice());
        self.apply(vec![delete(at)]).await.map(drop)
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
        remembered_until: UnixMillis,
    ) -> Result<(), VaultError> {
        let at = marks::ended_session(&self.ring(), session);
        self.raise_expiry(at, marks::row(remembered_until)).await
    }

    /// Says whether a session of the application has ended. The end counts by being there: no clock
    /// decides whether a session that has ended is one again.
    ///
    /// # Errors
    /// A [`VaultError`] when that is not known.
    pub async fn is_ended(&self, session: &SessionId) -> Result<bool, VaultError> {
        let [mark] = self
            .rows([marks::ended_session(&self.ring(), session)])
            .await?;
        Ok(mark.is_some())
    }
}

fn used_until(expires_at: UnixMillis) -> Row {
    marks::row(expires_at + USED_MARGIN)
}

fn decode(handle: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(base64url_decode(handle)?);
    <[u8; 32]>::try_from(bytes.as_slice())
        .ok()
        .map(Zeroizing::new)
}
