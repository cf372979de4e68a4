//! Values as texts.

use lunadefend_core::provider::{SettingError, parse_duration};
use std::time::Duration;

const QUOTES: [char; 3] = ['"', '\'', '`'];

/// Returns a text without the remains of shells, editors and `docker run --env-file` around it. These are
/// blanks, carriage returns and line ends, a byte order mark, and one pair of quotes.
#[must_use]
pub fn bare(text: &str) -> &str {
    let text = text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
    let unquoted = QUOTES.into_iter().find_map(|quote| {
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        Some(inner.trim())
    });
    unquoted.unwrap_or(text)
}

/// Returns a secret trimmed in the same way, if it is text; other bytes stay unchanged. Random bytes pass for
/// text about once in 10^13.
#[must_use]
pub fn bare_secret(secret: &[u8]) -> &[u8] {
    let text = std::str::from_utf8(secret).ok();
    let is_text = |text: &&str| !text.chars().any(|c| c.is_control() && !c.is_whitespace());
    text.filter(is_text)
        .map_or(secret, |text| bare(text).as_bytes())
}

/// Returns the trimmed value of the setting that `name` spells; `None` when it is empty.
pub(crate) fn of_setting(name: &str, value: &[u8]) -> Result<Option<String>, SettingError> {
    let Ok(text) = std::str::from_utf8(value) else {
        return Err(SettingError::wrong(
            name.to_owned(),
            "its value is not UTF-8",
        ));
    };
    let text = bare(text);
    if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
        return Err(SettingError::wrong(
            name.to_owned(),
            "it begins or ends with a quotation mark that has no partner: take it off",
        ));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Splits a text at commas.
pub(crate) fn list(text: &str) -> Vec<String> {
    let items = text.split(',').map(str::trim);
    items
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Parses a flag; the error is the advice.
pub(crate) fn flag(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("write true or false".into()),
    }
}

pub(crate) fn integer(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let number = text.parse().ok();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| match most {
            0..100_000 => format!("write a whole number from {least} to {most}"),
            _ => format!("write a whole number from {least}"),
        })
}

/// Parses a number of bytes, such as `16MiB` or `16 MiB`; a number alone is bytes. It refuses `MB`, which is
/// a million for some.
pub(crate) fn bytes(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let bytes = read_bytes(text)
        .ok_or("write a number of bytes such as 65536, 64KiB, 16MiB or 1GiB, with no other unit")?;
    if (least..=most).contains(&bytes) {
        Ok(bytes)
    } else {
        Err(format!("it must be from {least} to {most} bytes"))
    }
}

fn read_bytes(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.strip_prefix(' ').unwrap_or(unit) {
        "" if unit.is_empty() => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

pub(crate) fn duration(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    let time = parse_duration(text).map_err(|error| error.to_string())?;
    if (least..=most).contains(&time) {
        return Ok(time);
    }
    let least = in_words(least);
    Err(match most.as_secs() {
        0..1_000_000_000 => format!("write a duration from {least} to {}", in_words(most)),
        _ => format!("write a duration of {least} or more"),
    })
}

/// Returns a bound of a duration in its written form.
pub(crate) fn in_words(time: Duration) -> String {
    let millis = time.as_millis();
    match (millis % 3_600_000, millis % 60_000, millis % 1000) {
        _ if millis == 0 => "0s".into(),
        (0, ..) => format!("{}h", millis / 3_600_000),
        (_, 0, _) => format!("{}m", millis / 60_000),
        (.., 0) => format!("{}s", millis / 1000),
        _ => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_with_and_without_a_unit() {
        let all = |text| bytes(text, 0, u64::MAX);
        for (text, expected) in [
            ("0", 0),
            ("65536", 65_536),
            ("64KiB", 65_536),
            ("16MiB", 16_777_216),
            ("16 MiB", 16_777_216),
            ("1GiB", 1 << 30),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(all(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            " ",
            "MiB",
            "16M",
            "16MB",
            "16Mib",
            "16mib",
            "16 ",
            " 16MiB",
            "16  MiB",
            "16MiB ",
            "-1",
            "+1",
            "1.5MiB",
            "1e3",
            "0x10",
            "1_000",
            "\u{ff11}",
            "16\u{a0}MiB",
            "canary",
            "18446744073709551616",
            "18014398509481984KiB",
        ] {
            let error = all(text).unwrap_err();
            assert!(error.starts_with("write a number of bytes"), "{text}");
            assert!(!error.contains("canary"), "{error}");
        }
        assert_eq!(bytes("1KiB", 1024, 1024), Ok(1024));
        for text in ["1023", "1025"] {
            assert!(bytes(text, 1024, 1024).is_err());
        }
    }

    #[test]
    fn what_is_around_a_value_is_no_part_of_it() {
        for (text, expected) in [
            ("\"v1\"", "v1"),
            ("'v1'\r\n", "v1"),
            (" `v1` ", "v1"),
            ("v1\r", "v1"),
            ("\u{feff}v1", "v1"),
            ("\"\"v1\"\"", "\"v1\""),
            ("\"", "\""),
            ("", ""),
        ] {
            assert_eq!(bare(text), expected, "{text:?}");
        }
        assert_eq!(of_setting("N", b" '' \r\n"), Ok(None));
        for lonely in ["\"canary", "canary'", "\"\"canary\"\"", "\""] {
            let error = of_setting("N", lonely.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("N is wrong: it begins or ends with a quotation mark"));
        }
        let error = of_setting("N", b"\xffcanary").unwrap_err();
        assert_eq!(error.to_string(), "N is wrong: its value is not UTF-8");
    }

    #[test]
    fn numbers_and_durations_have_ranges() {
        assert_eq!(integer("7", 0, 10), Ok(7));
        for text in ["11", "-1", "1.5", "many", ""] {
            let error = integer(text, 0, 10).unwrap_err();
            assert_eq!(error, "write a whole number from 0 to 10");
        }
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        assert_eq!(duration("1h", second, hour), Ok(hour));
        let error = duration("999ms", second, hour).unwrap_err();
        assert_eq!(error, "write a duration from 1s to 1h");
        let error = duration("0s", Duration::from_millis(1), Duration::MAX).unwrap_err();
        assert_eq!(error, "write a duration of 1ms or more");
        assert!(duration("5 canaries", second, hour).is_err());
    }

    proptest! {
        #[test]
        fn bytes_that_are_no_text_are_left_alone(mut bytes: Vec<u8>) {
            bytes.push(0);
            prop_assert_eq!(bare_secret(&bytes), &bytes);
        }
    }
}
