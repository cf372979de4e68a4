//! What a tokenizer offers beyond wire level v1.

use serde::{Deserialize, Serialize};

/// The path of the discovery document, below the tokenizer's URL.
pub const DISCOVERY_PATH: &str = "/.well-known/lunadefend-tokenizer";

/// The feature of [`Discovery`] that means `/v2/grants/set` and `/v2/grants/verify`.
pub const BATCHES: &str = "batches";

/// The feature of [`Discovery`] that means `/v2/tokenize`, `/v2/detokenize` and `/v2/tokens/describe`.
pub const VALUES: &str = "values";

/// The discovery document: the response of `GET /.well-known/lunadefend-tokenizer`, without an envelope.
///
/// # Security
/// Its reader did not authenticate it beyond the connection. It may choose between ways that are all safe, and
/// nothing more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Discovery {
    /// The wire level: 2.
    pub level: u64,
    /// The origin at which browsers reach the tokenizer.
    pub origin: String,
    /// The maximum number of items in a batch.
    pub max_items: u64,
    /// The longest value, in bytes.
    pub max_value: u64,
    /// The parts of the level that the tokenizer has, such as [`BATCHES`]. Unknown ones mean nothing.
    pub features: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{RESPONSE, from_slice, to_vec};

    #[test]
    fn the_document_as_it_is_written() {
        let discovery = Discovery {
            level: 2,
            origin: "https://tokenizer.example.com".to_owned(),
            max_items: 100,
            max_value: 67_108_864,
            features: vec![BATCHES.to_owned()],
        };
        let text = r#"{"level":2,"origin":"https://tokenizer.example.com","max_items":100,"max_value":67108864,"features":["batches"]}"#;
        assert_eq!(to_vec(&discovery), text.as_bytes());
        let with_more = text.replace("\"level\"", "\"x\":[{}],\"level\"");
        let read: Discovery = from_slice(with_more.as_bytes(), RESPONSE).unwrap();
        assert_eq!(read, discovery);
        for (member, bad) in [
            ("\"level\":2", "\"level\":\"2\""),
            ("\"level\":2", "\"level\":-2"),
            ("\"level\":2", "\"level\":2,\"level\":2"),
            ("\"max_items\":100,", ""),
            ("[\"batches\"]", "\"batches\""),
        ] {
            let text = text.replace(member, bad);
            assert!(
                from_slice::<Discovery>(text.as_bytes(), RESPONSE).is_err(),
                "{text}"
            );
        }
    }
}
