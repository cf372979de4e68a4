//! URLs in the configuration.

use crate::Target;
use std::{fmt, net::IpAddr};
use url::{Host, Url};

/// Where `http://` is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cleartext {
    /// Only to the machine itself: 127.0.0.0/8, `[::1]`, `localhost` and names below it.
    #[default]
    LoopbackOnly,
    /// Anywhere.
    ///
    /// # Security
    /// An attacker who reads an application JWT on the wire can grant any token to any session.
    Allowed,
}

/// An `http` or `https` URL that other URLs are built on: no userinfo, no query, no fragment.
///
/// It keeps its path: below `https://example.com/prod`, with or without a slash at the end, `/grant/set` is
/// `https://example.com/prod/grant/set`.
///
/// ```
/// use lunadefend_http::{BaseUrl, Cleartext};
///
/// let base = BaseUrl::parse("https://example.com:443/prod/", "TOKENIZER_URL", Cleartext::default())?;
/// assert_eq!(base.join("/grant/set"), "https://example.com/prod/grant/set");
/// assert_eq!(base.origin(), "https://example.com");
///
/// let error = BaseUrl::parse("example.com", "TOKENIZER_URL", Cleartext::default()).unwrap_err();
/// assert_eq!(error.to_string(), "TOKENIZER_URL must start with https:// or http://");
/// # Ok::<(), lunadefend_http::UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    text: Box<str>,
}

/// Why a configured URL is refused. Names the setting; never contains the URL, which may have a password in
/// it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The value is empty.
    #[error("{setting} is set but empty: write a URL such as https://tokenizer.example.com")]
    Empty {
        /// The name of the setting.
        setting: &'static str,
    },
    /// No scheme, or a scheme other than http and https.
    #[error("{setting} must start with https:// or http://")]
    Scheme {
        /// The name of the setting.
        setting: &'static str,
    },
    /// Not a URL.
    #[error("{setting} is not a URL")]
    Invalid {
        /// The name of the setting.
        setting: &'static str,
        /// The cause.
        #[source]
        source: url::ParseError,
    },
    /// Blanks, control characters or backslashes, which programs interpret differently.
    #[error("{setting} must not contain blanks, control characters or backslashes")]
    Characters {
        /// The name of the setting.
        setting: &'static str,
    },
    /// A user name or password.
    #[error("{setting} must not contain a user name or a password")]
    Userinfo {
        /// The name of the setting.
        setting: &'static str,
    },
    /// A query.
    #[error("{setting} must not contain a query (`?`)")]
    Query {
        /// The name of the setting.
        setting: &'static str,
    },
    /// A fragment.
    #[error("{setting} must not contain a fragment (`#`)")]
    Fragment {
        /// The name of the setting.
        setting: &'static str,
    },
    /// `http://` to another machine.
    #[error(
        "{setting} must start with https://: http:// is only allowed for loopback addresses such as 127.0.0.1 and localhost, unless cleartext is allowed by the configuration"
    )]
    Cleartext {
        /// The name of the setting.
        setting: &'static str,
    },
}

/// Prints the same as `Display`, with the causes, for a `main` that returns the error.
impl fmt::Debug for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::error::fmt_with_causes(self, f)
    }
}

impl BaseUrl {
    /// Parses the value of a setting; `setting` is its name, for the error.
    ///
    /// # Errors
    /// A [`UrlError`] that names the fault.
    pub fn parse(
        text: &str,
        setting: &'static str,
        cleartext: Cleartext,
    ) -> Result<Self, UrlError> {
        if text.is_empty() {
            return Err(UrlError::Empty { setting });
        }
        // The URL standard strips and repairs; a setting that needs repair is a mistake.
        if text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '\\')
        {
            return Err(UrlError::Characters { setting });
        }
        // Checked on the text: `localhost:8080` is a URL whose scheme is `localhost`.
        let Some(rest) = strip_scheme(text) else {
            return Err(UrlError::Scheme { setting });
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(UrlError::Userinfo { setting });
        }
        let url = Url::parse(text).map_err(|source| UrlError::Invalid { setting, source })?;
        if url.query().is_some() {
            return Err(UrlError::Query { setting });
        }
        if url.fragment().is_some() {
            return Err(UrlError::Fragment { setting });
        }
        if url.scheme() == "http" && cleartext == Cleartext::LoopbackOnly && !is_loopback(&url) {
            return Err(UrlError::Cleartext { setting });
        }
        let text = url.as_str().trim_end_matches('/').into();
        Ok(Self { url, text })
    }

    /// Returns the URL of a path below this one; with or without a slash at the front.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}/{}", self.text, path.trim_start_matches('/'))
    }

    /// Returns the URL of a path below this one, as [`join`](Self::join) does, for requests.
    #[must_use]
    pub fn target(&self, path: &str) -> Target {
        Target::parsed(self.join(path))
    }

    /// Returns the origin as browsers send it: `https://host[:port]` without the default port.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Returns whether `url` is an absolute URL of this origin, without userinfo.
    ///
    /// The parser is the one that the client uses for sending.
    #[must_use]
    pub fn is_origin_of(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| {
            url.origin() == self.url.origin()
                && url.username().is_empty()
                && url.password().is_none()
        })
    }

    /// Returns whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns whether the host is the machine itself.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Returns the path, without a slash at the end: empty or like `/prod`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// Returns the URL, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BaseUrl").field(&self.as_str()).finish()
    }
}

fn strip_scheme(text: &str) -> Option<&str> {
    ["https://", "http://"].into_iter().find_map(|scheme| {
        let (head, rest) = text.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        // RFC 6761 section 6.3: names below localhost never leave the machine either.
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests;
