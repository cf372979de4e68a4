//! What ties the answer about one item of a batch to the batch and to the item.

use super::{BatchId, random_id};
use crate::provider::UnixMillis;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What a batch asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchOperation {
    /// `/v2/grants/set`.
    Set,
    /// `/v2/grants/verify`.
    Verify,
}

impl BatchOperation {
    const fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Verify => "verify",
        }
    }
}

/// The place of an item: in which batch, of which operation, and at which index from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchPlace {
    /// The operation.
    pub operation: BatchOperation,
    /// The batch.
    pub batch: BatchId,
    /// The index of the item in it.
    pub index: u32,
}

/// What ties an answer to its question: SHA-256 over operation, batch, index, identifiers and verdict.
///
/// # Security
/// It has no key. It stops answers that were mixed up on the way or made for another question, and not a peer
/// that lies.
///
/// ```
/// use lunadefend_core::{
///     SessionId,
///     provider::TokenId,
///     wire::{BatchId, BatchOperation, BatchPlace, Binding},
/// };
/// # fn sha256(message: &[u8]) -> [u8; 32] { [message.len() as u8; 32] }
///
/// let session = SessionId::new("the session id as the tokenizer knows it")?;
/// let token = TokenId::parse("lunasec-0a1b2c3d-1111-4222-8333-444455556666")?;
/// let place = BatchPlace {
///     operation: BatchOperation::Verify,
///     batch: BatchId::new([7; 16]),
///     index: 0,
/// };
/// let binding = Binding::of(place, session.expose_id(), token.expose_id(), None, sha256);
/// assert_eq!(binding.to_string().len(), 43);
/// # Ok::<(), lunadefend_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding([u8; 32]);

impl Binding {
    /// Returns the binding of an answer: `expires_at` is the expiry of the grant, or `None` for a no.
    ///
    /// It is SHA-256 over these parts, each after its length in bytes as `u32`, big endian: the text
    /// `lunadefend-v2`, the operation (`set` or `verify`), the 16 bytes of the batch's identifier, the index
    /// (`u32`), the session id, the token, the verdict (one byte, 0 or 1), and the expiry in milliseconds
    /// (`u64`, 0 for none). All numbers are big endian.
    #[must_use]
    pub fn of(
        place: BatchPlace,
        session_id: &str,
        token_id: &str,
        expires_at: Option<UnixMillis>,
        sha256: impl FnOnce(&[u8]) -> [u8; 32],
    ) -> Self {
        let verdict = u8::from(expires_at.is_some());
        let expires_at = expires_at.map_or(0, UnixMillis::get);
        let parts = [
            b"lunadefend-v2".as_slice(),
            place.operation.name().as_bytes(),
            place.batch.as_bytes(),
            &place.index.to_be_bytes(),
            session_id.as_bytes(),
            token_id.as_bytes(),
            &[verdict],
            &expires_at.to_be_bytes(),
        ];
        let lengths = parts.iter().map(|part| 4 + part.len());
        let mut message = Vec::with_capacity(lengths.sum());
        for part in parts {
            // No part is longer than the body of a request.
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            message.extend_from_slice(&length.to_be_bytes());
            message.extend_from_slice(part);
        }
        Self(sha256(&message))
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&random_id::encode(&self.0))
    }
}

impl Serialize for Binding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        random_id::serialize_bytes(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Binding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        random_id::deserialize_bytes(deserializer)?
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not base64url of this length"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    /// The message of the test vector in `docs/wire-level-2.md`; the client and the tokenizer test its hash.
    #[test]
    fn the_message_is_that_of_the_vector() {
        let place = BatchPlace {
            operation: BatchOperation::Verify,
            batch: BatchId::new(std::array::from_fn(|index| u8::try_from(index).unwrap())),
            index: 2,
        };
        assert_eq!(place.batch.to_text(), "AAECAwQFBgcICQoLDA0ODw");
        let token = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
        let expires_at = Some(UnixMillis::new(1_700_000_900_000));
        let mut seen = Vec::new();
        let binding = Binding::of(place, "session-abc", token, expires_at, |message| {
            seen.extend_from_slice(message);
            [255; 32]
        });
        assert_eq!(
            seen,
            [
                b"\0\0\0\x0dlunadefend-v2".as_slice(),
                b"\0\0\0\x06verify",
                b"\0\0\0\x10\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
                b"\0\0\0\x04\0\0\0\x02",
                b"\0\0\0\x0bsession-abc",
                b"\0\0\0\x2clunasec-0a1b2c3d-1111-4222-8333-444455556666",
                b"\0\0\0\x01\x01",
                b"\0\0\0\x08\0\0\x01\x8b\xcf\xf3\x23\xa0",
            ]
            .concat()
        );
        assert_eq!(binding.to_string(), format!("{}8", "_".repeat(42)));
    }
}
