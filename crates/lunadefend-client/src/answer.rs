//! What a response of the tokenizer means: one table for verify, create and the other calls.

mod words;

use crate::{
    message::TokenizerMessage,
    retry::{self, Repeat},
};
use http::StatusCode;
use lunadefend_core::{
    Error, ErrorKind,
    adapter::is_json,
    wire::{self, Destroys, StrictError},
};
use lunadefend_http::{BaseUrl, HttpError, Response, Target};
use serde::de::DeserializeOwned;

/// The URLs of all routes of one tokenizer, which are parsed once.
pub(crate) struct Routes([Target; Route::ALL.len()]);

impl Routes {
    pub(crate) fn below(tokenizer: &BaseUrl) -> Self {
        Self(Route::ALL.map(|route| tokenizer.target(route.path())))
    }

    pub(crate) fn of(&self, route: Route) -> Target {
        self.0[route as usize].clone()
    }
}

/// The routes of a tokenizer that the client calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    GrantSet,
    GrantVerify,
    SetBatch,
    VerifyBatch,
    NewValue,
    ReadValues,
    TokensDescribe,
    Tokenize,
    Detokenize,
    MetadataGet,
    SessionRevoke,
    GrantsRevoke,
    TokensDelete,
}

impl Route {
    /// Each route, at its place.
    const ALL: [Self; 13] = [
        Self::GrantSet,
        Self::GrantVerify,
        Self::SetBatch,
        Self::VerifyBatch,
        Self::NewValue,
        Self::ReadValues,
        Self::TokensDescribe,
        Self::Tokenize,
        Self::Detokenize,
        Self::MetadataGet,
        Self::SessionRevoke,
        Self::GrantsRevoke,
        Self::TokensDelete,
    ];

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::GrantSet => "/grant/set",
            Self::GrantVerify => "/grant/verify",
            Self::SetBatch => "/v2/grants/set",
            Self::VerifyBatch => "/v2/grants/verify",
            Self::NewValue => "/v2/tokenize",
            Self::ReadValues => "/v2/detokenize",
            Self::TokensDescribe => "/v2/tokens/describe",
            Self::Tokenize => "/tokenize",
            Self::Detokenize => "/detokenize",
            Self::MetadataGet => "/metadata/get",
            Self::SessionRevoke => "/v2/sessions/revoke",
            Self::GrantsRevoke => wire::GrantsRevoke::ROUTE,
            Self::TokensDelete => wire::TokensDelete::ROUTE,
        }
    }

    pub(crate) const fn repeat(self) -> Repeat {
        match self {
            // A repeated tokenize would create two tokens.
            Self::Tokenize => Repeat::IfUnsent,
            Self::GrantSet
            | Self::GrantVerify
            | Self::SetBatch
            | Self::VerifyBatch
            // It has a key that makes it so.
            | Self::NewValue
            | Self::ReadValues
            | Self::TokensDescribe
            | Self::Detokenize
            | Self::MetadataGet
            | Self::SessionRevoke
            | Self::GrantsRevoke
            | Self::TokensDelete => Repeat::Idempotent,
        }
    }

    /// What LunaSec's tokenizer cannot do; `None` for what it can.
    const fn beyond_v1(self) -> Option<&'static str> {
        match self {
            Self::NewValue => Some("give a value a kind, an expiry or a number of reads"),
            Self::ReadValues => Some("read many values"),
            Self::TokensDescribe => Some("describe tokens"),
            Self::SessionRevoke => Some("end sessions"),
            Self::GrantsRevoke => Some("revoke grants"),
            Self::TokensDelete => Some("delete tokens"),
            // Where a tokenizer has no batches, the client goes by level 1.
            Self::SetBatch
            | Self::VerifyBatch
            | Self::GrantSet
            | Self::GrantVerify
            | Self::Tokenize
            | Self::Detokenize
            | Self::MetadataGet => None,
        }
    }
}

/// Why a response is invalid.
#[derive(Debug, thiserror::Error)]
enum BadAnswer {
    #[error("the tokenizer answered with status {0}")]
    Status(u16),
    #[error("the answer is not application/json in UTF-8")]
    NotJson,
    #[error("the answer is not what was expected")]
    Json(#[source] StrictError),
}

/// Reads the `data` of a successful response; any other response is an error.
pub(crate) fn read<T: DeserializeOwned>(
    route: Route,
    outcome: Result<Response, HttpError>,
) -> Result<T, Error> {
    let answer = outcome.map_err(|error| transport_error(route, error))?;
    if answer.status != StatusCode::OK {
        return Err(refusal(route, answer.status, &answer.body));
    }
    if !is_json(&answer.headers) {
        return Err(bad(BadAnswer::NotJson));
    }
    wire::from_slice::<wire::Success<T>>(&answer.body, wire::RESPONSE)
        .map(|answer| answer.0)
        .map_err(|error| bad(BadAnswer::Json(error)))
}

const NO_SUCH_VALUE: &str = "the tokenizer rejected the request: the session holds no live grant for the token, or there is no such value";

/// The error for a value that the session may not read.
pub(crate) fn no_such_value() -> Error {
    Error::new(ErrorKind::TokenizerRejected).with_message(NO_SUCH_VALUE)
}

/// Returns whether the response is that there is no such route.
pub(crate) fn is_missing_route(outcome: &Result<Response, HttpError>) -> bool {
    let status = match outcome {
        Ok(answer) => Some(answer.status),
        Err(error) => error.head().map(|head| head.status),
    };
    status == Some(StatusCode::NOT_FOUND)
}

/// Returns whether the response is the tokenizer's last word on this request: not that it is busy or away.
pub(crate) fn is_final(outcome: &Result<Response, HttpError>) -> bool {
    let status = match outcome {
        Ok(answer) => Some(answer.status),
        Err(error) => error.head().map(|head| head.status),
    };
    status.is_some_and(|status| !retry::is_passing(status))
}

fn bad(cause: BadAnswer) -> Error {
    Error::new(ErrorKind::BadTokenizerResponse).with_source(cause)
}

/// The error for an incomplete response. A known status decides, as if the body were empty.
fn transport_error(route: Route, error: HttpError) -> Error {
    match error.head().map(|head| head.status) {
        Some(StatusCode::OK) => Error::new(ErrorKind::BadTokenizerResponse).with_source(error),
        Some(status) => refusal(route, status, &[]),
        None => unreachable_tokenizer(error),
    }
}

/// The error for a missing response.
pub(crate) fn unreachable_tokenizer(error: HttpError) -> Error {
    let kind = match error {
        // These are bugs in this crate, or errors of the configuration.
        HttpError::Url | HttpError::TlsDisabled | HttpError::Build { .. } => ErrorKind::Internal,
        _ => ErrorKind::TokenizerUnavailable,
    };
    Error::new(kind).with_source(error)
}

/// The error for any status but 200.
fn refusal(route: Route, status: StatusCode, body: &[u8]) -> Error {
    let message = TokenizerMessage::new(status, body);
    let create = matches!(route, Route::GrantSet | Route::SetBatch);
    let kind = match status.as_u16() {
        400 if says_session_ended(body) => ErrorKind::SessionEnded,
        400 | 500 if create && message.is_about_duration() => ErrorKind::GrantDuration,
        400 if create => ErrorKind::GrantCreation,
        400 => ErrorKind::TokenizerRejected,
        // The tokenizer knows us, and does not delete.
        403 if route == Route::TokensDelete => ErrorKind::TokenizerRejected,
        401 | 403 => ErrorKind::TokenizerUnauthorized,
        404 if is_about_a_token(route, &message) => ErrorKind::TokenizerRejected,
        404 | 405 if route.beyond_v1().is_some() => ErrorKind::TokenizerTooOld,
        429 => ErrorKind::TokenizerUnavailable,
        _ if status.is_server_error() => ErrorKind::TokenizerUnavailable,
        _ if status.is_client_error() => ErrorKind::TokenizerNotFound,
        _ => return bad(BadAnswer::Status(status.as_u16())),
    };
    let words = words::of(status, body, &message);
    let error = Error::new(kind).with_source(message);
    match (kind, route) {
        (ErrorKind::TokenizerRejected, Route::Detokenize | Route::MetadataGet) => {
            error.with_message(NO_SUCH_VALUE)
        }
        (ErrorKind::TokenizerTooOld, _) => error.with_message(format!(
            "the tokenizer cannot {}: put a newer version of it there, or check the path of TOKENIZER_URL",
            route.beyond_v1().unwrap_or("do this")
        )),
        (ErrorKind::TokenizerRejected, Route::TokensDelete) if status == StatusCode::FORBIDDEN => error.with_message(
            "the tokenizer deletes no tokens: LUNADEFEND_DELETE is off there",
        ),
        _ => match words {
            Some(words) => error.with_message(words),
            None => error,
        },
    }
}

/// Returns whether the failure is that the application has ended the session.
pub(crate) fn says_session_ended(body: &[u8]) -> bool {
    wire::from_slice::<wire::Failure>(body, wire::RESPONSE)
        .is_ok_and(|failure| failure.name == wire::SESSION_ENDED)
}

/// Returns whether a 404 has the tokenizer's own message that a granted token has no value or metadata. A 404
/// without such a message comes from a server that has no such route.
fn is_about_a_token(route: Route, message: &TokenizerMessage) -> bool {
    matches!(route, Route::Detokenize | Route::MetadataGet) && !message.text().is_empty()
}

#[cfg(test)]
mod tests;
