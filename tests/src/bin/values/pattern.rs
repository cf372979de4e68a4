//! Bytes without a period that a chunk could hide in.

use bytes::Bytes;

/// A sequence of bytes that is the same each time, from its start on.
pub(crate) struct Pattern {
    state: u64,
    /// The bytes of the last number that were not taken.
    rest: Vec<u8>,
}

impl Pattern {
    pub(crate) const fn new() -> Self {
        Self {
            state: 0x9e37_79b9_7f4a_7c15,
            rest: Vec::new(),
        }
    }

    /// Takes the next bytes.
    pub(crate) fn take(&mut self, length: u64) -> Bytes {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut bytes = std::mem::take(&mut self.rest);
        while bytes.len() < length {
            // Marsaglia's xorshift64.
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            bytes.extend_from_slice(&self.state.to_be_bytes());
        }
        self.rest = bytes.split_off(length);
        bytes.into()
    }
}
