//! Numbers of bytes in settings.

use anyhow::{Context, Result, ensure};
use std::ops::RangeInclusive;

/// Reads a number of bytes, such as `16MiB` or `16 MiB`; a number alone is bytes. `MB` is refused: for
/// some it is a million.
pub(crate) fn parse(name: &str, text: &str, range: RangeInclusive<u64>) -> Result<u64> {
    let bytes = read(text).with_context(|| {
        format!("{name} is wrong: write a number of bytes such as 65536, 64KiB, 16MiB or 1GiB")
    })?;
    ensure!(
        range.contains(&bytes),
        "{name} is wrong: it must be from {} to {} bytes",
        range.start(),
        range.end()
    );
    Ok(bytes)
}

fn read(text: &str) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_with_and_without_a_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("65536", 65_536),
            ("64KiB", 65_536),
            ("16MiB", 16_777_216),
            ("16 MiB", 16_777_216),
            ("1GiB", 1 << 30),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse("NAME", text, 0..=u64::MAX).unwrap(), bytes, "{text}");
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
            let error = format!("{:#}", parse("NAME", text, 0..=u64::MAX).unwrap_err());
            assert!(error.starts_with("NAME is wrong"), "{text}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
        assert_eq!(parse("NAME", "1KiB", 1024..=1024).unwrap(), 1024);
        for text in ["1023", "1025"] {
            assert!(parse("NAME", text, 1024..=1024).is_err());
        }
    }
}
