//! Where a request goes.

use crate::{HttpError, origin::Origin};
use http::Uri;
use std::fmt;

/// The URL of a request: absolute, `http` or `https`, without userinfo.
///
/// A text is parsed each time that it is sent. [`BaseUrl::target`](crate::BaseUrl::target) makes one that is parsed
/// already, for a URL that is used often. `Debug` prints none of it, as a URL may be a secret.
#[derive(Clone)]
pub struct Target(Form);

#[derive(Clone)]
enum Form {
    Text(String),
    /// What was made of a usable text.
    Parsed(Uri),
}

impl Target {
    /// Parses the URL now, if it is usable.
    pub(crate) fn parsed(url: String) -> Self {
        match parse(&url) {
            Some(uri) => Self(Form::Parsed(uri)),
            None => Self(Form::Text(url)),
        }
    }

    /// Returns the URL as hyper takes it, if it is usable.
    pub(crate) fn into_uri(self) -> Result<Uri, HttpError> {
        match self.0 {
            Form::Text(text) => parse(&text).ok_or(HttpError::Url),
            Form::Parsed(uri) => Ok(uri),
        }
    }
}

/// Reads a URL as [`BaseUrl::is_origin_of`](crate::BaseUrl::is_origin_of) does: so the host that was judged is the one that
/// is asked.
fn parse(text: &str) -> Option<Uri> {
    let uri = text.parse().ok()?;
    // A path that is not ASCII would go out as it is.
    (text.is_ascii() && Origin::of(&uri).is_ok()).then_some(uri)
}

impl From<String> for Target {
    fn from(url: String) -> Self {
        Self(Form::Text(url))
    }
}

impl From<&str> for Target {
    fn from(url: &str) -> Self {
        url.to_owned().into()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Target(..)")
    }
}
