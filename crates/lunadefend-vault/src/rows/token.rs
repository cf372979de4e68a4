//! The row of a token: its metadata and the epoch of its grants, or that it was deleted.

use crate::{
    VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    ring::Ring,
    store::{RowAddress, Table},
};
use lunadefend_core::{provider::TokenId, wire::Metadata};

pub(crate) fn address(ring: &Ring, token: &TokenId) -> RowAddress {
    ring.address(Table::Token, &[token.expose_id().as_bytes()])
}

/// Counts how often all grants of a token were revoked. Only the grants of its present epoch count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Made {
        epoch: Epoch,
        metadata: Option<Metadata>,
    },
    /// A token that this tokenizer does not know, and whose grants were revoked.
    Unknown { epoch: Epoch },
    /// No grant and no upload counts any more, also one that was on its way when the token was deleted.
    Deleted,
}

impl TokenRow {
    /// What a missing row means.
    pub(crate) const MISSING: Self = Self::Unknown {
        epoch: Epoch::FIRST,
    };

    /// Returns the epoch in which grants count; `None` when none counts.
    pub(crate) const fn epoch(&self) -> Option<Epoch> {
        match self {
            Self::Made { epoch, .. } | Self::Unknown { epoch } => Some(*epoch),
            Self::Deleted => None,
        }
    }

    /// Returns the row after all grants were revoked.
    pub(crate) fn revoked(self) -> Self {
        match self {
            Self::Made { epoch, metadata } => Self::Made {
                epoch: epoch.next(),
                metadata,
            },
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
    type Older = TokenRow1;

    const VERSION: u8 = 2;

    /// Without metadata that field is empty, which no JSON is.
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Made { epoch, metadata } => {
                let json = metadata.as_ref().map_or("", Metadata::as_json);
                out.reserve_exact(1 + 8 + json.len());
                out.push(MADE);
                out.extend_from_slice(&epoch.get().to_be_bytes());
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
            MADE => Ok(Self::Made {
                epoch: Epoch::new(fields.u64()?),
                metadata: TokenRow1::decode(fields)?.0,
            }),
            UNKNOWN => Ok(Self::Unknown {
                epoch: Epoch::new(fields.u64()?),
            }),
            DELETED => Ok(Self::Deleted),
            _ => Err(VaultError::Corrupt),
        }
    }

    fn upgrade(TokenRow1(metadata): TokenRow1) -> Self {
        Self::Made {
            epoch: Epoch::FIRST,
            metadata,
        }
    }
}

/// The form before grants could be revoked: the metadata.
pub(crate) struct TokenRow1(Option<Metadata>);

impl Form for TokenRow1 {
    type Older = NoOlder;

    const VERSION: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        let json = self.0.as_ref().map_or("", Metadata::as_json);
        out.reserve_exact(json.len());
        out.extend_from_slice(json.as_bytes());
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        let json = std::str::from_utf8(fields.take_rest()).map_err(|_| VaultError::Corrupt)?;
        match json {
            "" => Ok(Self(None)),
            json => {
                let metadata = Metadata::from_json(json).map_err(|_| VaultError::Corrupt)?;
                Ok(Self(Some(metadata)))
            }
        }
    }

    fn upgrade(older: NoOlder) -> Self {
        match older {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form;

    /// Epoch and metadata; `None` of a deleted token.
    fn read(bytes: &[u8]) -> Result<Option<(u64, Option<String>)>, VaultError> {
        Ok(match form::read(bytes)? {
            TokenRow::Deleted => None,
            TokenRow::Unknown { epoch } => Some((epoch.get(), None)),
            TokenRow::Made { epoch, metadata } => {
                let json = metadata.map(|metadata| metadata.as_json().to_owned());
                Some((epoch.get(), json))
            }
        })
    }

    #[test]
    fn both_forms_read_and_nothing_else() {
        let json = r#"{"a":"b"}"#;
        for (text, metadata) in [("", None), (json, Some(json.to_owned()))] {
            // Before grants could be revoked, every token was in its first epoch.
            let first = [b"\x01", text.as_bytes()].concat();
            assert_eq!(read(&first).unwrap(), Some((0, metadata.clone())));

            let row = TokenRow::Made {
                epoch: Epoch::new(0x0102),
                metadata: metadata
                    .as_deref()
                    .map(|json| Metadata::from_json(json).unwrap()),
            };
            let written = form::write(&row);
            let expected = [b"\x02\x00\0\0\0\0\0\0\x01\x02", text.as_bytes()].concat();
            assert_eq!(*written, expected);
            assert_eq!(read(&written).unwrap(), Some((0x0102, metadata)));
        }
        let deleted = form::write(&TokenRow::Deleted);
        assert_eq!(*deleted, b"\x02\x01");
        assert_eq!(read(&deleted).unwrap(), None);
        let epoch = Epoch::new(3);
        let unknown = form::write(&TokenRow::Unknown { epoch });
        assert_eq!(*unknown, b"\x02\x02\0\0\0\0\0\0\0\x03");
        assert_eq!(read(&unknown).unwrap(), Some((3, None)));
        // None of the three, cut short, too long, not metadata, of a version to come.
        for other in [
            &b"\x02\x03"[..],
            b"\x02",
            b"\x02\x02\0\0\0\0\0\0\0",
            b"\x02\x02\0\0\0\0\0\0\0\x03{}",
            b"\x02\x00\0\0\0\0\0\0\x01",
            b"\x02\x01\x00",
            b"\x02\x00\0\0\0\0\0\0\0\x01[",
            b"\x03\x01",
            b"",
        ] {
            assert!(read(other).is_err(), "{other:?}");
        }
    }
}
