//! Signed URLs: the last segment of an upload or download URL.

use crate::{
    DownloadId, InvalidUrl, UploadId, UrlId, Vault, VaultError, fields::Fields, purpose::Purpose,
    ring::Ring,
};
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::{base64url, base64url_decode};

const VERSION: u8 = 1;
/// Version, method, identifier, expiry, length limit, tag; in base64url 88 characters.
const LEN: usize = 1 + 1 + 16 + 8 + 8 + 32;

/// The use of a signed URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UrlMethod {
    /// Upload, once.
    Put,
    /// Download: `GET` and `HEAD`.
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

/// The permission in a signed URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedUrl {
    /// The permitted use.
    pub method: UrlMethod,
    /// The upload or the download.
    pub id: UrlId,
    /// The expiry: from then on the URL is refused.
    pub expires_at: UnixMillis,
    /// The maximum of bytes in an upload; 0 for a download.
    pub max_length: u64,
}

impl SignedUrl {
    /// Permits an upload of at most `max_length` bytes.
    #[must_use]
    pub const fn upload(upload: UploadId, expires_at: UnixMillis, max_length: u64) -> Self {
        Self {
            method: UrlMethod::Put,
            id: upload.url_id(),
            expires_at,
            max_length,
        }
    }

    /// Permits a download.
    #[must_use]
    pub const fn download(download: DownloadId, expires_at: UnixMillis) -> Self {
        Self {
            method: UrlMethod::Get,
            id: download.url_id(),
            expires_at,
            max_length: 0,
        }
    }
}

impl Vault {
    /// Returns the permission as a path segment of a URL: base64url, 88 characters. It contains no token.
    ///
    /// # Security
    /// Anyone who has the text can use it: log it nowhere.
    #[must_use]
    pub fn sign_url(&self, url: &SignedUrl) -> String {
        let mut text = Vec::with_capacity(LEN);
        text.push(VERSION);
        text.push(url.method.code());
        text.extend_from_slice(url.id.as_bytes());
        text.extend_from_slice(&url.expires_at.get().to_be_bytes());
        text.extend_from_slice(&url.max_length.to_be_bytes());
        text.extend_from_slice(&tag(&self.ring(), url));
        base64url(&text)
    }

    /// Verifies a text of [`sign_url`](Self::sign_url): it must be signed for this method and not be expired.
    ///
    /// # Errors
    /// [`InvalidUrl`] for everything else.
    pub fn verify_url(&self, method: UrlMethod, text: &str) -> Result<SignedUrl, InvalidUrl> {
        let bytes = base64url_decode(text)
            .filter(|bytes| bytes.len() == LEN)
            .ok_or(InvalidUrl)?;
        let mut fields = Fields::of(&bytes);
        let (url, signature) = read(&mut fields, method).map_err(|_| InvalidUrl)?;
        let right = lunadefend_crypto::constant_time_eq(&tag(&self.ring(), &url), &signature);
        if right && self.now() < url.expires_at {
            Ok(url)
        } else {
            Err(InvalidUrl)
        }
    }
}

fn read(fields: &mut Fields<'_>, method: UrlMethod) -> Result<(SignedUrl, [u8; 32]), VaultError> {
    if fields.take()? != [VERSION, method.code()] {
        return Err(VaultError::Corrupt);
    }
    let url = SignedUrl {
        method,
        id: UrlId::new(fields.take()?),
        expires_at: fields.time()?,
        max_length: fields.u64()?,
    };
    Ok((url, fields.take()?))
}

fn tag(ring: &Ring, url: &SignedUrl) -> [u8; 32] {
    ring.url().tag(&[
        Purpose::Url.label(),
        &[VERSION],
        &[url.method.code()],
        url.id.as_bytes(),
        &url.expires_at.get().to_be_bytes(),
        &url.max_length.to_be_bytes(),
    ])
}
