//! Metadata of a value: readable without the value.

use super::strict::{self, Limits};
use serde::{Serialize, Serializer, de::IgnoredAny};
use serde_json::value::RawValue;
use std::{collections::BTreeMap, fmt};

/// The metadata of a token: one JSON object of at most 8 KiB, kept as it was written.
///
/// `Debug` prints none of it: a file name can be as private as the file.
#[derive(Clone)]
pub struct Metadata(Box<RawValue>);

/// The message for invalid metadata, also sent to the client.
pub(super) const RULE: &str =
    "metadata must be one JSON object of at most 8192 bytes (8 KiB), nested at most 32 levels deep";

/// The error for text that is not valid metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", RULE)]
pub struct MetadataError;

impl Metadata {
    /// The longest metadata, in bytes of JSON.
    pub const MAX_LEN: usize = 8 * 1024;
    /// The deepest nesting; the object itself is at depth 1.
    pub const MAX_DEPTH: u8 = 32;

    /// Returns `{"dataType":"string"}`, which LunaSec's browser packages send for a typed value.
    #[must_use]
    pub fn string() -> Self {
        Self(RawValue::from_string(r#"{"dataType":"string"}"#.to_owned()).unwrap_or_default())
    }

    /// Takes a JSON object as written.
    ///
    /// # Errors
    /// [`MetadataError`] when the text is not an object, too long, nested too deep, or has duplicate members.
    pub fn from_json(text: &str) -> Result<Self, MetadataError> {
        let limits = Limits {
            bytes: Self::MAX_LEN,
            depth: Self::MAX_DEPTH,
        };
        strict::from_slice::<BTreeMap<String, IgnoredAny>>(text.as_bytes(), limits)
            .map_err(|_| MetadataError)?;
        RawValue::from_string(text.trim().to_owned())
            .map(Self)
            .map_err(|_| MetadataError)
    }

    /// Serialises a value of the application.
    ///
    /// # Errors
    /// [`MetadataError`] as for [`from_json`](Self::from_json).
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, MetadataError> {
        Self::from_json(&serde_json::to_string(value).map_err(|_| MetadataError)?)
    }

    /// Returns the JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.0.get()
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metadata(..)")
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
