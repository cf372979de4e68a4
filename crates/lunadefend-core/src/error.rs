//! The error of every LunaDefend call.

use crate::ErrorKind;
use http::StatusCode;
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};

/// A boxed error, as stored in [`Error::source`](std::error::Error::source).
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// Writes an error and all its causes in one line.
///
/// Use it for the `Debug` of an error that `main` may return, so that the user reads the advice.
///
/// # Errors
/// If the formatter fails.
pub fn fmt_with_causes(error: &dyn StdError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{error}")?;
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(f, ": {error}")?;
        cause = error.source();
    }
    Ok(())
}

/// The error of every LunaDefend call, and of the handlers and extractors of every adapter.
///
/// Serialises like LunaSec's errors: `{"name","message","code"}`. As a response of axum, actix-web or warp it
/// is `{"success":false,"error":{..}}` with its [`status`](Error::status). The response carries the error in
/// its extensions, so one middleware can give all errors your own shape. Cloning is cheap; clones share the
/// cause.
///
/// # Security
/// Neither the message nor `Debug` contains a token, a session id, a key, a JWT or input. The cause, if any,
/// is in [`source`](StdError::source): it is logged, never sent.
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
    /// Returns an error with the standard message of its kind.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            message: Cow::Borrowed(kind.default_message()),
            source: None,
        }))
    }

    /// Returns the error of a session id provider that failed. `message` says what to do.
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
    /// The message is sent to browsers: it must contain no secret and no input.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Adds the cause; it is logged, never sent.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the name on the wire, such as `invalidGrant`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// Returns the message on the wire.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind().status()
    }

    /// Returns the status as a string, like LunaSec's `code`, such as `"401"`.
    #[must_use]
    pub fn code(&self) -> String {
        self.status().as_str().to_owned()
    }

    /// Returns whether the same call may succeed later, unchanged.
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
