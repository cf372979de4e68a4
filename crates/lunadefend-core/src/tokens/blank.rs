//! Optional tokens in a request: an HTML form sends every field, even a blank one.
//!
//! In a form or a query an empty text means an absent token. In JSON it is an error.

use crate::{
    Error, FromUntrusted,
    reading::BLANK_IN_A_FORM,
    trust::{Verify, VerifyCollector, VerifyProof},
};
use serde::{Deserialize, Deserializer, de};
use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    fmt,
    hash::{BuildHasher, Hash},
    marker::PhantomData,
};

/// Returns `None` for an empty text in a form, where a token is expected. Only the error of a form reports
/// that. If a text were mistaken for one of a form, it would still only be absent.
pub(crate) fn unless_blank<T, E: de::Error>(read: Result<T, E>) -> Result<Option<T>, E> {
    match read {
        Err(error) if error.to_string() == BLANK_IN_A_FORM => Ok(None),
        read => read.map(Some),
    }
}

/// An `Option` in a request.
pub struct OrBlank<W>(Option<W>);

/// A list in a request, later converted to a `C`. Untrusted tokens cannot be compared, so a set comes in as a
/// list too.
pub struct WithoutBlanks<W, C>(Vec<W>, PhantomData<fn() -> C>);

impl<'de, W: Deserialize<'de>> Deserialize<'de> for OrBlank<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Through `Option`, so that serde reads a missing member as `None`.
        unless_blank(Option::deserialize(deserializer)).map(|read| Self(read.flatten()))
    }
}

impl<'de, W: Deserialize<'de>, C> Deserialize<'de> for WithoutBlanks<W, C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Item<W>(Option<W>);

        impl<'de, W: Deserialize<'de>> Deserialize<'de> for Item<W> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                unless_blank(W::deserialize(deserializer)).map(Self)
            }
        }

        let items: Vec<Item<W>> = Vec::deserialize(deserializer)?;
        let items = items.into_iter().filter_map(|item| item.0);
        Ok(Self::from(items.collect::<Vec<_>>()))
    }
}

impl<W> From<Option<W>> for OrBlank<W> {
    fn from(wire: Option<W>) -> Self {
        Self(wire)
    }
}

impl<W, C> From<Vec<W>> for WithoutBlanks<W, C> {
    fn from(wire: Vec<W>) -> Self {
        Self(wire, PhantomData)
    }
}

impl<W: Verify> Verify for OrBlank<W> {
    type Verified = Option<W::Verified>;

    fn collect(&self, tokens: &mut VerifyCollector) {
        self.0.collect(tokens);
    }

    fn upgrade(self, proof: &VerifyProof) -> Result<Self::Verified, Error> {
        self.0.upgrade(proof)
    }
}

impl<W: Verify, C: FromIterator<W::Verified>> Verify for WithoutBlanks<W, C> {
    type Verified = C;

    fn collect(&self, tokens: &mut VerifyCollector) {
        self.0.collect(tokens);
    }

    fn upgrade(self, proof: &VerifyProof) -> Result<C, Error> {
        self.0.into_iter().map(|wire| wire.upgrade(proof)).collect()
    }
}

macro_rules! like {
    ($container:ident, ($($parameters:ident),*) $wire:ty) => {
        impl<$($parameters),*> Default for $wire {
            fn default() -> Self {
                Self::from($container::default())
            }
        }

        impl<$($parameters),*> fmt::Debug for $wire {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($container), "(..)"))
            }
        }

        #[cfg(feature = "async-graphql")]
        crate::graphql::input_like!($container, ($($parameters),*) $wire);
    };
}
like!(Option, (W) OrBlank<W>);
like!(Vec, (W, C) WithoutBlanks<W, C>);

impl<T: FromUntrusted> FromUntrusted for Option<T> {
    type Wire = OrBlank<T::Wire>;
}

macro_rules! lists {
    ($(($($bounds:tt)*) $list:ty;)*) => {
        $(impl<$($bounds)*> FromUntrusted for $list {
            type Wire = WithoutBlanks<T::Wire, Self>;
        })*
    };
}
lists! {
    (T: FromUntrusted) Vec<T>;
    (T: FromUntrusted) VecDeque<T>;
    (T: FromUntrusted + Eq + Hash, H: BuildHasher + Default) HashSet<T, H>;
    (T: FromUntrusted + Ord) BTreeSet<T>;
}
