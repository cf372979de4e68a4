//! Uploads and downloads at the URLs that the tokenizer names.

use crate::{
    Client,
    answer::{says_session_ended, unreachable_tokenizer},
    download::{self, Download},
    message::TokenizerMessage,
    retry::Repeat,
    transport::Held,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use lunadefend_core::{Error, ErrorKind, provider::SecretValue};
use lunadefend_http::{HttpError, Incoming, Request, StreamBody, StreamRequest};
use std::collections::BTreeMap;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// The longest response to an upload, or refusal of a download, that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// The type of an uploaded value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    Text,
    Bytes,
}

/// Where the bytes of a new value come from.
pub(crate) enum Source<'a> {
    Whole(&'a [u8], Content),
    Stream(StreamBody),
}

impl Source<'_> {
    const fn media_type(&self) -> &'static str {
        match self {
            Self::Whole(_, Content::Text) => "text/plain",
            Self::Whole(_, Content::Bytes) | Self::Stream(_) => "application/octet-stream",
        }
    }
}

/// Why an upload or download was not tried.
#[derive(Debug, thiserror::Error)]
enum BadBlob {
    #[error("the tokenizer names a URL of an origin that is not permitted")]
    Origin,
    #[error("the tokenizer names a header that cannot be sent")]
    Header,
    #[error("the storage answered with status {0}")]
    Status(u16),
}

/// Why a value was not opened.
enum Unopened {
    Error(Error),
    Http(HttpError),
}

impl From<Error> for Unopened {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<HttpError> for Unopened {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl Client {
    /// Stores a value at its URL. Of a stream, the deadline limits only the wait for a place.
    pub(crate) async fn upload(
        &self,
        url: String,
        headers: &BTreeMap<String, String>,
        source: Source<'_>,
        deadline: Instant,
    ) -> Result<(), Error> {
        let mut headers = permitted_headers(headers)?;
        // A content type that the tokenizer names may be part of the URL's signature.
        headers
            .entry(header::CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(source.media_type()));
        let (method, url) = (Method::PUT, self.permitted_url(url)?);
        let transport = &self.0.transport;
        let answer = match source {
            Source::Whole(value, _) => {
                let request = Request {
                    method,
                    url: url.into(),
                    headers,
                    body: Bytes::from_owner(Zeroizing::new(value.to_vec())),
                    max_response: MAX_ANSWER,
                    deadline,
                };
                transport.send("upload", Repeat::IfUnsent, request).await
            }
            Source::Stream(body) => {
                let request = StreamRequest {
                    method,
                    url: url.into(),
                    headers,
                    body,
                    max_response: MAX_ANSWER,
                    stall: self.0.stall_timeout,
                };
                transport.send_stream("upload", request, deadline).await
            }
        };
        let answer = answer.map_err(failed)?;
        if answer.status.is_success() {
            Ok(())
        } else {
            Err(refused(answer.status, &answer.body))
        }
    }

    pub(crate) async fn download(
        &self,
        url: String,
        headers: &BTreeMap<String, String>,
        deadline: Instant,
    ) -> Result<SecretValue, Error> {
        let limit = self.0.max_value_len;
        let opened = self.open(url, headers, limit, deadline).await;
        let value = match opened {
            Ok(held) => held.answer.collect(limit, deadline).await,
            Err(Unopened::Error(error)) => return Err(error),
            Err(Unopened::Http(error)) => Err(error),
        };
        let value = value.map_err(|error| match error {
            HttpError::TooLarge { ref head, limit } if head.status == StatusCode::OK => {
                too_long(format!("the value is longer than max_value_len, {limit} bytes: read it as a stream, with download")).with_source(error)
            }
            error => failed(error),
        })?;
        Ok(SecretValue::new(Vec::from(value.body)))
    }

    /// Begins to read a value; the limits of the stream are those of the client.
    pub(crate) async fn download_stream(
        &self,
        url: String,
        headers: &BTreeMap<String, String>,
        deadline: Instant,
    ) -> Result<Download, Error> {
        let limit = usize::try_from(self.0.max_stream_len).unwrap_or(usize::MAX);
        match self.open(url, headers, limit, deadline).await {
            Ok(held) => Ok(Download::new(held)),
            Err(Unopened::Error(error)) => Err(error),
            Err(Unopened::Http(error)) => Err(download::failed(error)),
        }
    }

    /// Opens a value: the response is a 200.
    async fn open(
        &self,
        url: String,
        headers: &BTreeMap<String, String>,
        limit: usize,
        deadline: Instant,
    ) -> Result<Held<Incoming>, Unopened> {
        let request = Request {
            method: Method::GET,
            url: self.permitted_url(url)?.into(),
            headers: permitted_headers(headers)?,
            body: Bytes::new(),
            max_response: limit,
            deadline,
        };
        let opened = self
            .0
            .transport
            .open("download", request, self.0.stall_timeout);
        let held = opened.await?;
        let status = held.answer.status();
        if status == StatusCode::OK {
            return Ok(held);
        }
        // Without its text the status decides.
        let answer = held.answer.collect(MAX_ANSWER, deadline).await;
        let body = answer.map(|answer| answer.body).unwrap_or_default();
        Err(refused(status, &body).into())
    }

    /// Refuses other origins: a hostile tokenizer must not choose where requests and values go.
    fn permitted_url(&self, url: String) -> Result<String, Error> {
        let inner = &self.0;
        let permitted = std::iter::once(&inner.tokenizer)
            .chain(&inner.public_tokenizer)
            .chain(&inner.blob_origins)
            .any(|base| base.is_origin_of(&url));
        if permitted {
            Ok(url)
        } else {
            Err(Error::new(ErrorKind::BadTokenizerResponse)
                .with_message("the tokenizer stores values at an origin that is not permitted: if it is that of its storage, add it to blob_origins")
                .with_source(BadBlob::Origin))
        }
    }
}

/// Returns only those of the tokenizer's requested headers that storage needs.
fn permitted_headers(headers: &BTreeMap<String, String>) -> Result<HeaderMap, Error> {
    let bad = || Error::new(ErrorKind::BadTokenizerResponse).with_source(BadBlob::Header);
    let mut permitted = HeaderMap::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if name != header::CONTENT_TYPE.as_str() && !name.starts_with("x-amz-") {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        // The key of server-side encryption is among them.
        value.set_sensitive(true);
        if permitted.insert(name, value).is_some() {
            return Err(bad());
        }
    }
    Ok(permitted)
}

/// The error for a transfer without a complete response.
pub(crate) fn failed(error: HttpError) -> Error {
    match error {
        HttpError::Body { .. } => Error::new(ErrorKind::Internal)
            .with_message("the stream of the value failed, or is not as long as was announced: nothing was stored")
            .with_source(error),
        HttpError::Stalled { .. } => unreachable_tokenizer(error).with_message(
            "the transfer of the value made no progress: check the line to the tokenizer, or raise the stall timeout",
        ),
        _ => match error.head().map(|head| head.status) {
            Some(status) if status.is_success() => {
                Error::new(ErrorKind::BadTokenizerResponse).with_source(error)
            }
            Some(status) => refused(status, &[]),
            None => unreachable_tokenizer(error),
        },
    }
}

/// The error for a value over a limit of the client; the message says which.
pub(crate) fn too_long(message: String) -> Error {
    Error::new(ErrorKind::BadTokenizerResponse).with_message(message)
}

fn refused(status: StatusCode, body: &[u8]) -> Error {
    let message = TokenizerMessage::new(status, body);
    match status.as_u16() {
        400 if says_session_ended(body) => {
            Error::new(ErrorKind::SessionEnded).with_source(message)
        }
        413 => Error::new(ErrorKind::PayloadTooLarge)
            .with_message("the value is larger than the tokenizer accepts")
            .with_source(message),
        429 => Error::new(ErrorKind::TokenizerUnavailable).with_source(message),
        _ if status.is_server_error() => {
            Error::new(ErrorKind::TokenizerUnavailable).with_source(message)
        }
        _ if status.is_client_error() => Error::new(ErrorKind::TokenizerRejected)
            .with_message("the tokenizer's storage refused the request: its URL has expired or was used, or the grant has ended")
            .with_source(message),
        status => Error::new(ErrorKind::BadTokenizerResponse).with_source(BadBlob::Status(status)),
    }
}

#[cfg(test)]
mod tests;
