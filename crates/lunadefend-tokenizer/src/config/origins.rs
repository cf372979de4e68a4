//! Origins as browsers send them.

use crate::config_error::ConfigError;
use http::HeaderValue;
use lunadefend_core::provider::SettingError;
use lunadefend_http::{BaseUrl, Cleartext};
use std::fmt;
use url::{Host, Url};

/// A web origin, `https://host[:port]`, in the spelling that browsers send (RFC 6454 section 6.2): lower
/// case, Punycode, without the default port.
///
/// ```
/// use lunadefend_tokenizer::Origin;
///
/// let origin = Origin::parse("https://App.example.com:443/", "APPLICATION_FRONT_END")?;
/// assert_eq!(origin.as_str(), "https://app.example.com");
/// assert!(Origin::parse("https://app.example.com/home", "APPLICATION_FRONT_END").is_err());
/// assert!(Origin::parse("*", "APPLICATION_FRONT_END").is_err());
/// # Ok::<(), lunadefend_tokenizer::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    text: String,
    header: HeaderValue,
}

impl Origin {
    /// Parses the value of a setting; `setting` is its name, for the error.
    ///
    /// # Errors
    /// [`ConfigError`] when it is not a URL, or has a path or a wildcard.
    pub fn parse(text: &str, setting: &'static str) -> Result<Self, ConfigError> {
        let refused = || {
            let problem =
                "must be one origin such as https://app.example.com, without path and wildcard";
            SettingError::new(setting, problem, "").into()
        };
        if text.contains('*') {
            return Err(refused());
        }
        // Which pages may ask is no secret and no credential goes there: cleartext is not judged.
        let url = BaseUrl::parse(text, setting, Cleartext::Allowed)?;
        match url.path() {
            "" => Ok(Self::of(&url)),
            _ => Err(refused()),
        }
    }

    pub(crate) fn of(url: &BaseUrl) -> Self {
        let text = url.origin();
        // The serialisation of an http origin is ASCII without control characters.
        let header =
            HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("null"));
        Self { text, header }
    }

    /// Returns the origin, such as `https://app.example.com`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the site of an http origin on this machine; `None` for every other origin.
    ///
    /// For browsers a site is a scheme and a registrable domain, whatever the port. `localhost` is one, a
    /// name directly below it is another, with all names below that; an address is its own site.
    pub(crate) fn loopback_site(&self) -> Option<String> {
        let url = Url::parse(&self.text).ok()?;
        if url.scheme() != "http" {
            return None;
        }
        match url.host()? {
            Host::Domain("localhost") => Some("localhost".to_owned()),
            Host::Domain(name) => {
                let below = name.strip_suffix(".localhost")?;
                let (_, last) = below.rsplit_once('.').unwrap_or(("", below));
                Some(format!("{last}.localhost"))
            }
            Host::Ipv4(address) => address.is_loopback().then(|| address.to_string()),
            Host::Ipv6(address) => address.is_loopback().then(|| address.to_string()),
        }
    }

    pub(crate) const fn header(&self) -> &HeaderValue {
        &self.header
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Origin").field(&self.text).finish()
    }
}
