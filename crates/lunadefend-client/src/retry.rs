//! When a request is sent again, and how long that waits.

use http::{HeaderMap, StatusCode, header};
use lunadefend_core::Clock;
use lunadefend_crypto::random_bytes;
use lunadefend_http::{Answer, HttpError};
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Which failures of a request allow to send it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// All passing ones: doing it twice is the same as doing it once.
    Idempotent,
    /// Only those after which it is certain that nothing was sent.
    IfUnsent,
}

/// The pause before the next attempt; `None` when there must be none. `attempt` counts from 0.
pub(crate) fn pause(
    outcome: &Result<Answer, HttpError>,
    repeat: Repeat,
    attempt: u32,
    clock: &dyn Clock,
) -> Option<Duration> {
    let headers = match outcome {
        Err(error) if error.is_connect() => None,
        _ if repeat == Repeat::IfUnsent => return None,
        Ok(answer) if is_passing(answer.status) => Some(&answer.headers),
        Err(HttpError::Transport { .. }) => None,
        Err(error) => match error.head() {
            Some(head) if is_passing(head.status) => Some(&head.headers),
            _ => return None,
        },
        Ok(_) => return None,
    };
    let asked = headers.and_then(|headers| retry_after(headers, clock));
    Some(backoff(attempt).max(asked.unwrap_or_default()))
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502..=504)
}

/// `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date.
fn retry_after(headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        // More digits than fit mean longer than any deadline.
        return Some(text.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(clock.now()).unwrap_or_default())
}

/// Doubles with each attempt; half of it is random, so that many clients do not come back together.
fn backoff(attempt: u32) -> Duration {
    let pause = FIRST_PAUSE
        .saturating_mul(2_u32.saturating_pow(attempt))
        .min(LONGEST_PAUSE);
    let random = random_bytes::<4>().map_or(u32::MAX, u32::from_be_bytes);
    pause / 2 + (pause / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::HeaderValue;
    use proptest::prelude::*;
    use std::time::SystemTime;

    #[derive(Debug)]
    struct Frozen;

    impl Clock for Frozen {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
        }
    }

    fn answer(status: u16, retry_after: &str) -> Result<Answer, HttpError> {
        let mut headers = HeaderMap::new();
        if !retry_after.is_empty() {
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from_str(retry_after).unwrap(),
            );
        }
        Ok(Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::new(),
        })
    }

    fn connect() -> Result<Answer, HttpError> {
        Err(HttpError::Connect {
            source: "refused".into(),
        })
    }

    fn transport() -> Result<Answer, HttpError> {
        Err(HttpError::Transport {
            source: "reset".into(),
        })
    }

    fn is_repeated(outcome: &Result<Answer, HttpError>, repeat: Repeat) -> bool {
        pause(outcome, repeat, 0, &Frozen).is_some()
    }

    #[test]
    fn what_is_sent_again() {
        use Repeat::{Idempotent, IfUnsent};

        for status in [429, 502, 503, 504] {
            assert!(is_repeated(&answer(status, ""), Idempotent));
            assert!(!is_repeated(&answer(status, ""), IfUnsent));
        }
        for status in [200, 201, 301, 400, 401, 403, 404, 500, 501, 505] {
            assert!(!is_repeated(&answer(status, ""), Idempotent), "{status}");
        }
        assert!(is_repeated(&connect(), Idempotent));
        assert!(is_repeated(&connect(), IfUnsent));
        assert!(is_repeated(&transport(), Idempotent));
        assert!(!is_repeated(&transport(), IfUnsent));
        for error in [HttpError::Timeout, HttpError::Url, HttpError::TlsDisabled] {
            assert!(!is_repeated(&Err(error), Idempotent));
        }
    }

    #[test]
    fn retry_after_in_all_its_forms() {
        let asked = |text: &str| {
            let pause = pause(&answer(503, text), Repeat::Idempotent, 0, &Frozen).unwrap();
            (pause > FIRST_PAUSE).then_some(pause)
        };
        for (text, expected) in [
            ("3600", Some(Duration::from_secs(3600))),
            ("99999999999999999999", Some(Duration::MAX)),
            (
                "Tue, 14 Nov 2023 22:14:20 GMT",
                Some(Duration::from_secs(60)),
            ),
            // In the past, nonsense, or soon: the usual pause.
            ("Tue, 14 Nov 2023 22:12:20 GMT", None),
            ("0", None),
            ("-1", None),
            ("soon", None),
            ("1.5", None),
        ] {
            assert_eq!(asked(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(text in "[ -~]{0,40}|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT") {
            let pause = pause(&answer(429, &text), Repeat::Idempotent, 0, &Frozen);
            prop_assert!(pause.is_some());
        }
    }

    #[test]
    fn pauses_grow_up_to_a_second_and_differ() {
        for attempt in 0..40 {
            let full = FIRST_PAUSE * 2_u32.pow(attempt.min(10));
            let full = full.min(LONGEST_PAUSE);
            for _ in 0..50 {
                let pause = backoff(attempt);
                assert!(pause >= full / 2 && pause <= full, "{attempt}: {pause:?}");
            }
        }
        let pauses: std::collections::HashSet<_> = (0..50).map(|_| backoff(9)).collect();
        assert!(pauses.len() > 25);
    }
}
