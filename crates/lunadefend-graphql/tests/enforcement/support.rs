//! Requests, and what is in responses; the grants are those of `lunadefend-testing`.

use async_graphql::{Request, Response, ServerError};
use lunadefend_core::VerifiedToken;
use lunadefend_testing::{Call, TestBackend};

/// The token with a number.
pub(crate) fn token(number: usize) -> String {
    let number = u32::try_from(number).unwrap();
    lunadefend_testing::token(number).expose_id().to_owned()
}

/// The number of a token.
pub(crate) fn number(token: &str) -> usize {
    usize::from_str_radix(token.rsplit('-').next().unwrap(), 16).unwrap()
}

pub(crate) fn verified_token(text: &str) -> VerifiedToken {
    VerifiedToken::assertion(text).unwrap()
}

/// Grants the tokens to the session `ann`.
pub(crate) fn allow(backend: &TestBackend, tokens: impl IntoIterator<Item = String>) {
    for token in tokens {
        backend.grant(&lunadefend_testing::session("ann"), &verified_token(&token));
    }
}

/// The tokens of the one verifying call that there was, sorted; none without a call.
pub(crate) fn asked_about(backend: &TestBackend) -> Vec<String> {
    match backend.take_calls().as_slice() {
        [] => Vec::new(),
        [Call::Verify { tokens, .. }] => {
            let mut tokens = tokens.clone();
            tokens.sort();
            tokens
        }
        other => panic!("{other:?}"),
    }
}

/// A request of a session.
pub(crate) fn request(session: &str, query: impl Into<String>) -> Request {
    Request::new(query).data(lunadefend_testing::session(session))
}

/// The `extensions.code` of each error.
pub(crate) fn codes(response: &Response) -> Vec<String> {
    response.errors.iter().map(code).collect()
}

pub(crate) fn code(error: &ServerError) -> String {
    let code = error.extensions.as_ref().and_then(|all| all.get("code"));
    match code {
        Some(async_graphql::Value::String(code)) => code.clone(),
        _ => format!("no code: {}", error.message),
    }
}

/// The data as JSON, its members by name: another crate of the build may have serde_json keep their order.
pub(crate) fn data(response: &Response) -> String {
    let mut data = response.data.clone().into_json().unwrap();
    data.sort_all_objects();
    data.to_string()
}
