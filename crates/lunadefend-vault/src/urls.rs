//! Signed upload URLs: their last segment.

use crate::{
    InvalidUrl, UploadId, Vault, VaultError, fields::Fields, purpose::Purpose, ring::Ring,
};
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::{base64url, base64url_decode, constant_time_eq};

/// Version and method. A download URL has others: it is [sealed](crate::DownloadTicket).
const UPLOAD: [u8; 2] = [1, 1];
/// Version, method, identifier, expiry, length limit, tag; in base64url 88 characters.
const LEN: usize = 2 + 16 + 8 + 8 + 32;

/// The permission in the URL of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadUrl {
    /// The upload.
    pub upload: UploadId,
    /// The expiry: from then on the URL is refused.
    pub expires_at: UnixMillis,
    /// The maximum of bytes.
    pub max_length: u64,
}

impl Vault {
    /// Returns the permission as a path segment of a URL: base64url, 88 characters. It contains no token.
    ///
    /// # Security
    /// Anyone who has the text can use it: log it nowhere.
    #[must_use]
    pub fn sign_upload(&self, url: &UploadUrl) -> String {
        let mut text = Vec::with_capacity(LEN);
        text.extend_from_slice(&UPLOAD);
        text.extend_from_slice(url.upload.as_bytes());
        text.extend_from_slice(&url.expires_at.get().to_be_bytes());
        text.extend_from_slice(&url.max_length.to_be_bytes());
        text.extend_from_slice(&tag(&self.ring(), url));
        base64url(&text)
    }

    /// Verifies a text of [`sign_upload`](Self::sign_upload): it must not be expired.
    ///
    /// # Errors
    /// [`InvalidUrl`] for everything else.
    pub fn verify_upload(&self, text: &str) -> Result<UploadUrl, InvalidUrl> {
        let bytes = base64url_decode(text)
            .filter(|bytes| bytes.len() == LEN)
            .ok_or(InvalidUrl)?;
        let mut fields = Fields::of(&bytes);
        let (url, signature) = read(&mut fields).map_err(|_| InvalidUrl)?;
        let right = constant_time_eq(&tag(&self.ring(), &url), &signature);
        if right && self.now() < url.expires_at {
            Ok(url)
        } else {
            Err(InvalidUrl)
        }
    }
}

fn read(fields: &mut Fields<'_>) -> Result<(UploadUrl, [u8; 32]), VaultError> {
    if fields.take()? != UPLOAD {
        return Err(VaultError::Corrupt);
    }
    let url = UploadUrl {
        upload: UploadId::new(fields.take()?),
        expires_at: fields.time()?,
        max_length: fields.u64()?,
    };
    Ok((url, fields.take()?))
}

fn tag(ring: &Ring, url: &UploadUrl) -> [u8; 32] {
    let [version, method] = UPLOAD;
    ring.url().tag(&[
        Purpose::Url.label(),
        &[version],
        &[method],
        url.upload.as_bytes(),
        &url.expires_at.get().to_be_bytes(),
        &url.max_length.to_be_bytes(),
    ])
}
