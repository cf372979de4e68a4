//! The global error handler: the error type of every handler, and its response.

use crate::error::AppError;
use actix_session::SessionInsertError;
use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use lunadefend::ErrorKind;

/// An error of LunaDefend, or one of the application.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) enum Failure {
    Luna(#[from] lunadefend::Error),
    App(#[from] AppError),
}

impl ResponseError for Failure {
    fn error_response(&self) -> HttpResponse {
        match self {
            // It is a complete response already, the same as that of LunaDefend's extractors.
            Self::Luna(error) => error.error_response(),
            Self::App(error) => {
                let (status, body) = error.answer();
                let status = StatusCode::from_u16(status);
                HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)).json(body)
            }
        }
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self::Luna(kind.into())
    }
}

impl From<askama::Error> for Failure {
    fn from(cause: askama::Error) -> Self {
        Self::App(cause.into())
    }
}

impl From<SessionInsertError> for Failure {
    fn from(cause: SessionInsertError) -> Self {
        Self::App(AppError::Session(cause.into()))
    }
}
