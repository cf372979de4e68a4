//! Reading JSON from a peer that may be hostile.

mod plain;

use super::{
    IdempotencyKey, InlineValue, Metadata, ReadId, Reads, TokenIds, ValueKind, ValueLifetime,
    batch, metadata,
    request::{session_id, token_id},
};
use crate::reading::{self, JsonFailure, What};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use std::{borrow::Cow, fmt, marker::PhantomData};

/// Limits on a peer's JSON.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest size of the text, in bytes.
    pub bytes: usize,
    /// The deepest nesting of objects and arrays; the outermost object is at depth 1.
    pub depth: u8,
}

/// For request bodies, JWT headers and claims: 64 KiB. Metadata of any permitted depth fits.
pub const REQUEST: Limits = Limits {
    bytes: 64 * 1024,
    depth: Metadata::MAX_DEPTH + 1,
};
/// For response bodies: 1 MiB. Metadata is in their `data`.
pub const RESPONSE: Limits = Limits {
    bytes: 1024 * 1024,
    depth: Metadata::MAX_DEPTH + 2,
};

/// Why a JSON text is rejected: a category and a position, never the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StrictError {
    /// Over [`Limits::bytes`].
    #[error("the JSON text is longer than {0} bytes")]
    TooLarge(usize),
    /// Not UTF-8.
    #[error("the JSON text is not UTF-8")]
    NotUtf8,
    /// Not exactly one JSON object: a syntax error, a byte order mark, trailing data, a duplicate member, or
    /// another kind of value.
    #[error("not one well-formed JSON object with distinct members (line {line}, column {column})")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1; 0 at the start of a line.
        column: usize,
    },
    /// Over [`Limits::depth`].
    #[error("the JSON text is nested deeper than {0} levels")]
    TooDeep(u8),
    /// A string contains half of a surrogate pair, which encodes no character.
    #[error(
        "a text is cut in the middle of a character (line {line}, column {column}): send whole characters, in JavaScript by `toWellFormed()`"
    )]
    LoneSurrogate {
        /// The line, from 1.
        line: usize,
        /// The column, from 1; 0 at the start of a line.
        column: usize,
    },
    /// A member is invalid; the message, one of our own, says what it must be.
    #[error("{0}")]
    Refused(&'static str),
    /// A required member is missing.
    #[error("the member `{0}` is missing")]
    Missing(&'static str),
    /// A member has the wrong type or an impossible value.
    #[error("a member has the wrong type or value (line {line}, column {column})")]
    Mistyped {
        /// The line, from 1.
        line: usize,
        /// The column, from 1; 0 at the start of a line.
        column: usize,
    },
}

/// Reads a `T` from one JSON object.
///
/// Unknown members are ignored. A derived struct would also accept an array, but
/// `{"success":true,"data":[true]}` must not count as valid. This function rejects an array at the top;
/// inside `T`, the fields of this module's types reject it.
///
/// # Errors
/// A [`StrictError`], which never contains any of the input.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8], limits: Limits) -> Result<T, StrictError> {
    if bytes.len() > limits.bytes {
        return Err(StrictError::TooLarge(limits.bytes));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| StrictError::NotUtf8)?;

    // First the shape of the whole text, including members that `T` does not know; then `T`.
    if !plain::is_plain_object(text, limits.depth) {
        check_shape(text, limits)?;
    }
    reading::json::<Object<T>>(bytes)
        .map(|object| object.0)
        .map_err(|failure| mistyped(&failure))
}

/// Walks a whole text by serde.
fn check_shape(text: &str, limits: Limits) -> Result<(), StrictError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Shape {
        names: &mut Vec::new(),
        depth_left: limits.depth,
        object: true,
    }
    .deserialize(&mut deserializer)
    .and_then(|()| deserializer.end())
    .map_err(|error| misformed(&error, limits))
}

fn misformed(error: &serde_json::Error, limits: Limits) -> StrictError {
    let (line, column) = (error.line(), error.column());
    // serde_json has no other way to tell them apart.
    let text = error.to_string();
    if text.starts_with(TOO_DEEP) {
        StrictError::TooDeep(limits.depth)
    } else if SURROGATES.iter().any(|cause| text.starts_with(cause)) {
        StrictError::LoneSurrogate { line, column }
    } else {
        StrictError::Malformed { line, column }
    }
}

fn mistyped(failure: &JsonFailure) -> StrictError {
    match failure.found.as_ref().map(|found| found.what) {
        Some(What::Rule(rule)) => StrictError::Refused(rule),
        Some(What::Missing(member)) => StrictError::Missing(member),
        _ => StrictError::Mistyped {
            line: failure.line,
            column: failure.column,
        },
    }
}

const TOO_DEEP: &str = "nested too deep";

/// serde_json's messages for a lone first half and a lone second half.
const SURROGATES: [&str; 2] = [
    "unexpected end of hex escape",
    "lone leading surrogate in hex escape",
];

/// The messages of our own wire types: no text of the input can pass as one.
pub(crate) const RULES: [&str; 11] = [
    batch::RULE,
    metadata::RULE,
    session_id::RULE,
    token_id::RULE,
    TokenIds::RULE,
    IdempotencyKey::RULE,
    InlineValue::RULE,
    ReadId::RULE,
    Reads::RULE,
    ValueKind::RULE,
    ValueLifetime::RULE,
];

/// A `T` that is only read from a JSON object, never from an array.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// For `#[serde(deserialize_with)]` on a field that must be an object.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Object::deserialize(deserializer).map(|object| object.0)
}

/// The same for a field that must be an array of objects.
pub(crate) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|object| object.0).collect())
}

/// So many members of an object are compared one by one, which needs no allocation.
const FEW_MEMBERS: usize = 16;

/// Walks a whole value: distinct members and bounded depth.
struct Shape<'n, 'de> {
    /// The names of the members so far, of all objects that are open.
    names: &'n mut Vec<Cow<'de, str>>,
    depth_left: u8,
    object: bool,
}

impl<'de> Shape<'_, 'de> {
    /// Returns what a value inside of this one is walked with.
    fn inside<E: de::Error>(&mut self) -> Result<Shape<'_, 'de>, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Shape {
                names: self.names,
                depth_left,
                object: false,
            }),
            None => Err(E::custom(TOO_DEEP)),
        }
    }

    fn scalar<E: de::Error>(&self) -> Result<(), E> {
        if self.object {
            Err(E::custom("not an object"))
        } else {
            Ok(())
        }
    }
}

impl<'de> DeserializeSeed<'de> for Shape<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Shape<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.scalar()
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.scalar()?;
        // The remaining depth applies to this array's level.
        self.inside::<A::Error>()?;
        while items.next_element_seed(self.inside()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let twice = || de::Error::custom("a member is there twice");
        self.inside::<A::Error>()?;
        let first = self.names.len();
        while let Some(name) = members.next_key_seed(Name)? {
            let others = &self.names[first..];
            if others.len() < FEW_MEMBERS && others.contains(&name) {
                return Err(twice());
            }
            self.names.push(name);
            members.next_value_seed(self.inside()?)?;
        }
        let names = &mut self.names[first..];
        if names.len() > FEW_MEMBERS {
            names.sort_unstable();
            if names.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(twice());
            }
        }
        self.names.truncate(first);
        Ok(())
    }
}

/// The name of a member, borrowed unless it has escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests;
