//! `/blob/*`: values, at signed URLs that state their use.

use crate::{
    body,
    error::ApiError,
    headers::SEC_FETCH_MODE,
    metrics::Direction,
    operation::{Operation, bytes, nothing},
    response,
    state::Shared,
    trail::Trail,
};
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use lunadefend_core::wire::SignedLocation;
use lunadefend_vault::{
    Download, DownloadTicket, NewToken, Upload, UploadError, UploadUrl, VaultError,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::timeout;

pub(super) const PATH: &str = "/blob/{url}";
/// The parameter of the path.
const PARAMETER: &str = "url";
const PLACEHOLDER: &str = "{url}";
/// The regular expression of the last segment of an upload's URL, and of the longer one of a download's.
const PATTERN: &str = "^[A-Za-z0-9_-]{88,256}$";
const MEANING: &str =
    "The last segment of a URL that was given out. Use the whole URL: it may have another origin.";
const REFUSED: &str = "The URL is not good for this or has expired, or a browser navigates to it.";

/// Returns where to upload the value of a token.
pub(super) fn upload_location(shared: &Shared, new: &NewToken) -> SignedLocation {
    let signed = shared.vault.sign_upload(&UploadUrl {
        upload: new.upload,
        expires_at: new.upload_expires_at,
        max_length: shared.config.limits.max_value,
    });
    location(shared, &signed)
}

/// Returns where to download a value.
pub(super) fn download_location(
    shared: &Shared,
    ticket: &DownloadTicket,
) -> Result<SignedLocation, ApiError> {
    Ok(location(shared, &shared.vault.seal_download(ticket)?))
}

/// The base of the URL is configured: a `Host` header must not redirect values.
fn location(shared: &Shared, signed: &str) -> SignedLocation {
    SignedLocation {
        url: shared
            .config
            .blob_url
            .join(&PATH.replace(PLACEHOLDER, signed)),
        headers: BTreeMap::new(),
    }
}

/// Returns the signed part of a URL that was made here.
pub(super) fn signed_in(location: &SignedLocation) -> &str {
    location.url.rsplit('/').next().unwrap_or_default()
}

/// Returns the signed part of a URL.
fn signed(uri: &Uri) -> &str {
    let prefix = PATH.trim_end_matches(PLACEHOLDER);
    uri.path().strip_prefix(prefix).unwrap_or_default()
}

fn no_such_url<E>(_: E) -> ApiError {
    ApiError::forbidden("the URL is not good for this or has expired")
}

/// Describes [`upload`].
pub(super) fn about_upload() -> Operation {
    nothing(
        StatusCode::OK,
        "The value is stored.",
        "Stores the value of a token, once.",
    )
    .path(PARAMETER, PATTERN, MEANING)
    .refuses(StatusCode::FORBIDDEN, REFUSED)
    .refuses(
        StatusCode::CONFLICT,
        "The URL has been used, or another upload to it is running.",
    )
    .takes_values()
}

/// `PUT`: stores the value of a token, once.
pub(super) async fn upload(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    request: Request,
) -> Result<Response, ApiError> {
    store(&shared, &trail, request).await?;
    Ok(response::empty(StatusCode::OK))
}

async fn store(shared: &Shared, trail: &Trail, request: Request) -> Result<(), ApiError> {
    let url = shared
        .vault
        .verify_upload(signed(request.uri()))
        .map_err(no_such_url)?;
    trail.by_url(signed(request.uri()));
    let limits = &shared.config.limits;
    let max_length = url.max_length.min(limits.max_value);
    let mut body = body::Upload::new(request, max_length, limits)?;
    let _running = shared.activity.begin_upload();
    // The first bytes come before all else: who opens a connection and sends nothing must not keep
    // others from the URL.
    let next = body.next().await?;
    let begun = shared
        .vault
        .begin_upload_within(&url.upload, max_length, limits.quota());
    let mut upload = in_time(limits.request, begun).await?;
    match receive(&mut upload, &mut body, next, limits.request).await {
        Ok(bytes) => {
            in_time(limits.request, upload.commit()).await?;
            shared.metrics.counts.value(Direction::In, bytes);
            Ok(())
        }
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
) -> Result<u64, ApiError> {
    let mut bytes = 0;
    while let Some(chunk) = next {
        bytes += chunk.len() as u64;
        in_time(limit, upload.write(chunk)).await?;
        next = body.next().await?;
    }
    Ok(bytes)
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
            UploadError::Unknown => no_such_url(error),
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

/// Describes [`download`].
pub(super) fn about_download() -> Operation {
    bytes(
        "application/octet-stream",
        "Returns the value of a token while its grant is live.",
    )
    .path(PARAMETER, PATTERN, MEANING)
    .sends(header::CONTENT_DISPOSITION, "`attachment`.")
    .refuses(StatusCode::FORBIDDEN, REFUSED)
    .refuses(
        StatusCode::NOT_FOUND,
        "The token has no value, or the grant has ended.",
    )
}

/// `GET` and `HEAD`: returns the value of a token while its grant is live.
pub(super) async fn download(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let download = open(&shared, &trail, &uri, &headers).await?;
    if method == Method::GET {
        let bytes = download.length();
        shared.metrics.counts.value(Direction::Out, bytes);
    }
    Ok(inert(download))
}

async fn open(
    shared: &Shared,
    trail: &Trail,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Download, ApiError> {
    let navigates = headers
        .get_all(SEC_FETCH_MODE)
        .iter()
        .any(|mode| mode.as_bytes().eq_ignore_ascii_case(b"navigate"));
    if navigates {
        return Err(ApiError::forbidden("a value cannot be opened as a page"));
    }
    let ticket = shared.vault.open_ticket(signed(uri)).map_err(no_such_url)?;
    trail.by_url(signed(uri));
    shared
        .vault
        .open_download(&ticket)
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
