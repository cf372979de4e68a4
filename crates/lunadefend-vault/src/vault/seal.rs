//! Sealed rows, and the tags of grants.

use super::{
    VaultError,
    fields::Fields,
    ring::Ring,
    row_keys::{Place, Purpose},
};
use crate::store::Row;
use lunadefend_crypto::{AeadKey, hkdf_sha256, length_prefixed, random_bytes};
use zeroize::Zeroizing;

/// What every sealed row is bound to, beside its place, its expiry and its key version.
const CONTEXT: &[u8] = b"lunadefend-row-1";
const FORMAT: u8 = 1;

impl Ring {
    /// Seals a row: format, key version, 16 random bytes, nonce, ciphertext.
    ///
    /// The key is derived from the wrapping key and the random bytes for this row alone. The
    /// authenticated data names the place, the key version and the expiry: a row that was moved,
    /// or given a longer life, does not open.
    pub(super) fn seal_row(
        &self,
        place: &Place,
        expires_at: Option<u64>,
        content: &[u8],
    ) -> Result<Row, VaultError> {
        let version = self.current_version();
        let (salt, nonce) = (random_bytes::<16>()?, random_bytes::<12>()?);
        let mut sealed = Vec::with_capacity(content.len() + AeadKey::TAG_LEN);
        sealed.extend_from_slice(content);
        self.row_key_for(place.purpose, version, &salt)?.seal(
            nonce,
            &aad(place, version, expires_at),
            &mut sealed,
        )?;
        let value = [
            &[FORMAT],
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

    /// Opens a row that was sealed for this place.
    pub(super) fn open_row(
        &self,
        place: &Place,
        row: &Row,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let mut fields = Fields::of(&row.value);
        if fields.u8()? != FORMAT {
            return Err(VaultError::Corrupt);
        }
        let version = fields.u32()?;
        let (salt, nonce) = (fields.take::<16>()?, fields.take()?);
        self.row_key_for(place.purpose, version, &salt)?
            .open(
                nonce,
                &aad(place, version, row.expires_at),
                fields.rest().to_vec(),
            )
            .map_err(|_| VaultError::Corrupt)
    }

    fn row_key_for(
        &self,
        purpose: Purpose,
        version: u32,
        salt: &[u8; 16],
    ) -> Result<AeadKey, VaultError> {
        let wrapping = self.wrapping(version)?;
        let key = hkdf_sha256(wrapping, salt, &[CONTEXT, purpose.label()]);
        Ok(AeadKey::new(&key))
    }

    /// The row of a grant: there is nothing to hide but the expiry, which is in the row anyway, so
    /// a tag over it does.
    pub(super) fn grant_row(&self, place: &Place, expires_at: u64) -> Row {
        let tag = self.grant_tag(place, expires_at);
        Row::until(expires_at, tag.to_vec().into())
    }

    /// The expiry that the row of a grant was written with.
    pub(super) fn grant_row_expiry(&self, place: &Place, row: &Row) -> Result<u64, VaultError> {
        let expires_at = row.expires_at.ok_or(VaultError::Corrupt)?;
        if lunadefend_crypto::constant_time_eq(&self.grant_tag(place, expires_at), &row.value) {
            Ok(expires_at)
        } else {
            Err(VaultError::Corrupt)
        }
    }

    fn grant_tag(&self, place: &Place, expires_at: u64) -> [u8; 32] {
        self.lookup().tag(&[
            Purpose::GrantExpiry.label(),
            place.key.as_bytes(),
            &expires_at.to_be_bytes(),
        ])
    }
}

fn aad(place: &Place, version: u32, expires_at: Option<u64>) -> Vec<u8> {
    let expires_at = expires_at.map(u64::to_be_bytes);
    length_prefixed([
        CONTEXT,
        place.purpose.label(),
        place.key.as_bytes(),
        &version.to_be_bytes(),
        // Lasting rows have an empty part: no expiry is eight bytes shorter than any.
        expires_at.as_ref().map_or(&[], <[u8; 8]>::as_slice),
    ])
}
