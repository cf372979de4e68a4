//! One request for a key set.

use super::JwksSource;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use lunadefend_core::adapter::is_json;
use lunadefend_http::{HttpError, Request};
use lunadefend_jwt::{JwksError, KeySet};
use std::time::Duration;
use tokio::time::Instant;

const MAX_SET: usize = 64 * 1024;
const DEADLINE: Duration = Duration::from_secs(5);

const DEFAULT_FRESH: Duration = Duration::from_secs(5 * 60);
const MIN_FRESH: Duration = Duration::from_secs(60);
const MAX_FRESH: Duration = Duration::from_secs(60 * 60);

/// A key set as it arrived.
pub(super) struct Fetched {
    pub(super) keys: KeySet,
    /// The time for which it needs no new fetch.
    pub(super) fresh: Duration,
}

/// Why fetching a key set failed. No text contains the URL or anything of the response.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the request failed")]
    Http(#[from] HttpError),
    #[error("the answer has status {0}, not 200; redirects are not followed")]
    Status(u16),
    #[error("the answer is not application/json")]
    ContentType,
    #[error("the answer is not a key set")]
    Jwks(#[from] JwksError),
}

impl JwksSource {
    /// Sends one request. `revalidate` makes caches on the way ask the application (RFC 9111, section
    /// 5.2.1.4).
    pub(super) async fn fetch(
        &self,
        allow_demo_key: bool,
        revalidate: bool,
    ) -> Result<Fetched, FetchError> {
        let mut headers = HeaderMap::from_iter([(
            header::ACCEPT,
            HeaderValue::from_static("application/json, application/jwk-set+json"),
        )]);
        if revalidate {
            let no_cache = HeaderValue::from_static("no-cache");
            headers.insert(header::CACHE_CONTROL, no_cache);
        }
        let answer = self
            .client
            .send(Request {
                method: Method::GET,
                url: self.url.as_str().into(),
                headers,
                body: Bytes::new(),
                max_response: MAX_SET,
                deadline: Instant::now() + DEADLINE,
            })
            .await?;
        if answer.status != StatusCode::OK {
            return Err(FetchError::Status(answer.status.as_u16()));
        }
        if !is_json(&answer.headers) && !is_jwk_set(&answer.headers) {
            return Err(FetchError::ContentType);
        }
        let keys = if allow_demo_key {
            KeySet::parse_allowing_demo_key(&answer.body)?
        } else {
            KeySet::parse(&answer.body)?
        };
        Ok(Fetched {
            keys,
            fresh: fresh_for(&answer.headers),
        })
    }
}

/// Checks the media type of RFC 7517 section 8.5.1.
fn is_jwk_set(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok()?.split(';').next())
        .is_some_and(|essence| {
            essence
                .trim()
                .eq_ignore_ascii_case("application/jwk-set+json")
        })
}

/// Reads `Cache-Control` of RFC 9111, within our own bounds. The application may ask for more or fewer
/// requests, but neither for one each second nor to be trusted for a day.
fn fresh_for(headers: &HeaderMap) -> Duration {
    let mut directives = headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(str::trim);
    let seconds = directives.find_map(|directive| {
        if directive.eq_ignore_ascii_case("no-store") || directive.eq_ignore_ascii_case("no-cache")
        {
            return Some(0);
        }
        let (name, value) = directive.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("max-age")
            .then(|| value.trim().trim_matches('"').parse::<u64>().unwrap_or(0))
    });
    // A cache on the way had it for so long.
    let age = headers
        .get(header::AGE)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .unwrap_or(0);
    seconds.map_or(DEFAULT_FRESH, |seconds| {
        Duration::from_secs(seconds.saturating_sub(age)).clamp(MIN_FRESH, MAX_FRESH)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness() {
        let fresh = |values: &[&'static str]| {
            let headers: HeaderMap = values
                .iter()
                .map(|value| (header::CACHE_CONTROL, HeaderValue::from_static(value)))
                .collect();
            fresh_for(&headers)
        };
        assert_eq!(fresh(&[]), DEFAULT_FRESH);
        assert_eq!(fresh(&["public"]), DEFAULT_FRESH);
        assert_eq!(fresh(&["public, max-age=600"]), 10 * MIN_FRESH);
        assert_eq!(fresh(&["public", "Max-Age=\"600\""]), 10 * MIN_FRESH);
        assert_eq!(fresh(&["max-age=1"]), MIN_FRESH);
        assert_eq!(fresh(&["max-age=-1"]), MIN_FRESH);
        assert_eq!(fresh(&["no-store"]), MIN_FRESH);
        assert_eq!(fresh(&["no-cache, max-age=600"]), MIN_FRESH);
        assert_eq!(fresh(&["max-age=99999999999999999999"]), MIN_FRESH);
        assert_eq!(fresh(&["max-age=18446744073709551615"]), MAX_FRESH);

        for (age, expected) in [
            ("0", DEFAULT_FRESH),
            ("100", Duration::from_secs(200)),
            ("290", MIN_FRESH),
            ("301", MIN_FRESH),
            ("-1", DEFAULT_FRESH),
            ("soon", DEFAULT_FRESH),
        ] {
            let headers = HeaderMap::from_iter([
                (
                    header::CACHE_CONTROL,
                    HeaderValue::from_static("max-age=300"),
                ),
                (header::AGE, HeaderValue::from_static(age)),
            ]);
            assert_eq!(fresh_for(&headers), expected, "{age}");
        }
    }

    #[test]
    fn media_type() {
        let is = |value: &'static str| {
            is_jwk_set(&HeaderMap::from_iter([(
                header::CONTENT_TYPE,
                HeaderValue::from_static(value),
            )]))
        };
        assert!(is("application/jwk-set+json"));
        assert!(is("Application/JWK-Set+json; charset=utf-8"));
        assert!(!is("text/html"));
        assert!(!is_jwk_set(&HeaderMap::new()));
    }
}
