//! The global error handler: the error type of every handler, and its response.

use crate::error::AppError;
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lunadefend::ErrorKind;
use tower_sessions::session;

/// An error of LunaDefend, or one of the application.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) enum Failure {
    Luna(#[from] lunadefend::Error),
    App(#[from] AppError),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            // It is a complete response already, the same as that of LunaDefend's extractors.
            Self::Luna(error) => error.into_response(),
            Self::App(error) => {
                let (status, body) = error.answer();
                let status = StatusCode::from_u16(status);
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (status, Json(body)).into_response()
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

impl From<session::Error> for Failure {
    fn from(cause: session::Error) -> Self {
        Self::App(AppError::Session(cause.into()))
    }
}
