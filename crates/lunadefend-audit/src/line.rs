//! Lines: JSON, with the MAC at the end.

use crate::{
    head::{Head, mac_of},
    names::ProcessId,
    record::Record,
};
use lunadefend_crypto::{hex, sha256};
use serde::{Deserialize, Serialize};

/// The number of this format.
const FORMAT: u8 = 1;
/// What stands between a body and its MAC. A body ends before its last brace.
const MAC: &[u8] = b",\"mac\":\"";
const END: &[u8] = b"\"}";
const MAC_DIGITS: usize = 64;
/// More than any line has: 100 items of at most 200 bytes.
pub(crate) const MAX_LINE: usize = 64 * 1024;

/// A line without its MAC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The number of its format.
    audit: u8,
    /// The process that wrote it.
    pub process: ProcessId,
    /// Its number among the lines of the process, from 0.
    pub n: u64,
    /// When it was written, in milliseconds since the Unix epoch.
    pub at: u64,
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Entry {
    /// The process began.
    Start {
        /// The last line that it found in the file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        follows: Option<Head>,
        /// What it found after that line: an earlier process was cut off while it wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        torn: Option<Torn>,
    },
    /// The process goes on in a new file.
    File {
        /// The last line of the file before.
        follows: Head,
    },
    /// The process ended in order.
    Stop,
    /// An act.
    Act(Record),
}

/// The bytes of an unfinished line, by their SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Torn(String);

impl Torn {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(hex(&sha256(bytes)))
    }
}

impl Line {
    pub(crate) const fn new(process: ProcessId, n: u64, at: u64, entry: Entry) -> Self {
        Self {
            audit: FORMAT,
            process,
            n,
            at,
            entry,
        }
    }

    /// Returns the bytes that the MAC is about.
    pub(crate) fn body(&self) -> serde_json::Result<Vec<u8>> {
        let mut body = serde_json::to_vec(self)?;
        // The brace comes after the MAC.
        body.pop();
        Ok(body)
    }
}

/// Appends the line of a body to `lines`.
pub(crate) fn append(lines: &mut Vec<u8>, body: &[u8], mac: &[u8; 32]) {
    lines.extend_from_slice(body);
    lines.extend_from_slice(MAC);
    lines.extend_from_slice(hex(mac).as_bytes());
    lines.extend_from_slice(END);
    lines.push(b'\n');
}

/// A line that was read, not verified yet.
pub(crate) struct Claimed<'b> {
    pub(crate) line: Line,
    pub(crate) body: &'b [u8],
    pub(crate) mac: [u8; 32],
}

impl<'b> Claimed<'b> {
    /// Reads a line without its line break. `None` when it is none, or of another format.
    pub(crate) fn read(text: &'b [u8]) -> Option<Self> {
        let rest = text.strip_suffix(END)?;
        let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(MAC_DIGITS)?)?;
        let body = rest.strip_suffix(MAC)?;
        let mac = mac_of(std::str::from_utf8(digits).ok()?)?;
        let whole = [body, b"}"].concat();
        let line: Line = serde_json::from_slice(&whole).ok()?;
        (line.audit == FORMAT).then_some(Self { line, body, mac })
    }

    pub(crate) const fn head(&self) -> Head {
        Head {
            process: self.line.process,
            number: self.line.n,
            mac: self.mac,
        }
    }
}
