//! `traceparent`: which trace a request belongs to (W3C Trace Context, section 3.2).

use std::fmt;

/// A trace and a span in it, as the header `traceparent` names them between servers.
///
/// An application that exports traces tells the SDK the present one, so that the tokenizer's spans are in it. Without one,
/// each call is a trace of its own.
///
/// ```
/// use lunadefend_core::provider::TraceParent;
///
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent = TraceParent::parse(text).ok_or("no traceparent")?;
/// assert_eq!(parent.to_string(), text);
/// assert!(TraceParent::new([0; 16], [1; 8], false).is_none(), "zeros name no trace");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
}

impl TraceParent {
    /// Names a span of a trace, and whether its caller records it. `None` for an id of zeros, which names nothing.
    #[must_use]
    pub fn new(trace_id: [u8; 16], span_id: [u8; 8], sampled: bool) -> Option<Self> {
        Self::of(
            u128::from_be_bytes(trace_id),
            u64::from_be_bytes(span_id),
            sampled,
        )
    }

    fn of(trace_id: u128, span_id: u64, sampled: bool) -> Option<Self> {
        let is_named = trace_id != 0 && span_id != 0;
        is_named.then_some(Self {
            trace_id,
            span_id,
            sampled,
        })
    }

    /// Reads a header. `None` when it is not one of the standard; of a later version it reads what version 00 has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let field = |from: usize, to: usize| bytes.get(from..to);
        let ends = [2, 35, 52];
        if !ends.iter().all(|at| bytes.get(*at) == Some(&b'-')) {
            return None;
        }
        let [version] = hex(field(0, 2)?)?;
        match (version, bytes.get(55)) {
            (0xff, _) => return None,
            (_, None) => {}
            (1.., Some(b'-')) => {}
            (_, Some(_)) => return None,
        }
        let [flags] = hex(field(53, 55)?)?;
        Self::new(hex(field(3, 35)?)?, hex(field(36, 52)?)?, flags & 1 == 1)
    }

    /// Returns another span of the same trace. `None` for zeros.
    #[must_use]
    pub fn with_span(self, span_id: [u8; 8]) -> Option<Self> {
        Self::of(self.trace_id, u64::from_be_bytes(span_id), self.sampled)
    }

    /// Returns the id of the trace: 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// Returns the id of the span: 16 hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span_id)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not by `{:032x}`: that costs a hundredth of a call of the SDK.
        let mut text = String::with_capacity(55);
        let mut part = |before: &str, bytes: &[u8]| {
            text.push_str(before);
            let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            text.extend(digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
        };
        part("00-", &self.trace_id.to_be_bytes());
        part("-", &self.span_id.to_be_bytes());
        part("-", &[u8::from(self.sampled)]);
        f.write_str(&text)
    }
}

/// Reads lower-case hexadecimal digits, the only ones that the standard has.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn what_the_standard_permits() {
        for (text, expected) in [
            (format!("00-{TRACE}-{SPAN}-01"), true),
            (format!("00-{TRACE}-{SPAN}-00"), true),
            (format!("00-{TRACE}-{SPAN}-ff"), true),
            (format!("cc-{TRACE}-{SPAN}-01"), true),
            (format!("cc-{TRACE}-{SPAN}-01-what-comes"), true),
            (format!("cc-{TRACE}-{SPAN}-01.what"), false),
            (format!("00-{TRACE}-{SPAN}-01-more"), false),
            (format!("ff-{TRACE}-{SPAN}-01"), false),
            (format!("00-{TRACE}-{SPAN}-0"), false),
            (format!("00-{TRACE}-{SPAN}-0g"), false),
            (format!("00-{TRACE}-{SPAN}"), false),
            (format!("00-{}-{SPAN}-01", TRACE.to_uppercase()), false),
            (format!("00-{}-{SPAN}-01", "0".repeat(32)), false),
            (format!("00-{TRACE}-{}-01", "0".repeat(16)), false),
            (format!("00_{TRACE}-{SPAN}-01"), false),
            (format!(" 00-{TRACE}-{SPAN}-01"), false),
            (String::new(), false),
        ] {
            let parsed = TraceParent::parse(&text);
            assert_eq!(parsed.is_some(), expected, "{text}");
            if let Some(parsed) = parsed {
                assert_eq!((&*parsed.trace_id(), &*parsed.span_id()), (TRACE, SPAN));
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(trace: [u8; 16], span: [u8; 8], sampled: bool) {
            if let Some(parent) = TraceParent::new(trace, span, sampled) {
                prop_assert_eq!(TraceParent::parse(&parent.to_string()), Some(parent));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            if let Some(parent) = TraceParent::parse(&text) {
                prop_assert_eq!(&parent.to_string()[2..52], &text[2..52]);
            }
        }
    }
}
