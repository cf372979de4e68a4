//! When a request is retried, after which pause, and over which connection.

use http::{HeaderMap, StatusCode, header};
use lunadefend_core::provider::Clock;
use lunadefend_crypto::random_bytes;
use lunadefend_http::{Connection, HttpError, Incoming, Response};
use std::time::Duration;

/// The shortest pause, also after the first broken connection: a new one may work.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest time that retries are spread over.
const LONGEST_SPREAD: Duration = Duration::from_secs(10);

/// Which failures of a request allow a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// All transient failures: repeating the request has no further effect.
    Idempotent,
    /// Only failures after which the request was certainly not processed.
    IfUnsent,
}

/// The head of a final response.
pub(crate) trait Answer {
    fn status(&self) -> StatusCode;
    fn headers(&self) -> &HeaderMap;
}

impl Answer for Response {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl Answer for Incoming {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }
}

/// The attempts and the time that a call has left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    pub(crate) retries: u32,
    /// The time until its deadline.
    pub(crate) time: Duration,
}

/// The next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Again {
    pub(crate) pause: Duration,
    pub(crate) connection: Connection,
}

/// Returns the next attempt after one with this outcome; `None` when no retry is allowed. `attempt` counts
/// from 0.
pub(crate) fn again(
    outcome: &Result<impl Answer, HttpError>,
    repeat: Repeat,
    attempt: u32,
    left: Left,
    clock: &dyn Clock,
) -> Option<Again> {
    if left.retries == 0 {
        return None;
    }
    let broken = || match attempt {
        0 => jittered(FIRST_PAUSE),
        _ => spread(left),
    };
    let (pause, connection) = match outcome {
        Err(HttpError::NotTaken { .. }) => (broken(), Connection::New),
        Err(error) if error.is_unprocessed() => (spread(left), Connection::Any),
        _ if repeat == Repeat::IfUnsent => return None,
        Err(HttpError::Transport { .. }) => (broken(), Connection::New),
        // The silence was so long that the connection is probably dead.
        Err(HttpError::Timeout) => (Duration::ZERO, Connection::New),
        Ok(answer) => (
            after_answer(answer.status(), answer.headers(), left, clock)?,
            Connection::Any,
        ),
        Err(error) => {
            let head = error.head()?;
            (
                after_answer(head.status, &head.headers, left, clock)?,
                Connection::Any,
            )
        }
    };
    (pause < left.time).then_some(Again { pause, connection })
}

/// The pause after a response that asks for a later retry.
fn after_answer(
    status: StatusCode,
    headers: &HeaderMap,
    left: Left,
    clock: &dyn Clock,
) -> Option<Duration> {
    let asked = || retry_after(headers, clock).unwrap_or_default();
    is_passing(status).then(|| spread(left).max(asked()))
}

/// Returns whether a response of this status says that a later attempt may succeed.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502..=504)
}

/// `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date.
fn retry_after(headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        // A number that does not fit is longer than any deadline.
        return Some(text.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(clock.now()).unwrap_or_default())
}

/// Each pause is about twice the one before, and the last ends in the second half of the call's time. So a
/// tokenizer that is unavailable for a moment is tried again afterwards, with any number of retries.
fn spread(left: Left) -> Duration {
    let parts = 2_u32.saturating_pow(left.retries);
    jittered((left.time.min(LONGEST_SPREAD) / parts).max(FIRST_PAUSE))
}

/// Up to a quarter less, at random, so that many clients do not come back together.
fn jittered(pause: Duration) -> Duration {
    let random = random_bytes::<4>().map_or(0, u32::from_be_bytes);
    pause - (pause / 4).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::HeaderValue;
    use lunadefend_testing::TestClock;
    use proptest::prelude::*;

    fn answer(status: u16, retry_after: &str) -> Result<Response, HttpError> {
        let mut headers = HeaderMap::new();
        if !retry_after.is_empty() {
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from_str(retry_after).unwrap(),
            );
        }
        Ok(Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::new(),
        })
    }

    fn connect() -> Result<Response, HttpError> {
        Err(HttpError::Connect {
            source: "refused".into(),
        })
    }

    fn transport() -> Result<Response, HttpError> {
        Err(HttpError::Transport {
            source: "reset".into(),
        })
    }

    fn not_taken() -> Result<Response, HttpError> {
        Err(HttpError::NotTaken {
            source: "refused stream".into(),
        })
    }

    /// The defaults of a client, before its first attempt.
    const FULL: Left = Left {
        retries: 5,
        time: Duration::from_secs(5),
    };

    fn first(outcome: &Result<Response, HttpError>, repeat: Repeat) -> Option<Again> {
        again(outcome, repeat, 0, FULL, &TestClock::new())
    }

    fn is_repeated(outcome: &Result<Response, HttpError>, repeat: Repeat) -> bool {
        first(outcome, repeat).is_some()
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
        assert!(is_repeated(&not_taken(), Idempotent));
        assert!(is_repeated(&not_taken(), IfUnsent));
        assert!(is_repeated(&Err(HttpError::Timeout), Idempotent));
        assert!(!is_repeated(&Err(HttpError::Timeout), IfUnsent));
        for error in [HttpError::Url, HttpError::TlsDisabled] {
            assert!(!is_repeated(&Err(error), Idempotent));
        }
    }

    #[test]
    fn after_a_connection_that_died_a_new_one_is_made_and_soon() {
        for outcome in [transport(), not_taken(), Err(HttpError::Timeout)] {
            let again = first(&outcome, Repeat::Idempotent).unwrap();
            assert_eq!(again.connection, Connection::New);
            assert!(again.pause <= FIRST_PAUSE, "{again:?}");
        }
        for outcome in [connect(), answer(503, "")] {
            let again = first(&outcome, Repeat::Idempotent).unwrap();
            assert_eq!(again.connection, Connection::Any);
        }
    }

    #[test]
    fn without_retries_or_time_nothing_is_sent_again() {
        let all = [
            connect(),
            transport(),
            not_taken(),
            answer(503, ""),
            Err(HttpError::Timeout),
        ];
        for outcome in &all {
            for (retries, time) in [(0, Duration::from_secs(5)), (5, Duration::ZERO)] {
                let left = Left { retries, time };
                assert_eq!(
                    again(outcome, Repeat::Idempotent, 0, left, &TestClock::new()),
                    None
                );
            }
        }
    }

    #[test]
    fn retry_after_in_all_its_forms() {
        let left = Left {
            retries: 5,
            time: Duration::MAX,
        };
        let asked = |text: &str| {
            let outcome = answer(503, text);
            let again = again(&outcome, Repeat::Idempotent, 0, left, &TestClock::new())?;
            (again.pause > LONGEST_SPREAD).then_some(again.pause)
        };
        for (text, expected) in [
            ("3600", Some(Duration::from_secs(3600))),
            ("7200", Some(Duration::from_secs(7200))),
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
        // Longer than any deadline.
        let outcome = answer(503, "99999999999999999999");
        assert_eq!(
            again(&outcome, Repeat::Idempotent, 0, left, &TestClock::new()),
            None
        );
    }

    proptest! {
        #[test]
        fn no_header_panics(text in "[ -~]{0,40}|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT") {
            let outcome = answer(429, &text);
            let left = Left { retries: 1, time: Duration::MAX };
            let again = again(&outcome, Repeat::Idempotent, 0, left, &TestClock::new());
            prop_assert!(again.is_some() || text.trim().len() > 15);
        }

        /// With any jitter: two seconds without a tokenizer fail no call with the default settings, and no
        /// attempt is planned after the deadline.
        #[test]
        fn the_default_retries_bridge_a_restart_of_two_seconds(first_breaks: bool) {
            let mut waited = Duration::ZERO;
            for attempt in 0..FULL.retries {
                let outcome = if attempt == 0 && first_breaks { transport() } else { connect() };
                let left = Left { retries: FULL.retries - attempt, time: FULL.time - waited };
                waited += again(&outcome, Repeat::Idempotent, attempt, left, &TestClock::new()).unwrap().pause;
            }
            prop_assert!(waited > Duration::from_millis(2500), "{waited:?}");
            prop_assert!(waited < FULL.time, "{waited:?}");
        }

        #[test]
        fn retries_are_spread_over_what_a_call_has(retries in 1..=10_u32, millis in 2000..3_600_000_u64) {
            let time = Duration::from_millis(millis);
            let (mut waited, mut pauses) = (Duration::ZERO, Vec::new());
            for retries in (1..=retries).rev() {
                let left = Left { retries, time: time - waited };
                let pause = again(&connect(), Repeat::IfUnsent, 1, left, &TestClock::new()).unwrap().pause;
                waited += pause;
                pauses.push(pause);
            }
            let spread = time.min(LONGEST_SPREAD);
            prop_assert!(waited >= spread / 3, "{pauses:?}");
            prop_assert!(waited < time, "{pauses:?}");
            prop_assert!(pauses.iter().all(|pause| *pause >= FIRST_PAUSE * 3 / 4), "{pauses:?}");
        }
    }

    #[test]
    fn pauses_differ() {
        let pauses: std::collections::HashSet<_> = (0..50).map(|_| spread(FULL)).collect();
        assert!(pauses.len() > 25);
    }
}
