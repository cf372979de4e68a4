//! Signed URLs: what the last segment of an upload or download URL says.

use super::{InvalidUrl, Vault, VaultError, fields::Fields, ring::Ring, row_keys::Purpose};
use lunadefend_crypto::{base64url, base64url_decode, random_bytes};
use std::fmt;

const VERSION: u8 = 1;
/// Version, method, identifier, expiry, length limit, tag; in base64url 88 characters.
const LEN: usize = 1 + 1 + 16 + 8 + 8 + 32;

/// What stands for an upload or a download in a URL: 16 random bytes. `Debug` prints none of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UrlId([u8; 16]);

impl UrlId {
    pub(super) fn generate() -> Result<Self, VaultError> {
        Ok(Self(random_bytes()?))
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for UrlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UrlId(..)")
    }
}

/// What a signed URL can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UrlMethod {
    /// To upload, once.
    Put,
    /// To download: `GET` and `HEAD`.
    Get,
}

impl UrlMethod {
    const fn code(self) -> u8 {
        match self {
            Self::Put => 1,
            Self::Get => 2,
        }
    }
}

/// What a signed URL permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrlGrant {
    /// What for.
    pub method: UrlMethod,
    /// The upload or the download.
    pub id: UrlId,
    /// From when on it is refused.
    pub expires_at: u64,
    /// How many bytes an upload may have; 0 for a download.
    pub max_length: u64,
}

impl UrlGrant {
    /// Permits an upload of at most `max_length` bytes.
    #[must_use]
    pub const fn upload(upload: super::UploadId, expires_at: u64, max_length: u64) -> Self {
        Self {
            method: UrlMethod::Put,
            id: upload.url_id(),
            expires_at,
            max_length,
        }
    }

    /// Permits a download.
    #[must_use]
    pub const fn download(download: super::DownloadId, expires_at: u64) -> Self {
        Self {
            method: UrlMethod::Get,
            id: download.url_id(),
            expires_at,
            max_length: 0,
        }
    }
}

impl Vault {
    /// The text of a permission for a path segment of a URL: base64url, 88 characters. There is no
    /// token in it.
    ///
    /// # Security
    /// Whoever has the text can use it: it belongs into no log.
    #[must_use]
    pub fn sign_url(&self, grant: &UrlGrant) -> String {
        let mut text = Vec::with_capacity(LEN);
        text.push(VERSION);
        text.push(grant.method.code());
        text.extend_from_slice(grant.id.as_bytes());
        text.extend_from_slice(&grant.expires_at.to_be_bytes());
        text.extend_from_slice(&grant.max_length.to_be_bytes());
        text.extend_from_slice(&tag(&self.ring(), grant));
        base64url(&text)
    }

    /// What a text of [`sign_url`](Self::sign_url) permits, when it was signed for this method and
    /// has not expired.
    ///
    /// # Errors
    /// [`InvalidUrl`] for everything else.
    pub fn verify_url(&self, method: UrlMethod, text: &str) -> Result<UrlGrant, InvalidUrl> {
        let bytes = base64url_decode(text)
            .filter(|bytes| bytes.len() == LEN)
            .ok_or(InvalidUrl)?;
        let mut fields = Fields::of(&bytes);
        let (grant, signature) = read(&mut fields, method).map_err(|_| InvalidUrl)?;
        let right = lunadefend_crypto::constant_time_eq(&tag(&self.ring(), &grant), &signature);
        if right && self.now() < grant.expires_at {
            Ok(grant)
        } else {
            Err(InvalidUrl)
        }
    }
}

fn read(fields: &mut Fields<'_>, method: UrlMethod) -> Result<(UrlGrant, [u8; 32]), VaultError> {
    if fields.take()? != [VERSION, method.code()] {
        return Err(VaultError::Corrupt);
    }
    let grant = UrlGrant {
        method,
        id: UrlId(fields.take()?),
        expires_at: fields.u64()?,
        max_length: fields.u64()?,
    };
    Ok((grant, fields.take()?))
}

fn tag(ring: &Ring, grant: &UrlGrant) -> [u8; 32] {
    ring.url().tag(&[
        Purpose::Url.label(),
        &[VERSION],
        &[grant.method.code()],
        grant.id.as_bytes(),
        &grant.expires_at.to_be_bytes(),
        &grant.max_length.to_be_bytes(),
    ])
}
