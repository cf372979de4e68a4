//! An application. Each line that clippy is to name says so.

#![warn(clippy::pedantic, clippy::nursery)]

use lunadefend::{Error, Patch, VerifiedToken, storage as rows};
use lunadefend_macros::Tokens;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
pub struct Row {
    #[serde(with = "lunadefend::storage")] // leaves the types
    pub ssn: VerifiedToken,
    #[serde(with = "lunadefend::storage", default)] // leaves the types
    pub passport: Option<VerifiedToken>,
}

#[derive(Serialize)]
pub struct Written {
    #[serde(serialize_with = "lunadefend::storage::serialize")] // leaves the types
    pub ssn: VerifiedToken,
    #[serde(serialize_with = "lunadefend::storage::serialize")] // leaves the types
    pub passport: Option<VerifiedToken>,
}

#[derive(Deserialize)]
pub struct Read {
    #[serde(deserialize_with = "lunadefend::storage::deserialize")] // leaves the types
    pub ssn: VerifiedToken,
    #[serde(deserialize_with = "lunadefend::storage::deserialize")] // leaves the types
    pub passport: Option<VerifiedToken>,
}

/// The macro does not know `storage` by this name, and cannot ask what a type parameter is.
#[derive(Tokens)]
#[tokens(response)]
pub struct Lent<P: rows::Stored> {
    #[serde(serialize_with = "rows::serialize")] // leaves the types
    pub ssn: P,
    #[token]
    pub card: VerifiedToken,
}

/// Nothing is said about what the derive writes, of whatever shape the type is.
#[expect(clippy::struct_excessive_bools, reason = "they are few enough")]
#[derive(Clone, Debug, Tokens)]
pub struct Customer {
    pub is_new: bool,
    pub is_old: bool,
    pub is_known: bool,
    pub is_asked: bool,
    #[serde(default = "later", skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[token]
    pub ssn: Option<Box<VerifiedToken>>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[token]
    pub change: Patch<VerifiedToken>,
    #[token]
    pub method: Vec<Method<VerifiedToken>>,
}

#[expect(clippy::large_enum_variant, reason = "there are few")]
#[derive(Clone, Debug, Tokens)]
#[serde(tag = "kind")]
pub enum Method<T> {
    MethodCard {
        #[token]
        card: T,
        numbers: [u64; 32],
    },
    MethodNone,
}

const fn later() -> String {
    String::new()
}

/// # Errors
/// When it is no token.
pub fn by_calls(text: &str) -> Result<String, Error> {
    let token = VerifiedToken::assertion(text)?; // leaves the types
    Ok(token.expose_id().to_owned()) // leaves the types
}

#[must_use]
pub fn by_name(texts: &[&str]) -> Vec<String> {
    let tokens = texts.iter().copied();
    let tokens = tokens.flat_map(VerifiedToken::assertion); // leaves the types
    tokens.map(|of| VerifiedToken::expose_id(&of).to_owned()).collect() // leaves the types
}

/// # Errors
/// Those of the serializer.
pub fn written<S: Serializer>(row: &Row, serializer: S) -> Result<S::Ok, S::Error> {
    match &row.passport {
        None => rows::serialize(&row.ssn, serializer), // leaves the types
        passport => rows::serialize(passport, serializer), // leaves the types
    }
}

/// # Errors
/// Those of the deserializer.
pub fn read<'de, D: Deserializer<'de>>(both: [D; 2]) -> Result<Row, D::Error> {
    let [ssn, passport] = both;
    Ok(Row {
        ssn: rows::deserialize(ssn)?, // leaves the types
        passport: rows::deserialize(passport)?, // leaves the types
    })
}

/// The right places, marked as the document says.
#[expect(clippy::disallowed_methods, reason = "rows of the database")]
pub mod stored {
    use lunadefend::VerifiedToken;

    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Row {
        #[serde(with = "lunadefend::storage")]
        pub ssn: Option<VerifiedToken>,
    }
}
