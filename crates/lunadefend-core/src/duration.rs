//! How long a grant lives: Go's duration grammar with the rules of a grant on top.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr, time::Duration};

const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// Unit names of Go's `time.ParseDuration` in nanoseconds; both micro signs are accepted.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", NANOS_PER_SECOND),
    ("m", 60 * NANOS_PER_SECOND),
    ("h", 3_600 * NANOS_PER_SECOND),
];

/// How long a grant lives: at least one second.
///
/// The text form is that of Go's `time.ParseDuration`, which is what travels on the wire: decimal
/// numbers with a unit (`ns`, `us`, `µs`, `ms`, `s`, `m`, `h`), such as `15m`, `1h20m10s`, `1.5h`.
/// There are no days and no spaces. The tokenizer has a maximum of its own, one hour unless
/// configured.
///
/// ```
/// use lunadefend_core::GrantDuration;
/// use std::time::Duration;
///
/// let duration: GrantDuration = "1h10m30s".parse()?;
/// assert_eq!(duration.get(), Duration::from_secs(4230));
/// assert_eq!(GrantDuration::new(Duration::from_secs(900))?.to_string(), "15m");
/// assert!("1d".parse::<GrantDuration>().is_err());
/// assert!("0s".parse::<GrantDuration>().is_err());
/// # Ok::<(), lunadefend_core::DurationError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantDuration(Duration);

/// Why a text or a length of time is not the duration of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// Not Go's grammar.
    #[error(
        "not a duration: write numbers with the units h, m, s, ms, us or ns, such as 15m or 1h30m; days and spaces are not allowed"
    )]
    Syntax,
    /// Shorter than a second, zero or negative.
    #[error("a grant must last at least 1s")]
    TooShort,
    /// Below zero.
    #[error("a duration must not be negative")]
    Negative,
    /// Longer than Go can say (about 292 years).
    #[error("a duration must be shorter than 292 years")]
    TooLong,
}

impl GrantDuration {
    /// The shortest grant.
    pub const MIN: Self = Self(Duration::from_secs(1));
    /// What a tokenizer grants unless asked or configured otherwise.
    pub const DEFAULT: Self = Self(Duration::from_secs(15 * 60));
    /// The longest grant that a tokenizer gives unless configured otherwise.
    pub const DEFAULT_MAX: Self = Self(Duration::from_secs(60 * 60));

    /// Takes a length of time.
    ///
    /// # Errors
    /// [`DurationError::TooShort`] under one second, [`DurationError::TooLong`] over 2^63 - 1
    /// nanoseconds.
    pub const fn new(duration: Duration) -> Result<Self, DurationError> {
        if duration.as_secs() < 1 {
            Err(DurationError::TooShort)
        } else if duration.as_nanos() > i64::MAX as u128 {
            Err(DurationError::TooLong)
        } else {
            Ok(Self(duration))
        }
    }

    /// The length of time.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

/// Reads a length of time in the same grammar, without the rules of a grant: for deadlines and other
/// settings.
///
/// # Errors
/// [`DurationError::Syntax`]; [`DurationError::Negative`] below zero.
///
/// ```
/// use lunadefend_core::parse_duration;
/// use std::time::Duration;
///
/// assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1500)));
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    u64::try_from(parse_go(text)?)
        .map(Duration::from_nanos)
        .map_err(|_| DurationError::Negative)
}

impl FromStr for GrantDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        match parse_duration(text) {
            Ok(duration) => Self::new(duration),
            Err(DurationError::Negative) => Err(DurationError::TooShort),
            Err(error) => Err(error),
        }
    }
}

impl TryFrom<Duration> for GrantDuration {
    type Error = DurationError;

    fn try_from(duration: Duration) -> Result<Self, DurationError> {
        Self::new(duration)
    }
}

/// The shortest text with hours, minutes and seconds that Go parses to the same duration.
impl fmt::Display for GrantDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        match (seconds, self.0.subsec_nanos()) {
            (0, 0) => Ok(()),
            (seconds, 0) => write!(f, "{seconds}s"),
            (seconds, nanos) => {
                let fraction = format!("{nanos:09}");
                write!(f, "{seconds}.{}s", fraction.trim_end_matches('0'))
            }
        }
    }
}

impl Serialize for GrantDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GrantDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Go's `time.ParseDuration`, in nanoseconds. It must agree with the original to the last digit:
/// the crates that claim the same grammar do not (one panics on `1µs`).
fn parse_go(text: &str) -> Result<i64, DurationError> {
    use DurationError::{Syntax, TooLong};

    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(Syntax);
    }
    // The magnitude of the most negative duration is one more than that of the largest.
    let limit = 1_u64 << 63;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = split_digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => split_digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(Syntax);
        }
        let unit_len = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_len);
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(Syntax)?;
        let mut value = parse_digits(whole)
            .and_then(|whole| whole.checked_mul(*scale))
            .filter(|value| *value <= limit)
            .ok_or(TooLong)?;
        value += fraction_of(fraction, *scale);
        total = total
            .checked_add(value)
            .filter(|total| *total <= limit)
            .ok_or(TooLong)?;
        rest = after;
    }
    match (negative, i64::try_from(total)) {
        (false, Ok(total)) => Ok(total),
        (true, Ok(total)) => Ok(-total),
        (true, Err(_)) => Ok(i64::MIN),
        (false, Err(_)) => Err(TooLong),
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

fn parse_digits(digits: &str) -> Option<u64> {
    if digits.is_empty() {
        Some(0)
    } else {
        digits.parse().ok()
    }
}

/// `0.digits` of a unit, cut to whole nanoseconds; digits beyond what a nanosecond can hold are
/// without effect, as in Go.
fn fraction_of(digits: &str, scale: u64) -> u64 {
    let digits = &digits[..digits.len().min(18)];
    let Some(numerator) = parse_digits(digits) else {
        return 0;
    };
    let denominator = 10_u128.pow(u32::try_from(digits.len()).unwrap_or(0));
    u64::try_from(u128::from(numerator) * u128::from(scale) / denominator).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_grammar_is_gos() {
        let second = 1_000_000_000_i64;
        for (text, nanos) in [
            ("1h20m10s", 4810 * second),
            ("1.5h", 5400 * second),
            ("1m1m", 120 * second),
            (".5s", second / 2),
            ("5.s", 5 * second),
            ("0", 0),
            ("-5m", -300 * second),
            ("+5m", 300 * second),
            ("1µs", 1000),
            ("1\u{3bc}s", 1000),
            ("1us", 1000),
            ("1ms", 1_000_000),
            ("1h0m0.000000001s", 3600 * second + 1),
            ("2562047h47m16.854775807s", i64::MAX),
            ("-2562047h47m16.854775808s", i64::MIN),
        ] {
            assert_eq!(parse_go(text), Ok(nanos), "{text}");
        }
        for text in [
            "", "h", ".", "1H", "1d", "1h 20m", "15min", "2days", " 5m", "5m ", "1e3s", "1_000s",
            "5", "m", "garbage", "15M", "1h-5m", "\u{661}m", "+", "-", "1.2.3s", "--5m",
        ] {
            assert_eq!(parse_go(text), Err(DurationError::Syntax), "{text:?}");
        }
        for text in [
            "9223372036854775808ns",
            "9999999999h",
            "2562047h47m16.854775808s",
            "99999999999999999999s",
        ] {
            assert_eq!(parse_go(text), Err(DurationError::TooLong), "{text}");
        }
    }

    #[test]
    fn a_grant_lasts_at_least_a_second() {
        for text in [
            "0",
            "0s",
            "-5m",
            "1ns",
            "999ms",
            "-2562047h47m16.854775808s",
        ] {
            assert_eq!(
                text.parse::<GrantDuration>(),
                Err(DurationError::TooShort),
                "{text}"
            );
        }
        assert_eq!("1s".parse(), Ok(GrantDuration::MIN));
    }

    #[test]
    fn the_text_form_is_short() {
        for (text, shortest) in [
            ("60m", "1h"),
            ("90s", "1m30s"),
            ("1.5s", "1.5s"),
            ("3600.25s", "1h0.25s"),
        ] {
            assert_eq!(text.parse::<GrantDuration>().unwrap().to_string(), shortest);
        }
    }

    proptest! {
        #[test]
        fn what_we_write_we_read(seconds in 1_u64..9_000_000_000, nanos in 0_u32..1_000_000_000) {
            let duration = GrantDuration::new(Duration::new(seconds, nanos)).unwrap();
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.hmsnuµ ]{0,40}|\\PC{0,20}") {
            let _ = text.parse::<GrantDuration>();
        }
    }
}
