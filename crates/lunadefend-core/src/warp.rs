//! Errors and granted values as replies of warp, and errors as its rejections (feature `warp`).

use crate::{
    Error, GrantedValue,
    adapter::{log_and_render, render_granted},
};
use serde::Serialize;
use std::fmt;
use warp::{
    Rejection, Reply,
    reject::{self, Reject},
    reply::Response,
};

impl Reply for Error {
    fn into_response(self) -> Response {
        log_and_render(&self).into_response()
    }
}

impl<G: Serialize + Send> Reply for GrantedValue<G> {
    fn into_response(self) -> Response {
        render_granted(&*self).into_response()
    }
}

impl Error {
    /// Finds the error in a rejection made from one; `find::<Error>()` does not.
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "warp")))]
    pub fn in_rejection(rejection: &Rejection) -> Option<&Self> {
        rejection.find().map(|Rejected(error)| error)
    }
}

/// For [`Filter::and_then`](warp::Filter::and_then), which fails with a rejection.
impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        reject::custom(Rejected(error))
    }
}

/// An error as a rejection.
///
/// Not `Error` itself: warp sends the `Debug` of a rejection without a `recover`, and the `Debug` of an
/// `Error` shows the cause.
struct Rejected(Error);

impl Reject for Rejected {}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("name", &self.0.name())
            .field("message", &self.0.message())
            .finish_non_exhaustive()
    }
}
