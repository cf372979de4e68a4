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
        "", "h", ".", "1H", "1d", "1h 20m", "15min", "2days", " 5m", "5m ", "1e3s", "1_000s", "5",
        "m", "garbage", "15M", "1h-5m", "\u{661}m", "+", "-", "1.2.3s", "--5m",
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
fn the_compiler_reads_the_same_grammar() {
    const NANOS: [Result<i64, DurationError>; 4] = [
        parse_go("1h1m1s1ms1us1ns"),
        parse_go("1.5\u{b5}s"),
        parse_go("-2562047h47m16.854775808s"),
        parse_go("1d"),
    ];
    let expected = [
        Ok(3_661_001_001_001),
        Ok(1500),
        Ok(i64::MIN),
        Err(DurationError::Syntax),
    ];
    assert_eq!(NANOS, expected);
    const GRANT: Result<GrantDuration, DurationError> = GrantDuration::from_go("15m");
    assert_eq!(GRANT, Ok(GrantDuration::DEFAULT));
}

#[test]
fn digits_beyond_a_nanosecond_count_for_nothing() {
    for (text, nanos) in [
        ("0.3333333333333333333333h", 1_199_999_999_999),
        ("0.9223372036854775807999999ns", 0),
        ("0.999999999999999999999s", 999_999_999),
        (".00000000000000000000000000001s", 0),
    ] {
        assert_eq!(parse_go(text), Ok(nanos), "{text}");
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
