//! How much a session may store in a day.

use super::{Vault, VaultError, fields::Fields, row_keys::Place};
use crate::store::{Row, Write};
use std::time::Duration;

/// How often a write is repeated that others of the same session were faster than.
pub(super) const TRIES: usize = 16;

/// How much a session may store in 24 hours, which begin with its first value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many tokens it may make.
    pub values: u32,
    /// How many bytes their values may have together.
    pub bytes: u64,
}

impl Quota {
    /// Nothing is refused, and all is counted.
    pub const UNLIMITED: Self = Self {
        values: u32::MAX,
        bytes: u64::MAX,
    };
}

/// What a session has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverQuota {
    /// The number of values.
    #[error("the session has stored {0} values in 24 hours, as many as it may")]
    Values(u32),
    /// The bytes of its values, or what is left does not hold the next.
    #[error("the session may store {0} bytes in 24 hours, and this would be more")]
    Bytes(u64),
}

/// What a session has stored in its day, and the row that says so.
pub(super) struct Used {
    place: Place,
    row: Option<Row>,
    values: u32,
    bytes: u64,
}

impl Used {
    /// Whether one more value may begin.
    pub(super) const fn check_value(&self, quota: Quota) -> Result<(), OverQuota> {
        if self.values >= quota.values {
            return Err(OverQuota::Values(quota.values));
        }
        match self.bytes_left(quota) {
            0 => Err(OverQuota::Bytes(quota.bytes)),
            _ => Ok(()),
        }
    }

    /// How many bytes more the values may have.
    pub(super) const fn bytes_left(&self, quota: Quota) -> u64 {
        quota.bytes.saturating_sub(self.bytes)
    }

    /// Whether both were read from the same row.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        self.row == other.row
    }
}

impl Vault {
    /// How long what a session has stored counts for its quota: 24 hours.
    pub const QUOTA_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

    pub(super) async fn used(&self, place: Place) -> Result<Used, VaultError> {
        let row = self.live(&place).await?;
        let (mut values, mut bytes) = (0, 0);
        if let Some(row) = &row {
            let content = self.ring().open_row(&place, row)?;
            let mut fields = Fields::of(&content);
            (values, bytes) = (fields.u32()?, fields.u64()?);
            fields.end()?;
        }
        Ok(Used {
            place,
            row,
            values,
            bytes,
        })
    }

    /// Counts more, on the condition that nobody else has counted since it was read.
    pub(super) fn count(&self, used: &Used, values: u32, bytes: u64) -> Result<Write, VaultError> {
        let window = u64::try_from(Self::QUOTA_WINDOW.as_millis()).unwrap_or(u64::MAX);
        let day_ends = match &used.row {
            Some(row) => row.expires_at,
            None => Some(self.now().saturating_add(window)),
        };
        let content = [
            used.values.saturating_add(values).to_be_bytes().as_slice(),
            &used.bytes.saturating_add(bytes).to_be_bytes(),
        ]
        .concat();
        let row = self.ring().seal_row(&used.place, day_ends, &content)?;
        let (table, key) = (used.place.table, used.place.key);
        Ok(match &used.row {
            None => Write::Insert { table, key, row },
            Some(held) => Write::Replace {
                table,
                key,
                expected: held.value.clone(),
                row,
            },
        })
    }
}
