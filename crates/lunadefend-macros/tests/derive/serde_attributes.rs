//! Serde's attributes do on the forms what they do with serde's own derives.

use crate::backend::{accepting, id, receive, round_trip, same};
use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Names {
    first_name: String,
    #[token]
    ssn_token: VerifiedToken,
    #[token]
    #[serde(rename = "card", alias = "creditCard")]
    card_token: VerifiedToken,
    #[serde(rename(serialize = "out", deserialize = "in"))]
    both: u8,
}

#[test]
fn names() {
    let [one, two] = [1, 2].map(id);
    let json = |card: &str, both: &str| {
        format!(r#"{{"firstName":"Ann","ssnToken":"{one}","{card}":"{two}","{both}":7}}"#)
    };
    for card in ["card", "creditCard"] {
        assert_eq!(round_trip::<Names>(&json(card, "in")), json("card", "out"));
    }
    let backend = accepting();
    let unknown = json("card", "in").replace('}', r#","4111":1}"#);
    let error = receive::<Names>(&backend, &unknown).err().unwrap();
    assert!(error.to_string().starts_with("unknown field"), "{error}");
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Defaults<T> {
    #[token]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<T>,
    #[token]
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    by_name: BTreeMap<String, VerifiedToken>,
    #[serde(default)]
    zero: u8,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    one: u8,
    #[serde(default = "Self::two", skip_serializing_if = "Self::is_two")]
    two: u8,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    list: Vec<T>,
}

const fn one() -> u8 {
    1
}

/// Generic: it must be handed the type of the field.
fn is_one<N: PartialEq<u8>>(number: &N) -> bool {
    *number == 1
}

impl<T> Defaults<T> {
    const fn two() -> u8 {
        2
    }

    const fn is_two(number: &u8) -> bool {
        *number == 2
    }
}

#[test]
fn defaults() {
    // A parameter can be in fields with tokens and in others, for a type that is good for both.
    same::<Defaults<Either>>(r#"{"zero":0}"#);
    same::<Defaults<Either>>(
        r#"{"tokens":["a"],"by_name":{"a":"T1"},"zero":3,"one":4,"two":5,"list":["b"]}"#,
    );
}

/// A type without tokens, with both derives.
#[derive(Serialize, Deserialize, Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Either(String);

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Flat {
    #[token]
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    plain: PlainPart,
    #[token]
    #[serde(flatten)]
    rest: BTreeMap<String, VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Inner {
    #[token]
    ssn: VerifiedToken,
}

#[derive(Serialize, Deserialize)]
struct PlainPart {
    name: String,
}

#[test]
fn flattened() {
    same::<Flat>(r#"{"ssn":"T1","name":"Ann","a":"T2","b":"T3"}"#);
}

macro_rules! tagged {
    ($name:ident, $($serde:tt)*) => {
        #[derive(Tokens)]
        #[tokens(crate = "lunadefend_core")]
        #[serde($($serde)*)]
        enum $name {
            Unit,
            #[serde(rename_all = "camelCase", alias = "also")]
            Named { #[token] the_token: VerifiedToken, #[serde(default)] number: u8 },
            Newtype(#[token] Inner),
        }
    };
}
tagged!(Internal, tag = "kind", rename_all = "snake_case");
tagged!(
    Adjacent,
    tag = "kind",
    content = "value",
    rename_all_fields = "SCREAMING_SNAKE_CASE"
);
tagged!(Untagged, untagged, expecting = "one of three");

#[test]
fn tagged() {
    same::<Internal>(r#"{"kind":"unit"}"#);
    same::<Internal>(r#"{"kind":"named","theToken":"T1","number":1}"#);
    same::<Internal>(r#"{"kind":"newtype","ssn":"T1"}"#);
    same::<Adjacent>(r#"{"kind":"Unit"}"#);
    same::<Adjacent>(r#"{"kind":"Named","value":{"theToken":"T1","number":1}}"#);
    same::<Adjacent>(r#"{"kind":"Newtype","value":{"ssn":"T1"}}"#);
    same::<Untagged>("null");
    same::<Untagged>(r#"{"theToken":"T1","number":1}"#);
    same::<Untagged>(r#"{"ssn":"T1"}"#);
    let backend = accepting();
    let error = receive::<Untagged>(&backend, r#"{"ssn":"4111"}"#)
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "one of three");
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
#[serde(transparent)]
struct Transparent {
    #[token]
    token: VerifiedToken,
}

#[test]
fn transparent() {
    same::<Transparent>(r#""T1""#);
}

mod hex {
    use super::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &u8, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{number:x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
        let text = String::deserialize(from)?;
        u8::from_str_radix(&text, 16).map_err(serde::de::Error::custom)
    }
}

/// Neither `Serialize` nor `Deserialize`, nor asked for it.
#[derive(Debug, PartialEq)]
struct Opaque(u8);

impl Default for Opaque {
    fn default() -> Self {
        Self(9)
    }
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Functions {
    #[token]
    token: VerifiedToken,
    #[serde(with = "hex")]
    with: u8,
    #[serde(serialize_with = "hex::serialize")]
    written: u8,
    #[serde(deserialize_with = "hex::deserialize", default)]
    read: u8,
    #[serde(skip)]
    skipped: Opaque,
    #[serde(skip, default = "Self::ten")]
    ten: Opaque,
    #[serde(skip_serializing)]
    only_read: u8,
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    only_written: Option<u8>,
}

impl Functions {
    const fn ten() -> Opaque {
        Opaque(10)
    }
}

#[test]
fn functions_and_skips_on_fields_without_tokens() {
    let backend = accepting();
    let json = format!(
        r#"{{"token":"{}","with":"ff","written":255,"read":"fe","only_read":3,"only_written":4}}"#,
        id(1)
    );
    let value: Functions = receive(&backend, &json).unwrap().unwrap();
    assert_eq!((value.with, value.written, value.read), (255, 255, 254));
    assert_eq!((&value.skipped, &value.ten), (&Opaque(9), &Opaque(10)));
    assert_eq!((value.only_read, value.only_written), (3, None));
    assert_eq!(
        round_trip::<Functions>(&json),
        format!(
            r#"{{"token":"{}","with":"ff","written":"ff","read":254}}"#,
            id(1)
        )
    );
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
#[serde(tag = "kind")]
enum Variants {
    #[serde(rename = "a")]
    A {
        #[token]
        token: VerifiedToken,
    },
    #[serde(skip)]
    Never(Opaque),
    #[serde(other)]
    Other,
}

#[test]
fn variants() {
    same::<Variants>(r#"{"kind":"a","token":"T1"}"#);
    assert_eq!(
        round_trip::<Variants>(r#"{"kind":"Never"}"#),
        r#"{"kind":"Other"}"#
    );
}
