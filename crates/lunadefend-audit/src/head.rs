//! Heads: how far a chain had come.

use crate::names::ProcessId;
use lunadefend_crypto::{hex, hex_decode};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The last line of a process at some moment. Kept elsewhere, it shows that no line up to it was cut off.
///
/// Its text is `<process>:<number>:<MAC>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Head {
    /// The process.
    pub process: ProcessId,
    /// The number of the line.
    pub number: u64,
    pub(crate) mac: [u8; 32],
}

/// A text that is no head.
#[derive(Debug, thiserror::Error)]
#[error(
    "this is no head: copy all of <process>:<number>:<MAC> from a line `lunadefend audit head`"
)]
pub struct InvalidHead;

impl FromStr for Head {
    type Err = InvalidHead;

    fn from_str(text: &str) -> Result<Self, InvalidHead> {
        let mut parts = text.split(':');
        let mut part = || parts.next().ok_or(InvalidHead);
        let (process, number, mac) = (part()?, part()?, part()?);
        let head = Self {
            process: process.to_owned().try_into().map_err(|_| InvalidHead)?,
            number: number.parse().map_err(|_| InvalidHead)?,
            mac: mac_of(mac).ok_or(InvalidHead)?,
        };
        // One spelling: a number may have no sign and no zeros before it, and nothing may follow.
        match head.to_string() == text {
            true => Ok(head),
            false => Err(InvalidHead),
        }
    }
}

/// Reads a MAC of 64 hexadecimal digits.
pub(crate) fn mac_of(text: &str) -> Option<[u8; 32]> {
    hex_decode(text)?.try_into().ok()
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.process, self.number, hex(&self.mac))
    }
}

impl From<Head> for String {
    fn from(head: Head) -> Self {
        head.to_string()
    }
}

impl TryFrom<String> for Head {
    type Error = InvalidHead;

    fn try_from(text: String) -> Result<Self, InvalidHead> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_one_spelling() {
        let text = format!("{}:17:{}", "0a".repeat(16), "b1".repeat(32));
        let head: Head = text.parse().unwrap();
        assert_eq!((head.number, head.to_string()), (17, text.clone()));
        for bad in [
            text.replace(":17:", ":+17:"),
            text.replace(":17:", ":017:"),
            text.replace(":17:", "::"),
            text.to_uppercase(),
            format!("{text}:"),
            format!(" {text}"),
            text[1..].to_owned(),
        ] {
            assert!(bad.parse::<Head>().is_err(), "{bad}");
        }
    }
}
