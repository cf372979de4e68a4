//! The lease of an upload attempt. The row of its URL names the running attempt, and the row of its blob
//! marks the blob as needed. Both are written together.

use crate::{
    UploadError, Vault, VaultError,
    rows::{
        blob,
        upload::{UploadRow, UploadState},
    },
    store::{BlobId, RowAddress, Write, WriteId},
    stream::CHUNK_SIZE,
    vault::{delete, insert, replace},
};
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::random_bytes;
use std::time::Duration;

/// How long an attempt may be silent before another may begin.
pub(crate) const LEASE: Duration = Duration::from_secs(60);
// Renewed at half of its time, it outlives every chunk that comes in time.
const _: () = assert!(Vault::CHUNK_TIME.as_millis() < LEASE.as_millis() / 2);

impl Vault {
    /// The bytes of a value that are sealed and stored together: 63 KiB.
    pub const CHUNK_BYTES: u64 = CHUNK_SIZE as u64;
    /// The time in which a chunk must arrive: 25 s, which is 2.5 KiB a second. A slower upload loses its
    /// lease.
    pub const CHUNK_TIME: Duration = Duration::from_secs(25);
}

/// The lease of an attempt, with the version of both rows.
#[derive(Clone, Copy)]
pub(crate) struct Lease {
    at: RowAddress,
    content: UploadRow,
    blob: BlobId,
    until: UnixMillis,
    held: WriteId,
}

impl Lease {
    /// Takes the lease of the upload whose row is at `at`; `None` when another attempt was faster. `content`
    /// is the content of that row, `held` its version.
    pub(crate) async fn take(
        vault: &Vault,
        at: RowAddress,
        content: UploadRow,
        held: WriteId,
    ) -> Result<Option<Self>, VaultError> {
        let blob = BlobId::new(random_bytes()?);
        let until = vault.now() + LEASE;
        let mut lease = Self {
            at,
            content: content.with(UploadState::Leased { blob, until }),
            blob,
            until,
            held,
        };
        let writes = vec![
            lease.replace_upload(vault, lease.content)?,
            insert(blob::address(blob), blob::leased(until)),
        ];
        Ok(vault.write(writes).await?.map(|written_by| {
            lease.held = written_by;
            lease
        }))
    }

    pub(crate) const fn blob(&self) -> BlobId {
        self.blob
    }

    /// Keeps the lease while the upload makes progress.
    pub(crate) async fn renew(&mut self, vault: &Vault) -> Result<(), UploadError> {
        let now = vault.now();
        if now >= self.until {
            // The chunks may be gone already.
            return Err(UploadError::Lost);
        }
        if self.until.since(now) > LEASE / 2 {
            return Ok(());
        }
        let until = now + LEASE;
        let blob = self.blob;
        let content = self.content.with(UploadState::Leased { blob, until });
        let writes = vec![
            self.replace_upload(vault, content)?,
            replace(blob::address(blob), self.held, blob::leased(until)),
        ];
        self.held = vault.write(writes).await?.ok_or(UploadError::Lost)?;
        self.content = content;
        self.until = until;
        Ok(())
    }

    /// Returns the writes that end it with a value: the URL is spent, the blob stays until `expires_at`.
    pub(crate) fn spend(
        &self,
        vault: &Vault,
        expires_at: Option<UnixMillis>,
    ) -> Result<Vec<Write>, VaultError> {
        let spent = self.content.with(UploadState::Spent);
        Ok(vec![
            self.replace_upload(vault, spent)?,
            replace(
                blob::address(self.blob),
                self.held,
                blob::finished(expires_at),
            ),
        ])
    }

    /// Ends it without a value, so that another attempt may begin. The blob is no longer needed.
    pub(crate) async fn release(self, vault: &Vault) -> Result<(), VaultError> {
        let open = self.content.with(UploadState::Open);
        let writes = vec![
            self.replace_upload(vault, open)?,
            delete(blob::address(self.blob)),
        ];
        // In a conflict it is not ours any more: finished after all, or taken over.
        if vault.write(writes).await?.is_some() {
            // Whatever is left of it then, the sweep finds.
            vault.store().delete(self.blob).await?;
        }
        Ok(())
    }

    fn replace_upload(&self, vault: &Vault, content: UploadRow) -> Result<Write, VaultError> {
        let expires_at = Some(content.expires_at());
        let row = vault.ring().seal_row(&self.at, expires_at, &content)?;
        Ok(replace(self.at, self.held, row))
    }
}
