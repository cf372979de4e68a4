//! The type directive `@token`.

#![expect(
    missing_docs,
    reason = "async-graphql's macro hands the documentation of the directive to the schema alone"
)]

use async_graphql::TypeDirective;

/// What comes in here is verified for the session of the request before a resolver runs; what goes out
/// here is granted to it before the answer leaves, for `duration` (such as 5m30s) or for the default of
/// the tokenizer.
#[TypeDirective(
    name = "token",
    location = "FieldDefinition",
    location = "InputFieldDefinition",
    location = "ArgumentDefinition"
)]
pub fn Token(duration: Option<String>) {}
