//! Many grants at once.

use crate::{
    Vault, VaultError,
    ring::Ring,
    rows::{grant, marks},
    store::{RowAddress, StoredRow},
};
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
};
use std::collections::HashMap;

/// What the store holds of the grant of one token to one session. Only the vault makes it, of the identifiers
/// that it read the rows with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldGrant {
    session: SessionId,
    token: TokenId,
    expires_at: Option<UnixMillis>,
}

impl HeldGrant {
    /// Returns the session that was asked about.
    #[must_use]
    pub const fn session(&self) -> &SessionId {
        &self.session
    }

    /// Returns the token that was asked about.
    #[must_use]
    pub const fn token(&self) -> &TokenId {
        &self.token
    }

    /// Returns the expiry of the live grant; `None` without one.
    #[must_use]
    pub const fn expires_at(&self) -> Option<UnixMillis> {
        self.expires_at
    }
}

/// A grant to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantWrite {
    /// The session.
    pub session: SessionId,
    /// The token.
    pub token: TokenId,
    /// The expiry. An earlier grant with a later one stays.
    pub expires_at: UnixMillis,
}

/// A grant after [`Vault::grant_many`]. Only the vault makes it, of what it has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenGrant {
    grant: GrantWrite,
    is_written: bool,
}

impl WrittenGrant {
    /// Returns the session that was to get the grant.
    #[must_use]
    pub const fn session(&self) -> &SessionId {
        &self.grant.session
    }

    /// Returns the token that was to be granted.
    #[must_use]
    pub const fn token(&self) -> &TokenId {
        &self.grant.token
    }

    /// Returns the expiry that was asked for; `None` when nothing is written, since the session has ended.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixMillis> {
        self.is_written.then_some(self.grant.expires_at)
    }
}

impl Vault {
    /// Looks for the live grants of many sessions and tokens, in the order of the request. Each counts as in
    /// [`grant_expiry`](Self::grant_expiry).
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when one of the rows was not written for its session and token.
    pub async fn held_grants(
        &self,
        asked: Vec<(SessionId, TokenId)>,
    ) -> Result<Vec<HeldGrant>, VaultError> {
        let ring = self.ring();
        let at = |session: &SessionId, token: &TokenId| {
            [
                grant::address(&ring, session, token),
                marks::ended_session(&ring, session),
            ]
        };
        let all = asked.iter().flat_map(|(session, token)| at(session, token));
        let rows = self.rows_at(all.collect()).await?;
        let now = self.now();
        asked
            .into_iter()
            .map(|(session, token)| {
                let [grant, ended] = at(&session, &token);
                let expires_at = held_expiry(&ring, &rows, grant)?
                    .filter(|expires_at| now < *expires_at && !rows.contains_key(&ended));
                Ok(HeldGrant {
                    session,
                    token,
                    expires_at,
                })
            })
            .collect()
    }

    /// Writes many grants, in the order of the request, except those of sessions that have ended. Each counts as
    /// one of [`grant`](Self::grant).
    ///
    /// # Errors
    /// A [`VaultError`] when some may not have been written.
    pub async fn grant_many(
        &self,
        grants: Vec<GrantWrite>,
    ) -> Result<Vec<WrittenGrant>, VaultError> {
        let ring = self.ring();
        let mark = |grant: &GrantWrite| marks::ended_session(&ring, &grant.session);
        let ended = self.rows_at(grants.iter().map(mark).collect()).await?;
        let written: Vec<_> = grants
            .into_iter()
            .map(|grant| WrittenGrant {
                is_written: !ended.contains_key(&mark(&grant)),
                grant,
            })
            .collect();
        // A grant that is asked for twice is one row, with the later expiry.
        let mut latest = HashMap::<RowAddress, UnixMillis>::new();
        for written in &written {
            if let Some(expires_at) = written.expires_at() {
                let at = grant::address(&ring, written.session(), written.token());
                let latest = latest.entry(at).or_insert(expires_at);
                *latest = expires_at.max(*latest);
            }
        }
        let rows: Vec<_> = latest
            .into_iter()
            .map(|(at, expires_at)| (at, grant::row(&ring, &at, expires_at)))
            .collect();
        self.raise_expiry(&rows).await?;
        Ok(written)
    }
}

fn held_expiry(
    ring: &Ring,
    rows: &HashMap<RowAddress, StoredRow>,
    at: RowAddress,
) -> Result<Option<UnixMillis>, VaultError> {
    rows.get(&at)
        .map(|held| grant::expiry(ring, &at, &held.row))
        .transpose()
}
