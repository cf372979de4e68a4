//! The chain of one process.

use crate::{
    head::Head,
    key::{AuditKey, ChainKey},
    line::{self, Entry, Line},
    names::ProcessId,
};

/// The end of the chain of a running process.
///
/// # Security
/// Of all keys it holds that of the next line only.
pub(crate) struct Chain {
    process: ProcessId,
    /// The number of the next line.
    next: u64,
    key: ChainKey,
    mac: [u8; 32],
}

impl Chain {
    pub(crate) fn new(key: &AuditKey, process: ProcessId) -> Self {
        Self {
            process,
            next: 0,
            key: key.chain_of(process),
            mac: [0; 32],
        }
    }

    /// Appends the next line to `lines`, and moves on.
    pub(crate) fn append(
        &mut self,
        lines: &mut Vec<u8>,
        at: u64,
        entry: Entry,
    ) -> serde_json::Result<()> {
        let body = Line::new(self.process, self.next, at, entry).body()?;
        let mac = self.key.mac(&self.mac, &body);
        line::append(lines, &body, &mac);
        self.key.advance();
        self.next += 1;
        self.mac = mac;
        Ok(())
    }

    /// Returns the last line; `None` before the first.
    pub(crate) fn head(&self) -> Option<Head> {
        Some(Head {
            process: self.process,
            number: self.next.checked_sub(1)?,
            mac: self.mac,
        })
    }
}
