//! The identifiers of uploads in URLs.

use crate::VaultError;
use lunadefend_crypto::random_bytes;
use std::fmt;

/// Names the upload of one token: 16 random bytes. `Debug` prints none of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UploadId([u8; 16]);

impl UploadId {
    pub(crate) fn generate() -> Result<Self, VaultError> {
        Ok(Self(random_bytes()?))
    }

    pub(crate) const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UploadId(..)")
    }
}
