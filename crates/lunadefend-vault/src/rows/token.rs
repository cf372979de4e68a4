//! The row of a token: what is known about it and the epoch of its grants, or that it was deleted.

mod metadata;

pub(crate) use metadata::StoredMetadata;

use crate::{
    Mask, VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    ring::Ring,
    store::{RowAddress, Table},
};
use lunadefend_core::{
    provider::{TokenId, UnixMillis},
    wire::{Reads, ValueKind},
};
use std::time::Duration;

/// For how long the rows of an expired value stay: its expiry may be the error of a clock.
const KEPT_AFTER_EXPIRY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn address(ring: &Ring, token: &TokenId) -> RowAddress {
    ring.address(Table::Token, &[token.expose_id().as_bytes()])
}

/// Counts how often all grants of a token were revoked. Only the grants of its present epoch count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

impl Epoch {
    /// The epoch of a token until all its grants are revoked, and of every token without a row.
    pub(crate) const FIRST: Self = Self(0);

    pub(crate) const fn new(count: u64) -> Self {
        Self(count)
    }

    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    pub(crate) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

pub(crate) enum TokenRow {
    /// A token that this tokenizer made. Only such a token can get a value.
    Made(MadeToken),
    /// A token that this tokenizer does not know, and whose grants were revoked.
    Unknown { epoch: Epoch },
    /// No grant and no upload counts any more, also one that was on its way when the token was deleted.
    Deleted,
}

/// What is known about a token that this tokenizer made.
#[derive(Clone, Default)]
pub(crate) struct MadeToken {
    pub(crate) epoch: Epoch,
    pub(crate) metadata: Option<StoredMetadata>,
    /// Missing of a token from before it was written down.
    pub(crate) created_at: Option<UnixMillis>,
    pub(crate) kind: Option<ValueKind>,
    /// From then on the token counts as deleted.
    pub(crate) expires_at: Option<UnixMillis>,
    /// How often the value may be read; missing for as often as one likes.
    pub(crate) reads: Option<Reads>,
    /// Missing until there is a value, and of a value from before it was written down.
    pub(crate) value: Option<AboutValue>,
}

/// What is known about a finished value.
#[derive(Clone)]
pub(crate) struct AboutValue {
    /// Its length in bytes.
    pub(crate) size: u64,
    pub(crate) mask: Option<Mask>,
}

impl MadeToken {
    pub(crate) fn is_expired(&self, now: UnixMillis) -> bool {
        self.expires_at.is_some_and(|at| now >= at)
    }

    /// Returns when the rows of the token and its value go, once it has a value.
    pub(crate) fn rows_expire_at(&self) -> Option<UnixMillis> {
        self.expires_at.map(|at| at + KEPT_AFTER_EXPIRY)
    }
}

impl TokenRow {
    /// What a missing row means.
    pub(crate) const MISSING: Self = Self::Unknown {
        epoch: Epoch::FIRST,
    };

    /// Returns the epoch in which grants count; `None` when none counts.
    pub(crate) fn epoch(&self, now: UnixMillis) -> Option<Epoch> {
        match self {
            Self::Made(made) => (!made.is_expired(now)).then_some(made.epoch),
            Self::Unknown { epoch } => Some(*epoch),
            Self::Deleted => None,
        }
    }

    /// Returns what is known about a token of this tokenizer that counts.
    pub(crate) fn made(self, now: UnixMillis) -> Option<MadeToken> {
        match self {
            Self::Made(made) => (!made.is_expired(now)).then_some(made),
            Self::Unknown { .. } | Self::Deleted => None,
        }
    }

    /// Returns the row after all grants were revoked.
    pub(crate) fn revoked(self) -> Self {
        match self {
            Self::Made(made) => Self::Made(MadeToken {
                epoch: made.epoch.next(),
                ..made
            }),
            Self::Unknown { epoch } => Self::Unknown {
                epoch: epoch.next(),
            },
            Self::Deleted => Self::Deleted,
        }
    }
}

const MADE: u8 = 0;
const DELETED: u8 = 1;
const UNKNOWN: u8 = 2;

impl Form for TokenRow {
    type Older = TokenRow2;

    const VERSION: u8 = 3;

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Made(made) => {
                let json = made.metadata.as_ref().map_or("", StoredMetadata::as_json);
                // More than all fields in front of it.
                out.reserve_exact(256 + json.len());
                out.push(MADE);
                out.extend_from_slice(&made.epoch.get().to_be_bytes());
                encode_about(made, out);
                out.extend_from_slice(json.as_bytes());
            }
            Self::Unknown { epoch } => {
                out.push(UNKNOWN);
                out.extend_from_slice(&epoch.get().to_be_bytes());
            }
            Self::Deleted => out.push(DELETED),
        }
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        match fields.u8()? {
            MADE => {
                let epoch = Epoch::new(fields.u64()?);
                let about = decode_about(fields)?;
                Ok(Self::Made(MadeToken {
                    epoch,
                    metadata: TokenRow1::decode(fields)?.0,
                    ..about
                }))
            }
            UNKNOWN => Ok(Self::Unknown {
                epoch: Epoch::new(fields.u64()?),
            }),
            DELETED => Ok(Self::Deleted),
            _ => Err(VaultError::Corrupt),
        }
    }

    fn upgrade(TokenRow2(row): TokenRow2) -> Self {
        row
    }
}

/// Writes all but epoch and metadata. 0 stands for what is missing: no time, kind or number is 0.
fn encode_about(made: &MadeToken, out: &mut Vec<u8>) {
    let time = |at: Option<UnixMillis>| at.map_or(0, UnixMillis::get).to_be_bytes();
    out.extend_from_slice(&time(made.created_at));
    out.push(made.kind.map_or(0, ValueKind::code));
    out.extend_from_slice(&time(made.expires_at));
    out.extend_from_slice(&made.reads.map_or(0, Reads::get).to_be_bytes());
    match &made.value {
        None => out.push(0),
        Some(AboutValue { size, mask }) => {
            out.push(1);
            out.extend_from_slice(&size.to_be_bytes());
            let mask = mask.as_ref().map_or("", Mask::as_text);
            out.push(u8::try_from(mask.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(mask.as_bytes());
        }
    }
}

fn decode_about(fields: &mut Fields<'_>) -> Result<MadeToken, VaultError> {
    let time = |fields: &mut Fields<'_>| {
        let millis = fields.u64()?;
        Ok::<_, VaultError>((millis != 0).then_some(UnixMillis::new(millis)))
    };
    let created_at = time(fields)?;
    let kind = match fields.u8()? {
        0 => None,
        code => Some(ValueKind::from_code(code).ok_or(VaultError::TooNew)?),
    };
    let expires_at = time(fields)?;
    let reads = match fields.u32()? {
        0 => None,
        count => Some(Reads::new(count).ok_or(VaultError::Corrupt)?),
    };
    let value = match fields.u8()? {
        0 => None,
        1 => {
            let size = fields.u64()?;
            let length = fields.u8()?.into();
            let mask = match fields.take_some(length)? {
                b"" => None,
                text => Some(Mask::from_stored(text).ok_or(VaultError::Corrupt)?),
            };
            Some(AboutValue { size, mask })
        }
        _ => return Err(VaultError::Corrupt),
    };
    Ok(MadeToken {
        created_at,
        kind,
        expires_at,
        reads,
        value,
        ..MadeToken::default()
    })
}

/// The form before values had a life of their own: epoch and metadata.
pub(crate) struct TokenRow2(TokenRow);

impl Form for TokenRow2 {
    type Older = TokenRow1;

    const VERSION: u8 = 2;

    /// Only tests write it.
    fn encode(&self, out: &mut Vec<u8>) {
        match &self.0 {
            TokenRow::Made(made) => {
                out.push(MADE);
                out.extend_from_slice(&made.epoch.get().to_be_bytes());
                TokenRow1(made.metadata.clone()).encode(out);
            }
            other => other.encode(out),
        }
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        Ok(Self(match fields.u8()? {
            MADE => TokenRow::Made(MadeToken {
                epoch: Epoch::new(fields.u64()?),
                metadata: TokenRow1::decode(fields)?.0,
                ..MadeToken::default()
            }),
            UNKNOWN => TokenRow::Unknown {
                epoch: Epoch::new(fields.u64()?),
            },
            DELETED => TokenRow::Deleted,
            _ => return Err(VaultError::Corrupt),
        }))
    }

    fn upgrade(TokenRow1(metadata): TokenRow1) -> Self {
        Self(TokenRow::Made(MadeToken {
            metadata,
            ..MadeToken::default()
        }))
    }
}

/// The form before grants could be revoked: the metadata. It is empty without, which no JSON is.
pub(crate) struct TokenRow1(Option<StoredMetadata>);

impl Form for TokenRow1 {
    type Older = NoOlder;

    const VERSION: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        let json = self.0.as_ref().map_or("", StoredMetadata::as_json);
        out.reserve_exact(json.len());
        out.extend_from_slice(json.as_bytes());
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        let json = std::str::from_utf8(fields.take_rest()).map_err(|_| VaultError::Corrupt)?;
        Ok(Self(match json {
            "" => None,
            json => Some(StoredMetadata::from_row(json)),
        }))
    }

    fn upgrade(older: NoOlder) -> Self {
        match older {}
    }
}

#[cfg(test)]
mod tests;
