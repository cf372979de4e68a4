//! The start of an upload: its conditions, and the lease of one attempt.

use crate::{
    Quota, Upload, UploadError, UploadId, Vault,
    lease::Lease,
    rows::{
        token::TokenRow,
        upload::{self, UploadRow, UploadState},
    },
    upload::Counted,
};

impl Vault {
    /// Begins to upload the value of a token. Call it once the first byte of the body has arrived.
    ///
    /// The attempt holds a lease on its URL, during which other attempts are refused. [`Upload::commit`] ends
    /// it and spends the URL. Without a commit another attempt may begin: at once after [`Upload::abort`] or
    /// a drop, a minute after the last chunk if the process died. `max_length`, in bytes, is the limit that
    /// the URL was signed with.
    ///
    /// # Errors
    /// [`UploadError::Unknown`], [`UploadError::Used`], [`UploadError::Busy`], or [`UploadError::Vault`]; the
    /// latter holds [`StoreError::Full`](crate::store::StoreError::Full) when the store has no room for
    /// values.
    pub async fn begin_upload(
        &self,
        upload: &UploadId,
        max_length: u64,
    ) -> Result<Upload, UploadError> {
        self.begin_upload_within(upload, max_length, Quota::UNLIMITED)
            .await
    }

    /// Begins an upload as [`begin_upload`](Self::begin_upload) does, within the quota of the session. Only a
    /// token that was [counted](Self::create_counted_token) has a quota.
    ///
    /// # Errors
    /// [`VaultError::OverQuota`](crate::VaultError::OverQuota), or as for [`begin_upload`](Self::begin_upload).
    pub async fn begin_upload_within(
        &self,
        upload: &UploadId,
        max_length: u64,
        quota: Quota,
    ) -> Result<Upload, UploadError> {
        self.store().check_room().await?;
        let ring = self.ring();
        let at = upload::address(&ring, *upload);
        let [held] = self.live([at]).await?;
        let held = held.ok_or(UploadError::Unknown)?;
        let found: UploadRow = ring.open_row(&at, &held.row)?;
        self.check_may_begin(&found).await?;

        let quota_row = found.session.and_then(|session| session.quota);
        let counted = quota_row.map(|at| Counted { at, quota });
        let quota_left = match &counted {
            Some(counted) => self.used(counted.at).await?.bytes_left(quota),
            None => u64::MAX,
        };
        let lease = Lease::take(self, at, found, held.written_by).await?;
        let lease = lease.ok_or(UploadError::Busy)?;
        Upload::begin(self, lease, max_length, counted, quota_left).await
    }

    async fn check_may_begin(&self, found: &UploadRow) -> Result<(), UploadError> {
        let now = self.now();
        match found.state {
            UploadState::Spent => return Err(UploadError::Used),
            UploadState::Leased { until, .. } if now < until => return Err(UploadError::Busy),
            UploadState::Open | UploadState::Leased { .. } => {}
        }
        if now >= found.url_expires_at {
            return Err(UploadError::Unknown);
        }
        if let Some(session) = &found.session {
            let [ended] = self.rows([session.ended]).await?;
            if ended.is_some() {
                return Err(UploadError::Unknown);
            }
        }
        let [token] = self.rows([found.token]).await?;
        let token = token.ok_or(UploadError::Unknown)?;
        match self.ring().open_row(&found.token, &token.row)? {
            TokenRow::Made { .. } => Ok(()),
            TokenRow::Unknown { .. } | TokenRow::Deleted => Err(UploadError::Unknown),
        }
    }
}
