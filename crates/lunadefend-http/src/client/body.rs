//! The bodies of requests.

use super::{
    pieces::{PIECE, Pieces},
    upload,
};
use crate::error::BoxError;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// The body of a request. One type for all, so that no short one is boxed.
pub(super) enum Outgoing {
    /// What goes out at once; empty for none.
    Short(Bytes),
    /// What is whole in memory, and long.
    Long(Pieces),
    Stream(Pin<Box<upload::Outgoing>>),
}

impl Outgoing {
    pub(super) fn whole(body: Bytes) -> Self {
        match body.len() {
            ..=PIECE => Self::Short(body),
            _ => Self::Long(Pieces::new(body)),
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            Self::Short(body) => {
                let all = std::mem::take(body);
                Poll::Ready((!all.is_empty()).then(|| Ok(Frame::data(all))))
            }
            Self::Long(body) => {
                let frame = Pin::new(body).poll_frame(context);
                frame.map_err(|never| match never {})
            }
            Self::Stream(body) => body.as_mut().poll_frame(context).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Short(body) => body.is_empty(),
            Self::Long(body) => body.is_end_stream(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Short(body) => SizeHint::with_exact(body.len() as u64),
            Self::Long(body) => body.size_hint(),
            Self::Stream(body) => body.size_hint(),
        }
    }
}
