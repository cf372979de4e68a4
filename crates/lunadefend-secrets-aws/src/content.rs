//! The part of a secret's content that is the secret: all of it, or a field of a JSON object.

use crate::failure::Failure;
use lunadefend_core::provider::SecretValue;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The fields of the bundle in which LunaSec keeps its key pair.
const BUNDLE: (&str, &str) = ("public_key", "private_key");

/// Picks the configured field; without one the whole content, or the private key of LunaSec's bundle.
pub(crate) fn select(content: SecretValue, field: Option<&str>) -> Result<SecretValue, Failure> {
    let fields = fields(content.expose_secret());
    let selected = match (field, fields) {
        (Some(name), Some(fields)) => named(&fields, name)?,
        (Some(name), None) => {
            return Err(Failure::of_version(format!(
                "it is not a JSON object, and the field `{name}` is configured: configure none, or store an object"
            )));
        }
        (None, Some(fields)) => private_key(&fields)?,
        (None, None) => content,
    };
    if selected.expose_secret().trim_ascii().is_empty() {
        return Err(Failure::of_version(
            "it is there but empty; put a value into it",
        ));
    }
    Ok(selected)
}

fn named(fields: &[Field<'_>], name: &str) -> Result<SecretValue, Failure> {
    let mistake = match look_up(fields, name) {
        Found::Text(value) => return Ok(value),
        Found::Nothing => "is not in its JSON object",
        Found::NoText => "of its JSON object is not a string",
        Found::Twice => "is in its JSON object twice",
    };
    Err(Failure::of_version(format!("the field `{name}` {mistake}")))
}

fn private_key(fields: &[Field<'_>]) -> Result<SecretValue, Failure> {
    let (public, private) = BUNDLE;
    match (look_up(fields, public), look_up(fields, private)) {
        (Found::Text(_), Found::Text(value)) => Ok(value),
        // The error does not list the fields: in a wrongly entered secret, a name may be the secret.
        _ => Err(Failure::of_version(
            "it is a JSON object: configure the field that holds the secret",
        )),
    }
}

/// The value of a field.
enum Found {
    Nothing,
    NoText,
    Twice,
    Text(SecretValue),
}

fn look_up(fields: &[Field<'_>], name: &str) -> Found {
    let mut values = fields
        .iter()
        .filter(|field| field.0 == name)
        .map(|field| field.1);
    match (values.next(), values.next()) {
        (None, _) => Found::Nothing,
        (Some(_), Some(_)) => Found::Twice,
        (Some(value), None) => serde_json::from_str::<String>(value.get())
            .map_or(Found::NoText, |text| Found::Text(SecretValue::new(text))),
    }
}

type Field<'a> = (String, &'a RawValue);

/// Returns the fields of a JSON object, with unparsed values; `None` when it is not an object.
fn fields(content: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut json = serde_json::Deserializer::from_slice(content);
    let fields = json.deserialize_map(Fields).ok()?;
    json.end().ok()?;
    Some(fields)
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<Field<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn selected(content: impl Into<Vec<u8>>, field: Option<&str>) -> Result<Vec<u8>, String> {
        select(SecretValue::new(content), field)
            .map(|value| value.expose_secret().to_vec())
            .map_err(|failure| failure.into_error("here".into()).to_string())
    }

    #[test]
    fn all_of_it_a_field_or_the_bundle() {
        let bundle = r#"{"public_key":"UFVC","private_key":"UFJJVg==","x":1}"#;
        for (content, field, expected) in [
            ("-----BEGIN", None, "-----BEGIN"),
            (" canary\n", None, " canary\n"),
            ("{canary", None, "{canary"),
            ("{} canary", None, "{} canary"),
            ("[1]", None, "[1]"),
            ("\"canary\"", None, "\"canary\""),
            (bundle, None, "UFJJVg=="),
            (bundle, Some("public_key"), "UFVC"),
            (r#" {"a":{"k":"no"},"k":"yes"} "#, Some("k"), "yes"),
            (r#"{"k":"a\nb\u00e9"}"#, Some("k"), "a\nb\u{e9}"),
            (r#"{"\u006b":"v"}"#, Some("k"), "v"),
            (r#"{"a.b":"v"}"#, Some("a.b"), "v"),
        ] {
            assert_eq!(
                selected(content, field).as_deref(),
                Ok(expected.as_bytes()),
                "{content}"
            );
        }
        assert_eq!(selected(*b"\xff{}", None).as_deref(), Ok(&b"\xff{}"[..]));
    }

    #[test]
    fn each_mistake_has_its_own_error() {
        let no_object = "it is not a JSON object, and the field `k` is configured: configure none, or store an object";
        let no_field = "it is a JSON object: configure the field that holds the secret";
        let empty = "it is there but empty; put a value into it";
        for (content, field, advice) in [
            ("canary", Some("k"), no_object),
            ("[\"canary\"]", Some("k"), no_object),
            (r#"{"k":"canary"}x"#, Some("k"), no_object),
            (r#"{"k":"canary""#, Some("k"), no_object),
            (r#"{"canary":"canary"}"#, None, no_field),
            (r#"{"private_key":"canary"}"#, None, no_field),
            (r#"{"public_key":1,"private_key":"canary"}"#, None, no_field),
            (
                r#"{"public_key":"p","private_key":"canary","private_key":"canary"}"#,
                None,
                no_field,
            ),
            ("{}", None, no_field),
            (
                r#"{"canary":"canary"}"#,
                Some("k"),
                "the field `k` is not in its JSON object",
            ),
            (
                r#"{"k":{"canary":1}}"#,
                Some("k"),
                "the field `k` of its JSON object is not a string",
            ),
            (
                r#"{"k":null}"#,
                Some("k"),
                "the field `k` of its JSON object is not a string",
            ),
            (
                r#"{"k":"canary","k":"canary"}"#,
                Some("k"),
                "the field `k` is in its JSON object twice",
            ),
            ("", None, empty),
            (" \n", None, empty),
            (r#"{"k":" "}"#, Some("k"), empty),
        ] {
            assert_eq!(
                selected(content, field),
                Err(format!("the secret at here is not usable: {advice}")),
                "{content}"
            );
        }
    }

    #[test]
    fn deep_nesting_is_no_problem() {
        let deep = format!(
            "{{\"a\":{}1{},\"k\":\"v\"}}",
            "[".repeat(50_000),
            "]".repeat(50_000)
        );
        assert!(selected(deep, Some("k")).is_ok_and(|value| value == b"v"));
    }

    proptest! {
        #[test]
        fn without_a_field_content_that_is_no_object_is_kept(content: Vec<u8>) {
            prop_assume!(serde_json::from_slice::<serde_json::Map<_, _>>(&content).is_err());
            match selected(content.clone(), None) {
                Ok(kept) => prop_assert_eq!(kept, content),
                Err(_) => prop_assert!(content.trim_ascii().is_empty()),
            }
        }

        #[test]
        fn any_field_is_found(name: String, value in ".*[^\\s].*", more: String) {
            prop_assume!(name != more);
            let object = serde_json::json!({ &name: &value, more: 1 }).to_string();
            prop_assert_eq!(selected(object, Some(&name)), Ok(value.into_bytes()));
        }
    }
}
