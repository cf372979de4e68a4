//! Refused and failed requests: a status, a name for programs, a message for people.

use crate::{
    rates::OverRate,
    response::{self, ERROR_NAME},
    size::in_words,
};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use lunadefend_core::wire::{IDEMPOTENCY_MISMATCH, SESSION_ENDED, SESSION_MISMATCH, TOKEN_GONE};
use lunadefend_vault::{OverQuota, TokenizeError, VaultError, store::StoreError};
use std::{borrow::Cow, fmt};

/// A request that is refused or failed.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    name: &'static str,
    message: Cow<'static, str>,
    cause: Option<Cause>,
}

/// A cause of failures that is counted. The response carries it as an extension.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause {
    /// Too much in too short a time.
    Rate(OverRate),
    /// The store failed.
    Store,
}

impl ApiError {
    /// Makes an error. People read `message`: it says what to do and repeats nothing of the request.
    pub(crate) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            name: ERROR_NAME,
            message: message.into(),
            cause: None,
        }
    }

    /// Makes the error for a limit in a time that was reached, which a setting could raise.
    pub(crate) fn over_limit(what: impl fmt::Display, setting: &str) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            format!("{what}: try again later, or have {setting} of the tokenizer raised"),
        )
    }

    /// Says what the failure is counted as.
    pub(crate) fn by(self, cause: Cause) -> Self {
        Self {
            cause: Some(cause),
            ..self
        }
    }

    /// Names a failure that the caller must distinguish from others.
    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Makes the error for a session that the application has ended, for good.
    pub(crate) fn session_ended() -> Self {
        Self::bad_request(
            "the session has been ended: the application must give a new session id at each log-in",
        )
        .named(SESSION_ENDED)
    }

    /// Makes the error for an `Idempotency-Key` that came before with another body.
    pub(crate) fn other_body() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "an earlier request with this Idempotency-Key had another body: use a new key",
        )
        .named(IDEMPOTENCY_MISMATCH)
    }

    /// Makes the error for an `Idempotency-Key` whose token is gone.
    pub(crate) fn token_gone() -> Self {
        Self::new(
            StatusCode::GONE,
            "the token of this Idempotency-Key was deleted or has expired: use a new key",
        )
        .named(TOKEN_GONE)
    }

    /// Makes the error for a session that is not the page's, or may not be.
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

/// A failing store is not the caller's fault; they do not see its cause.
impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::OverQuota(over) => return over.into(),
            // The store says it once in the log, not for each value.
            VaultError::Store(StoreError::Full) => {
                let full = "the tokenizer has no room for new values: its disk is nearly full";
                return Self::new(StatusCode::INSUFFICIENT_STORAGE, full).by(Cause::Store);
            }
            _ => {}
        }
        tracing::error!(error = &error as &dyn std::error::Error, "the vault failed");
        let failed = match error {
            VaultError::Store(StoreError::Unavailable(_) | StoreError::Unknown(_)) => {
                Self::unavailable(
                    "the tokenizer's store is not available: its disk cannot be written or read",
                )
            }
            VaultError::NotListed(_) => Self::unavailable(
                "nothing was deleted: the tokenizer cannot write its list of deletions",
            ),
            VaultError::OtherClock => Self::unavailable(
                "the clock of the tokenizer's machine differs from that of its store by more than 30 s: let NTP set it",
            ),
            VaultError::Store(_) | VaultError::Conflict => {
                Self::unavailable("the tokenizer's store is not available")
            }
            _ => Self::internal(),
        };
        failed.by(Cause::Store)
    }
}

impl From<TokenizeError> for ApiError {
    fn from(error: TokenizeError) -> Self {
        match error {
            TokenizeError::OtherBody => Self::other_body(),
            TokenizeError::Gone => Self::token_gone(),
            TokenizeError::Vault(error) => error.into(),
        }
    }
}

/// A session over its quota needs no operator, so the log has it at debug only.
impl From<OverQuota> for ApiError {
    fn from(over: OverQuota) -> Self {
        let (what, setting) = match over {
            OverQuota::Values(values) => (format!("{values} values"), "LUNADEFEND_SESSION_VALUES"),
            OverQuota::Bytes(bytes) => (in_words(bytes), "LUNADEFEND_SESSION_BYTES"),
        };
        tracing::debug!(setting, "a session has stored as much as it may in a day");
        Self::over_limit(
            format_args!("a session may store {what} in 24 hours"),
            setting,
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = response::failure(self.status, self.name, self.message);
        if let Some(cause) = self.cause {
            if let Cause::Rate(over) = cause {
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, over.retry_after());
            }
            response.extensions_mut().insert(cause);
        }
        response
    }
}
