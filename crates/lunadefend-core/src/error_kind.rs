//! The kinds of errors.

use http::StatusCode;

/// Makes the enum from one table, so that every kind has its row.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $name:literal, $status:ident, $message:literal;)+) => {
        /// The kind of an [`Error`](crate::Error), as far as a caller can act on it.
        ///
        /// LunaSec's names are kept. `docs/errors.md` in the repository says for each kind who can fix it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $(
                $(#[doc = $doc])+
                ///
                #[doc = concat!("On the wire: `", $name, "`, `", stringify!($status), "`.")]
                $kind,
            )+
        }

        impl ErrorKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// Returns the `name` of the error on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// Returns the HTTP status that the error maps to.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$kind => StatusCode::$status,)+
                }
            }

            pub(crate) const fn default_message(self) -> &'static str {
                match self {
                    $(Self::$kind => $message,)+
                }
            }
        }
    };
}

kinds! {
    /// A string in place of a token is not a token.
    BadToken = "badToken", BAD_REQUEST,
        "not a token: expected the string `lunasec-<uuid>` that the tokenizer issued";
    /// The request cannot be read: not JSON, a missing member, a duplicate parameter.
    BadRequest = "badRequest", BAD_REQUEST,
        "the request cannot be read";
    /// The grant duration is malformed, too short, or over the tokenizer's maximum.
    GrantDuration = "grantDuration", BAD_REQUEST,
        "the duration of a grant must be a Go duration such as 15m, at least 1s and at most the tokenizer's maximum";
    /// The tokenizer rejected the request as invalid.
    TokenizerRejected = "TokenizerError", BAD_REQUEST,
        "the tokenizer rejected the request";
    /// No user is logged in.
    NoSession = "sessionError", UNAUTHORIZED,
        "unable to authenticate the user of this request";
    /// The application has ended the session; its id is no longer accepted.
    SessionEnded = "sessionError", UNAUTHORIZED,
        "this session has been ended: log in again; the session id provider must give a new id at each log-in";
    /// The session holds no live grant for a token.
    InvalidGrant = "invalidGrant", UNAUTHORIZED,
        "Grant Invalid";
    /// The request is of a kind that the route does not allow, such as a navigation.
    Forbidden = "forbidden", FORBIDDEN,
        "the request is not allowed from here";
    /// The body of the request is over the limit.
    PayloadTooLarge = "payloadTooLarge", PAYLOAD_TOO_LARGE,
        "the body of the request is too large";
    /// The request holds more tokens than one call may verify or grant.
    TooManyTokens = "tooManyTokens", PAYLOAD_TOO_LARGE,
        "the request holds too many tokens";
    /// The body of the request is of the wrong media type or charset.
    UnsupportedMediaType = "unsupportedMediaType", UNSUPPORTED_MEDIA_TYPE,
        "the body of the request must be application/json in UTF-8";
    /// The session id provider failed, panicked or returned an invalid id.
    SessionProvider = "sessionError", INTERNAL_SERVER_ERROR,
        "the session of this request could not be determined";
    /// The tokenizer did not create a grant.
    GrantCreation = "grantCreationFailure", INTERNAL_SERVER_ERROR,
        "the tokenizer did not create the grant";
    /// The tokenizer does not trust the key that the application signs with.
    TokenizerUnauthorized = "tokenizerUnauthorized", INTERNAL_SERVER_ERROR,
        "the tokenizer does not accept this application's signing key: check that SESSION_JWKS_URL or SESSION_PUBLIC_KEY of the tokenizer belongs to it, and that both clocks agree";
    /// An unexpected internal failure.
    Internal = "internalError", INTERNAL_SERVER_ERROR,
        "internal error";
    /// The tokenizer does not support the call, and no older call can replace it.
    TokenizerTooOld = "tokenizerTooOld", NOT_IMPLEMENTED,
        "the tokenizer does not offer this: put a newer version of it there";
    /// The tokenizer's URL has no such route.
    TokenizerNotFound = "TokenizerError", BAD_GATEWAY,
        "the tokenizer has no such route: check the path of TOKENIZER_URL";
    /// The tokenizer's response is malformed. It never counts as success.
    BadTokenizerResponse = "badTokenizerResponse", BAD_GATEWAY,
        "the tokenizer's answer is not valid: check that TOKENIZER_URL is the tokenizer itself and not a proxy's or log-in page";
    /// A value ended early while it was read as a stream: what has arrived is only its start.
    ValueIncomplete = "valueIncomplete", BAD_GATEWAY,
        "the value ended early: discard what was read of it, and read it again";
    /// The tokenizer is unreachable, overloaded, or did not respond before the deadline.
    TokenizerUnavailable = "tokenizerUnavailable", SERVICE_UNAVAILABLE,
        "the tokenizer is not available";
    /// The secret provider cannot supply the signing key.
    SecretUnavailable = "secretUnavailable", SERVICE_UNAVAILABLE,
        "the signing key is not available";
}
