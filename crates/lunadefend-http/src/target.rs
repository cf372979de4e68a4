//! Where a request goes.

use crate::HttpError;
use std::fmt;
use url::Url;

/// The URL of a request: absolute, `http` or `https`, without userinfo.
///
/// A text is parsed each time that it is sent. [`BaseUrl::target`](crate::BaseUrl::target) makes one that is parsed
/// already, for a URL that is used often. `Debug` prints none of it, as a URL may be a secret.
#[derive(Clone)]
pub struct Target(Form);

#[derive(Clone)]
enum Form {
    Text(String),
    Parsed(Url),
}

impl Target {
    pub(crate) const fn parsed(url: Url) -> Self {
        Self(Form::Parsed(url))
    }

    /// Returns the URL, if it is usable.
    pub(crate) fn into_url(self) -> Result<Url, HttpError> {
        let url = match self.0 {
            Form::Text(text) => Url::parse(&text).map_err(|_| HttpError::Url)?,
            Form::Parsed(url) => url,
        };
        let has_userinfo = !url.username().is_empty() || url.password().is_some();
        match url.scheme() {
            "http" | "https" if !has_userinfo => Ok(url),
            _ => Err(HttpError::Url),
        }
    }
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
