//! Which page a request with a cookie comes from.

use crate::{
    answer::Refusal,
    config::Origin,
    headers::{SEC_FETCH_SITE, single},
};
use http::{HeaderMap, header};

/// Refuses a request by cookie that does not come from the frame, which has the tokenizer's own
/// origin.
///
/// # Security
/// A browser adds the cookie whoever asks, also for script in the application's page. So the page
/// that asks must be shown to be the frame, by headers that script cannot set: `Origin`, or, on a
/// request without one, `Sec-Fetch-Site`. No header at all is no proof.
pub(crate) fn require_frame(headers: &HeaderMap, own: &Origin) -> Result<(), Refusal> {
    let from_frame = if headers.contains_key(header::ORIGIN) {
        single(headers, &header::ORIGIN) == Some(own.header())
    } else {
        single(headers, &SEC_FETCH_SITE).is_some_and(|site| site == "same-origin")
    };
    if from_frame {
        Ok(())
    } else {
        Err(Refusal::forbidden(
            "a request with the session cookie must come from the secure frame",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    #[test]
    fn only_the_frame() {
        let own = Origin::parse("https://t.example.com", "TOKENIZER_URL").unwrap();
        let allowed = |list: &[(&'static str, &'static str)]| {
            let headers: HeaderMap = list
                .iter()
                .map(|(name, value)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    )
                })
                .collect();
            require_frame(&headers, &own).is_ok()
        };
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
