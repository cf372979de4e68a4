//! Browser sessions of the tokenizer; a state and a JWT make one, once.

use crate::{
    StateClaims, StateHolder, Vault, VaultError,
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

/// How long a use is remembered beyond the expiry of its state or JWT. It is more than a verifier's leeway
/// and the difference between the clocks of two replicas.
const USED_MARGIN: Duration = Duration::from_secs(60);

/// The value of a session cookie: 256 random bits, 43 characters of base64url.
#[derive(Clone)]
pub struct SessionHandle(SecretString);

impl SessionHandle {
    /// The lifetime of a session: 15 minutes.
    pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

    /// Returns the text for the cookie.
    ///
    /// # Security
    /// The text is the session's only credential: log it nowhere.
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

/// A session of the application, as a browser has it.
#[derive(Clone, Debug)]
pub struct BrowserSession {
    /// The session of the application.
    pub session: SessionId,
    /// Whether script of a page held the state that made it: see [`StateHolder::Page`].
    pub is_by_page: bool,
}

/// The outcome of the use of a state and a JWT. Both are used up.
#[derive(Clone, Debug)]
pub enum Transfer {
    /// A browser session.
    Session(SessionHandle),
    /// No session: the state had been used before.
    StateUsed,
    /// No session: the state was valid, and the JWT had been used before.
    JwtUsed,
    /// No session: the session of the application has ended.
    SessionEnded,
}

impl Vault {
    /// The lifetime of a browser session: 15 minutes.
    pub const SESSION_LIFETIME: Duration = SessionHandle::LIFETIME;

    /// Uses a state and a JWT and makes a browser session, in one transaction. `jwt_id` is the
    /// JWT's `jti`, or a hash of the JWT when it has none; `jwt_expires_at` is its expiry.
    ///
    /// Every outcome uses up state and JWT: of any number of calls with one state or one JWT, at most one
    /// makes a session.
    ///
    /// # Errors
    /// A [`VaultError`] when no session was made; state and JWT may or may not be used up.
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
        let row = SessionRow {
            session: session.clone(),
            is_by_page: state.holder() == StateHolder::Page,
        };
        let row = ring.seal_row(&at, expires_at, &row)?;
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

    /// Uses up both, and returns whether the state was unused until now.
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

    /// Marks a JWT as used, used before or not, so that it can make no session. For a JWT that came with an
    /// invalid state.
    ///
    /// # Errors
    /// A [`VaultError`] when the mark may not have been written.
    pub async fn spend_jwt(&self, jwt_id: &[u8], expires_at: UnixMillis) -> Result<(), VaultError> {
        let at = marks::used_jwt(&self.ring(), jwt_id);
        self.raise_expiry(&[(at, used_until(expires_at))]).await
    }

    /// Spends a JWT that is good for one use, and returns whether it was unused until now: of any number of
    /// calls with one JWT at most one returns `true`.
    ///
    /// # Errors
    /// A [`VaultError`] when the JWT may or may not be spent.
    pub async fn spend_jwt_once(
        &self,
        jwt_id: &[u8],
        expires_at: UnixMillis,
    ) -> Result<bool, VaultError> {
        let at = marks::used_jwt(&self.ring(), jwt_id);
        let mark = insert(at, used_until(expires_at));
        Ok(self.write(vec![mark]).await?.is_some())
    }

    /// Returns the application's session for a cookie. `None` when the cookie is unknown or expired, or when
    /// the session of the application has ended.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when the row was changed or moved.
    pub async fn session(&self, handle: &str) -> Result<Option<BrowserSession>, VaultError> {
        let Some(handle) = decode(handle) else {
            return Ok(None);
        };
        let ring = self.ring();
        let at = session::address(&ring, handle.as_slice());
        let [held] = self.live([at]).await?;
        let Some(held) = held else {
            return Ok(None);
        };
        let SessionRow {
            session,
            is_by_page,
        } = ring.open_row(&at, &held.row)?;
        let has_ended = self.is_ended(&session).await?;
        Ok((!has_ended).then_some(BrowserSession {
            session,
            is_by_page,
        }))
    }

    /// Ends one browser session; a missing one is no error.
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

    /// Ends a session of the application, for good. None of its grants, browser sessions and URLs counts any
    /// more, including those made later.
    ///
    /// The store remembers the end until `remembered_until`, which must be after the expiry of all that was
    /// made for the session. Ending the session again remembers it for longer.
    ///
    /// # Errors
    /// A [`VaultError`] when it may go on.
    pub async fn end_session(
        &self,
        session: &SessionId,
        remembered_until: UnixMillis,
    ) -> Result<(), VaultError> {
        let at = marks::ended_session(&self.ring(), session);
        let mark = marks::row(remembered_until);
        self.raise_expiry(&[(at, mark)]).await
    }

    /// Returns whether a session of the application has ended. The row of the end counts by its presence, so
    /// no clock can revive an ended session.
    ///
    /// # Errors
    /// A [`VaultError`] when the store cannot say.
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
