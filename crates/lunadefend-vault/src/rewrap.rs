//! Rows are sealed again, under the present wrapping key.

use crate::{
    Vault, VaultError,
    ring::Ring,
    store::{Gathered, MAX_ROWS, RowAddress, RowKey, StoredRow, Table, Write},
    vault::replace,
};
use std::fmt;

/// Where a walk over all rows goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RewrapCursor {
    table: Table,
    after: Option<RowKey>,
}

/// The result of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rewrapped {
    /// The rows that it looked at.
    pub seen: u64,
    /// The rows that it sealed again.
    pub sealed: u64,
    /// Where the next step begins; `None` after the last.
    pub next: Option<RewrapCursor>,
}

impl Table {
    /// Whether the rows are sealed under a wrapping key. The others hold nothing to seal, but for the key ring, which is
    /// sealed by the master key.
    const fn is_sealed(self) -> bool {
        match self {
            Self::Session
            | Self::Token
            | Self::Value
            | Self::Upload
            | Self::Download
            | Self::Quota
            | Self::Reads
            | Self::Replay => true,
            Self::KeyRing
            | Self::Grant
            | Self::UsedState
            | Self::UsedJwt
            | Self::Blob
            | Self::EndedSession
            | Self::Upkeep => false,
        }
    }
}

impl RewrapCursor {
    fn first() -> Option<Self> {
        Self::of_next(0)
    }

    /// The beginning of the first sealed table at `from` or later in the list of all.
    fn of_next(from: usize) -> Option<Self> {
        let mut tables = Table::ALL.into_iter().skip(from);
        let table = tables.find(|table| table.is_sealed())?;
        Some(Self { table, after: None })
    }

    fn of_table_after(table: Table) -> Option<Self> {
        let at = Table::ALL.iter().position(|other| *other == table)?;
        Self::of_next(at + 1)
    }
}

impl Vault {
    /// Seals up to 100 rows again that are sealed under an earlier wrapping key, from where the last step ended. Values of
    /// any length stay as they are: their key is in a row.
    ///
    /// A row that changes meanwhile is left to whoever changed it. Broken off, it begins anew, and passes over what it did.
    ///
    /// # Errors
    /// A [`VaultError`]; the same step can be repeated.
    pub async fn rewrap(&self, from: Option<RewrapCursor>) -> Result<Rewrapped, VaultError> {
        let Some(at) = from.or_else(RewrapCursor::first) else {
            return Err(VaultError::Corrupt);
        };
        let (rows, next) = self.page(at).await?;
        let ring = self.ring();
        let mut again = Gathered::default();
        let mut sealed = 0;
        for (key, held) in &rows {
            let at = RowAddress {
                table: at.table,
                key: *key,
            };
            // An expired row cannot be replaced, and is deleted soon.
            if held.row.is_live(self.now()) && Ring::version_of(&held.row)? < ring.current_version()
            {
                let content = ring.open_bytes(&at, &held.row)?;
                let row = ring.seal_bytes(&at, held.row.expires_at, &content)?;
                let write = replace(at, held.written_by, row);
                if !again.has_room_for(&write.change) {
                    sealed += self.seal_again(again.take()).await?;
                }
                again.push(write);
            }
        }
        sealed += self.seal_again(again.take()).await?;
        Ok(Rewrapped {
            seen: rows.len() as u64,
            sealed,
            next,
        })
    }

    /// Writes rows, or each alone when one of them has changed; returns how many it wrote.
    async fn seal_again(&self, some: Vec<Write>) -> Result<u64, VaultError> {
        let count = some.len() as u64;
        if count == 0 {
            return Ok(0);
        }
        if self.write(some.clone()).await?.is_some() {
            return Ok(count);
        }
        let mut written = 0;
        for one in some {
            written += u64::from(self.write(vec![one]).await?.is_some());
        }
        Ok(written)
    }

    /// Counts the rows that are sealed under a version of the wrapping key.
    pub(crate) async fn count_sealed_under(&self, version: u32) -> Result<u64, VaultError> {
        let mut count = 0;
        let mut from = RewrapCursor::first();
        while let Some(at) = from {
            let (rows, next) = self.page(at).await?;
            for (_, held) in &rows {
                count += u64::from(Ring::version_of(&held.row)? == version);
            }
            from = next;
        }
        Ok(count)
    }

    /// Reads the next rows, and where those after them begin.
    async fn page(
        &self,
        at: RewrapCursor,
    ) -> Result<(Vec<(RowKey, StoredRow)>, Option<RewrapCursor>), VaultError> {
        let rows = self.store().scan(at.table, at.after, MAX_ROWS).await?;
        let next = match rows.last() {
            Some((last, _)) if rows.len() >= MAX_ROWS => Some(RewrapCursor {
                after: Some(*last),
                ..at
            }),
            _ => RewrapCursor::of_table_after(at.table),
        };
        Ok((rows, next))
    }
}

/// The number of the table, a dot, and the key in hexadecimal digits: for a request that goes on.
impl fmt::Display for RewrapCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.after.map(|key| lunadefend_crypto::hex(key.as_bytes()));
        write!(f, "{}.{}", self.table.code(), key.unwrap_or_default())
    }
}

impl std::str::FromStr for RewrapCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (table, key) = text.split_once('.').ok_or(InvalidCursor)?;
        let table = table.parse().ok().and_then(Table::from_code);
        let table = table.filter(|table| table.is_sealed());
        let after = match key {
            "" => None,
            key => {
                let bytes = lunadefend_crypto::hex_decode(key).ok_or(InvalidCursor)?;
                Some(RowKey::new(bytes.try_into().map_err(|_| InvalidCursor)?))
            }
        };
        Ok(Self {
            table: table.ok_or(InvalidCursor)?,
            after,
        })
    }
}

/// The text is not that of a [`RewrapCursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not where a walk over the rows can go on: begin anew")]
pub struct InvalidCursor;
