//! The lifetime of a grant: Go's duration grammar plus the limits of a grant.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr, time::Duration};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// The lifetime of a grant: at least one second.
///
/// The text form, also used on the wire, is that of Go's `time.ParseDuration`: decimal numbers with a unit
/// (`ns`, `us`, `µs`, `ms`, `s`, `m`, `h`), such as `15m`, `1h20m10s`, `1.5h`. Days and spaces are not
/// allowed. The tokenizer enforces its own maximum, one hour unless configured.
///
/// Convert a [`Duration`] by [`new`](Self::new), which fails outside of the limits. Calls with an optional
/// `GrantDuration` do not accept a bare `Duration`.
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

/// Why a text or a [`Duration`] is not a valid grant duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum DurationError {
    /// Not Go's grammar.
    Syntax,
    /// Shorter than a second, zero or negative.
    TooShort,
    /// Below zero.
    Negative,
    /// Longer than Go can represent (about 292 years).
    TooLong,
}

impl DurationError {
    /// Returns the text that `Display` writes; usable in a constant.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Syntax => {
                "not a duration: write numbers with the units h, m, s, ms, us or ns, such as 15m or 1h30m; days and spaces are not allowed"
            }
            Self::TooShort => "a grant must last at least 1s",
            Self::Negative => "a duration must not be negative",
            Self::TooLong => "a duration must be shorter than 292 years",
        }
    }
}

impl GrantDuration {
    /// The shortest grant.
    pub const MIN: Self = Self(Duration::from_secs(1));
    /// The duration that a tokenizer grants unless requested or configured otherwise.
    pub const DEFAULT: Self = Self(Duration::from_secs(15 * 60));
    /// The longest duration that a tokenizer grants unless configured otherwise.
    pub const DEFAULT_MAX: Self = Self(Duration::from_secs(60 * 60));

    /// Converts a [`Duration`].
    ///
    /// # Errors
    /// [`DurationError::TooShort`] under one second, [`DurationError::TooLong`] over 2^63 - 1
    /// nanoseconds.
    pub const fn new(duration: Duration) -> Result<Self, DurationError> {
        if duration.as_secs() < Self::MIN.0.as_secs() {
            Err(DurationError::TooShort)
        } else if duration.as_nanos() > i64::MAX as u128 {
            Err(DurationError::TooLong)
        } else {
            Ok(Self(duration))
        }
    }

    /// Parses Go's text form. In a constant, an invalid text does not compile:
    ///
    /// ```
    /// # use lunadefend_core::GrantDuration;
    /// const SHORT: GrantDuration = match GrantDuration::from_go("90s") {
    ///     Ok(duration) => duration,
    ///     Err(error) => panic!("{}", error.message()),
    /// };
    /// assert_eq!(SHORT.to_string(), "1m30s");
    /// ```
    ///
    /// # Errors
    /// [`DurationError::Syntax`] for a text outside the grammar, [`DurationError::TooShort`] under one
    /// second, [`DurationError::TooLong`] over 2^63 - 1 nanoseconds.
    pub const fn from_go(text: &str) -> Result<Self, DurationError> {
        match parse_duration(text) {
            Ok(duration) => Self::new(duration),
            Err(DurationError::Negative) => Err(DurationError::TooShort),
            Err(error) => Err(error),
        }
    }

    /// Returns the [`Duration`].
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

/// Parses a duration in the same grammar, without the limits of a grant: for deadlines and other settings.
///
/// # Errors
/// [`DurationError::Syntax`]; [`DurationError::Negative`] below zero.
///
/// ```
/// use lunadefend_core::provider::parse_duration;
/// use std::time::Duration;
///
/// assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1500)));
/// ```
pub const fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    match parse_go(text) {
        Ok(nanos) if nanos < 0 => Err(DurationError::Negative),
        Ok(nanos) => Ok(Duration::from_nanos(nanos.unsigned_abs())),
        Err(error) => Err(error),
    }
}

impl FromStr for GrantDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        Self::from_go(text)
    }
}

impl TryFrom<Duration> for GrantDuration {
    type Error = DurationError;

    fn try_from(duration: Duration) -> Result<Self, DurationError> {
        Self::new(duration)
    }
}

/// Writes the shortest text with hours, minutes and seconds that Go parses to the same duration.
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

/// Go's `time.ParseDuration`, in nanoseconds. It must agree with LunaSec's to the last digit; crates that
/// claim the same grammar do not (one panics on `1µs`).
const fn parse_go(text: &str) -> Result<i64, DurationError> {
    use DurationError::{Syntax, TooLong};

    let (is_negative, mut rest) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    if let [b'0'] = rest {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(Syntax);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = split(rest, Until::NoDigit);
        let (fraction, after) = match after {
            [b'.', after @ ..] => split(after, Until::NoDigit),
            after => (after.split_at(0).0, after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(Syntax);
        }
        let (unit, after) = split(after, Until::NextNumber);
        let Some(scale) = nanos_of(unit) else {
            return Err(Syntax);
        };
        let Some(whole) = number(whole) else {
            return Err(TooLong);
        };
        let Some(value) = whole.checked_mul(scale) else {
            return Err(TooLong);
        };
        if value > LIMIT {
            return Err(TooLong);
        }
        // Neither sum can overflow: both summands are at most 2^63.
        total = match total.checked_add(value + fraction_of(fraction, scale)) {
            Some(total) if total <= LIMIT => total,
            _ => return Err(TooLong),
        };
        rest = after;
    }
    match 0_i64.checked_sub_unsigned(total) {
        Some(negative) if is_negative => Ok(negative),
        Some(negative) => match negative.checked_neg() {
            Some(positive) => Ok(positive),
            None => Err(TooLong),
        },
        None => Err(TooLong),
    }
}

/// The magnitude of the most negative duration: one more than the longest positive one.
const LIMIT: u64 = 1 << 63;

/// The end of a part of a duration.
#[derive(Clone, Copy)]
enum Until {
    NoDigit,
    NextNumber,
}

const fn split(text: &[u8], until: Until) -> (&[u8], &[u8]) {
    let (mut end, mut rest) = (0, text);
    while let [first, after @ ..] = rest {
        let ends = match until {
            Until::NoDigit => !first.is_ascii_digit(),
            Until::NextNumber => *first == b'.' || first.is_ascii_digit(),
        };
        if ends {
            break;
        }
        (end, rest) = (end + 1, after);
    }
    text.split_at(end)
}

/// Returns the nanoseconds of a Go unit; both micro signs are accepted.
const fn nanos_of(unit: &[u8]) -> Option<u64> {
    Some(match unit {
        b"ns" => 1,
        b"us" | [0xc2, 0xb5, b's'] | [0xce, 0xbc, b's'] => 1_000,
        b"ms" => 1_000_000,
        b"s" => NANOS_PER_SECOND,
        b"m" => 60 * NANOS_PER_SECOND,
        b"h" => 3_600 * NANOS_PER_SECOND,
        _ => return None,
    })
}

/// Parses digits; `None` if the number does not fit.
const fn number(mut digits: &[u8]) -> Option<u64> {
    let mut number: u64 = 0;
    while let [first, rest @ ..] = digits {
        let Some(tens) = number.checked_mul(10) else {
            return None;
        };
        let Some(sum) = tens.checked_add((*first - b'0') as u64) else {
            return None;
        };
        (number, digits) = (sum, rest);
    }
    Some(number)
}

/// Returns `0.digits` of a unit, truncated to whole nanoseconds. Digits too small for a nanosecond are
/// ignored, as in Go.
const fn fraction_of(mut digits: &[u8], scale: u64) -> u64 {
    let (mut numerator, mut denominator): (u128, u128) = (0, 1);
    while let [first, rest @ ..] = digits {
        if denominator == 10_u128.pow(18) {
            break;
        }
        numerator = numerator * 10 + (*first - b'0') as u128;
        denominator *= 10;
        digits = rest;
    }
    // Less than the scale.
    (numerator * scale as u128 / denominator) as u64
}

#[cfg(test)]
mod tests;
