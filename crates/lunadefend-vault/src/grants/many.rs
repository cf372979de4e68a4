//! Many grants at once.

use crate::{
    Vault, VaultError,
    row_map::{AddressMap, AddressSet},
    rows::{
        grant, marks,
        token::{self, Epoch},
    },
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
    is_ended: bool,
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
    ///
    /// The grant of a deleted token has one and never counts, like a single one.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixMillis> {
        (!self.is_ended).then_some(self.grant.expires_at)
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
        let mut ends = HashMap::new();
        let places = asked.iter().map(|(session, token)| {
            let ended = ends.entry(session);
            let ended = ended.or_insert_with(|| marks::ended_session(&ring, session));
            let grant = grant::address(&ring, session, token, Epoch::FIRST);
            [token::address(&ring, token), grant, *ended]
        });
        let places: Vec<_> = places.collect();
        // Most tokens are in their first epoch: then this is all.
        let all = places.iter().flatten().copied();
        let mut rows = self.rows_at(all.collect()).await?;
        let now = self.now();
        // Without an address when the token was deleted or has expired.
        let mut addresses = Vec::with_capacity(asked.len());
        let mut later = AddressSet::default();
        for ((session, token), [token_at, first, ended]) in asked.iter().zip(places) {
            let epoch = self.token_row(&token_at, rows.get(&token_at))?.epoch(now);
            addresses.push(epoch.map(|epoch| {
                if epoch == Epoch::FIRST {
                    return [first, ended];
                }
                let grant = grant::address(&ring, session, token, epoch);
                later.extend([grant, ended]);
                [grant, ended]
            }));
        }
        if !later.is_empty() {
            rows.extend(self.rows_at(later).await?);
        }
        let asked = asked.into_iter().zip(addresses);
        asked
            .map(|((session, token), at)| {
                let expires_at = match at {
                    Some([grant, ended]) => {
                        let (held, ended) = (rows.get(&grant), rows.get(&ended));
                        grant::live_until(&ring, &grant, held, ended, now)?
                    }
                    None => None,
                };
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
        let token = |grant: &GrantWrite| token::address(&ring, &grant.token);
        let read = grants.iter().flat_map(|grant| [mark(grant), token(grant)]);
        let held = self.rows_at(read.collect()).await?;
        let written: Vec<_> = grants
            .into_iter()
            .map(|grant| WrittenGrant {
                is_ended: held.contains_key(&mark(&grant)),
                grant,
            })
            .collect();
        // A grant that is asked for twice is one row, with the later expiry.
        let mut latest = AddressMap::<UnixMillis>::default();
        for WrittenGrant { grant, is_ended } in &written {
            let at = token(grant);
            if *is_ended {
                continue;
            }
            let epoch = self
                .epoch_of_row_until(at, held.get(&at).cloned(), grant.expires_at)
                .await?;
            if let Some(epoch) = epoch {
                let at = grant::address(&ring, &grant.session, &grant.token, epoch);
                let latest = latest.entry(at).or_insert(grant.expires_at);
                *latest = grant.expires_at.max(*latest);
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
