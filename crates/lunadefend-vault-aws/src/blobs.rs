//! Values: one object of S3 each.

use crate::{
    AwsStore,
    attempts::Failed,
    store::S3_TIMEOUT,
    writer::{Upload, Writer},
};
use aws_sdk_s3::{error::SdkError, operation::get_object::GetObjectOutput};
use bytes::Bytes;
use lunadefend_vault::store::{Blob, BlobId, BlobWriter, Blobs, StoreError, StoreFuture};
use std::collections::BTreeSet;
use tokio::time::timeout;

impl Blobs for AwsStore {
    fn create(&self, blob: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>> {
        let upload = Upload::new(self.clone(), self.object(blob.id));
        Box::pin(async move { Ok(Box::new(Writer::new(upload)) as Box<dyn BlobWriter>) })
    }

    fn read(&self, blob: Blob, part: u32) -> StoreFuture<'_, Option<Bytes>> {
        Box::pin(async move {
            let part_bytes = u64::from(blob.part_bytes);
            let first = u64::from(part) * part_bytes;
            let last = first + part_bytes.saturating_sub(1);
            let asked = self
                .s3
                .get_object()
                .bucket(&self.bucket)
                .key(self.object(blob.id))
                .range(format!("bytes={first}-{last}"));
            let answer = match asked.send().await {
                Ok(answer) => answer,
                Err(error) if is_missing(&error) => return Ok(None),
                Err(error) => return Err(Failed::of(&error).of_read()),
            };
            let read = timeout(S3_TIMEOUT, body(answer, blob.part_bytes)).await;
            read.map_err(|_| StoreError::unavailable(Late))?.map(Some)
        })
    }

    fn delete(&self, blob: BlobId) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let key = self.object(blob);
            for (key, upload) in self.uploads(&key, None).await? {
                let abort = self
                    .s3
                    .abort_multipart_upload()
                    .bucket(&self.bucket)
                    .key(key)
                    .upload_id(upload);
                match abort.send().await {
                    Ok(_) => {}
                    Err(error) => match error.as_service_error() {
                        // It has ended meanwhile.
                        Some(error) if error.is_no_such_upload() => {}
                        _ => return Err(Failed::of(&error).of_write()),
                    },
                }
            }
            let delete = self.s3.delete_object().bucket(&self.bucket).key(key);
            let deleted = delete.send().await;
            deleted
                .map(drop)
                .map_err(|error| Failed::of(&error).of_write())
        })
    }

    fn list(&self, after: Option<BlobId>, limit: usize) -> StoreFuture<'_, Vec<BlobId>> {
        Box::pin(async move {
            let after_key = after.map(|after| self.object(after));
            let mut listed = self.finished(after_key.as_deref(), limit).await?;
            let uploads = self.uploads(&self.prefix, after_key.as_deref()).await?;
            listed.extend(uploads.iter().filter_map(|(key, _)| self.blob(key)));
            let listed = listed.into_iter().filter(|id| Some(*id) > after);
            Ok(listed.take(limit).collect())
        })
    }
}

impl AwsStore {
    /// The name of the object of a blob. The names are in the order of the identifiers.
    fn object(&self, blob: BlobId) -> String {
        let mut name = self.prefix.clone();
        for byte in blob.as_bytes() {
            name.push_str(&format!("{byte:02x}"));
        }
        name
    }

    /// The blob of an object; `None` of an object that is not ours.
    fn blob(&self, name: &str) -> Option<BlobId> {
        let hex = name.strip_prefix(&self.prefix)?;
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        let blob = BlobId::new(bytes);
        (self.object(blob) == name).then_some(blob)
    }

    /// Up to `limit` finished objects after the one with this name.
    async fn finished(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<BTreeSet<BlobId>, StoreError> {
        let mut found = BTreeSet::new();
        let mut next = None;
        while found.len() < limit {
            let asked = self
                .s3
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(&self.prefix)
                .set_start_after(after.map(str::to_owned))
                .set_continuation_token(next.take())
                .max_keys(i32::try_from(limit).unwrap_or(i32::MAX));
            let answer = asked.send().await;
            let answer = answer.map_err(|error| Failed::of(&error).of_read())?;
            let keys = answer.contents().iter().filter_map(|object| object.key());
            found.extend(keys.filter_map(|key| self.blob(key)));
            next = answer.next_continuation_token;
            if next.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// The unfinished uploads with this prefix after the object with that name: few, since S3 ends them after two days.
    async fn uploads(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut found = Vec::new();
        let (mut key, mut id) = (after.map(str::to_owned), None);
        loop {
            let asked = self
                .s3
                .list_multipart_uploads()
                .bucket(&self.bucket)
                .prefix(prefix)
                .set_key_marker(key.take())
                .set_upload_id_marker(id.take());
            let answer = asked.send().await;
            let answer = answer.map_err(|error| Failed::of(&error).of_read())?;
            let uploads = answer.uploads().iter();
            found.extend(
                uploads
                    .filter_map(|one| Some((one.key()?.to_owned(), one.upload_id()?.to_owned()))),
            );
            (key, id) = (answer.next_key_marker, answer.next_upload_id_marker);
            if answer.is_truncated != Some(true) || key.is_none() {
                return Ok(found);
            }
        }
    }
}

async fn body(answer: GetObjectOutput, limit: u32) -> Result<Bytes, StoreError> {
    let body = answer.body.collect().await;
    let body = body.map_err(StoreError::unavailable)?.into_bytes();
    match body.len() <= limit as usize {
        true => Ok(body),
        // What answers knows no ranges.
        false => Err(StoreError::Corrupt(None)),
    }
}

fn is_missing<E>(error: &SdkError<E, aws_smithy_runtime_api::http::Response>) -> bool
where
    E: aws_sdk_s3::error::ProvideErrorMetadata,
{
    error
        .as_service_error()
        .is_some_and(|error| matches!(error.code(), Some("NoSuchKey" | "InvalidRange")))
}

/// A part did not arrive in time.
#[derive(Debug, thiserror::Error)]
#[error("S3 did not send a part in time")]
struct Late;
