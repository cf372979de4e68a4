//! The start of an upload, and its conditions.

use crate::{
    Quota, Upload, UploadError, UploadId, Vault,
    rows::{
        token::MadeToken,
        upload::{self, UploadRow, UploadState},
    },
    store::{RowAddress, WriteId},
    upload::Counted,
};

/// The rows of an upload that may begin, as they were read.
pub(crate) struct Ready {
    pub(crate) upload: UploadRow,
    pub(crate) upload_written_by: WriteId,
    pub(crate) token: MadeToken,
    pub(crate) token_written_by: WriteId,
}

impl Vault {
    /// Begins to upload the value of a token. Call it once the first byte of the body has arrived.
    ///
    /// Of a value that fits into a row, nothing is written before [`Upload::commit`], which also spends the URL:
    /// of several attempts the first one to commit counts. A longer value takes a lease on its URL, during which
    /// other attempts are refused. Without a commit another attempt may begin: at once after [`Upload::abort`] or
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
    /// token whose [owner](crate::Owner) has one is counted.
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
        let at = upload::address(&self.ring(), *upload);
        let Ready { upload, token, .. } = self.ready(at).await?;
        if self.now() >= upload.url_expires_at {
            return Err(UploadError::Unknown);
        }
        let quota_row = upload.session.and_then(|session| session.quota);
        let counted = quota_row.map(|at| Counted { at, quota });
        let quota_left = match &counted {
            Some(counted) => self.used(counted.at).await?.bytes_left(quota),
            None => u64::MAX,
        };
        Upload::new(
            self, at, upload, token.kind, max_length, counted, quota_left,
        )
    }

    /// Reads the rows of an upload, and checks that an attempt without a lease may go on.
    pub(crate) async fn ready(&self, at: RowAddress) -> Result<Ready, UploadError> {
        let ring = self.ring();
        let [held] = self.live([at]).await?;
        let held = held.ok_or(UploadError::Unknown)?;
        let upload: UploadRow = ring.open_row(&at, &held.row)?;
        let now = self.now();
        match upload.state {
            UploadState::Spent => return Err(UploadError::Used),
            UploadState::Leased { until, .. } if now < until => return Err(UploadError::Busy),
            UploadState::Open | UploadState::Leased { .. } => {}
        }
        if let Some(session) = &upload.session {
            let [ended] = self.rows([session.ended]).await?;
            if ended.is_some() {
                return Err(UploadError::Unknown);
            }
        }
        let (token, token_written_by) = self.waiting(upload.token).await?;
        Ok(Ready {
            upload,
            upload_written_by: held.written_by,
            token: token.ok_or(UploadError::Unknown)?,
            token_written_by,
        })
    }

    /// Reads the row of a token that waits for its value; `None` when it can get none.
    pub(crate) async fn waiting(
        &self,
        at: RowAddress,
    ) -> Result<(Option<MadeToken>, WriteId), UploadError> {
        let [held] = self.live([at]).await?;
        let held = held.ok_or(UploadError::Unknown)?;
        let token = self.token_row(&at, Some(&held))?;
        Ok((token.made(self.now()), held.written_by))
    }
}
