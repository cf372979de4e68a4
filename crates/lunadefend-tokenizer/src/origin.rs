//! The page that a request comes from, and the way it was sent.

use crate::{
    config::Origin,
    error::ApiError,
    headers::{SEC_FETCH_DEST, SEC_FETCH_MODE, SEC_FETCH_SITE, single},
};
use http::{HeaderMap, header};

/// Refuses a browser's request from outside the frame, which has the tokenizer's own origin.
///
/// # Security
/// A browser adds the cookie to every request, also those of script in the application's page. So headers
/// that script cannot set must prove that the page is the frame: `Origin`, or, on a request without one,
/// `Sec-Fetch-Site`. A missing header is no proof.
pub(crate) fn require_frame(headers: &HeaderMap, own: &Origin) -> Result<(), ApiError> {
    let from_frame = if headers.contains_key(header::ORIGIN) {
        single(headers, &header::ORIGIN) == Some(own.header())
    } else {
        single(headers, &SEC_FETCH_SITE).is_some_and(|site| site == "same-origin")
    };
    if from_frame {
        Ok(())
    } else {
        Err(ApiError::forbidden(
            "a request by a browser's session must come from the secure frame",
        ))
    }
}

/// Refuses a step of a session transfer that is not a `no-cors` fetch. It admits a browser that does not
/// declare the mode of its request.
///
/// # Security
/// Page script that navigates a frame can read where the redirects led, or parts of it, for example from an
/// error page of the application. Of a `no-cors` fetch it can read nothing. `Sec-Fetch-Site` does not help
/// here: after a detour over another site it is `cross-site` even for the page's own requests.
pub(crate) fn require_transfer(headers: &HeaderMap) -> Result<(), ApiError> {
    let is_transfer = [(SEC_FETCH_MODE, "no-cors"), (SEC_FETCH_DEST, "empty")]
        .into_iter()
        .all(|(name, expected)| {
            !headers.contains_key(&name)
                || single(headers, &name).is_some_and(|value| value == expected)
        });
    if is_transfer {
        Ok(())
    } else {
        Err(ApiError::forbidden(
            "a session is transferred by fetch(url, {mode: \"no-cors\", credentials: \"include\"}) and in no other way",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn a_transfer_is_a_no_cors_fetch_where_the_browser_says() {
        let (mode, dest) = ("sec-fetch-mode", "sec-fetch-dest");
        let allowed = |list: &[_]| require_transfer(&headers(list)).is_ok();
        for said in [
            &[][..],
            &[(mode, "no-cors")],
            &[(dest, "empty")],
            &[(mode, "no-cors"), (dest, "empty")],
        ] {
            assert!(allowed(said), "{said:?}");
            // Where from is never looked at.
            for site in ["same-origin", "same-site", "cross-site", "none", "nonsense"] {
                assert!(
                    allowed(&[said, &[("sec-fetch-site", site)]].concat()),
                    "{site}"
                );
            }
        }
        for other in [
            "cors",
            "navigate",
            "same-origin",
            "websocket",
            "No-Cors",
            "no-cors, no-cors",
            "",
        ] {
            assert!(!allowed(&[(mode, other), (dest, "empty")]), "{other}");
            assert!(!allowed(&[(mode, other)]), "{other}");
        }
        for other in [
            "iframe", "frame", "document", "script", "image", "object", "Empty", "",
        ] {
            assert!(!allowed(&[(mode, "no-cors"), (dest, other)]), "{other}");
            assert!(!allowed(&[(dest, other)]), "{other}");
        }
        assert!(!allowed(&[(mode, "no-cors"), (mode, "no-cors")]));
        assert!(!allowed(&[(dest, "empty"), (dest, "empty")]));
    }

    #[test]
    fn only_the_frame() {
        let own = Origin::parse("https://t.example.com", "TOKENIZER_URL").unwrap();
        let allowed = |list: &[_]| require_frame(&headers(list), &own).is_ok();
        let site = |value| ("sec-fetch-site", value);
        let origin = |value| ("origin", value);

        assert!(allowed(&[origin("https://t.example.com")]));
        assert!(allowed(&[
            origin("https://t.example.com"),
            site("same-origin")
        ]));
        assert!(allowed(&[site("same-origin")]));

        assert!(!allowed(&[]));
        for other in [
            "https://app.example.com",
            "https://t.example.com.evil.example",
            "https://t.example.com:444",
            "http://t.example.com",
            "HTTPS://T.EXAMPLE.COM",
            "https://t.example.com/",
            "null",
            "",
        ] {
            assert!(!allowed(&[origin(other)]), "{other}");
            assert!(!allowed(&[origin(other), site("same-origin")]), "{other}");
        }
        for other in ["same-site", "cross-site", "none", "Same-Origin", ""] {
            assert!(!allowed(&[site(other)]), "{other}");
        }
        let twice = "https://t.example.com";
        assert!(!allowed(&[origin(twice), origin(twice)]));
        assert!(!allowed(&[site("same-origin"), site("cross-site")]));
    }
}
