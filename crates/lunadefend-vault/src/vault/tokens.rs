//! New tokens and their metadata.

use super::{
    Quota, UploadId, Vault, VaultError,
    lease::{OfSession, UploadRow},
    quota::TRIES,
    row_keys::Place,
    urls::UrlId,
};
use crate::store::{Row, RowKey, Write, Written};
use lunadefend_core::{SessionId, TokenId, wire::Metadata};
use lunadefend_crypto::random_bytes;
use zeroize::Zeroizing;

/// How long a token waits for its value before it is forgotten: a day, in milliseconds. It outlives
/// the upload URL, so that a long upload that began in time can end.
const WAITS_FOR_VALUE: u64 = 24 * 60 * 60 * 1000;

/// A token that was just made, and the one upload that gives it its value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewToken {
    /// The token.
    pub token: TokenId,
    /// What an upload URL is made for.
    pub upload: UploadId,
    /// Until when an upload can begin: what the upload URL is signed with.
    pub upload_expires_at: u64,
}

impl Vault {
    /// How long an upload URL is good for: 15 minutes, in milliseconds.
    pub const UPLOAD_LIFETIME: u64 = 15 * 60 * 1000;

    /// Makes a token with its metadata and, in the same transaction, grants it to its owner's
    /// session until the given time.
    ///
    /// A token whose value has not come after a day is forgotten with its metadata.
    ///
    /// # Errors
    /// A [`VaultError`] when nothing was made; with [`StoreError::Full`](crate::store::StoreError::Full)
    /// when there is no room for values.
    pub async fn create_token(
        &self,
        metadata: Option<&Metadata>,
        owner: Option<(&SessionId, u64)>,
    ) -> Result<NewToken, VaultError> {
        self.store().check_room().await?;
        let (new, batch) = self.new_token(metadata, owner, None)?;
        self.write(batch).await?;
        Ok(new)
    }

    /// Makes a token as [`create_token`](Self::create_token) does, and counts it, later its value too,
    /// for the quota of its owner's session. It costs no transaction of its own, and no restart
    /// forgets it.
    ///
    /// # Errors
    /// [`VaultError::OverQuota`], or as for [`create_token`](Self::create_token).
    pub async fn create_counted_token(
        &self,
        metadata: Option<&Metadata>,
        owner: (&SessionId, u64),
        quota: Quota,
    ) -> Result<NewToken, VaultError> {
        self.store().check_room().await?;
        let place = Place::quota(&self.ring(), owner.0);
        for _ in 0..TRIES {
            let used = self.used(place).await?;
            used.check_value(quota)?;
            let (new, mut batch) = self.new_token(metadata, Some(owner), Some(place.key))?;
            batch.push(self.count(&used, 1, 0)?);
            // Whatever else is in the batch is new: another call of this session was first.
            if self.store().write(batch, self.now()).await? == Written::Done {
                return Ok(new);
            }
        }
        Err(VaultError::Conflict)
    }

    fn new_token(
        &self,
        metadata: Option<&Metadata>,
        owner: Option<(&SessionId, u64)>,
        quota: Option<RowKey>,
    ) -> Result<(NewToken, Vec<Write>), VaultError> {
        let token = TokenId::from_random(random_bytes()?);
        let upload = UploadId::from(UrlId::generate()?);
        let now = self.now();
        let upload_expires_at = now.saturating_add(Self::UPLOAD_LIFETIME);
        let ring = self.ring();

        let token_place = Place::token(&ring, &token);
        let content = metadata.map_or("", Metadata::as_json).as_bytes();
        let expires_at = Some(now.saturating_add(WAITS_FOR_VALUE));
        let token_row = ring.seal_row(&token_place, expires_at, content)?;

        let upload_place = Place::upload(&ring, UrlId::from(upload).as_bytes());
        let upload_row = UploadRow::open(
            token_place.key,
            Place::value(&ring, &token).key,
            upload_expires_at,
            owner.map(|(session, _)| OfSession {
                ended: Place::ended_session(&ring, session).key,
                quota,
            }),
        );

        let mut batch = vec![
            insert(&token_place, token_row),
            insert(&upload_place, upload_row.seal(&ring, &upload_place)?),
        ];
        batch.extend(
            owner.map(|(session, expires_at)| self.grant_write(session, &token, expires_at)),
        );
        let new = NewToken {
            token,
            upload,
            upload_expires_at,
        };
        Ok((new, batch))
    }

    /// The metadata of a token; `None` for an unknown token and for one without metadata.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when the row was changed.
    pub async fn metadata(&self, token: &TokenId) -> Result<Option<Metadata>, VaultError> {
        let ring = self.ring();
        let place = Place::token(&ring, token);
        let Some(row) = self.live(&place).await? else {
            return Ok(None);
        };
        let content = ring.open_row(&place, &row)?;
        parse_metadata(&content)
    }
}

fn parse_metadata(content: &Zeroizing<Vec<u8>>) -> Result<Option<Metadata>, VaultError> {
    if content.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(content).map_err(|_| VaultError::Corrupt)?;
    let metadata = Metadata::from_json(text).map_err(|_| VaultError::Corrupt)?;
    Ok(Some(metadata))
}

pub(super) const fn insert(place: &Place, row: Row) -> Write {
    Write::Insert {
        table: place.table,
        key: place.key,
        row,
    }
}
