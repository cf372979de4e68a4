//! Tokens that come in, in every kind of request.

mod bodies;
mod kinds;

use crate::{
    row::{Expected, Request, Row},
    run::{T1, T2},
};
use http::Method;
use kinds::form;
use lunadefend::ErrorKind;
use lunadefend_tests::{Act, Fault, http1};
use serde_json::json;
use std::time::Duration;

/// A token that looks like one and was never granted to anybody.
const FORGED: &str = "lunasec-ffffffff-ffff-4fff-8fff-ffffffffffff";

/// A list of tokens.
pub(super) fn tokens(tokens: &[&str]) -> String {
    json!(tokens).to_string()
}

/// A profile.
pub(super) fn profile_of(name: &str, ssn: &str) -> String {
    format!(r#"{{"name":"{name}","ssn":"{ssn}"}}"#)
}

fn no_json(place: &str) -> Expected {
    let message = format!("the request is not well-formed JSON{place}");
    Expected::error_saying(ErrorKind::BadRequest, &message)
}

fn of_another_type(member: &str, place: &str) -> Expected {
    let message = format!("{member} has the wrong type or value{place}");
    Expected::error_saying(ErrorKind::BadRequest, &message)
}

/// What is said where no one member is wrong.
const THE_WHOLE: &str = "the request, or a member of it,";

fn missing(member: &str, place: &str) -> Expected {
    let message = format!("the member `{member}` is missing{place}");
    Expected::error_saying(ErrorKind::BadRequest, &message)
}

fn denied() -> Expected {
    Expected::error(ErrorKind::InvalidGrant)
}

fn no_token(member: &str) -> Expected {
    let message = format!(
        "the member `{member}` is not a token: expected the string `lunasec-<uuid>` that the tokenizer issued"
    );
    Expected::error_saying(ErrorKind::BadToken, &message)
}

/// In a form or a query.
fn token_twice(member: &str) -> Expected {
    let message = format!("the member `{member}` is there twice, where one token is expected");
    Expected::error_saying(ErrorKind::BadToken, &message)
}

fn list(body: impl Into<Vec<u8>>) -> Request {
    Request::post("/tokens", body).by("ann")
}

fn profile(body: impl Into<Vec<u8>>) -> Request {
    Request::post("/profile", body).by("ann")
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = unordered();
    rows.extend(bodies::default_limit());
    rows.extend(ordered());
    rows
}

/// Rows whose answers do not depend on each other.
pub(super) fn unordered() -> Vec<Row> {
    [
        verdicts(),
        bodies::malformed(),
        bodies::sizes(),
        kinds::types(),
        kinds::forms(),
        queries(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Tokens that nobody was granted.
fn different(count: usize) -> Request {
    let ids = (0..count).map(|n| format!("{}{n:012}", &FORGED[..FORGED.len() - 12]));
    list(json!(ids.collect::<Vec<_>>()).to_string())
}

fn verdicts() -> Vec<Row> {
    let many = |count| vec![T1; count];
    let mut forged = many(200);
    forged[137] = FORGED;
    let mut malformed = many(200);
    malformed[199] = "4111-1111-1111-1111";
    let too_many = Expected::error_saying(
        ErrorKind::TooManyTokens,
        "the request holds more than 500 different tokens, which is the most that is verified at once",
    );
    let stored = || Expected::text("stored");
    vec![
        Row::new("granted", list(tokens(&[T1])), Expected::text("1")),
        Row::new("two granted", list(tokens(&[T1, T2])), Expected::text("2")),
        Row::new(
            "one of them 200 times",
            list(tokens(&many(200))),
            Expected::text("200"),
        ),
        Row::new(
            "one token more than are verified at once",
            different(501),
            too_many,
        ),
        Row::new("none", list("[]"), Expected::text("0")),
        Row::new("never granted", list(tokens(&[FORGED])), denied()),
        Row::new("forged in a list", list(tokens(&forged)), denied()).during(|| Fault::Together(2)),
        Row::new(
            "no token in a list",
            list(tokens(&malformed)),
            no_token("[199]"),
        ),
        Row::new(
            "another spelling",
            list(tokens(&[&T1.replace("0a1b2c3d", "0A1B2C3D")])),
            denied(),
        ),
        Row::new(
            "granted to somebody else",
            Request::post("/tokens", tokens(&[T1])).by("bob"),
            denied(),
        ),
        Row::new("in an object", profile(profile_of("x", T1)), stored()),
        Row::new("null", profile(r#"{"name":"x","ssn":null}"#), stored()),
        Row::new("left out", profile(r#"{"name":"x"}"#), stored()),
        Row::new(
            "in two members",
            profile(format!(r#"{{"name":"x","ssn":"{T1}","others":["{T2}"]}}"#)),
            stored(),
        ),
        Row::new(
            "forged in one of two",
            profile(format!(
                r#"{{"name":"x","ssn":"{T1}","others":["{T2}","{FORGED}"]}}"#
            )),
            denied(),
        )
        .during(|| Fault::Together(3)),
        Row::new(
            "unknown members",
            profile(format!(r#"{{"x":{{}},"ssn":"{T1}","name":"x"}}"#)),
            stored(),
        ),
    ]
}

fn queries() -> Vec<Row> {
    let search = |query: &str| Request::get(format!("/search{query}")).by("ann");
    let found = || Expected::text("0 of 44");
    let head = |ssn| Request::new(Method::HEAD, format!("/search?ssn={ssn}")).by("ann");
    vec![
        Row::new("a query", search(&format!("?ssn={T1}")), found()),
        Row::new(
            "a query, escaped",
            search(&format!("?s%73n={}&x=%C3%A9", T1.replace('-', "%2D"))),
            found(),
        ),
        Row::new(
            "a query with another member",
            search(&format!("?limit=7&ssn={T1}")),
            Expected::text("7 of 44"),
        ),
        Row::new("a query by HEAD", head(T1), found().head()),
        Row::new("a forged query by HEAD", head(FORGED), denied().head()),
        Row::new(
            "a query, and a body that nobody reads",
            search(&format!("?ssn={T1}")).body("ssn=4111"),
            found(),
        ),
        Row::new(
            "a forged query",
            search(&format!("?ssn={FORGED}")),
            denied(),
        ),
        Row::new("no query", search(""), missing("ssn", "")),
        Row::new("an empty query", search("?"), missing("ssn", "")),
        Row::new(
            "a query without a token",
            search("?limit=7"),
            missing("ssn", ""),
        ),
        Row::new(
            "a query with no token",
            search("?ssn=4111"),
            no_token("ssn"),
        ),
        Row::new(
            "a query with an empty token",
            search("?ssn="),
            no_token("ssn"),
        ),
        Row::new(
            "a query that is no text",
            search("?ssn=%FF"),
            no_token("ssn"),
        ),
        Row::new(
            "a query with a token twice",
            search(&format!("?ssn={T1}&ssn={T1}")),
            token_twice("ssn"),
        ),
        Row::new(
            "a query with a member out of range",
            search(&format!("?limit=4111&ssn={T1}")),
            of_another_type("the member `limit`", ""),
        ),
    ]
}

/// What is stored is what was sent, and a grant ends.
fn ordered() -> Vec<Row> {
    let stored = || Expected::text("stored");
    let read = || Request::get("/profile").by("ann");
    let granted = || {
        let body = r#"{"success":true,"error":{},"data":{"valid":true}}"#;
        Fault::Instead(Act::Send(http1::json(200, body)))
    };
    vec![
        Row::new(
            "as many as are verified at once",
            different(500),
            Expected::text("500"),
        )
        .during(granted),
        Row::new(
            "letters, stored",
            profile(format!(
                r#"{{"name":"\u00e9\ud83d\ude00 \"","ssn":"{T1}"}}"#
            )),
            stored(),
        ),
        Row::new(
            "letters, read",
            read(),
            Expected::granted(format!(r#"{{"name":"é😀 \"","ssn":"{T1}","others":[]}}"#)),
        ),
        Row::new(
            "a form, stored",
            form(format!("name=%C3%A9+b&ssn={T1}&others={T1}&others={T2}")),
            stored(),
        ),
        Row::new(
            "a form, read",
            read(),
            Expected::granted(format!(
                r#"{{"name":"é b","ssn":"{T1}","others":["{T1}","{T2}"]}}"#
            )),
        ),
        Row::new(
            "what is refused",
            profile(profile_of("y", FORGED)),
            denied(),
        ),
        Row::new(
            "is not stored",
            read(),
            Expected::granted(format!(
                r#"{{"name":"é b","ssn":"{T1}","others":["{T1}","{T2}"]}}"#
            )),
        ),
        Row::new(
            "a second before the grant ends",
            list(tokens(&[T1])),
            Expected::text("1"),
        )
        .before(|world| world.clock.advance(Duration::from_secs(3599))),
        Row::new("the grant ends", list(tokens(&[T1])), denied())
            .before(|world| world.clock.advance(Duration::from_secs(1))),
    ]
}
