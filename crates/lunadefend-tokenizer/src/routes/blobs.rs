//! `/blob/*`: values, at signed URLs that state their use.

use crate::{body, error::ApiError, headers::SEC_FETCH_MODE, response, state::Shared};
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use lunadefend_vault::{Download, SignedUrl, Upload, UploadError, UploadId, UrlMethod, VaultError};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

pub(super) const PATH: &str = "/blob/{url}";
const PARAMETER: &str = "{url}";

/// Returns the URL of a value. Its base is configured: a `Host` header must not redirect values.
pub(super) fn url(shared: &Shared, url: &SignedUrl) -> String {
    let signed = shared.vault.sign_url(url);
    shared
        .config
        .blob_url
        .join(&PATH.replace(PARAMETER, &signed))
}

fn verify_url(shared: &Shared, method: UrlMethod, uri: &Uri) -> Result<SignedUrl, ApiError> {
    let prefix = PATH.trim_end_matches(PARAMETER);
    let signed = uri.path().strip_prefix(prefix).unwrap_or_default();
    shared
        .vault
        .verify_url(method, signed)
        .map_err(|_| ApiError::forbidden("the URL is not good for this or has expired"))
}

/// `PUT`: stores the value of a token, once.
pub(super) async fn upload(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, ApiError> {
    store(&shared, request).await?;
    Ok(response::empty(StatusCode::OK))
}

async fn store(shared: &Shared, request: Request) -> Result<(), ApiError> {
    let url = verify_url(shared, UrlMethod::Put, request.uri())?;
    let limits = &shared.config.limits;
    let max_length = url.max_length.min(limits.max_value);
    let mut body = body::Upload::new(request, max_length, limits)?;
    let _running = shared.activity.begin_upload();
    // The first bytes come before the lease: who opens a connection and sends nothing must not keep
    // others from the URL.
    let next = body.next().await?;
    let id = UploadId::from(url.id);
    let begun = shared
        .vault
        .begin_upload_within(&id, max_length, limits.quota());
    let mut upload = in_time(limits.request, begun).await?;
    match receive(&mut upload, &mut body, next, limits.request).await {
        Ok(()) => in_time(limits.request, upload.commit()).await.map(drop),
        Err(error) => {
            // Before the response, so that the client may try again at once.
            if let Ok(Err(error)) = timeout(limits.request, upload.abort()).await {
                report(&error);
            }
            Err(error)
        }
    }
}

async fn receive(
    upload: &mut Upload,
    body: &mut body::Upload,
    mut next: Option<Bytes>,
    limit: Duration,
) -> Result<(), ApiError> {
    while let Some(chunk) = next {
        in_time(limit, upload.write(chunk)).await?;
        next = body.next().await?;
    }
    Ok(())
}

/// Limits a step of an upload; each step except the body has the time of a whole request.
async fn in_time<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, UploadError>>,
) -> Result<T, ApiError> {
    match timeout(limit, step).await {
        Ok(outcome) => outcome.map_err(ApiError::from),
        Err(_) => Err(ApiError::took_too_long()),
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Unknown => Self::forbidden("the URL is not good for this or has expired"),
            UploadError::Used => Self::new(
                StatusCode::CONFLICT,
                "the upload URL has been used: tokenize again",
            ),
            UploadError::Busy => Self::new(
                StatusCode::CONFLICT,
                "another upload to this URL is running",
            ),
            UploadError::Lost => Self::new(
                StatusCode::REQUEST_TIMEOUT,
                "the upload took too long: begin again",
            ),
            UploadError::TooLarge(max_length) => body::value_too_large(max_length),
            UploadError::Vault(error) => error.into(),
        }
    }
}

/// `GET` and `HEAD`: returns the value of a token while its grant is live.
pub(super) async fn download(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    open(&shared, &uri, &headers).await.map(inert)
}

async fn open(shared: &Shared, uri: &Uri, headers: &HeaderMap) -> Result<Download, ApiError> {
    let navigates = headers
        .get_all(SEC_FETCH_MODE)
        .iter()
        .any(|mode| mode.as_bytes().eq_ignore_ascii_case(b"navigate"));
    if navigates {
        return Err(ApiError::forbidden("a value cannot be opened as a page"));
    }
    let url = verify_url(shared, UrlMethod::Get, uri)?;
    shared
        .vault
        .open_download(&url.id.into())
        .await?
        .ok_or_else(|| ApiError::not_found("unable to locate data for token"))
}

/// Returns the value as bytes that no browser runs, shows or sniffs.
///
/// # Security
/// The tokenizer serves uploads from its own origin: as HTML or script they would be code of the frame.
fn inert(download: Download) -> Response {
    let length = download.length();
    let chunks = stream::try_unfold(download, |mut download| async move {
        // An error ends the stream before its length is reached, and with it the connection: the
        // client cannot take what it has for the whole value.
        let chunk: Option<Bytes> = download.next_chunk().await.inspect_err(report)?;
        Ok::<_, VaultError>(chunk.map(|chunk| (chunk, download)))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn report(error: &VaultError) {
    if let VaultError::Deleted = error {
        tracing::debug!("a download ended: its value was deleted");
        return;
    }
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a transfer was aborted"
    );
}
