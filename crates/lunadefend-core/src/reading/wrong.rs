//! The error that a type sees while it is read.

use crate::{
    Error, ErrorKind,
    token::{BLANK, LIST},
    wire::RULES,
};
use serde::de::{self, Expected, Unexpected};
use std::fmt;

/// The problem, without any of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A field of the program is absent.
    Missing(&'static str),
    /// A field of the program is duplicated.
    Duplicate(&'static str),
    /// A member is not a field of the program.
    UnknownField,
    /// Not one of these variants.
    UnknownVariant(&'static [&'static str]),
    /// Not a token.
    Token,
    /// An empty text where a token is expected.
    Blank,
    /// A list where one token is expected.
    Tokens,
    /// A text where something else is expected.
    Text,
    /// A rule of one of our wire types.
    Rule(&'static str),
    /// Another type or value than expected.
    Other,
}

/// The error of a JSON text, or of a form.
#[derive(Debug)]
pub(crate) struct Wrong<const FORM: bool>(pub(crate) What);

/// The message of a form's error, and no other, for an empty text in place of a token. By it a type learns
/// that it is read from a form, even when serde buffers the input of flattened and tagged parts.
pub(crate) const BLANK_IN_A_FORM: &str = "a token was left blank in a form";

impl<const FORM: bool> fmt::Display for Wrong<FORM> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            What::Blank if FORM => BLANK_IN_A_FORM,
            _ => "a value cannot be read",
        })
    }
}

impl<const FORM: bool> std::error::Error for Wrong<FORM> {}

impl<const FORM: bool> de::Error for Wrong<FORM> {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // Messages of our own types, with which they report an invalid value.
        let text = message.to_string();
        let rule = RULES.into_iter().find(|rule| *rule == text);
        Self(match (text.as_str(), rule) {
            (_, Some(rule)) => What::Rule(rule),
            (BLANK, _) => What::Blank,
            (LIST, _) => What::Tokens,
            (text, _) if text == Error::new(ErrorKind::BadToken).message() => What::Token,
            _ => What::Other,
        })
    }

    fn invalid_type(found: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self(match found {
            Unexpected::Str(_) => What::Text,
            _ => What::Other,
        })
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self(What::Other)
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self(What::Other)
    }

    fn unknown_variant(_: &str, variants: &'static [&'static str]) -> Self {
        Self(What::UnknownVariant(variants))
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self(What::UnknownField)
    }

    fn missing_field(field: &'static str) -> Self {
        Self(What::Missing(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self(What::Duplicate(field))
    }
}
