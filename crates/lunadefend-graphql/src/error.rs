//! LunaDefend's errors as GraphQL errors.

use async_graphql::ServerError;
use lunadefend_core::Error;
use std::error::Error as StdError;

/// Makes a GraphQL error with the message of `error`, and its name as `extensions.code`.
///
/// For resolvers: `?` alone would keep the message and lose the code. The GraphQL error has no part of the
/// cause. If the error would be a 5xx over HTTP, its cause is logged here.
///
/// ```
/// use async_graphql::Result;
/// use lunadefend_graphql::into_graphql;
///
/// fn owner(found: Option<&str>) -> Result<&str> {
///     found.ok_or_else(|| into_graphql(lunadefend_core::ErrorKind::NoSession.into()))
/// }
/// let error = owner(None).unwrap_err();
/// assert_eq!(error.extensions.unwrap().get("code"), Some(&"sessionError".into()));
/// ```
#[must_use]
#[expect(
    clippy::needless_pass_by_value,
    reason = "for `map_err`, which hands the error over"
)]
pub fn into_graphql(error: Error) -> async_graphql::Error {
    let ServerError {
        message,
        extensions,
        ..
    } = server_error(&error);
    async_graphql::Error {
        message,
        source: None,
        extensions,
    }
}

pub(crate) fn server_error(error: &Error) -> ServerError {
    if error.status().is_server_error() {
        tracing::error!(
            name = error.name(),
            cause = error as &dyn StdError,
            "answering a GraphQL operation with an error"
        );
    } else {
        tracing::debug!(
            name = error.name(),
            "answering a GraphQL operation with an error"
        );
    }
    let mut answer = ServerError::new(error.message(), None);
    let extensions = answer.extensions.get_or_insert_default();
    extensions.set("code", error.name());
    answer
}
