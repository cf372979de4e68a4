//! The errors that are the application's own.

use http::StatusCode;
use serde_json::{Value, json};

/// What the application refuses or fails at by itself. The errors of LunaDefend are beside it in each
/// application's global error handler.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// There is no such path.
    #[error("there is nothing at this path")]
    NotFound,
    /// The path does not take this method.
    #[error("this path does not take this method")]
    MethodNotAllowed,
    /// The body of a log-in cannot be read.
    #[error("a log-in is {{\"user\":\"a name\"}} as application/json, the name of a-z, 0-9 and -")]
    BadLogin,
    /// The row belongs to somebody else.
    #[error("this row is not yours")]
    NotYourRow,
    /// A verified token that stands in somebody else's row.
    #[error("a token of somebody else's row cannot become yours")]
    NotYourToken,
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The session could not be read or written.
    #[error("the session could not be read or written")]
    Session(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AppError {
    /// The status and the body of the answer, in the form that LunaDefend's errors have. Nothing of a
    /// cause is in it: that is logged here.
    #[must_use]
    pub fn answer(&self) -> (StatusCode, Value) {
        let (status, name) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "notFound"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "methodNotAllowed"),
            Self::BadLogin => (StatusCode::BAD_REQUEST, "badRequest"),
            Self::NotYourRow | Self::NotYourToken => (StatusCode::FORBIDDEN, "forbidden"),
            Self::Database(_) | Self::Session(_) => {
                tracing::error!(cause = self as &dyn std::error::Error, "answering 500");
                (StatusCode::INTERNAL_SERVER_ERROR, "internalError")
            }
        };
        let error = json!({
            "name": name,
            "message": self.to_string(),
            "code": status.as_str(),
        });
        (status, json!({ "success": false, "error": error }))
    }
}
