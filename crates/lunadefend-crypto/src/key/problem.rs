//! The faults of a text without a usable key.

/// Why the text has no usable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Empty,
    NoValue(&'static str),
    NotBase64,
    Dashes,
    Truncated,
    Encrypted,
    Certificate,
    NotRsa(&'static str),
    Unsupported(&'static str),
    Unrecognised,
    Damaged,
}
