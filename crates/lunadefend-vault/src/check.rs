//! Looks at every row and every part of a store.

use crate::{
    MasterKeys, VaultError,
    keys::OpenRing,
    ring::Ring,
    rows::{
        blob, grant, marks,
        quota::QuotaRow,
        reads::ReadsRow,
        replay::ReplayRow,
        session::SessionRow,
        token::TokenRow,
        upkeep,
        upload::{UploadRow, UploadState},
        value::{BlobValue, ValueRow},
    },
    store::{BlobId, MAX_ROWS, Row, RowAddress, RowKey, Store, Table, copy_mark},
    vault::stored_ring,
};
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::hex;
use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

/// What is in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// The rows of each table.
    pub rows: BTreeMap<Table, u64>,
    /// The values that are no rows.
    pub long_values: u64,
    /// Their parts.
    pub parts: u64,
    /// What interrupted uploads have left, and a tokenizer deletes by itself.
    pub left_over: u64,
    /// The number of findings.
    pub findings: u64,
}

/// Something that is not as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The kind of the row.
    pub table: Table,
    /// The key of the row.
    pub key: RowKey,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It does not open, or is not in the form in which such rows are written.
    Damaged,
    /// It has a form that only a newer version can read.
    TooNew,
    /// It needs a version of the wrapping key that is not there.
    KeyMissing(u32),
    /// The value has no row that keeps its parts from being deleted.
    NoBlobRow,
    /// A part of the value is missing, does not open, or has another length.
    DamagedPart(u32),
    /// The value has more parts than it should.
    SurplusPart,
    /// It keeps parts of a value that is not there.
    NoValue,
}

/// The key is a keyed hash: it names the row and reveals nothing.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = hex(self.key.as_bytes());
        write!(
            f,
            "{} {}: ",
            self.table.name(),
            key.get(..16).unwrap_or(&key)
        )?;
        match self.problem {
            Problem::Damaged => f.write_str("damaged"),
            Problem::TooNew => f.write_str("written by a newer version"),
            Problem::KeyMissing(version) => {
                write!(f, "needs version {version} of the wrapping key")
            }
            Problem::NoBlobRow => f.write_str("no row keeps the parts of the value"),
            Problem::DamagedPart(part) => write!(f, "part {part} is missing or damaged"),
            Problem::SurplusPart => f.write_str("the value has surplus parts"),
            Problem::NoValue => f.write_str("it keeps a value that is not there"),
        }
    }
}

/// Reads every row and every part of a store that no tokenizer uses. `report` hears each finding.
///
/// It remembers 32 bytes for each long value.
///
/// # Errors
/// A [`VaultError`] when the store cannot be read, or its key ring does not open.
pub async fn check(
    store: &dyn Store,
    masters: &MasterKeys,
    report: impl FnMut(Finding),
) -> Result<Checked, VaultError> {
    let mut marks = store.get_many(&[copy_mark()]).await?;
    if marks.pop().flatten().is_some() {
        return Err(VaultError::UnfinishedCopy);
    }
    let held = stored_ring(store).await?.ok_or(VaultError::Corrupt)?;
    let ring = OpenRing::read(&held, masters, UnixMillis::new(0))?.keys;
    let mut look = Look {
        store,
        ring: &ring,
        report,
        checked: Checked::default(),
        blobs: HashSet::new(),
    };
    for table in Table::ALL {
        look.table(table).await?;
    }
    look.left_over().await?;
    Ok(look.checked)
}

struct Look<'a, R> {
    store: &'a dyn Store,
    ring: &'a Ring,
    report: R,
    checked: Checked,
    /// The blobs of values and of running uploads.
    blobs: HashSet<BlobId>,
}

/// What a row says of a blob.
enum About {
    Nothing,
    Value(BlobValue),
    Upload(BlobId),
}

impl<R: FnMut(Finding)> Look<'_, R> {
    async fn table(&mut self, table: Table) -> Result<(), VaultError> {
        let mut after = None;
        loop {
            let rows = self.store.scan(table, after, MAX_ROWS).await?;
            let Some((last, _)) = rows.last() else {
                return Ok(());
            };
            after = Some(*last);
            *self.checked.rows.entry(table).or_default() += rows.len() as u64;
            for (key, held) in rows {
                let at = RowAddress { table, key };
                match self.read(&at, &held.row) {
                    Ok(About::Nothing) => {}
                    Ok(About::Value(value)) => self.value(&at, &value).await?,
                    Ok(About::Upload(blob)) => {
                        self.blobs.insert(blob);
                    }
                    Err(VaultError::TooNew) => self.find(at, Problem::TooNew),
                    Err(VaultError::UnknownKeyVersion(version)) => {
                        self.find(at, Problem::KeyMissing(version));
                    }
                    Err(_) => self.find(at, Problem::Damaged),
                }
            }
        }
    }

    /// Opens a row as what it should be.
    fn read(&self, at: &RowAddress, row: &Row) -> Result<About, VaultError> {
        let ring = self.ring;
        let is_form = |form: &[u8]| match row.value == form {
            true => Ok(()),
            false => Err(VaultError::Corrupt),
        };
        match at.table {
            // Its only row was opened already.
            Table::KeyRing if *at == Ring::own_address() => {}
            Table::KeyRing => return Err(VaultError::Corrupt),
            Table::Grant => drop(grant::expiry(ring, at, row)?),
            Table::UsedState | Table::UsedJwt | Table::EndedSession => is_form(marks::FORM)?,
            Table::Session => drop(ring.open_row::<SessionRow>(at, row)?),
            Table::Token => {
                if let TokenRow::Made(made) = ring.open_row(at, row)? {
                    made.metadata.map(|metadata| metadata.parse()).transpose()?;
                }
            }
            Table::Quota => drop(ring.open_row::<QuotaRow>(at, row)?),
            Table::Reads => drop(ring.open_row::<ReadsRow>(at, row)?),
            Table::Replay => drop(ring.open_row::<ReplayRow>(at, row)?),
            // No version reads them any more.
            Table::Download => drop(ring.open_bytes(at, row)?),
            Table::Blob => is_form(blob::FORM)?,
            Table::Upkeep if *at == upkeep::restored() => drop(upkeep::read_restored(row)?),
            Table::Upkeep => is_form(upkeep::FORM)?,
            Table::Upload => {
                if let UploadState::Leased { blob, .. } = ring.open_row::<UploadRow>(at, row)?.state
                {
                    return Ok(About::Upload(blob));
                }
            }
            Table::Value => {
                if let ValueRow::Blob(value) = ring.open_row(at, row)? {
                    return Ok(About::Value(value));
                }
            }
        }
        Ok(About::Nothing)
    }

    /// Opens every part of a value.
    async fn value(&mut self, at: &RowAddress, value: &BlobValue) -> Result<(), VaultError> {
        self.checked.long_values += 1;
        self.blobs.insert(value.blob);
        let mut rows = self.store.get_many(&[blob::address(value.blob)]).await?;
        if rows.pop().flatten().is_none() {
            self.find(*at, Problem::NoBlobRow);
        }
        let cipher = value.cipher(at);
        for part in 0..value.chunks {
            let sealed = self.store.read(value.blob(), part).await?;
            let last = part + 1 == value.chunks;
            let opened = sealed.and_then(|sealed| cipher.open(part, last, sealed).ok());
            let length = opened.map(|chunk| chunk.as_ref().len() as u64);
            if length.is_none() || length != value.length_of(part) {
                self.find(*at, Problem::DamagedPart(part));
                return Ok(());
            }
            self.checked.parts += 1;
        }
        if self.store.read(value.blob(), value.chunks).await?.is_some() {
            self.find(*at, Problem::SurplusPart);
        }
        Ok(())
    }

    /// Looks for parts that no row keeps, and for rows that keep nothing.
    async fn left_over(&mut self) -> Result<(), VaultError> {
        let mut after = None;
        loop {
            let rows = self.store.scan(Table::Blob, after, MAX_ROWS).await?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            after = Some(*last);
            for (key, held) in rows {
                if self.blobs.contains(&BlobId::new(*key.as_bytes())) {
                    continue;
                }
                match held.row.expires_at {
                    // An upload that was broken off.
                    Some(_) => self.checked.left_over += 1,
                    None => {
                        let table = Table::Blob;
                        self.find(RowAddress { table, key }, Problem::NoValue);
                    }
                }
            }
        }
        let mut after = None;
        loop {
            let listed = self.store.list(after, MAX_ROWS).await?;
            let at: Vec<_> = listed.iter().map(|id| blob::address(*id)).collect();
            let rows = self.store.get_many(&at).await?;
            self.checked.left_over += rows.iter().filter(|row| row.is_none()).count() as u64;
            match listed.last() {
                Some(last) => after = Some(*last),
                None => return Ok(()),
            }
        }
    }

    fn find(&mut self, at: RowAddress, problem: Problem) {
        self.checked.findings += 1;
        (self.report)(Finding {
            table: at.table,
            key: at.key,
            problem,
        });
    }
}
