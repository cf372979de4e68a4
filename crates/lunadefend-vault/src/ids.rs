//! The identifiers of uploads and downloads in URLs.

use crate::VaultError;
use lunadefend_crypto::random_bytes;
use std::fmt;

/// The identifier of an upload or a download in a URL: 16 random bytes. `Debug` prints none of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UrlId([u8; 16]);

impl UrlId {
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

impl fmt::Debug for UrlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UrlId(..)")
    }
}

/// Names the upload of one token; random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UploadId(UrlId);

impl UploadId {
    pub(crate) const fn url_id(self) -> UrlId {
        self.0
    }
}

impl From<UrlId> for UploadId {
    fn from(id: UrlId) -> Self {
        Self(id)
    }
}

impl From<UploadId> for UrlId {
    fn from(id: UploadId) -> Self {
        id.0
    }
}

/// Names a permission to download one value; random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DownloadId(UrlId);

impl DownloadId {
    pub(crate) const fn url_id(self) -> UrlId {
        self.0
    }
}

impl From<UrlId> for DownloadId {
    fn from(id: UrlId) -> Self {
        Self(id)
    }
}

impl From<DownloadId> for UrlId {
    fn from(id: DownloadId) -> Self {
        id.0
    }
}
