//! The row of a request that may be repeated: which token it made, and what it asked for.

use crate::{
    UploadId, VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    purpose::Purpose,
    ring::Ring,
    store::{RowAddress, Table},
};
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
    wire::IdempotencyKey,
};

/// The key is one of the session, or of the application itself. All applications of a tokenizer have one issuer.
pub(crate) fn address(ring: &Ring, session: Option<&SessionId>, key: IdempotencyKey) -> RowAddress {
    // No session id is empty.
    let session = session.map_or("", SessionId::expose_id);
    ring.address(Table::Replay, &[session.as_bytes(), key.as_bytes()])
}

/// Returns what is remembered of a body: a tag under a key of the ring.
pub(crate) fn body_tag(ring: &Ring, body: &[u8]) -> [u8; 32] {
    ring.lookup().tag(&[Purpose::RequestBody.label(), body])
}

pub(crate) struct ReplayRow {
    pub(crate) body: [u8; 32],
    pub(crate) token: TokenId,
    /// The upload that gives the token its value, and the expiry of its URL; missing when the value came with
    /// the request.
    pub(crate) upload: Option<(UploadId, UnixMillis)>,
}

impl Form for ReplayRow {
    type Older = NoOlder;

    const VERSION: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        let token = self.token.expose_id().as_bytes();
        out.extend_from_slice(&self.body);
        match self.upload {
            None => out.push(0),
            Some((upload, expires_at)) => {
                out.push(1);
                out.extend_from_slice(upload.as_bytes());
                out.extend_from_slice(&expires_at.get().to_be_bytes());
            }
        }
        out.extend_from_slice(token);
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        let body = fields.take()?;
        let upload = match fields.u8()? {
            0 => None,
            1 => Some((UploadId::new(fields.take()?), fields.time()?)),
            _ => return Err(VaultError::Corrupt),
        };
        let token = std::str::from_utf8(fields.take_rest()).map_err(|_| VaultError::Corrupt)?;
        Ok(Self {
            body,
            token: TokenId::parse(token).map_err(|_| VaultError::Corrupt)?,
            upload,
        })
    }

    fn upgrade(older: NoOlder) -> Self {
        match older {}
    }
}
