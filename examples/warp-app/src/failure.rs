//! The global error handler: the error type of every handler, and its response.

use crate::{error::AppError, guard::ForeignPage};
use lunadefend::ErrorKind;
use std::convert::Infallible;
use warp::{
    Rejection, Reply,
    http::StatusCode,
    reject::MethodNotAllowed,
    reply::{self, Response},
};

/// An error of LunaDefend, or one of the application.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) enum Failure {
    Luna(#[from] lunadefend::Error),
    App(#[from] AppError),
}

impl Reply for Failure {
    fn into_response(self) -> Response {
        match self {
            // It is a complete response already, the same as that of LunaDefend's routes.
            Self::Luna(error) => error.into_response(),
            Self::App(error) => {
                let (status, body) = error.answer();
                let status = StatusCode::from_u16(status);
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                reply::with_status(reply::json(&body), status).into_response()
            }
        }
    }
}

impl From<askama::Error> for Failure {
    fn from(cause: askama::Error) -> Self {
        Self::App(cause.into())
    }
}

/// Handles requests that match no route. warp's own response would be a text that contains parts of the
/// request.
pub(crate) async fn recover(rejection: Rejection) -> Result<Failure, Infallible> {
    Ok(if rejection.is_not_found() {
        AppError::NotFound.into()
    } else if rejection.find::<ForeignPage>().is_some() {
        AppError::ForeignPage.into()
    } else if rejection.find::<MethodNotAllowed>().is_some() {
        AppError::MethodNotAllowed.into()
    } else {
        Failure::Luna(ErrorKind::BadRequest.into())
    })
}
