//! URLs in the configuration.

use crate::{
    Target,
    idn::in_ascii,
    origin::{Fault, Origin},
};
use http::Uri;
use std::fmt;

const NO_HOST: &str =
    "its host must be a name, or an address such as 127.0.0.1 and [::1], in its usual spelling";

const NOT_ASCII: &str = if cfg!(feature = "idn") {
    "its host has no form in ASCII"
} else {
    "its host is not ASCII: write it as browsers send it, such as xn--bcher-kva.example, or ask for the feature `idn`"
};

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
/// `https://example.com/prod/grant/set`. Its path is percent-encoded (RFC 3986). A host
/// beyond ASCII needs the feature `idn`; without it write `xn--bcher-kva.example`.
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
    origin: Origin,
    /// Without a slash at the end.
    text: Box<str>,
    /// Where the path begins in the text.
    path: usize,
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
    #[error("{setting} is not a URL: {problem}")]
    Invalid {
        /// The name of the setting.
        setting: &'static str,
        /// What is wrong with it, and what to write.
        problem: &'static str,
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
        let invalid = |problem| UrlError::Invalid { setting, problem };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(UrlError::Userinfo { setting });
        }
        match rest.find(['?', '#']).map(|at| rest.as_bytes()[at]) {
            Some(b'?') => return Err(UrlError::Query { setting }),
            Some(_) => return Err(UrlError::Fragment { setting }),
            None => {}
        }
        let path = rest[authority.len()..].trim_end_matches('/');
        if !path.bytes().all(is_of_path) {
            return Err(invalid(
                "percent-encode what its path has beside letters and digits",
            ));
        }
        if path.split('/').any(is_dots) {
            return Err(invalid("its path must be written without `.` and `..`"));
        }
        let scheme = &text[..text.len() - rest.len()];
        let authority = in_ascii(authority).ok_or_else(|| invalid(NOT_ASCII))?;
        let uri = format!("{scheme}{authority}/").parse();
        let uri: Uri = uri.map_err(|_| invalid(NO_HOST))?;
        let origin = Origin::of(&uri).map_err(|fault| match fault {
            Fault::Scheme => UrlError::Scheme { setting },
            Fault::Userinfo => UrlError::Userinfo { setting },
            Fault::Host => invalid(NO_HOST),
            Fault::Port => invalid("its port must be a number up to 65535"),
        })?;
        if !origin.is_https && cleartext == Cleartext::LoopbackOnly && !origin.is_loopback() {
            return Err(UrlError::Cleartext { setting });
        }
        let text = format!("{origin}{path}");
        Ok(Self {
            path: text.len() - path.len(),
            text: text.into(),
            origin,
        })
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
        self.origin.to_string()
    }

    /// Returns whether `url` is an absolute URL of this origin, without userinfo.
    ///
    /// The parser is the one that the client uses for sending.
    #[must_use]
    pub fn is_origin_of(&self, url: &str) -> bool {
        let origin = url.parse().ok().and_then(|uri: Uri| Origin::of(&uri).ok());
        origin.as_ref() == Some(&self.origin)
    }

    /// Returns whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.origin.is_https
    }

    /// Returns whether the host is the machine itself.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.origin.is_loopback()
    }

    /// Returns the path, without a slash at the end: empty or like `/prod`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.text[self.path..]
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

/// RFC 3986 section 3.3: what a path may have, of which browsers encode nothing.
fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&byte)
}

/// Whether a segment of a path leads elsewhere, in any of its spellings.
fn is_dots(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

#[cfg(test)]
mod tests;
