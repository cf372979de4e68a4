//! Settings of where AWS is, judged before anything is sent.

use crate::{Guard, Refused};
use url::Url;

/// Why an endpoint cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// It is no URL of a host, or has more than that.
    #[error(
        "its endpoint is not an http:// or https:// URL with nothing but a host, port and path"
    )]
    Invalid,
    /// Requests to it would be refused.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Checks another address than AWS's: a local fake, or a VPC endpoint.
///
/// # Errors
/// [`EndpointError`]; it does not repeat the endpoint, which may contain a password.
pub fn check_endpoint(endpoint: &str, allow_cleartext: bool) -> Result<(), EndpointError> {
    let url = Url::parse(endpoint).map_err(|_| EndpointError::Invalid)?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_plain {
        return Err(EndpointError::Invalid);
    }
    let guard = Guard {
        allow_cleartext,
        has_roots: true,
        max_answer: 0,
    };
    Ok(guard.check(&url)?)
}

/// Returns whether the text can be a region's name. It becomes part of the host name.
#[must_use]
pub fn is_region(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 63
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        for region in ["us-east-1", "eu-isoe-west-1", "x"] {
            assert!(is_region(region), "{region}");
        }
        let long = "a".repeat(64);
        for text in ["", "-a", "a-", "us-east-1.evil", "US-EAST-1", "a/b", &long] {
            assert!(!is_region(text), "{text}");
        }
    }

    #[test]
    fn endpoints() {
        for endpoint in ["https://vpce.example.com/", "http://127.0.0.1:5000"] {
            assert_eq!(check_endpoint(endpoint, false), Ok(()), "{endpoint}");
        }
        for endpoint in [
            "",
            "localhost:5000",
            "ftp://localhost/",
            "https://user@example.com/",
            "https://example.com/?a",
            "https://example.com/#a",
        ] {
            let error = check_endpoint(endpoint, true);
            assert_eq!(error, Err(EndpointError::Invalid), "{endpoint}");
        }
        let error = check_endpoint("http://example.com/", false);
        assert_eq!(error, Err(EndpointError::Refused(Refused::Cleartext)));
        assert_eq!(check_endpoint("http://example.com/", true), Ok(()));
    }
}
