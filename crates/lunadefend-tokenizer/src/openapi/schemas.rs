//! The schemas of all bodies: each type once, by its name.

use schemars::{
    Schema, SchemaGenerator,
    generate::SchemaSettings,
    transform::{Transform, transform_subschemas},
};
use serde_json::{Map, Value};

/// What requests and responses say of types. Both sides of a type may differ: a response always has a member that a
/// request may leave out.
pub(super) struct Schemas {
    pub(super) requests: SchemaGenerator,
    pub(super) responses: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            requests: settings().for_deserialize().into_generator(),
            responses: settings().for_serialize().into_generator(),
        }
    }

    /// Returns the schemas of both by their names, and the names that both have for different schemas.
    pub(super) fn finish(mut self) -> (Map<String, Value>, Vec<String>) {
        let mut all = self.requests.take_definitions(false);
        let mut ambiguous = Vec::new();
        for (name, schema) in self.responses.take_definitions(false) {
            if all.get(&name).is_some_and(|other| *other != schema) {
                ambiguous.push(name.clone());
            }
            all.insert(name, schema);
        }
        for schema in all.values_mut() {
            if let Ok(schema) = schema.try_into() {
                WithoutLinks.transform(schema);
            }
        }
        (all, ambiguous)
    }
}

/// Descriptions are comments of Rust, whose links lead nowhere here.
#[derive(Clone)]
struct WithoutLinks;

impl Transform for WithoutLinks {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::String(text)) = schema.get_mut("description") {
            *text = without_links(text);
        }
        transform_subschemas(self, schema);
    }
}

/// Replaces `[text](target)` and `[text]` by `text`.
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        let Some((inside, after)) = after.split_once(']') else {
            plain.push('[');
            rest = after;
            continue;
        };
        plain.push_str(inside);
        let target = after
            .strip_prefix('(')
            .and_then(|after| after.split_once(')'));
        rest = target.map_or(after, |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_rust_are_left_out() {
        for (text, expected) in [
            ("", ""),
            (
                "1 to [`MAX`](Self::MAX) items, or [`NONE`].",
                "1 to `MAX` items, or `NONE`.",
            ),
            ("[a] (b) [c](d", "a (b) c(d"),
            ("a [b", "a [b"),
        ] {
            assert_eq!(without_links(text), expected);
        }
    }
}
