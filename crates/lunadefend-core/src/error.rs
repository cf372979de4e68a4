//! The error of every LunaDefend call.

use http::StatusCode;
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};

/// A boxed error, as kept in [`Error::source`](std::error::Error::source).
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// Writes an error and all of its causes in one line, for the `Debug` of errors that a `main` may return:
/// what their users then read is the advice.
///
/// # Errors
/// When the formatter fails.
pub fn fmt_with_causes(error: &dyn StdError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{error}")?;
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(f, ": {error}")?;
        cause = error.source();
    }
    Ok(())
}

/// What went wrong, as far as a caller can act on it.
///
/// | kind | `name` on the wire | status |
/// |---|---|---|
/// | `BadToken` | `badToken` | 400 |
/// | `BadRequest` | `badRequest` | 400 |
/// | `GrantDuration` | `grantDuration` | 400 |
/// | `TokenizerRejected` | `TokenizerError` | 400 |
/// | `NoSession` | `sessionError` | 401 |
/// | `SessionEnded` | `sessionError` | 401 |
/// | `InvalidGrant` | `invalidGrant` | 401 |
/// | `Forbidden` | `forbidden` | 403 |
/// | `PayloadTooLarge` | `payloadTooLarge` | 413 |
/// | `TooManyTokens` | `tooManyTokens` | 413 |
/// | `UnsupportedMediaType` | `unsupportedMediaType` | 415 |
/// | `SessionProvider` | `sessionError` | 500 |
/// | `GrantCreation` | `grantCreationFailure` | 500 |
/// | `TokenizerUnauthorized` | `tokenizerUnauthorized` | 500 |
/// | `Internal` | `internalError` | 500 |
/// | `TokenizerTooOld` | `tokenizerTooOld` | 501 |
/// | `TokenizerNotFound` | `TokenizerError` | 502 |
/// | `BadTokenizerResponse` | `badTokenizerResponse` | 502 |
/// | `TokenizerUnavailable` | `tokenizerUnavailable` | 503 |
/// | `SecretUnavailable` | `secretUnavailable` | 503 |
///
/// Names that the original SDK has are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A string that should be a token is not one.
    BadToken,
    /// A request that cannot be read: not JSON, a missing member, a parameter twice.
    BadRequest,
    /// The duration of a grant is not a duration, too short, or over the tokenizer's maximum.
    GrantDuration,
    /// The tokenizer refused the request as wrong.
    TokenizerRejected,
    /// Nobody is logged in.
    NoSession,
    /// The application has ended the session: its id counts no more.
    SessionEnded,
    /// The session holds no live grant for a token.
    InvalidGrant,
    /// The request came from a place that must not ask.
    Forbidden,
    /// The body of the request is over the limit.
    PayloadTooLarge,
    /// The request holds more tokens than one call may verify or grant.
    TooManyTokens,
    /// The body of the request is of the wrong media type or charset.
    UnsupportedMediaType,
    /// The session id provider failed, panicked or returned nonsense.
    SessionProvider,
    /// The tokenizer did not create a grant.
    GrantCreation,
    /// The tokenizer does not trust the key that the application signs with.
    TokenizerUnauthorized,
    /// Something that must not fail did.
    Internal,
    /// The tokenizer does not offer what was asked of it, and nothing older says the same.
    TokenizerTooOld,
    /// There is no such route at the tokenizer's URL.
    TokenizerNotFound,
    /// The tokenizer answered something that is not a valid answer. Never read as a yes.
    BadTokenizerResponse,
    /// The tokenizer cannot be reached, is overloaded, or did not answer before the deadline.
    TokenizerUnavailable,
    /// The signing key cannot be had from its secret provider.
    SecretUnavailable,
}

impl ErrorKind {
    /// The `name` of the error on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status that the error maps to.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    const fn default_message(self) -> &'static str {
        self.row().2
    }

    const fn row(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::BadToken => (
                "badToken",
                S::BAD_REQUEST,
                "not a token: expected the string `lunasec-<uuid>` that the tokenizer issued",
            ),
            Self::BadRequest => ("badRequest", S::BAD_REQUEST, "the request cannot be read"),
            Self::GrantDuration => (
                "grantDuration",
                S::BAD_REQUEST,
                "the duration of a grant must be a Go duration such as 15m, at least 1s and at most the tokenizer's maximum",
            ),
            Self::TokenizerRejected => (
                "TokenizerError",
                S::BAD_REQUEST,
                "the tokenizer rejected the request",
            ),
            Self::NoSession => (
                "sessionError",
                S::UNAUTHORIZED,
                "unable to authenticate the user of this request",
            ),
            Self::SessionEnded => (
                "sessionError",
                S::UNAUTHORIZED,
                "this session has been ended: log in again; the session id provider must give a new id at each log-in",
            ),
            Self::InvalidGrant => ("invalidGrant", S::UNAUTHORIZED, "Grant Invalid"),
            Self::Forbidden => (
                "forbidden",
                S::FORBIDDEN,
                "the request is not allowed from here",
            ),
            Self::PayloadTooLarge => (
                "payloadTooLarge",
                S::PAYLOAD_TOO_LARGE,
                "the body of the request is too large",
            ),
            Self::TooManyTokens => (
                "tooManyTokens",
                S::PAYLOAD_TOO_LARGE,
                "the request holds too many tokens",
            ),
            Self::UnsupportedMediaType => (
                "unsupportedMediaType",
                S::UNSUPPORTED_MEDIA_TYPE,
                "the body of the request must be application/json in UTF-8",
            ),
            Self::SessionProvider => (
                "sessionError",
                S::INTERNAL_SERVER_ERROR,
                "the session of this request could not be determined",
            ),
            Self::GrantCreation => (
                "grantCreationFailure",
                S::INTERNAL_SERVER_ERROR,
                "the tokenizer did not create the grant",
            ),
            Self::TokenizerUnauthorized => (
                "tokenizerUnauthorized",
                S::INTERNAL_SERVER_ERROR,
                "the tokenizer does not accept this application's signing key: check that SESSION_JWKS_URL or SESSION_PUBLIC_KEY of the tokenizer belongs to it, and that both clocks agree",
            ),
            Self::Internal => ("internalError", S::INTERNAL_SERVER_ERROR, "internal error"),
            Self::TokenizerTooOld => (
                "tokenizerTooOld",
                S::NOT_IMPLEMENTED,
                "the tokenizer does not offer this: put a newer version of it there",
            ),
            Self::TokenizerNotFound => (
                "TokenizerError",
                S::BAD_GATEWAY,
                "the tokenizer has no such route: check the path of TOKENIZER_URL",
            ),
            Self::BadTokenizerResponse => (
                "badTokenizerResponse",
                S::BAD_GATEWAY,
                "the tokenizer's answer is not valid: check that TOKENIZER_URL is the tokenizer itself and not a proxy's or log-in page",
            ),
            Self::TokenizerUnavailable => (
                "tokenizerUnavailable",
                S::SERVICE_UNAVAILABLE,
                "the tokenizer is not available",
            ),
            Self::SecretUnavailable => (
                "secretUnavailable",
                S::SERVICE_UNAVAILABLE,
                "the signing key is not available",
            ),
        }
    }
}

/// The error of every LunaDefend call, and of the handlers and extractors of every adapter.
///
/// Serialises as LunaSec's does, `{"name","message","code"}`. As a response of axum, actix-web or warp
/// it is `{"success":false,"error":{..}}` with its [`status`](Error::status). That response carries the
/// error in its extensions, so that one middleware can give all errors the application's own shape.
/// A clone is cheap; it shares the cause.
///
/// # Security
/// Neither the message nor `Debug` contains a token, a session id, a key, a JWT or what came in. The
/// cause, if there is one, is in [`source`](StdError::source): it is logged, never sent.
///
/// ```
/// use lunadefend_core::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::InvalidGrant);
/// assert_eq!(error.status(), 401);
/// assert_eq!(
///     serde_json::to_string(&error)?,
///     r#"{"name":"invalidGrant","message":"Grant Invalid","code":"401"}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with the standard message of its kind.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            message: Cow::Borrowed(kind.default_message()),
            source: None,
        }))
    }

    /// The session id provider failed. `message` says what to do.
    ///
    /// ```
    /// # use lunadefend_core::Error;
    /// let error = Error::session_provider("the session store is down");
    /// assert_eq!((error.name(), error.code().as_str()), ("sessionError", "500"));
    /// ```
    #[must_use]
    pub fn session_provider(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::SessionProvider).with_message(message)
    }

    /// Replaces the message.
    ///
    /// # Security
    /// It is sent to browsers: no secret, and nothing that came in.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Keeps the cause; it is logged, never sent.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The name on the wire, such as `invalidGrant`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// The message on the wire.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind().status()
    }

    /// The status as the string that LunaSec's `code` is, such as `"401"`.
    #[must_use]
    pub fn code(&self) -> String {
        self.status().as_str().to_owned()
    }

    /// Whether the same call may succeed later without a change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::TokenizerUnavailable | ErrorKind::SecretUnavailable
        )
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut error = serializer.serialize_struct("Error", 3)?;
        error.serialize_field("name", self.name())?;
        error.serialize_field("message", self.message())?;
        error.serialize_field("code", self.status().as_str())?;
        error.end()
    }
}
