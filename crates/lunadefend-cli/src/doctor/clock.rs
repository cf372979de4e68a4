//! Checks that the tokenizer's clock and ours agree.

use super::report::Report;
use http::{HeaderMap, header};
use lunadefend_core::{provider::Clock, wire::TOKENIZER_TIME};
use lunadefend_jwt::SystemClock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SUBJECT: &str = "clock";
/// From this difference on the tokenizer refuses some JWTs.
const MAX_SKEW: Duration = Duration::from_secs(30);

/// Compares the clocks by the headers of a response of `/health`, requested at `before`.
pub(super) fn check(headers: &HeaderMap, before: SystemTime, report: &mut Report) {
    let after = SystemClock.now();
    let (theirs, grain, is_own) = match (own_time(headers), date(headers)) {
        (Some(theirs), _) => (theirs, Duration::from_millis(1), true),
        (None, Some(theirs)) => (theirs, Duration::from_secs(1), false),
        (None, None) => {
            return report.warn(SUBJECT, "the tokenizer does not say what time it has");
        }
    };
    let (off, direction) = difference(before, after, theirs, grain);
    let text = format!(
        "the tokenizer's clock is {} s {direction} ours: let NTP set both",
        off.as_secs()
    );
    if off >= MAX_SKEW {
        report.fail(SUBJECT, format!("{text}; a JWT is refused from 60 s on"));
    } else if off > Duration::from_secs(1) {
        report.warn(SUBJECT, text);
    } else if is_own {
        report.ok(SUBJECT, "the tokenizer's clock agrees with ours");
    } else {
        report.warn(
            SUBJECT,
            "the time in `Date` agrees with ours, but a proxy may have put its own there (nginx does): this tokenizer, or something in front of it, leaves out the header lunadefend-time",
        );
    }
}

fn own_time(headers: &HeaderMap) -> Option<SystemTime> {
    let millis = headers.get(TOKENIZER_TIME)?.to_str().ok()?.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}

fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()
}

/// Returns the least error of a clock that was read between two times, and its direction. The clock may be up
/// to `grain` later than its reading.
fn difference(
    before: SystemTime,
    after: SystemTime,
    theirs: SystemTime,
    grain: Duration,
) -> (Duration, &'static str) {
    let ahead = theirs.duration_since(after).unwrap_or_default();
    let latest = theirs.checked_add(grain).unwrap_or(theirs);
    let behind = before.duration_since(latest).unwrap_or_default();
    if ahead > behind {
        (ahead, "ahead of")
    } else {
        (behind, "behind")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn clocks() {
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds);
        let (before, after) = (at(100), at(103));
        for (theirs, off, direction) in [
            (99, 0, "behind"),
            (101, 0, "behind"),
            (103, 0, "behind"),
            (109, 6, "ahead of"),
            (400, 297, "ahead of"),
            (60, 39, "behind"),
        ] {
            let expected = (Duration::from_secs(off), direction);
            let found = difference(before, after, at(theirs), Duration::from_secs(1));
            assert_eq!(found, expected, "{theirs}");
        }
    }

    #[test]
    fn the_tokenizers_own_time_is_in_milliseconds() {
        let own = |text: &'static str| {
            let header = HeaderValue::from_static(text);
            own_time(&HeaderMap::from_iter([(TOKENIZER_TIME, header)]))
        };
        assert_eq!(own("1500"), Some(UNIX_EPOCH + Duration::from_millis(1500)));
        for wrong in ["", "-1", "soon", "1.5", "18446744073709551616"] {
            assert_eq!(own(wrong), None, "{wrong}");
        }
    }
}
