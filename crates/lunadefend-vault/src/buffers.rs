//! Buffers of sealed chunks, which are used again.

use crate::stream::{CHUNK_SIZE, part_bytes};
use bytes::Bytes;
use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

/// How many buffers are kept while nobody uses them: 4 MiB.
const KEPT: usize = 64;

/// Buffers of the length of a sealed chunk. A chunk is sealed in its buffer and goes to the store with it; once the store has
/// dropped it, it is another chunk's. As new memory for each the system would clear it first, which costs more than sealing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// Returns an empty buffer.
    pub(crate) fn take(&self) -> Vec<u8> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| Vec::with_capacity(part_bytes(CHUNK_SIZE) as usize))
    }

    /// Returns the bytes of a buffer, which is taken back when the last of their owners drops them. Nothing is wiped: they
    /// are of a sealed chunk.
    pub(crate) fn lend(&self, sealed: Vec<u8>) -> Bytes {
        let buffers = self.clone();
        Bytes::from_owner(Lent { sealed, buffers })
    }
}

struct Lent {
    sealed: Vec<u8>,
    buffers: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.sealed
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut buffer = mem::take(&mut self.sealed);
        buffer.clear();
        let kept = &self.buffers.0;
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_anothers_once_all_have_dropped_it() {
        let buffers = Buffers::default();
        let mut first = buffers.take();
        first.extend_from_slice(b"sealed");
        let at = first.as_ptr();
        let lent = buffers.lend(first);
        let other = lent.clone();
        assert_eq!(lent, "sealed");
        drop(lent);
        let meanwhile = buffers.take();
        assert_ne!(meanwhile.as_ptr(), at, "somebody reads it");
        drop(other);
        let again = buffers.take();
        assert_eq!(again.as_ptr(), at);
        assert!(again.is_empty());
    }

    #[test]
    fn few_are_kept() {
        let buffers = Buffers::default();
        let lent = [(); 2 * KEPT].map(|()| buffers.lend(buffers.take()));
        drop(lent);
        assert_eq!(buffers.0.lock().unwrap().len(), KEPT);
    }
}
