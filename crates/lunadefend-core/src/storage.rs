//! Storing [`VerifiedToken`]s where serde writes the rows: JSON columns, Redis, MongoDB, files.
//!
//! [`VerifiedToken`] itself neither serialises nor deserialises, so that it can neither be sent out
//! ungranted nor come in unverified. A **row type** says with this module that it is not a request or
//! a response:
//!
//! ```
//! use lunadefend_core::VerifiedToken;
//!
//! # use serde::{Deserialize, Serialize};
//! #[derive(Serialize, Deserialize)]
//! struct UserRow {
//!     name: String,
//!     #[serde(with = "lunadefend_core::storage")]
//!     ssn: VerifiedToken,
//!     #[serde(with = "lunadefend_core::storage::option", default)]
//!     passport: Option<VerifiedToken>,
//! }
//! # let row = r#"{"name":"Ann","ssn":"lunasec-0a1b2c3d-1111-4222-8333-444455556666","passport":null}"#;
//! # let read: UserRow = serde_json::from_str(row)?;
//! # assert_eq!(serde_json::to_string(&read)?, row);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Security
//! Never use it in a type that is read from a request or written to a response: search for
//! `storage` in code review.

use crate::{VerifiedToken, token::deserialize_id};
use serde::{Deserializer, Serializer};

/// Writes the token's identifier.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(token: &VerifiedToken, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose_id())
}

/// Reads a token that was stored by [`serialize`].
///
/// # Errors
/// When the stored text is not a token; the error does not repeat it.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VerifiedToken, D::Error> {
    deserialize_id(deserializer).map(VerifiedToken::from_storage)
}

/// The same for an optional token.
pub mod option {
    use super::VerifiedToken;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Row(#[serde(with = "super")] VerifiedToken);

    /// Writes the token's identifier, or nothing.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(
        token: &Option<VerifiedToken>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        token.clone().map(Row).serialize(serializer)
    }

    /// Reads an optional token.
    ///
    /// # Errors
    /// When the stored text is not a token; the error does not repeat it.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<VerifiedToken>, D::Error> {
        Ok(Option::<Row>::deserialize(deserializer)?.map(|row| row.0))
    }
}
