//! New tokens and their metadata.

use crate::{
    Quota, UploadId, UrlId, Vault, VaultError,
    quota::TRIES,
    rows::{
        grant, marks, quota,
        token::{self, Epoch, TokenRow},
        upload::{self, OfSession, UploadRow, UploadState},
        value,
    },
    store::{RowAddress, Write},
    vault::insert,
};
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
    wire::Metadata,
};
use lunadefend_crypto::random_bytes;
use std::time::Duration;

/// The time for which a token waits for its value before it is deleted: a day. It outlives the upload URL, so
/// that a long upload that began in time can end.
const WAITS_FOR_VALUE: Duration = Duration::from_secs(24 * 60 * 60);

/// A new token, and the one upload that gives it its value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewToken {
    /// The token.
    pub token: TokenId,
    /// The upload that a URL is signed for.
    pub upload: UploadId,
    /// The time until which an upload can begin, and the expiry that its URL is signed with.
    pub upload_expires_at: UnixMillis,
}

impl Vault {
    /// The lifetime of an upload URL: 15 minutes.
    pub const UPLOAD_LIFETIME: Duration = Duration::from_secs(15 * 60);

    /// Makes a token with its metadata and, in the same transaction, grants it to its owner's
    /// session until the given time.
    ///
    /// A token without a value after a day is deleted, with its metadata.
    ///
    /// # Errors
    /// A [`VaultError`] when no token is known to exist. It holds
    /// [`StoreError::Full`](crate::store::StoreError::Full) when the store has no room for values.
    pub async fn create_token(
        &self,
        metadata: Option<&Metadata>,
        owner: Option<(&SessionId, UnixMillis)>,
    ) -> Result<NewToken, VaultError> {
        self.store().check_room().await?;
        let (new, writes) = self.new_token(metadata, owner, None)?;
        self.apply(writes).await?;
        Ok(new)
    }

    /// Makes a token as [`create_token`](Self::create_token) does, and counts it, later also its value, for
    /// the quota of its owner's session. Counting costs no extra transaction, and survives a restart.
    ///
    /// # Errors
    /// [`VaultError::OverQuota`], or as for [`create_token`](Self::create_token).
    pub async fn create_counted_token(
        &self,
        metadata: Option<&Metadata>,
        owner: (&SessionId, UnixMillis),
        quota: Quota,
    ) -> Result<NewToken, VaultError> {
        self.store().check_room().await?;
        let at = quota::address(&self.ring(), owner.0);
        for _ in 0..TRIES {
            let used = self.used(at).await?;
            used.check_value(quota)?;
            let (new, mut writes) = self.new_token(metadata, Some(owner), Some(at))?;
            writes.push(self.count(&used, 1, 0)?);
            // All else in the batch is new: in a conflict another call of this session was first.
            if self.write(writes).await?.is_some() {
                return Ok(new);
            }
        }
        Err(VaultError::Conflict)
    }

    fn new_token(
        &self,
        metadata: Option<&Metadata>,
        owner: Option<(&SessionId, UnixMillis)>,
        quota: Option<RowAddress>,
    ) -> Result<(NewToken, Vec<Write>), VaultError> {
        let ring = self.ring();
        let now = self.now();
        let new = NewToken {
            token: TokenId::from_random(random_bytes()?),
            upload: UploadId::from(UrlId::generate()?),
            upload_expires_at: now + Self::UPLOAD_LIFETIME,
        };
        let token_at = token::address(&ring, &new.token);
        let token = TokenRow::Made {
            epoch: Epoch::FIRST,
            metadata: metadata.cloned(),
        };
        let upload_at = upload::address(&ring, new.upload);
        let upload = UploadRow {
            token: token_at,
            value: value::address(&ring, &new.token),
            url_expires_at: new.upload_expires_at,
            session: owner.map(|(session, _)| OfSession {
                ended: marks::ended_session(&ring, session),
                quota,
            }),
            state: UploadState::Open,
        };
        let waits_until = Some(now + WAITS_FOR_VALUE);
        let mut writes = vec![
            insert(token_at, ring.seal_row(&token_at, waits_until, &token)?),
            insert(
                upload_at,
                ring.seal_row(&upload_at, Some(upload.expires_at()), &upload)?,
            ),
        ];
        writes.extend(owner.map(|(session, expires_at)| {
            let at = grant::address(&ring, session, &new.token, Epoch::FIRST);
            insert(at, grant::row(&ring, &at, expires_at))
        }));
        Ok((new, writes))
    }

    /// Returns the metadata of a token; `None` for an unknown or deleted token and for one without metadata.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when the row was changed.
    pub async fn metadata(&self, token: &TokenId) -> Result<Option<Metadata>, VaultError> {
        let ring = self.ring();
        let at = token::address(&ring, token);
        let [held] = self.live([at]).await?;
        let Some(held) = held else {
            return Ok(None);
        };
        Ok(match ring.open_row(&at, &held.row)? {
            TokenRow::Made { metadata, .. } => metadata,
            TokenRow::Unknown { .. } | TokenRow::Deleted => None,
        })
    }
}
