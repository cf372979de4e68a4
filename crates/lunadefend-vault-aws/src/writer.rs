//! Writes a value: at once if it is short, else in parts.

use crate::{AwsStore, attempts::Failed};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use lunadefend_vault::store::{BlobWriter, StoreError, StoreFuture};

/// S3 takes no shorter part but as the last.
const SHORTEST: usize = 5 * 1024 * 1024;
/// After as many parts they get longer, since S3 takes at most 10,000.
const PARTS_OF_A_LENGTH: usize = 1000;

/// The object on its way to S3.
#[derive(Debug)]
pub(crate) struct Upload {
    store: AwsStore,
    key: String,
    /// Its id, once a part is there.
    id: Option<String>,
    parts: Vec<CompletedPart>,
    length: u64,
}

impl Upload {
    pub(crate) const fn new(store: AwsStore, key: String) -> Self {
        Self {
            store,
            key,
            id: None,
            parts: Vec::new(),
            length: 0,
        }
    }

    /// The length of the next part.
    fn next_length(&self) -> usize {
        SHORTEST << (self.parts.len() / PARTS_OF_A_LENGTH)
    }

    async fn id(&mut self) -> Result<String, StoreError> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        let begin = self
            .store
            .s3
            .create_multipart_upload()
            .bucket(&self.store.bucket)
            .key(&self.key);
        let begun = begin.send().await;
        let begun = begun.map_err(|error| Failed::of(&error).of_write())?;
        let id = begun
            .upload_id
            .ok_or_else(|| StoreError::unavailable(Incomplete))?;
        Ok(self.id.insert(id).clone())
    }

    async fn part(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        let id = self.id().await?;
        let number = i32::try_from(self.parts.len() + 1);
        let number = number.map_err(StoreError::unavailable)?;
        self.length += bytes.len() as u64;
        let part = self
            .store
            .s3
            .upload_part()
            .bucket(&self.store.bucket)
            .key(&self.key)
            .upload_id(id)
            .part_number(number)
            .body(bytes.into());
        let uploaded = part.send().await;
        let uploaded = uploaded.map_err(|error| Failed::of(&error).of_write())?;
        self.parts.push(
            CompletedPart::builder()
                .part_number(number)
                .set_e_tag(uploaded.e_tag)
                .set_checksum_crc32(uploaded.checksum_crc32)
                .build(),
        );
        Ok(())
    }

    /// Writes a short value.
    async fn whole(self, bytes: Bytes) -> Result<(), StoreError> {
        let put = self
            .store
            .s3
            .put_object()
            .bucket(&self.store.bucket)
            .key(&self.key)
            .body(bytes.into());
        let put = put.send().await;
        put.map(drop).map_err(|error| Failed::of(&error).of_write())
    }

    async fn complete(self) -> Result<(), StoreError> {
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(self.parts))
            .build();
        let complete = self
            .store
            .s3
            .complete_multipart_upload()
            .bucket(&self.store.bucket)
            .key(&self.key)
            .set_upload_id(self.id)
            .multipart_upload(parts);
        let Err(error) = complete.send().await else {
            return Ok(());
        };
        // After a lost answer its repetition fails, and the object is there.
        let head = self
            .store
            .s3
            .head_object()
            .bucket(&self.store.bucket)
            .key(&self.key);
        let length = head.send().await.ok().and_then(|head| head.content_length);
        match length.and_then(|length| u64::try_from(length).ok()) == Some(self.length) {
            true => Ok(()),
            false => Err(Failed::of(&error).of_write()),
        }
    }
}

/// Collects parts of the vault until S3 takes them.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `None` once a part has failed, or was given up.
    upload: Option<Upload>,
    held: BytesMut,
}

impl Writer {
    pub(crate) fn new(upload: Upload) -> Self {
        Self {
            upload: Some(upload),
            held: BytesMut::new(),
        }
    }
}

impl BlobWriter for Writer {
    fn write(&mut self, part: Bytes) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let upload = self.upload.take();
            let mut upload = upload.ok_or_else(|| StoreError::unavailable(Incomplete))?;
            self.held.extend_from_slice(&part);
            if self.held.len() >= upload.next_length() {
                upload.part(self.held.split().freeze()).await?;
            }
            self.upload = Some(upload);
            Ok(())
        })
    }

    fn finish(self: Box<Self>) -> StoreFuture<'static, ()> {
        Box::pin(async move {
            let Self { upload, held } = *self;
            let mut upload = upload.ok_or_else(|| StoreError::unavailable(Incomplete))?;
            let held = held.freeze();
            if upload.id.is_none() {
                return upload.whole(held).await;
            }
            if !held.is_empty() {
                upload.part(held).await?;
            }
            upload.complete().await
        })
    }
}

/// A value of which a part is missing.
#[derive(Debug, thiserror::Error)]
#[error("a part of the value is missing: upload it again")]
struct Incomplete;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_get_longer_before_there_are_too_many() {
        let longest: u64 = (0..10_000)
            .map(|parts| (SHORTEST << (parts / PARTS_OF_A_LENGTH)) as u64)
            .sum();
        assert!(longest > 4 * 1024 * 1024 * 1024 * 1024, "{longest}");
    }
}
