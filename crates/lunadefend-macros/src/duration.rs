//! `ttl = "15m"`: the grammar and the rules of core's `GrantDuration`, which this crate cannot
//! depend on. A test compares the two.

use std::time::Duration;

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
const SYNTAX: &str = "not a duration: write numbers with the units h, m, s, ms, us or ns, such as 15m or 1h30m; days and spaces are not allowed";
const TOO_SHORT: &str = "a grant must last at least 1s";
const TOO_LONG: &str = "a duration must be shorter than 292 years";

/// Parses what Go's `time.ParseDuration` parses, from one second on.
pub(crate) fn parse(text: &str) -> Result<Duration, &'static str> {
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Err(TOO_SHORT);
    }
    if rest.is_empty() {
        return Err(SYNTAX);
    }
    let limit = if negative { 1 << 63 } else { (1 << 63) - 1 };
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let (nanos, after) = component(rest)?;
        // Also keeps the sum from overflowing.
        total = total.saturating_add(nanos);
        if nanos > 1 << 63 || total > 1 << 63 {
            return Err(TOO_LONG);
        }
        rest = after;
    }
    match u64::try_from(total).map(Duration::from_nanos) {
        Ok(_) if total > limit => Err(TOO_LONG),
        Ok(duration) if !negative && duration >= Duration::from_secs(1) => Ok(duration),
        Ok(_) => Err(TOO_SHORT),
        Err(_) => Err(TOO_LONG),
    }
}

/// One number with its unit, in whole nanoseconds, and what comes after it.
fn component(text: &str) -> Result<(u128, &str), &'static str> {
    let (whole, after) = digits(text);
    let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
    if whole.is_empty() && fraction.is_empty() {
        return Err(SYNTAX);
    }
    let end = after
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(after.len());
    let (unit, after) = after.split_at(end);
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(SYNTAX)?;
    let scale = u128::from(*scale);
    let whole = match whole {
        "" => 0,
        whole => u128::from(whole.parse::<u64>().map_err(|_| TOO_LONG)?),
    };
    // Digits beyond what a nanosecond can hold are without effect, as in Go.
    let fraction = &fraction[..fraction.len().min(18)];
    let numerator: u128 = fraction.parse().unwrap_or(0);
    let denominator = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(0));
    Ok((whole * scale + numerator * scale / denominator, after))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_core::GrantDuration;
    use proptest::prelude::*;

    fn agree(text: &str) -> Result<(), TestCaseError> {
        let core = text
            .parse::<GrantDuration>()
            .map(GrantDuration::get)
            .map_err(|error| error.to_string());
        prop_assert_eq!(parse(text).map_err(str::to_owned), core, "{}", text);
        Ok(())
    }

    #[test]
    fn the_examples_agree_with_core() {
        for text in [
            "15m",
            "1h20m10s",
            "1.5h",
            ".5s",
            "5.s",
            "0",
            "+0",
            "-0",
            "0s",
            "-5m",
            "+5m",
            "999ms",
            "1s",
            "1d",
            "",
            "+",
            "-",
            "1\u{b5}s",
            "1\u{3bc}s",
            "2562047h47m16.854775807s",
            "2562047h47m16.854775808s",
            "-2562047h47m16.854775808s",
            "-2562047h47m16.854775809s",
            "9223372036854775808ns",
            "9999999999h",
            "99999999999999999999s",
            "1h 20m",
            "15min",
            "1.2.3s",
        ] {
            agree(text).unwrap();
        }
    }

    proptest! {
        #[test]
        fn every_text_agrees_with_core(
            text in "[-+]?([0-9]{0,20}\\.?[0-9]{0,20}(h|m|s|ms|us|µs|ns|d)){0,4}|[-+0-9.hmsnuµ ]{0,30}"
        ) {
            agree(&text)?;
        }
    }
}
