//! Storing [`VerifiedToken`]s where serde writes the rows: JSON columns, Redis, MongoDB, files.
//!
//! [`VerifiedToken`] itself neither serialises nor deserialises, so that it can neither be sent ungranted nor
//! received unverified. A **row type** uses this module on its fields; a request or response type must not.
//! The field is a token, or tokens in an `Option`, a list, a set or a map:
//!
//! ```
//! use lunadefend_core::VerifiedToken;
//! use std::collections::BTreeMap;
//!
//! # use serde::{Deserialize, Serialize};
//! #[derive(Serialize, Deserialize)]
//! struct UserRow {
//!     name: String,
//!     #[serde(with = "lunadefend_core::storage")]
//!     ssn: VerifiedToken,
//!     #[serde(with = "lunadefend_core::storage", default)]
//!     passport: Option<VerifiedToken>,
//!     #[serde(with = "lunadefend_core::storage")]
//!     cards: BTreeMap<String, Vec<VerifiedToken>>,
//! }
//! # let row = r#"{"name":"Ann","ssn":"lunasec-0a1b2c3d-1111-4222-8333-444455556666","passport":null,"cards":{"a":["lunasec-0a1b2c3d-1111-4222-8333-444455556666"]}}"#;
//! # let read: UserRow = serde_json::from_str(row)?;
//! # assert_eq!(serde_json::to_string(&read)?, row);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! To store a whole value, as in `sqlx::types::Json` or under a Redis key, wrap it in a row type with one
//! field:
//!
//! ```
//! # use lunadefend_core::VerifiedToken;
//! # use serde::{Deserialize, Serialize};
//! #[derive(Serialize, Deserialize)]
//! #[serde(transparent)]
//! struct Documents(#[serde(with = "lunadefend_core::storage")] Vec<VerifiedToken>);
//! # let row = r#"["lunasec-0a1b2c3d-1111-4222-8333-444455556666"]"#;
//! # let read: Documents = serde_json::from_str(row)?;
//! # assert_eq!(serde_json::to_string(&read)?, row);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Security
//! Never use it in a type that is read from a request or written to a response. Search for `storage` in code
//! review.

use crate::{VerifiedToken, token::deserialize_id};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    hash::{BuildHasher, Hash},
};

/// Writes the identifiers of the tokens.
///
/// # Errors
/// The serializer's own.
pub fn serialize<T: Stored, S: Serializer>(tokens: &T, serializer: S) -> Result<S::Ok, S::Error> {
    tokens.write(serializer)
}

/// Reads tokens that were stored by [`serialize`].
///
/// # Errors
/// When a stored text is not a token; the error does not repeat it. The deserializer's own when the stored
/// value has another shape than the type.
pub fn deserialize<'de, T: Stored, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

/// A value that this module can store: a [`VerifiedToken`], or tokens in an `Option`, a `Box`, a list, a set
/// or the values of a map.
///
/// Sealed: only [`serialize`] and [`deserialize`] call its methods.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not stored by `storage`",
    label = "holds something else than verified tokens",
    note = "`storage` is for a `VerifiedToken`, also in an `Option`, `Box`, `Vec`, `VecDeque`, `HashSet`, `BTreeSet`, `HashMap` or `BTreeMap`",
    note = "an `UntrustedToken` must be verified first, and a `GrantedToken` is for the session that it was granted to"
)]
pub trait Stored: sealed::Stored {}

#[diagnostic::do_not_recommend]
impl<T: sealed::Stored> Stored for T {}

mod sealed {
    use super::{Deserializer, Serializer};

    #[expect(unnameable_types, reason = "nobody else implements it")]
    pub trait Stored: Sized {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
    }
}

impl sealed::Stored for VerifiedToken {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose_id())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_id(deserializer).map(Self::from_storage)
    }
}

/// A part of the value being written.
struct Out<'a, T>(&'a T);

impl<T: sealed::Stored> Serialize for Out<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// A part of the value being read.
struct In<T>(T);

impl<'de, T: sealed::Stored> Deserialize<'de> for In<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

impl<T: sealed::Stored> sealed::Stored for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(Out).serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Option::<In<T>>::deserialize(deserializer)?;
        Ok(read.map(|part| part.0))
    }
}

impl<T: sealed::Stored> sealed::Stored for Box<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).write(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self::new)
    }
}

macro_rules! lists {
    ($(($($bounds:tt)*) $list:ty;)*) => {
        $(impl<$($bounds)*> sealed::Stored for $list {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.iter().map(Out))
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read = Vec::<In<T>>::deserialize(deserializer)?;
                Ok(read.into_iter().map(|part| part.0).collect())
            }
        })*
    };
}
lists! {
    (T: sealed::Stored) Vec<T>;
    (T: sealed::Stored) VecDeque<T>;
    (T: sealed::Stored + Eq + Hash, H: BuildHasher + Default) HashSet<T, H>;
    (T: sealed::Stored + Ord) BTreeSet<T>;
}

macro_rules! maps {
    ($(($($bounds:tt)*) $map:ty, $read:ty;)*) => {
        $(impl<K: Serialize + DeserializeOwned + $($bounds)*> sealed::Stored for $map {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.iter().map(|(key, value)| (key, Out(value))))
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read = <$read>::deserialize(deserializer)?;
                Ok(read.into_iter().map(|(key, part)| (key, part.0)).collect())
            }
        })*
    };
}
maps! {
    (Eq + Hash, T: sealed::Stored, H: BuildHasher + Default) HashMap<K, T, H>, HashMap<K, In<T>, H>;
    (Ord, T: sealed::Stored) BTreeMap<K, T>, BTreeMap<K, In<T>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "lunasec-00000000-0000-4000-8000-000000000001";
    const TWO: &str = "lunasec-00000000-0000-4000-8000-000000000002";

    fn same<T: Stored>(json: &str) {
        let json = json.replace("ONE", ONE).replace("TWO", TWO);
        let mut reader = serde_json::Deserializer::from_str(&json);
        let tokens: T = deserialize(&mut reader).unwrap();
        let mut written = Vec::new();
        serialize(&tokens, &mut serde_json::Serializer::new(&mut written)).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), json);
    }

    #[test]
    fn lists_sets_and_maps_come_back_as_they_were() {
        same::<VerifiedToken>(r#""ONE""#);
        same::<Option<Box<VerifiedToken>>>(r#""ONE""#);
        same::<Option<VerifiedToken>>("null");
        same::<Vec<Option<VerifiedToken>>>(r#"["ONE",null,"ONE"]"#);
        same::<VecDeque<VerifiedToken>>(r#"["TWO","ONE"]"#);
        same::<BTreeSet<VerifiedToken>>(r#"["ONE","TWO"]"#);
        same::<HashSet<VerifiedToken>>(r#"["ONE"]"#);
        same::<BTreeMap<u8, Vec<VerifiedToken>>>(r#"{"1":["ONE"],"2":[]}"#);
        same::<HashMap<String, VerifiedToken>>(r#"{"a":"ONE"}"#);
    }

    #[test]
    fn what_is_not_a_token_is_not_read_and_not_echoed() {
        for row in [r#"["4111"]"#, r#"["ONE","4111"]"#, "[4111]", "[null]"] {
            let row = row.replace("ONE", ONE);
            let read: Result<Vec<VerifiedToken>, _> =
                deserialize(&mut serde_json::Deserializer::from_str(&row));
            let error = read.unwrap_err().to_string();
            assert!(error.contains("not a token"), "{error}");
            assert!(!error.contains("4111"), "{error}");
        }
    }
}
