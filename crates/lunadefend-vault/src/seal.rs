//! Sealed rows.

use crate::{
    VaultError,
    fields::Fields,
    form::{self, Form},
    purpose::Purpose,
    ring::Ring,
    store::{Row, RowAddress, Table},
};
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::{AeadKey, hkdf_sha256, length_prefixed, random_bytes};
use zeroize::Zeroizing;

/// The context that every sealed row is bound to, beside its address, its expiry and its key version.
const CONTEXT: &[u8] = b"lunadefend-row-1";
/// The number of the sealing method. A new method gets the next number, and this one stays readable.
const SEALED: u8 = 1;

impl Ring {
    /// Seals the content of a row in its newest form.
    pub(crate) fn seal_row<F: Form>(
        &self,
        at: &RowAddress,
        expires_at: Option<UnixMillis>,
        content: &F,
    ) -> Result<Row, VaultError> {
        self.seal_bytes(at, expires_at, &form::write(content))
    }

    /// Opens a row that was sealed for this address, in any form that a version of the vault has written.
    pub(crate) fn open_row<F: Form>(&self, at: &RowAddress, row: &Row) -> Result<F, VaultError> {
        form::read(&self.open_bytes(at, row)?)
    }

    /// Seals a row: number of the method, key version, 16 random bytes, nonce, ciphertext.
    ///
    /// The key is derived from the wrapping key and the random bytes for this row alone. The authenticated
    /// data names the address, the key version and the expiry: a row that was moved, or given a later expiry,
    /// does not open.
    pub(crate) fn seal_bytes(
        &self,
        at: &RowAddress,
        expires_at: Option<UnixMillis>,
        content: &[u8],
    ) -> Result<Row, VaultError> {
        let version = self.current_version();
        let (salt, nonce) = (random_bytes::<16>()?, random_bytes::<12>()?);
        let mut sealed = Vec::with_capacity(content.len() + AeadKey::TAG_LEN);
        sealed.extend_from_slice(content);
        self.row_key_for(at.table, version, &salt)?.seal(
            nonce,
            &aad(at, version, expires_at),
            &mut sealed,
        )?;
        let value = [
            &[SEALED],
            version.to_be_bytes().as_slice(),
            &salt,
            &nonce,
            &sealed,
        ]
        .concat();
        Ok(Row {
            value: value.into(),
            expires_at,
        })
    }

    pub(crate) fn open_bytes(
        &self,
        at: &RowAddress,
        row: &Row,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let mut fields = Fields::of(&row.value);
        match fields.u8()? {
            0 => return Err(VaultError::Corrupt),
            SEALED => {}
            _ => return Err(VaultError::TooNew),
        }
        let version = fields.u32()?;
        let (salt, nonce) = (fields.take::<16>()?, fields.take()?);
        self.row_key_for(at.table, version, &salt)?
            .open(
                nonce,
                &aad(at, version, row.expires_at),
                fields.rest().to_vec(),
            )
            .map_err(|_| VaultError::Corrupt)
    }

    /// Returns the version of the wrapping key that a row is sealed under.
    pub(crate) fn version_of(row: &Row) -> Result<u32, VaultError> {
        let mut fields = Fields::of(&row.value);
        match fields.u8()? {
            SEALED => fields.u32(),
            0 => Err(VaultError::Corrupt),
            _ => Err(VaultError::TooNew),
        }
    }

    fn row_key_for(
        &self,
        table: Table,
        version: u32,
        salt: &[u8; 16],
    ) -> Result<AeadKey, VaultError> {
        let wrapping = self.wrapping(version)?;
        let key = hkdf_sha256(wrapping, salt, &[CONTEXT, Purpose::Row(table).label()]);
        Ok(AeadKey::new(&key))
    }
}

fn aad(at: &RowAddress, version: u32, expires_at: Option<UnixMillis>) -> Vec<u8> {
    let expires_at = expires_at.map(|at| at.get().to_be_bytes());
    length_prefixed([
        CONTEXT,
        Purpose::Row(at.table).label(),
        at.key.as_bytes(),
        &version.to_be_bytes(),
        // Lasting rows have an empty part: no expiry is eight bytes shorter than any.
        expires_at.as_ref().map_or(&[], <[u8; 8]>::as_slice),
    ])
}
