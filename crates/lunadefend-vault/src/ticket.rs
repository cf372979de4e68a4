//! The permission to download a value, sealed into its URL: reading a value writes no row.

use crate::{
    InvalidUrl, Vault, VaultError,
    fields::Fields,
    purpose::Purpose,
    ring::Ring,
    rows::{
        grant, marks,
        token::{self, Epoch},
        value,
    },
    store::{RowAddress, Table},
};
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
};
use lunadefend_crypto::{
    AeadKey, base64url, base64url_decode, hkdf_sha256, length_prefixed, random_bytes,
};
use std::fmt;

/// Version and method. The first version named a row.
const DOWNLOAD: [u8; 2] = [2, 2];
const CONTEXT: &[u8] = b"lunadefend-download-1";

/// The permission to download one value, until its expiry. Each use looks at the grant again.
///
/// It names the rows that decide, by keys that reveal neither token nor session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DownloadTicket {
    pub(crate) token: RowAddress,
    pub(crate) value: RowAddress,
    pub(crate) grant: RowAddress,
    /// The row that marks the session of the grant as ended.
    pub(crate) ended: RowAddress,
    /// The epoch that the grant is of.
    pub(crate) epoch: Epoch,
    pub(crate) expires_at: UnixMillis,
}

impl DownloadTicket {
    pub(crate) fn new(
        ring: &Ring,
        session: &SessionId,
        token: &TokenId,
        epoch: Epoch,
        expires_at: UnixMillis,
    ) -> Self {
        Self {
            token: token::address(ring, token),
            value: value::address(ring, token),
            grant: grant::address(ring, session, token, epoch),
            ended: marks::ended_session(ring, session),
            epoch,
            expires_at,
        }
    }

    /// Returns its expiry: from then on it is refused.
    #[must_use]
    pub const fn expires_at(&self) -> UnixMillis {
        self.expires_at
    }

    fn read(fields: &mut Fields<'_>, expires_at: UnixMillis) -> Result<Self, VaultError> {
        Ok(Self {
            token: fields.address(Table::Token)?,
            value: fields.address(Table::Value)?,
            grant: fields.address(Table::Grant)?,
            ended: fields.address(Table::EndedSession)?,
            epoch: Epoch::new(fields.u64()?),
            expires_at,
        })
    }
}

impl fmt::Debug for DownloadTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DownloadTicket(..)")
    }
}

impl Vault {
    /// Returns the ticket as a path segment of a URL, in base64url. It contains no token, and only this vault
    /// can read it.
    ///
    /// # Security
    /// Anyone who has the text can use it: log it nowhere.
    ///
    /// # Errors
    /// [`VaultError::Crypto`] when there is no randomness.
    pub fn seal_download(&self, ticket: &DownloadTicket) -> Result<String, VaultError> {
        let (salt, nonce) = (random_bytes::<16>()?, random_bytes::<12>()?);
        let mut sealed = Vec::with_capacity(4 * 32 + 8 + AeadKey::TAG_LEN);
        for at in [&ticket.token, &ticket.value, &ticket.grant, &ticket.ended] {
            sealed.extend_from_slice(at.key.as_bytes());
        }
        sealed.extend_from_slice(&ticket.epoch.get().to_be_bytes());
        key(&self.ring(), &salt).seal(nonce, &aad(ticket.expires_at), &mut sealed)?;
        let expires_at = ticket.expires_at.get().to_be_bytes();
        let parts = [&DOWNLOAD, expires_at.as_slice(), &salt, &nonce, &sealed];
        Ok(base64url(&parts.concat()))
    }

    /// Opens a text of [`seal_download`](Self::seal_download): it must not be expired.
    ///
    /// # Errors
    /// [`InvalidUrl`] for everything else.
    pub fn open_ticket(&self, text: &str) -> Result<DownloadTicket, InvalidUrl> {
        let bytes = base64url_decode(text).ok_or(InvalidUrl)?;
        let ticket = self.read_ticket(&bytes).map_err(|_| InvalidUrl)?;
        if self.now() < ticket.expires_at {
            Ok(ticket)
        } else {
            Err(InvalidUrl)
        }
    }

    fn read_ticket(&self, bytes: &[u8]) -> Result<DownloadTicket, VaultError> {
        let mut fields = Fields::of(bytes);
        if fields.take()? != DOWNLOAD {
            return Err(VaultError::Corrupt);
        }
        let expires_at = fields.time()?;
        let (salt, nonce) = (fields.take::<16>()?, fields.take()?);
        let opened = key(&self.ring(), &salt)
            .open(nonce, &aad(expires_at), fields.rest().to_vec())
            .map_err(|_| VaultError::Corrupt)?;
        let mut fields = Fields::of(&opened);
        let ticket = DownloadTicket::read(&mut fields, expires_at)?;
        fields.end()?;
        Ok(ticket)
    }
}

fn key(ring: &Ring, salt: &[u8; 16]) -> AeadKey {
    let label = Purpose::Ticket.label();
    AeadKey::new(&hkdf_sha256(ring.url_secret(), salt, &[CONTEXT, label]))
}

fn aad(expires_at: UnixMillis) -> Vec<u8> {
    let expires_at = expires_at.get().to_be_bytes();
    length_prefixed([CONTEXT, &DOWNLOAD, expires_at.as_slice()])
}
