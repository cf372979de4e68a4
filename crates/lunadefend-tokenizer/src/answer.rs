//! Answers in the original's envelope.

use crate::config::in_words;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use lunadefend_core::wire::{self, Answer, Failure, SESSION_ENDED, SESSION_MISMATCH};
use lunadefend_vault::store::StoreError;
use lunadefend_vault::{OverQuota, VaultError};
use serde::Serialize;
use std::borrow::Cow;

/// The name of most failures, as from the original.
const ERROR_NAME: &str = "TokenizerError";

/// An answer that says no.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    name: &'static str,
    message: Cow<'static, str>,
}

impl Refusal {
    /// `message` is read by people: it says what to do and repeats nothing of the request.
    pub(crate) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            name: ERROR_NAME,
            message: message.into(),
        }
    }

    /// For failures that whoever asked must tell from others.
    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// The application has ended the session, for good.
    pub(crate) fn session_ended() -> Self {
        Self::bad_request(
            "the session has been ended: the application must give a new session id at each log-in",
        )
        .named(SESSION_ENDED)
    }

    /// The session is not the one that the page was made for, or it cannot be told.
    pub(crate) fn session_mismatch(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message).named(SESSION_MISMATCH)
    }

    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized")
    }

    pub(crate) fn forbidden(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn not_found(message: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn unavailable(message: &'static str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    pub(crate) fn took_too_long() -> Self {
        Self::unavailable("the request took too long")
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
    }

    #[cfg(test)]
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }
}

/// A store that fails is no fault of the caller, and its cause is none of his business.
impl From<VaultError> for Refusal {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::OverQuota(over) => return over.into(),
            // The store says it once in the log, not for each value.
            VaultError::Store(StoreError::Full) => {
                return Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "the tokenizer has no room for new values: its disk is nearly full",
                );
            }
            _ => {}
        }
        tracing::error!(error = &error as &dyn std::error::Error, "the vault failed");
        match error {
            VaultError::Store(StoreError::Io(_) | StoreError::Open { .. }) => Self::unavailable(
                "the tokenizer's store is not available: its disk cannot be written or read",
            ),
            VaultError::Store(_) | VaultError::Conflict => {
                Self::unavailable("the tokenizer's store is not available")
            }
            _ => Self::internal(),
        }
    }
}

/// A session that stores too much is its own affair: nobody has to look at the log.
impl From<OverQuota> for Refusal {
    fn from(over: OverQuota) -> Self {
        let (what, setting) = match over {
            OverQuota::Values(values) => (format!("{values} values"), "LUNADEFEND_SESSION_VALUES"),
            OverQuota::Bytes(bytes) => (in_words(bytes), "LUNADEFEND_SESSION_BYTES"),
        };
        tracing::debug!(setting, "a session has stored as much as it may in a day");
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            format!(
                "a session may store {what} in 24 hours: try again later, or have {setting} of the tokenizer raised"
            ),
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        failure(self.status, self.name, self.message)
    }
}

/// `/session/verify` says no with a 200.
pub(crate) fn no(message: &'static str) -> Response {
    failure(StatusCode::OK, ERROR_NAME, message.into())
}

/// `{"success":false,"error":{..}}` with a status.
fn failure(status: StatusCode, name: &'static str, message: Cow<'static, str>) -> Response {
    let mut response = json(
        status,
        &Failure {
            name: name.to_owned(),
            message: message.into_owned(),
        },
    );
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110 section 15.5.2: a 401 names a scheme. Browsers ask nobody for this one.
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// `{"success":true,"error":{},"data":T}`.
pub(crate) fn data<T: Serialize>(data: T) -> Response {
    json(StatusCode::OK, &Answer(data))
}

/// `{"success":true,"error":{}}`.
pub(crate) fn success() -> Response {
    #[derive(Serialize)]
    struct Success {
        success: bool,
        error: wire::Empty,
    }
    json(
        StatusCode::OK,
        &Success {
            success: true,
            error: wire::Empty {},
        },
    )
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    let mut response = Response::new(Body::from(wire::to_vec(value)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    async fn body(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), 1024).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn envelopes_are_the_originals() {
        assert_eq!(body(success()).await, r#"{"success":true,"error":{}}"#);
        assert_eq!(
            body(data(wire::Empty {})).await,
            r#"{"success":true,"error":{},"data":{}}"#
        );
        let refusal = Refusal::unauthorized().into_response();
        assert_eq!(refusal.status(), 401);
        assert_eq!(refusal.headers()["www-authenticate"], "Bearer");
        assert_eq!(refusal.headers()["content-type"], "application/json");
        assert_eq!(
            body(refusal).await,
            r#"{"success":false,"error":{"errorName":"TokenizerError","errorMessage":"Unauthorized","name":"TokenizerError","message":"Unauthorized"}}"#
        );
    }
}
