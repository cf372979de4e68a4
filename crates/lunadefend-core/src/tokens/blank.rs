//! Optional tokens as they come in: an HTML form sends every field, also those that were left blank.
//!
//! In a form or a query an empty text is no token that is wrong, but none. In JSON it is refused.

use crate::{Error, FromUntrusted, Verify, VerifyCollector, VerifyProof};
use serde::{Deserialize, Deserializer, de};
use std::{any, fmt};

/// What the error of an [`UntrustedToken`](crate::UntrustedToken) says about an empty text.
pub(crate) const BLANK: &str = "not a token: an empty text instead of `lunasec-<uuid>`";

/// `None` for an empty text in a form, where a token is expected.
///
/// A form tells itself by the type of its errors: flattened and tagged parts of a type are read from a
/// copy of what came in, which has nothing else of the format. Taken for a form by mistake, a text is
/// still no more than absent.
pub(crate) fn unless_blank<T, E: de::Error>(read: Result<T, E>) -> Result<Option<T>, E> {
    let is_form = || any::type_name::<E>() == any::type_name::<serde_html_form::de::Error>();
    match read {
        Err(error) if is_form() && error.to_string() == BLANK => Ok(None),
        read => read.map(Some),
    }
}

/// An `Option` as it comes in.
pub struct OrBlank<W>(Option<W>);

/// A `Vec` as it comes in.
pub struct WithoutBlanks<W>(Vec<W>);

impl<'de, W: Deserialize<'de>> Deserialize<'de> for OrBlank<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By that of `Option`, so that serde takes a missing member for `None`.
        unless_blank(Option::deserialize(deserializer)).map(|read| Self(read.flatten()))
    }
}

impl<'de, W: Deserialize<'de>> Deserialize<'de> for WithoutBlanks<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Item<W>(Option<W>);

        impl<'de, W: Deserialize<'de>> Deserialize<'de> for Item<W> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                unless_blank(W::deserialize(deserializer)).map(Self)
            }
        }

        let items: Vec<Item<W>> = Vec::deserialize(deserializer)?;
        Ok(Self(items.into_iter().filter_map(|item| item.0).collect()))
    }
}

macro_rules! like {
    ($wire:ident, $container:ident) => {
        impl<W> Default for $wire<W> {
            fn default() -> Self {
                Self($container::default())
            }
        }

        impl<W> fmt::Debug for $wire<W> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($container), "(..)"))
            }
        }

        impl<W: Verify> Verify for $wire<W> {
            type Verified = $container<W::Verified>;

            fn collect(&self, tokens: &mut VerifyCollector) {
                self.0.collect(tokens);
            }

            fn upgrade(self, proof: &VerifyProof) -> Result<Self::Verified, Error> {
                self.0.upgrade(proof)
            }
        }

        impl<T: FromUntrusted> FromUntrusted for $container<T> {
            type Wire = $wire<T::Wire>;
        }

        #[cfg(feature = "async-graphql")]
        crate::graphql::input_like!($wire, $container);
    };
}
like!(OrBlank, Option);
like!(WithoutBlanks, Vec);
