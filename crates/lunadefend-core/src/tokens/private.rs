//! Support for the code that `#[derive(Tokens)]` generates. Not part of the public API.

#![expect(missing_docs, reason = "nobody calls these by hand")]

pub use super::{
    blank::{OrBlank, WithoutBlanks},
    probe::{HoldsTokens, LosesNull, Not, Probe},
};
pub use crate::{
    Error, FromUntrusted, GrantDuration,
    trust::{Grant, GrantCollector, GrantProof, Verify, VerifyCollector, VerifyProof},
};
#[cfg(feature = "async-graphql")]
pub use async_graphql;
pub use serde;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use std::{fmt, marker::PhantomData, ops::Deref};

// Our own traits in front of serde's: for a field that lacks `#[token]`, the compiler then says what to
// write. Serde's advice would be to implement its traits for the token. They have no supertraits, since the
// compiler would report those instead.

/// A field that comes in and goes out unchanged.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can neither come in unverified nor go out ungranted",
    label = "holds tokens? mark the field with `#[token]`",
    note = "a field without tokens needs `serde::Deserialize` and `serde::Serialize`",
    note = "a type that only comes in says `#[tokens(request)]`, one that only goes out says `#[tokens(response)]`, and its fields need one of the two"
)]
pub trait PlainBoth: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + Serialize> PlainBoth for T {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

/// A field that comes in unchanged.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot come in unverified",
    label = "holds tokens? mark the field with `#[token]`",
    note = "a field without tokens needs `serde::Deserialize`"
)]
pub trait PlainIn: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> PlainIn for T {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer)
    }
}

/// A field that goes out unchanged.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot go out ungranted",
    label = "holds tokens? mark the field with `#[token]`",
    note = "a field without tokens needs `serde::Serialize`"
)]
pub trait PlainOut {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> PlainOut for T {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

/// Names the trait that a [`Plain`] goes through.
#[derive(Debug)]
pub struct Both;
#[derive(Debug)]
pub struct In;
#[derive(Debug)]
pub struct Out;

/// A field without tokens. It has no methods, so that calls reach those of the value.
///
/// A type, not `#[serde(with)]`: with that, serde would no longer take a missing field for `None`.
#[derive(Debug)]
pub struct Plain<T, Way>(T, PhantomData<Way>);

impl<T, Way> Plain<T, Way> {
    pub const fn new(value: T) -> Self {
        Self(value, PhantomData)
    }

    pub fn into_inner(this: Self) -> T {
        this.0
    }
}

impl<T, Way> Deref for Plain<T, Way> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Display, Way> fmt::Display for Plain<T, Way> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! plain {
    (read $way:ident by $trait:ident) => {
        impl<'de, T: $trait> Deserialize<'de> for Plain<T, $way> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                T::read(deserializer).map(Self::new)
            }
        }
    };
    (write $way:ident by $trait:ident) => {
        impl<T: $trait> Serialize for Plain<T, $way> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.write(serializer)
            }
        }
    };
}
plain!(read Both by PlainBoth);
plain!(read In by PlainIn);
plain!(write Both by PlainBoth);
plain!(write Out by PlainOut);

/// The value of an absent field with tokens and `#[serde(default)]`.
#[diagnostic::on_unimplemented(
    message = "an absent member cannot be made of nothing here",
    label = "`#[serde(default)]` needs an `Option`, a `Vec`, a map or a `Patch`",
    note = "for a change with three cases (absent, `null`, a token) there is `lunadefend::Patch`"
)]
pub trait Absent: Sized {
    fn absent() -> Self;
}

#[diagnostic::do_not_recommend]
impl<W: Default> Absent for W {
    fn absent() -> Self {
        W::default()
    }
}

pub fn absent<W: Absent>() -> W {
    W::absent()
}

/// Returns the duration of `#[token(ttl = "..")]`, for a constant: an invalid text does not compile.
#[track_caller]
#[expect(clippy::panic, reason = "while compiling, at the text of the user")]
pub const fn ttl(text: &str) -> GrantDuration {
    match GrantDuration::from_go(text) {
        Ok(duration) => duration,
        Err(error) => panic!("{}", error.message()),
    }
}
