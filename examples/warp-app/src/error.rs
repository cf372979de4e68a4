//! The errors that are the application's own.

use serde_json::{Value, json};

/// The application's own errors. `failure.rs` combines them with LunaDefend's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    /// There is no such path.
    #[error("there is nothing at this path")]
    NotFound,
    /// The path does not take this method.
    #[error("this path does not take this method")]
    MethodNotAllowed,
    /// A body without tokens cannot be read.
    #[error(
        "expected JSON or a form, such as {{\"user\":\"a-name\"}} for a log-in, the name of a-z, 0-9 and -"
    )]
    BadBody,
    /// A page of another origin wanted to change something.
    #[error("only pages of this application may send this")]
    ForeignPage,
    /// The row belongs to another user.
    #[error("this row is not yours")]
    NotYourRow,
    /// A verified token that belongs to another user's row.
    #[error("a token of somebody else's row cannot become yours")]
    NotYourToken,
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A page could not be made.
    #[error("the page could not be made")]
    Page(#[from] askama::Error),
    /// The session could not be read or written.
    #[error("the session could not be read or written")]
    Session(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AppError {
    /// The status and the body of the response, in the form that LunaDefend's errors have. The cause is not
    /// in it: it is logged here.
    pub(crate) fn answer(&self) -> (u16, Value) {
        let (status, name) = match self {
            Self::NotFound => (404, "notFound"),
            Self::MethodNotAllowed => (405, "methodNotAllowed"),
            Self::BadBody => (400, "badRequest"),
            Self::NotYourRow | Self::NotYourToken | Self::ForeignPage => (403, "forbidden"),
            Self::Database(_) | Self::Page(_) | Self::Session(_) => {
                tracing::error!(cause = self as &dyn std::error::Error, "answering 500");
                (500, "internalError")
            }
        };
        let error = json!({
            "name": name,
            "message": self.to_string(),
            "code": status.to_string(),
        });
        (status, json!({ "success": false, "error": error }))
    }
}
