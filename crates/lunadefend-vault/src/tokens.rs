//! New tokens: with their value in one transaction, or with an upload that brings it.

use crate::{
    MaskPolicy, OverQuota, Quota, UploadId, Vault, VaultError,
    quota::TRIES,
    rows::{
        grant, marks, quota,
        replay::{self, ReplayRow},
        token::{self, AboutValue, Epoch, MadeToken, TokenRow},
        upload::{self, OfSession, UploadRow, UploadState},
        value::{self, SmallValue, ValueRow},
    },
    store::{RowAddress, Write},
    vault::insert,
};
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
    wire::{IdempotencyKey, InlineValue, Metadata, Reads, ValueKind, ValueLifetime},
};
use lunadefend_crypto::{constant_time_eq, random_bytes};
use std::time::Duration;
use zeroize::Zeroizing;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The time for which a token waits for its value before it is deleted. It outlives the upload URL, so that a
/// long upload that began in time can end.
const WAITS_FOR_VALUE: Duration = DAY;

/// What a new token is to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokenization<'a> {
    /// The value; without it the token waits for an upload.
    pub value: Option<&'a InlineValue>,
    /// Metadata of the application.
    pub metadata: Option<&'a Metadata>,
    /// What the value is. One of kind [`CardCvc`](ValueKind::CardCvc) is read once and lives for a day at most,
    /// whatever is asked for.
    pub kind: Option<ValueKind>,
    /// The time after which the value is refused.
    pub expires_in: Option<ValueLifetime>,
    /// How often the value may be read.
    pub reads: Option<Reads>,
    /// The session that is granted the token in the same transaction.
    pub owner: Option<Owner<'a>>,
    /// Makes a repetition of the request return the token that the first one made.
    pub repeatable: Option<Repeatable<'a>>,
}

/// The session that makes a token.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The session.
    pub session: &'a SessionId,
    /// The expiry of its grant.
    pub granted_until: UnixMillis,
    /// The limits of what it may store, if it is limited.
    pub quota: Option<Quota>,
}

/// A request that may come again.
#[derive(Clone, Copy, Debug)]
pub struct Repeatable<'a> {
    /// Names the request within its session.
    pub key: IdempotencyKey,
    /// The body of the request. The store keeps a tag of it.
    pub body: &'a [u8],
}

/// A new token, or that of an earlier request with the same key.
#[derive(Clone, Debug)]
pub enum Tokenized {
    /// The token has its value.
    Stored(TokenId),
    /// The token waits for its value.
    Waiting(NewToken),
}

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

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenizeError {
    /// An earlier request with this key had another body.
    #[error("an earlier request with this key had another body")]
    OtherBody,
    /// The token of the earlier request was deleted, has expired, or can no longer get a value.
    #[error("the token of the earlier request with this key is gone")]
    Gone,
    /// The vault failed, or the session is over its quota.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Vault {
    /// The lifetime of an upload URL: 15 minutes.
    pub const UPLOAD_LIFETIME: Duration = Duration::from_secs(15 * 60);

    /// The time for which a repeated request returns the token of the first: 24 hours.
    pub const REPEATABLE: Duration = DAY;

    /// Makes a token. One transaction writes all of it: the grant of its owner, the quota of the session, and
    /// the value if it is there.
    ///
    /// A token without a value after a day is deleted, with its metadata.
    ///
    /// # Errors
    /// [`TokenizeError::OtherBody`] and [`TokenizeError::Gone`] of a repeated request, [`VaultError::OverQuota`],
    /// or another [`VaultError`] when no token is known to exist. It holds
    /// [`StoreError::Full`](crate::store::StoreError::Full) when the store has no room for values.
    pub async fn tokenize(&self, request: &Tokenization<'_>) -> Result<Tokenized, TokenizeError> {
        self.store().check_room().await.map_err(VaultError::from)?;
        let ring = self.ring();
        let owner = request.owner;
        let quota = owner.and_then(|Owner { session, quota, .. }| {
            quota.map(|quota| (quota::address(&ring, session), quota))
        });
        let length = request.value.map_or(0, |value| value.expose_secret().len()) as u64;
        for _ in 0..TRIES {
            if let Some(earlier) = self.earlier(request).await? {
                return Ok(earlier);
            }
            let quota_at = quota.map(|(at, _)| at);
            let (made, mut writes) = self.new_token(request, quota_at)?;
            if let Some((at, quota)) = quota {
                let used = self.used(at).await?;
                used.check_value(quota).map_err(VaultError::from)?;
                if length > used.bytes_left(quota) {
                    return Err(VaultError::from(OverQuota::Bytes(quota.bytes)).into());
                }
                writes.push(self.count(&used, 1, length)?);
            }
            // All else in the batch is new: in a conflict another call of this session was first.
            if self.write(writes).await?.is_some() {
                return Ok(made);
            }
        }
        Err(VaultError::Conflict.into())
    }

    /// Makes a token that waits for its value, as [`tokenize`](Self::tokenize) does, for a session without a quota.
    ///
    /// # Errors
    /// As [`create_waiting_token`](Self::create_waiting_token).
    pub async fn create_token(
        &self,
        metadata: Option<&Metadata>,
        owner: Option<(&SessionId, UnixMillis)>,
    ) -> Result<NewToken, VaultError> {
        let owner = owner.map(|(session, granted_until)| Owner {
            session,
            granted_until,
            quota: None,
        });
        self.create_waiting_token(metadata, owner).await
    }

    /// Makes a token that waits for its value, as [`tokenize`](Self::tokenize) does.
    ///
    /// # Errors
    /// [`VaultError::OverQuota`], or another [`VaultError`] when no token is known to exist.
    pub async fn create_waiting_token(
        &self,
        metadata: Option<&Metadata>,
        owner: Option<Owner<'_>>,
    ) -> Result<NewToken, VaultError> {
        let request = Tokenization {
            metadata,
            owner,
            ..Tokenization::default()
        };
        match self.tokenize(&request).await {
            Ok(Tokenized::Waiting(new)) => Ok(new),
            Err(TokenizeError::Vault(error)) => Err(error),
            // It has no value, and is not repeated.
            Ok(Tokenized::Stored(_)) | Err(TokenizeError::OtherBody | TokenizeError::Gone) => {
                Err(VaultError::Conflict)
            }
        }
    }

    /// Returns the token of an earlier request with the same key; `None` when this one is the first.
    async fn earlier(
        &self,
        request: &Tokenization<'_>,
    ) -> Result<Option<Tokenized>, TokenizeError> {
        let Some(Repeatable { key, body }) = request.repeatable else {
            return Ok(None);
        };
        let ring = self.ring();
        let at = replay::address(&ring, request.owner.map(|owner| owner.session), key);
        let [held] = self.live([at]).await?;
        let Some(held) = held else {
            return Ok(None);
        };
        let earlier: ReplayRow = ring.open_row(&at, &held.row)?;
        if !constant_time_eq(&earlier.body, &replay::body_tag(&ring, body)) {
            return Err(TokenizeError::OtherBody);
        }
        let token = earlier.token;
        let token_at = token::address(&ring, &token);
        let [held] = self.live([token_at]).await?;
        let now = self.now();
        let made = self.token_row(&token_at, held.as_ref())?.made(now);
        let made = made.ok_or(TokenizeError::Gone)?;
        match earlier.upload {
            _ if made.value.is_some() => Ok(Some(Tokenized::Stored(token))),
            Some((upload, upload_expires_at)) if now < upload_expires_at => {
                Ok(Some(Tokenized::Waiting(NewToken {
                    token,
                    upload,
                    upload_expires_at,
                })))
            }
            _ => Err(TokenizeError::Gone),
        }
    }

    fn new_token(
        &self,
        request: &Tokenization<'_>,
        quota: Option<RowAddress>,
    ) -> Result<(Tokenized, Vec<Write>), VaultError> {
        let ring = self.ring();
        let now = self.now();
        let id = TokenId::from_random(random_bytes()?);
        let token_at = token::address(&ring, &id);
        let value_at = value::address(&ring, &id);
        let made = made(request, now, self.masks());
        let (tokenized, upload, rows_expire_at, mut writes) = match request.value {
            Some(value) => {
                let value = Zeroizing::new(value.expose_secret().to_vec());
                let value = ValueRow::Small(SmallValue(value));
                let expires_at = made.rows_expire_at();
                let row = ring.seal_row(&value_at, expires_at, &value)?;
                let stored = Tokenized::Stored(id.clone());
                (stored, None, expires_at, vec![insert(value_at, row)])
            }
            None => {
                let new = NewToken {
                    token: id.clone(),
                    upload: UploadId::generate()?,
                    upload_expires_at: now + Self::UPLOAD_LIFETIME,
                };
                let upload_at = upload::address(&ring, new.upload);
                let row = UploadRow {
                    token: token_at,
                    value: value_at,
                    url_expires_at: new.upload_expires_at,
                    session: request.owner.map(|owner| OfSession {
                        ended: marks::ended_session(&ring, owner.session),
                        quota,
                    }),
                    state: UploadState::Open,
                };
                let row = ring.seal_row(&upload_at, Some(row.expires_at()), &row)?;
                let upload = Some((new.upload, new.upload_expires_at));
                let expires_at = Some(now + WAITS_FOR_VALUE);
                let writes = vec![insert(upload_at, row)];
                (Tokenized::Waiting(new), upload, expires_at, writes)
            }
        };
        let row = ring.seal_row(&token_at, rows_expire_at, &TokenRow::Made(made))?;
        writes.push(insert(token_at, row));
        if let Some(owner) = request.owner {
            let at = grant::address(&ring, owner.session, &id, Epoch::FIRST);
            writes.push(insert(at, grant::row(&ring, &at, owner.granted_until)));
        }
        if let Some(Repeatable { key, body }) = request.repeatable {
            let at = replay::address(&ring, request.owner.map(|owner| owner.session), key);
            let row = ReplayRow {
                body: replay::body_tag(&ring, body),
                token: id,
                upload,
            };
            let expires_at = Some(now + Self::REPEATABLE);
            writes.push(insert(at, ring.seal_row(&at, expires_at, &row)?));
        }
        Ok((tokenized, writes))
    }

    /// Returns the metadata of a token; `None` for an unknown, deleted or expired token and for one without
    /// metadata.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when the row was changed.
    pub async fn metadata(&self, token: &TokenId) -> Result<Option<Metadata>, VaultError> {
        let at = token::address(&self.ring(), token);
        let [held] = self.live([at]).await?;
        let made = self.token_row(&at, held.as_ref())?.made(self.now());
        let metadata = made.and_then(|made| made.metadata);
        metadata.map(|metadata| metadata.parse()).transpose()
    }
}

impl Vault {
    /// Replaces the metadata of a token. `false` for an unknown, deleted or expired token.
    ///
    /// # Errors
    /// A [`VaultError`] when the metadata may be the earlier one.
    pub async fn set_metadata(
        &self,
        token: &TokenId,
        metadata: Metadata,
    ) -> Result<bool, VaultError> {
        let at = token::address(&self.ring(), token);
        for _ in 0..TRIES {
            let [held] = self.live([at]).await?;
            let made = self.token_row(&at, held.as_ref())?.made(self.now());
            let (Some(held), Some(made)) = (held, made) else {
                return Ok(false);
            };
            let made = MadeToken {
                metadata: Some((&metadata).into()),
                ..made
            };
            if self
                .replace_token(at, Some(&held), held.row.expires_at, &TokenRow::Made(made))
                .await?
            {
                return Ok(true);
            }
        }
        Err(VaultError::Conflict)
    }
}

/// Returns what is known about the token of a request.
fn made(request: &Tokenization<'_>, now: UnixMillis, masks: MaskPolicy) -> MadeToken {
    let is_code = request.kind == Some(ValueKind::CardCvc);
    let expires_in = request.expires_in.map(ValueLifetime::get);
    // PCI DSS 3.3: not kept once the payment is authorised.
    let (expires_in, reads) = if is_code {
        (
            Some(expires_in.map_or(DAY, |time| time.min(DAY))),
            Some(Reads::ONCE),
        )
    } else {
        (expires_in, request.reads)
    };
    MadeToken {
        epoch: Epoch::FIRST,
        metadata: request.metadata.map(Into::into),
        created_at: Some(now),
        kind: request.kind,
        expires_at: expires_in.map(|time| now + time),
        reads,
        value: request.value.map(|value| AboutValue {
            size: value.expose_secret().len() as u64,
            mask: masks.mask(request.kind, value.expose_secret()),
        }),
    }
}
