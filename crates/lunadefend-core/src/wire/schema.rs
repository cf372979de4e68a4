//! JSON schemas of the wire types that are read or written by hand, by their true grammar.

use super::{
    BatchId, Binding, Empty, Failure, GrantedItem, InlineValue, Metadata, ReadId, Reads,
    SignedLocation, Success, TokenIds, ValueItem, ValueKind, ValueLifetime, VerifiedItem,
};
use crate::{GrantDuration, SessionId, provider::TokenId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// Gives a type its schema, under the type's name.
macro_rules! schema_of {
    ($($name:ident => $schema:tt)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

schema_of! {
    TokenId => {
        "type": "string",
        "description": "A token: `lunasec-` and a UUID. The spelling is kept: in upper case it is another token.",
        "pattern": "^lunasec-[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
    }
    SessionId => {
        "type": "string",
        "description": "A session of the application, as the tokenizer knows it: at most 1024 bytes in UTF-8.",
        "minLength": 1,
        "maxLength": (SessionId::MAX_LEN)
    }
    GrantDuration => {
        "type": "string",
        "description": "Go's text form of a duration, such as `15m` or `1h30m`: at least one second, and no longer than the tokenizer is configured for (one hour by default). Empty means the default.",
        "pattern": "^(\\+?(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|\u{b5}s|\u{3bc}s|ms|s|m|h))+)?$"
    }
    Metadata => {
        "type": "object",
        "description": "One JSON object, kept as it was written: at most 8192 bytes, at most 32 levels deep."
    }
    BatchId => {
        "type": "string",
        "description": "16 random bytes in base64url without padding, new for each attempt.",
        "pattern": "^[A-Za-z0-9_-]{21}[AQgw]$"
    }
    ReadId => {
        "type": "string",
        "description": "16 random bytes in base64url without padding, kept while a read is repeated.",
        "pattern": "^[A-Za-z0-9_-]{21}[AQgw]$"
    }
    InlineValue => {
        "type": "string",
        "description": "A value of at most 16384 bytes, in base64 with padding.",
        "contentEncoding": "base64",
        "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$",
        "anyOf": [{ "maxLength": 21844 }, { "maxLength": 21848, "pattern": "==$" }]
    }
    ValueLifetime => {
        "type": "string",
        "description": "Go's text form of a duration, from `1s` to `87600h`, such as `720h`.",
        "pattern": "^([1-9][0-9]{0,3}h|[1-9][0-9]{0,2}m|[1-9][0-9]{0,2}s)$"
    }
    Reads => {
        "type": "integer",
        "description": "How often a value may be read.",
        "minimum": 1,
        "maximum": (Reads::MAX)
    }
    Binding => {
        "type": "string",
        "description": "SHA-256 in base64url without padding: what ties an answer to its question.",
        "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"
    }
    Failure => {
        "type": "object",
        "description": "A refused or failed request. The message is for people and says what to do.",
        "properties": {
            "success": { "const": false },
            "error": {
                "type": "object",
                "properties": {
                    "errorName": { "type": "string" },
                    "errorMessage": { "type": "string" },
                    "name": { "type": "string", "description": "The same as `errorName`." },
                    "message": { "type": "string", "description": "The same as `errorMessage`." }
                },
                "required": ["errorName", "errorMessage", "name", "message"]
            }
        },
        "required": ["success", "error"]
    }
}

impl JsonSchema for ValueKind {
    fn schema_name() -> Cow<'static, str> {
        "ValueKind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = Self::ALL.iter().map(|kind| kind.name()).collect();
        json_schema!({
            "type": "string",
            "description": "What a value is, as the page that sends it claims.",
            "enum": names
        })
    }
}

/// A value, a place to download it from, or neither.
impl JsonSchema for ValueItem {
    fn schema_name() -> Cow<'static, str> {
        "ValueItem".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "What the session gets of one token: the value, where to download it, or nothing.",
            "properties": {
                "tokenId": generator.subschema_for::<TokenId>(),
                "value": generator.subschema_for::<InlineValue>(),
                "download": generator.subschema_for::<SignedLocation>(),
                "expiresAt": { "type": "integer", "minimum": 0, "description": EXPIRY }
            },
            "required": ["tokenId"],
            "oneOf": [
                { "type": "object", "required": ["value", "expiresAt"], "not": { "required": ["download"] } },
                { "type": "object", "required": ["download", "expiresAt"], "not": { "required": ["value"] } },
                {
                    "type": "object",
                    "not": { "anyOf": [
                        { "required": ["value"] },
                        { "required": ["download"] },
                        { "required": ["expiresAt"] }
                    ] }
                }
            ]
        })
    }
}

impl JsonSchema for TokenIds {
    fn schema_name() -> Cow<'static, str> {
        "TokenIds".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "items": generator.subschema_for::<TokenId>(),
            "minItems": 1,
            "maxItems": (Self::MAX)
        })
    }
}

/// A yes has an expiry, and a no has none.
impl JsonSchema for VerifiedItem {
    fn schema_name() -> Cow<'static, str> {
        "VerifiedItem".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let verdict = |yes: bool, expires_at: Schema| {
            json_schema!({
                "type": "object",
                "properties": { "valid": { "const": yes }, "expiresAt": expires_at }
            })
        };
        json_schema!({
            "type": "object",
            "description": "The verdict about one item: a live grant and its expiry, or none.",
            "properties": {
                "binding": generator.subschema_for::<Binding>(),
                "valid": { "type": "boolean" },
                "expiresAt": { "type": ["integer", "null"], "minimum": 0, "description": EXPIRY }
            },
            "required": ["binding", "valid", "expiresAt"],
            "oneOf": [verdict(true, integer()), verdict(false, absent())]
        })
    }
}

/// A refused item has the name of its error in place of the expiry.
impl JsonSchema for GrantedItem {
    fn schema_name() -> Cow<'static, str> {
        "GrantedItem".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "The outcome of one item: the requested expiry, or the name of its error.",
            "properties": {
                "binding": generator.subschema_for::<Binding>(),
                "granted": { "type": "boolean" },
                "expiresAt": { "type": ["integer", "null"], "minimum": 0, "description": EXPIRY },
                "errorName": { "type": "string" }
            },
            "required": ["binding", "granted", "expiresAt"],
            "oneOf": [
                {
                    "type": "object",
                    "properties": { "granted": { "const": true }, "expiresAt": integer() },
                    "not": { "required": ["errorName"] }
                },
                {
                    "type": "object",
                    "properties": { "granted": { "const": false }, "expiresAt": absent() },
                    "required": ["errorName"]
                }
            ]
        })
    }
}

const EXPIRY: &str = "In milliseconds since the Unix epoch.";

fn integer() -> Schema {
    json_schema!({ "type": "integer" })
}

fn absent() -> Schema {
    json_schema!({ "type": "null" })
}

impl<T: JsonSchema> JsonSchema for Success<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("SuccessOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "success": { "const": true },
                "error": generator.subschema_for::<Empty>(),
                "data": generator.subschema_for::<T>()
            },
            "required": ["success", "error", "data"]
        })
    }
}
