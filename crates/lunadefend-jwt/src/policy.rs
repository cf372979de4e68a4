//! The claims that a tokenizer accepts.

use crate::{AUDIENCE, ISSUER};
use std::time::Duration;

/// The claims that a verifier accepts, beside the fixed list of [`ParsedJwt`](crate::ParsedJwt).
///
/// ```
/// use lunadefend_jwt::JwtPolicy;
///
/// let policy = JwtPolicy::new("https://tokenizer.example.com").with_issuers(["node-sdk", "billing"]);
/// assert_eq!(policy.issuers.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JwtPolicy {
    /// The accepted `iss`; `node-sdk` by default.
    pub issuers: Vec<String>,
    /// The required `aud`, alone or in an array; `secure-frame` by default.
    pub audience: String,
    /// How long after `exp` a JWT is still accepted; 5 s by default.
    pub leeway: Duration,
    /// How far ahead `iat` and `nbf` may be; 60 s by default.
    pub max_ahead: Duration,
    /// The longest `exp - iat`; 1 h by default.
    pub max_lifetime: Duration,
    /// The origin of this tokenizer, such as `https://tokenizer.example.com`. A JWT that names a tokenizer
    /// must name this one. With `None` every JWT that names a tokenizer is refused.
    pub tokenizer_origin: Option<String>,
}

impl JwtPolicy {
    /// Returns the default policy, for the tokenizer at this origin.
    #[must_use]
    pub fn new(tokenizer_origin: impl Into<String>) -> Self {
        Self {
            tokenizer_origin: Some(tokenizer_origin.into()),
            ..Self::default()
        }
    }

    /// Replaces the accepted issuers.
    #[must_use]
    pub fn with_issuers<I: Into<String>>(mut self, issuers: impl IntoIterator<Item = I>) -> Self {
        self.issuers = issuers.into_iter().map(Into::into).collect();
        self
    }

    /// Replaces the audience.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Replaces the longest lifetime.
    #[must_use]
    pub const fn with_max_lifetime(mut self, max_lifetime: Duration) -> Self {
        self.max_lifetime = max_lifetime;
        self
    }
}

impl Default for JwtPolicy {
    fn default() -> Self {
        Self {
            issuers: vec![ISSUER.to_owned()],
            audience: AUDIENCE.to_owned(),
            leeway: Duration::from_secs(5),
            max_ahead: Duration::from_secs(60),
            max_lifetime: Duration::from_secs(60 * 60),
            tokenizer_origin: None,
        }
    }
}
