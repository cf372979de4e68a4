//! Why a text holds no usable key.

/// Why there is no key.
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
