//! A value that is being read.

use crate::{
    blob::{self, too_long},
    transport::Held,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use lunadefend_core::{Error, ErrorKind, provider::SecretValue};
use lunadefend_http::{HttpError, Incoming};
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::OwnedSemaphorePermit;
use zeroize::Zeroizing;

/// A value that is being read, as a [`Stream`] of its bytes: from
/// [`TokenizerClient::download`](crate::TokenizerClient::download).
///
/// It ends with `None` only after the last byte of the value. After an error what was read is only its start:
/// discard it. Dropping the stream ends the download.
///
/// A value of up to 16 KiB is there as a whole. A longer one holds one of the client's connections. While it is
/// asked for bytes, the next ones must arrive within the
/// [stall timeout](crate::ClientBuilder::stall_timeout). The tokenizer ends a download that is not read for 30 s.
///
/// # Security
/// The bytes of a longer value lie in buffers of the HTTP client. They are not wiped from memory when they are
/// dropped.
#[must_use = "a download that is dropped ends"]
pub struct Download(Source);

enum Source {
    /// `None` once it has been read.
    Whole(usize, Option<Bytes>),
    Arriving {
        incoming: Incoming,
        _place: Option<OwnedSemaphorePermit>,
    },
}

impl Download {
    pub(crate) fn new(held: Held<Incoming>) -> Self {
        Self(Source::Arriving {
            incoming: held.answer,
            _place: held.place,
        })
    }

    /// A value that came with the answer.
    pub(crate) fn whole(value: &SecretValue) -> Self {
        let value = Zeroizing::new(value.expose_secret().to_vec());
        Self(Source::Whole(value.len(), Some(Bytes::from_owner(value))))
    }

    /// Returns the length of the whole value in bytes, if the tokenizer's storage says it before. LunaDefend's
    /// does.
    #[must_use]
    pub const fn length(&self) -> Option<u64> {
        match &self.0 {
            Source::Whole(length, _) => Some(*length as u64),
            Source::Arriving { incoming, .. } => incoming.length(),
        }
    }

    /// Returns the next bytes of the value; `None` after the last.
    ///
    /// # Errors
    /// [`ValueIncomplete`](ErrorKind::ValueIncomplete) when the connection broke, or nothing arrived for the stall
    /// timeout. [`BadTokenizerResponse`](ErrorKind::BadTokenizerResponse) when the value is longer than
    /// [`max_stream_len`](crate::ClientBuilder::max_stream_len).
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.next().await.transpose()
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Source::Whole(_, value) => {
                let chunk = value.take().filter(|value| !value.is_empty());
                Poll::Ready(chunk.map(Ok))
            }
            Source::Arriving { incoming, .. } => {
                let next = incoming.poll_next_unpin(context);
                next.map(|item| item.map(|chunk| chunk.map_err(failed)))
            }
        }
    }
}

/// The error of a download, before or after the head of its response.
pub(crate) fn failed(error: HttpError) -> Error {
    match error {
        HttpError::TooLarge { ref head, limit } if head.status == StatusCode::OK => too_long(
            format!("the value is longer than max_stream_len, {limit} bytes"),
        )
        .with_source(error),
        HttpError::Truncated { ref head, .. } if head.status == StatusCode::OK => {
            Error::new(ErrorKind::ValueIncomplete).with_source(error)
        }
        HttpError::Stalled { .. } => Error::new(ErrorKind::ValueIncomplete).with_source(error),
        error => blob::failed(error),
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("length", &self.length())
            .finish_non_exhaustive()
    }
}
