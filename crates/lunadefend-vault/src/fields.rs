//! Fixed layouts of stored rows.

use crate::{
    VaultError,
    store::{RowAddress, RowKey, Table},
};
use lunadefend_core::provider::UnixMillis;

/// Reads fields from the front.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N], VaultError> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(VaultError::Corrupt)?;
        self.0 = rest;
        Ok(*field)
    }

    /// Takes so many bytes.
    pub(crate) fn take_some(&mut self, length: usize) -> Result<&'a [u8], VaultError> {
        let (field, rest) = self.0.split_at_checked(length).ok_or(VaultError::Corrupt)?;
        self.0 = rest;
        Ok(field)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, VaultError> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, VaultError> {
        self.take().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, VaultError> {
        self.take().map(u64::from_be_bytes)
    }

    pub(crate) fn time(&mut self) -> Result<UnixMillis, VaultError> {
        self.u64().map(UnixMillis::new)
    }

    /// Reads the key of a row and returns its address in that table.
    pub(crate) fn address(&mut self, table: Table) -> Result<RowAddress, VaultError> {
        let key = RowKey::new(self.take()?);
        Ok(RowAddress { table, key })
    }

    /// Reads an address that may be missing, at the end.
    pub(crate) fn optional_address(
        &mut self,
        table: Table,
    ) -> Result<Option<RowAddress>, VaultError> {
        if self.0.is_empty() {
            Ok(None)
        } else {
            self.address(table).map(Some)
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the rest.
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Takes the rest.
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(crate) const fn end(self) -> Result<(), VaultError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(VaultError::Corrupt)
        }
    }
}
