//! The limits of what a session may store in a day.

use crate::{
    OverQuota, Vault, VaultError,
    rows::quota::QuotaRow,
    store::{RowAddress, StoredRow, Write},
    vault::{insert, replace},
};
use std::time::Duration;

/// How often a write is tried that loses races against others of the same session.
pub(crate) const TRIES: usize = 16;

/// The limits of what a session may store in 24 hours, which begin with its first value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The maximum number of tokens.
    pub values: u32,
    /// The maximum of bytes in all their values together.
    pub bytes: u64,
}

impl Quota {
    /// Refuses nothing, and counts all.
    pub const UNLIMITED: Self = Self {
        values: u32::MAX,
        bytes: u64::MAX,
    };
}

/// The amount that a session has stored in its day, with its row.
pub(crate) struct Used {
    at: RowAddress,
    held: Option<StoredRow>,
    so_far: QuotaRow,
}

impl Used {
    /// Checks that one more value may begin.
    pub(crate) const fn check_value(&self, quota: Quota) -> Result<(), OverQuota> {
        if self.so_far.values >= quota.values {
            return Err(OverQuota::Values(quota.values));
        }
        match self.bytes_left(quota) {
            0 => Err(OverQuota::Bytes(quota.bytes)),
            _ => Ok(()),
        }
    }

    /// Returns the remaining bytes for values.
    pub(crate) const fn bytes_left(&self, quota: Quota) -> u64 {
        quota.bytes.saturating_sub(self.so_far.bytes)
    }

    /// Whether both were read from the same state of the row.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        let version = |used: &Self| used.held.as_ref().map(|held| held.written_by);
        version(self) == version(other)
    }
}

impl Vault {
    /// The time for which stored values count for a session's quota: 24 hours.
    pub const QUOTA_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

    pub(crate) async fn used(&self, at: RowAddress) -> Result<Used, VaultError> {
        let [held] = self.live([at]).await?;
        let so_far = match &held {
            Some(held) => self.ring().open_row(&at, &held.row)?,
            None => QuotaRow::default(),
        };
        Ok(Used { at, held, so_far })
    }

    /// Counts more, on the condition that the row has not changed since it was read.
    pub(crate) fn count(&self, used: &Used, values: u32, bytes: u64) -> Result<Write, VaultError> {
        let day_ends = match &used.held {
            Some(held) => held.row.expires_at,
            None => Some(self.now() + Self::QUOTA_WINDOW),
        };
        let counted = QuotaRow {
            values: used.so_far.values.saturating_add(values),
            bytes: used.so_far.bytes.saturating_add(bytes),
        };
        let row = self.ring().seal_row(&used.at, day_ends, &counted)?;
        Ok(match &used.held {
            None => insert(used.at, row),
            Some(held) => replace(used.at, held.written_by, row),
        })
    }
}
