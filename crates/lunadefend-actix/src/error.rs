//! Errors as actix-web responses.

use crate::convert;
use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use std::{error::Error as StdError, fmt};

/// A [`lunadefend_core::Error`] that actix-web can answer with: the error of handlers and extractors.
///
/// The answer is `{"success":false,"error":{"name","message","code"}}` with the status of the error.
/// Nothing of the request is in it, and nothing of the cause, which is logged for a 5xx.
#[derive(Debug)]
pub struct Error(lunadefend_core::Error);

impl Error {
    /// The error itself.
    #[must_use]
    pub fn into_inner(self) -> lunadefend_core::Error {
        self.0
    }
}

impl From<lunadefend_core::Error> for Error {
    fn from(error: lunadefend_core::Error) -> Self {
        Self(error)
    }
}

impl From<lunadefend_core::ErrorKind> for Error {
    fn from(kind: lunadefend_core::ErrorKind) -> Self {
        Self(kind.into())
    }
}

impl From<Error> for lunadefend_core::Error {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        convert::status(self.0.status())
    }

    fn error_response(&self) -> HttpResponse {
        convert::response(lunadefend_core::error_response(&self.0))
    }
}
