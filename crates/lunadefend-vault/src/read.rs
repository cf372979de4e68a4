//! Reading values with the request itself: many at once, and counted where their reads are limited.

use crate::{
    Download, DownloadTicket, Vault, VaultError,
    quota::TRIES,
    row_map::AddressSet,
    rows::{
        blob, grant, marks,
        reads::{self, REPEATABLE, ReadsRow},
        token::{self, Epoch, MadeToken},
        value::{self, ValueRow},
    },
    store::{RowAddress, StoredRow, Write},
    vault::{insert, replace},
};
use lunadefend_core::{
    SessionId,
    provider::{SecretValue, TokenId, UnixMillis},
    wire::{InlineValue, MAX_INLINE, ReadId, Reads},
};
use lunadefend_crypto::random_bytes;
use std::time::Duration;
use zeroize::Zeroizing;

/// For how long a value stays after its last read, when it lies in a row: the read may be repeated.
const SMALL_STAYS: Duration = Duration::from_secs(2 * REPEATABLE.as_secs());
/// The same for a larger value, whose download may take long.
const LARGE_STAYS: Duration = Duration::from_secs(24 * 60 * 60);
/// The count of the reads outlives the value.
const COUNT_STAYS: Duration = Duration::from_secs(60 * 60);

/// What a session gets of one token.
#[derive(Clone, Debug)]
pub enum Found {
    /// The value.
    Value {
        /// The value.
        value: InlineValue,
        /// The expiry of the session's grant, or that of the value when it is earlier.
        granted_until: UnixMillis,
    },
    /// The permission to download the value, which is too long.
    Download {
        /// The permission.
        ticket: DownloadTicket,
        /// The expiry of the session's grant, or that of the value when it is earlier.
        granted_until: UnixMillis,
    },
    /// Nothing: the session holds no live grant, there is no value, or it may not be read again.
    Refused,
}

/// A value that the session may read, with the rows that say so.
struct Permitted {
    made: MadeToken,
    value_at: RowAddress,
    value: StoredRow,
    granted_until: UnixMillis,
}

impl Vault {
    /// Returns the values of tokens for a session, in the order of the request. Values beyond `room` bytes
    /// together, and those longer than [`MAX_INLINE`], come as permissions to download them.
    ///
    /// It writes nothing, except for values whose reads are counted: of these, repetitions with the same `read`
    /// within a minute count once.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when a row was changed or moved.
    pub async fn read_values(
        &self,
        session: &SessionId,
        tokens: &[TokenId],
        read: ReadId,
        mut room: usize,
    ) -> Result<Vec<Found>, VaultError> {
        let permitted = self.permitted(session, tokens).await?;
        let mut found = Vec::with_capacity(tokens.len());
        for (token, permitted) in tokens.iter().zip(permitted) {
            found.push(match permitted {
                Some(permitted) => {
                    self.read_value(session, token, read, permitted, &mut room)
                        .await?
                }
                None => Found::Refused,
            });
        }
        Ok(found)
    }

    /// Finds the values that the session may read; `None` for each other token.
    async fn permitted(
        &self,
        session: &SessionId,
        tokens: &[TokenId],
    ) -> Result<Vec<Option<Permitted>>, VaultError> {
        let ring = self.ring();
        let ended = marks::ended_session(&ring, session);
        let places = tokens.iter().map(|id| {
            let grant = grant::address(&ring, session, id, Epoch::FIRST);
            [token::address(&ring, id), value::address(&ring, id), grant]
        });
        let places: Vec<_> = places.collect();
        // Most tokens are in their first epoch: then this is all.
        let all = places.iter().flatten().copied().chain([ended]);
        let mut rows = self.rows_at(all.collect()).await?;
        let now = self.now();
        let mut candidates = Vec::with_capacity(tokens.len());
        let mut later = AddressSet::default();
        for (id, [token_at, value_at, first]) in tokens.iter().zip(places) {
            let made = self.token_row(&token_at, rows.get(&token_at))?.made(now);
            let value = rows.get(&value_at).filter(|held| held.row.is_live(now));
            candidates.push(made.zip(value.cloned()).map(|(made, value)| {
                if made.epoch == Epoch::FIRST {
                    return (made, value_at, value, first);
                }
                let grant = grant::address(&ring, session, id, made.epoch);
                later.extend([grant, ended]);
                (made, value_at, value, grant)
            }));
        }
        if !later.is_empty() {
            rows.extend(self.rows_at(later).await?);
        }
        let permitted = candidates.into_iter().map(|candidate| {
            let Some((made, value_at, value, grant)) = candidate else {
                return Ok(None);
            };
            let (held, ended) = (rows.get(&grant), rows.get(&ended));
            let granted_until = grant::live_until(&ring, &grant, held, ended, now)?;
            Ok(granted_until.map(|granted_until| Permitted {
                value_at,
                value,
                // Who shows it hides it at the first of its ends.
                granted_until: made
                    .expires_at
                    .map_or(granted_until, |at| at.min(granted_until)),
                made,
            }))
        });
        permitted.collect()
    }

    async fn read_value(
        &self,
        session: &SessionId,
        token: &TokenId,
        read: ReadId,
        permitted: Permitted,
        room: &mut usize,
    ) -> Result<Found, VaultError> {
        let ring = self.ring();
        let Permitted {
            made,
            value_at,
            value,
            granted_until,
        } = permitted;
        if let Some(reads) = made.reads
            && (self.counts_as_read(&made) || !self.count_read(session, token, reads, read).await?)
        {
            return Ok(Found::Refused);
        }
        let row: ValueRow = ring.open_row(&value_at, &value.row)?;
        let length = usize::try_from(row.length()).unwrap_or(usize::MAX);
        if length > MAX_INLINE || length > *room {
            let expires_at = (self.now() + Self::DOWNLOAD_LIFETIME).min(granted_until);
            let ticket = DownloadTicket::new(&ring, session, token, made.epoch, expires_at);
            return Ok(Found::Download {
                ticket,
                granted_until,
            });
        }
        *room -= length;
        let mut download = Download::new(self, value_at, row, self.now());
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        loop {
            match download.next_chunk().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                // Since its row was read.
                Err(VaultError::Deleted) => return Ok(Found::Refused),
                Err(error) => return Err(error),
            }
        }
        let value = InlineValue::new(SecretValue::new(std::mem::take(&mut *bytes)));
        Ok(Found::Value {
            value: value.ok_or(VaultError::Corrupt)?,
            granted_until,
        })
    }

    /// Returns whether a value whose reads are counted was restored: nobody knows how often it was read after the backup.
    pub(crate) fn counts_as_read(&self, made: &MadeToken) -> bool {
        self.restored_at().is_some_and(|restored_at| {
            made.created_at
                .is_none_or(|created_at| created_at <= restored_at)
        })
    }

    /// Counts a read by nobody who could repeat it.
    pub(crate) async fn count_new_read(
        &self,
        session: &SessionId,
        token: &TokenId,
        reads: Reads,
    ) -> Result<bool, VaultError> {
        let read = ReadId::new(random_bytes()?);
        self.count_read(session, token, reads, read).await
    }

    /// Counts a read, and returns whether it is permitted. With the last one the value gets an end.
    ///
    /// # Security
    /// The row changes only as it was read, so of reads that race no more are permitted than are left.
    async fn count_read(
        &self,
        session: &SessionId,
        token: &TokenId,
        reads: Reads,
        read: ReadId,
    ) -> Result<bool, VaultError> {
        let ring = self.ring();
        let at = reads::address(&ring, token);
        let value_at = value::address(&ring, token);
        let tag = reads::tag(&ring, session, read);
        for _ in 0..TRIES {
            let [held, value] = self.rows([at, value_at]).await?;
            let now = self.now();
            let Some(value) = value.filter(|value| value.row.is_live(now)) else {
                return Ok(false);
            };
            let row = match &held {
                Some(held) => ring.open_row(&at, &held.row)?,
                None => ReadsRow::default(),
            };
            if row.is_repeated(&tag, now) {
                return Ok(true);
            }
            if row.used >= reads.get() {
                return Ok(false);
            }
            let row = row.with(tag, now);
            let (value_expires_at, mut writes) = if row.used == reads.get() {
                self.end_of(value_at, &value, now).await?
            } else {
                (value.row.expires_at, Vec::new())
            };
            let expires_at = value_expires_at.map(|at| at + COUNT_STAYS);
            let row = ring.seal_row(&at, expires_at, &row)?;
            writes.push(match &held {
                Some(held) => replace(at, held.written_by, row),
                None => insert(at, row),
            });
            if self.write(writes).await?.is_some() {
                return Ok(true);
            }
        }
        Err(VaultError::Conflict)
    }

    /// Returns the expiry of a value that is read for the last time, and the writes that set it.
    async fn end_of(
        &self,
        at: RowAddress,
        held: &StoredRow,
        now: UnixMillis,
    ) -> Result<(Option<UnixMillis>, Vec<Write>), VaultError> {
        let ring = self.ring();
        let row: ValueRow = ring.open_row(&at, &held.row)?;
        let stays = match row.blob() {
            None => SMALL_STAYS,
            Some(_) => LARGE_STAYS,
        };
        let end = held
            .row
            .expires_at
            .map_or(now + stays, |at| at.min(now + stays));
        let sealed = ring.seal_row(&at, Some(end), &row)?;
        let mut writes = vec![replace(at, held.written_by, sealed)];
        if let Some(blob) = row.blob() {
            let at = blob::address(blob);
            let [held] = self.rows([at]).await?;
            let held = held.ok_or(VaultError::Corrupt)?;
            writes.push(replace(at, held.written_by, blob::finished(Some(end))));
        }
        Ok((Some(end), writes))
    }
}
