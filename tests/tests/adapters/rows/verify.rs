//! Tokens that come in, in every kind of request.

use crate::{
    application::BODY_LIMIT,
    row::{Expected, Request, Row},
    run::{T1, T2},
};
use http::Method;
use lunadefend::ErrorKind;
use serde_json::json;
use std::time::Duration;

/// A token that looks like one and was never granted to anybody.
const FORGED: &str = "lunasec-ffffffff-ffff-4fff-8fff-ffffffffffff";
const FORM: &str = "application/x-www-form-urlencoded";

/// A list of tokens.
pub(super) fn tokens(tokens: &[&str]) -> String {
    json!(tokens).to_string()
}

/// A profile.
pub(super) fn profile_of(name: &str, ssn: &str) -> String {
    format!(r#"{{"name":"{name}","ssn":"{ssn}"}}"#)
}

fn unreadable(place: &str) -> Expected {
    let message = format!(
        "the request cannot be read: not well-formed, or a member has the wrong type or value{place}"
    );
    Expected::error_saying(ErrorKind::BadRequest, &message)
}

fn missing(member: &str, place: &str) -> Expected {
    let message = format!("the member `{member}` is missing{place}");
    Expected::error_saying(ErrorKind::BadRequest, &message)
}

fn denied() -> Expected {
    Expected::error(ErrorKind::InvalidGrant)
}

fn no_token() -> Expected {
    Expected::error(ErrorKind::BadToken)
}

fn wrong_type() -> Expected {
    Expected::error_saying(
        ErrorKind::UnsupportedMediaType,
        "the body of the request must be application/json in UTF-8 or application/x-www-form-urlencoded",
    )
}

fn list(body: impl Into<Vec<u8>>) -> Request {
    Request::post("/tokens", body).by("ann")
}

fn profile(body: impl Into<Vec<u8>>) -> Request {
    Request::post("/profile", body).by("ann")
}

fn form(body: impl Into<Vec<u8>>) -> Request {
    Request::new(Method::POST, "/profile")
        .header("content-type", FORM)
        .body(body)
        .by("ann")
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = unordered();
    rows.extend(default_limit());
    rows.extend(ordered());
    rows
}

/// Rows whose answers do not depend on each other.
pub(super) fn unordered() -> Vec<Row> {
    [
        verdicts(),
        malformed(),
        sizes(),
        types(),
        forms(),
        queries(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn verdicts() -> Vec<Row> {
    let many = |count| vec![T1; count];
    let mut forged = many(200);
    forged[137] = FORGED;
    let mut malformed = many(200);
    malformed[199] = "4111-1111-1111-1111";
    let stored = || Expected::text("stored");
    vec![
        Row::new("granted", list(tokens(&[T1])), Expected::text("1")),
        Row::new("two granted", list(tokens(&[T1, T2])), Expected::text("2")),
        Row::new(
            "one of them 200 times",
            list(tokens(&many(200))),
            Expected::text("200"),
        ),
        Row::new("none", list("[]"), Expected::text("0")),
        Row::new("never granted", list(tokens(&[FORGED])), denied()),
        Row::new("forged in a list", list(tokens(&forged)), denied()),
        Row::new("no token in a list", list(tokens(&malformed)), no_token()),
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
        ),
        Row::new(
            "unknown members",
            profile(format!(r#"{{"x":{{}},"ssn":"{T1}","name":"x"}}"#)),
            stored(),
        ),
    ]
}

fn malformed() -> Vec<Row> {
    let mut rows = Vec::new();
    for text in [
        "4111",
        "",
        " ",
        "lunasec-",
        &T1[1..],
        &format!("{T1} "),
        &T1.to_uppercase(),
    ] {
        let body = tokens(&[text]);
        rows.push(Row::new(
            format!("no token: {text:?}"),
            list(body),
            no_token(),
        ));
    }
    for body in [
        "[4111]",
        "[null]",
        "[true]",
        "[{}]",
        "[[]]",
        r#"[["4111"]]"#,
    ] {
        rows.push(Row::new(
            format!("no token: {body}"),
            list(body),
            no_token(),
        ));
    }
    for (body, place) in [
        ("", " (line 1, column 0)"),
        ("[", " (line 1, column 1)"),
        ("{}", " (line 1, column 0)"),
        ("\"4111\"", " (line 1, column 6)"),
        ("[] 4111", " (line 1, column 4)"),
        ("\u{feff}[]", " (line 1, column 1)"),
        ("[\n\n,4111]", " (line 3, column 1)"),
    ] {
        let name = format!("no list: {body:?}");
        rows.push(Row::new(name, list(body), unreadable(place)));
    }
    rows.extend([
        Row::new(
            "not UTF-8",
            list(b"[\"\xff\"]"),
            unreadable(" (line 1, column 3)"),
        ),
        Row::new(
            "a member is missing",
            profile(format!(r#"{{"ssn":"{T1}"}}"#)),
            missing("name", " (line 1, column 54)"),
        ),
        Row::new(
            "a member twice",
            profile(r#"{"name":"4111","name":"x"}"#),
            unreadable(" (line 1, column 21)"),
        ),
        Row::new(
            "a member of another type",
            profile(r#"{"name":4111}"#),
            unreadable(" (line 1, column 12)"),
        ),
        Row::new(
            "an array for an object",
            profile(r#"["4111"]"#),
            unreadable(" (line 1, column 8)"),
        ),
        Row::new(
            "deeper than anybody reads",
            list("[".repeat(1000)),
            no_token(),
        ),
    ]);
    rows
}

/// A token and as many spaces as it takes.
fn padded(length: usize) -> String {
    let list = tokens(&[T1]);
    let spaces = " ".repeat(length - list.len());
    list + &spaces
}

fn sizes() -> Vec<Row> {
    let too_large = || Expected::error(ErrorKind::PayloadTooLarge);
    let chunked = |body: &str| {
        let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        list(chunks)
            .header("transfer-encoding", "chunked")
            .by_hand()
    };
    vec![
        Row::new(
            "as large as allowed",
            list(padded(BODY_LIMIT)),
            Expected::text("1"),
        ),
        Row::new(
            "one byte too large",
            list(padded(BODY_LIMIT + 1)),
            too_large(),
        ),
        Row::new("in chunks", chunked(&tokens(&[T1])), Expected::text("1")),
        Row::new(
            "as large as allowed, in chunks",
            chunked(&padded(BODY_LIMIT)),
            Expected::text("1"),
        ),
        Row::new(
            "one byte too large, in chunks",
            chunked(&padded(BODY_LIMIT + 1)),
            too_large(),
        ),
        Row::new(
            "too large, by nobody",
            Request::post("/tokens", padded(BODY_LIMIT + 1)),
            Expected::error(ErrorKind::NoSession),
        ),
        Row::new(
            "unreadable, by nobody",
            Request::post("/tokens", "4111"),
            Expected::error(ErrorKind::NoSession),
        ),
    ]
}

fn types() -> Vec<Row> {
    let typed = |content_type: &str| {
        Request::new(Method::POST, "/tokens")
            .header("content-type", content_type)
            .body(tokens(&[T1]))
            .by("ann")
    };
    let mut rows = vec![
        Row::new(
            "no type",
            Request::new(Method::POST, "/tokens")
                .body(tokens(&[T1]))
                .by("ann"),
            wrong_type(),
        ),
        Row::new(
            "two types",
            typed("application/json").header("content-type", FORM),
            wrong_type(),
        ),
        Row::new(
            "a type that is no text",
            Request::new(Method::POST, "/tokens")
                .header("content-type", b"application/json\xff")
                .body("[]")
                .by("ann"),
            wrong_type(),
        ),
        Row::new(
            "encoded",
            list("[]").header("content-encoding", "gzip"),
            wrong_type(),
        ),
        Row::new(
            "a form, encoded",
            form("name=x").header("content-encoding", "identity"),
            wrong_type(),
        ),
        Row::new(
            "another method with a body",
            Request::new(Method::PUT, "/tokens")
                .header("content-type", "application/json")
                .body("[]")
                .by("ann"),
            Expected::by_framework(405),
        ),
    ];
    for good in [
        "application/json; charset=utf-8",
        "Application/JSON;charset=\"UTF-8\"",
        "application/json; x=1",
    ] {
        rows.push(Row::new(good, typed(good), Expected::text("1")));
    }
    for bad in [
        "text/plain",
        "text/json",
        "application/json5",
        "application/json; charset=latin1",
        "application/vnd.api+json",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "",
    ] {
        rows.push(Row::new(format!("type {bad:?}"), typed(bad), wrong_type()));
    }
    rows
}

fn forms() -> Vec<Row> {
    let stored = || Expected::text("stored");
    vec![
        Row::new("a form", form(format!("name=x&ssn={T1}")), stored()),
        Row::new("a form without a token", form("name=x"), stored()),
        Row::new(
            "a form, escaped",
            form(format!("n%61me=a+b%26&ssn={}", T1.replace('-', "%2D"))),
            stored(),
        ),
        Row::new(
            "a form with a list",
            form(format!("name=x&others={T1}&others={T2}")),
            stored(),
        ),
        Row::new(
            "a form with one forged in a list",
            form(format!("name=x&others={T1}&others={FORGED}")),
            denied(),
        ),
        Row::new(
            "a form without a member",
            form(format!("ssn={T1}")),
            missing("name", ""),
        ),
        Row::new(
            "a form with a member twice",
            form(format!("name=x&ssn={T1}&ssn={T1}")),
            no_token(),
        ),
        Row::new(
            "a form with an empty token",
            form("name=x&ssn="),
            no_token(),
        ),
        Row::new("a form with no token", form("name=x&ssn=4111"), no_token()),
        Row::new(
            "a form that names a charset",
            Request::new(Method::POST, "/profile")
                .header("content-type", format!("{FORM}; charset=UTF-8"))
                .body("name=x")
                .by("ann"),
            stored(),
        ),
        Row::new(
            "a form that is no text",
            form("name=%FF&ssn=%FF"),
            no_token(),
        ),
        Row::new(
            "a form that is JSON",
            form(profile_of("x", T1)),
            missing("name", ""),
        ),
        Row::new(
            "JSON that is a form",
            profile(format!("name=x&ssn={T1}")),
            unreadable(" (line 1, column 2)"),
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
        Row::new("a query with no token", search("?ssn=4111"), no_token()),
        Row::new("a query with an empty token", search("?ssn="), no_token()),
        Row::new("a query that is no text", search("?ssn=%FF"), no_token()),
        Row::new(
            "a query with a token twice",
            search(&format!("?ssn={T1}&ssn={T1}")),
            no_token(),
        ),
        Row::new(
            "a query with a member out of range",
            search(&format!("?limit=4111&ssn={T1}")),
            unreadable(""),
        ),
    ]
}

/// What an application takes that sets no limit: 2 MiB under every framework.
fn default_limit() -> Vec<Row> {
    const DEFAULT: usize = 2 * 1024 * 1024;
    let too_large = Expected::error(ErrorKind::PayloadTooLarge);
    vec![
        Row::new(
            "as large as by default",
            list(padded(DEFAULT)),
            Expected::text("1"),
        )
        .unlimited(),
        Row::new(
            "a byte more than by default",
            list(padded(DEFAULT + 1)),
            too_large,
        )
        .unlimited(),
    ]
}

/// What is stored is what was sent, and a grant ends.
fn ordered() -> Vec<Row> {
    let stored = || Expected::text("stored");
    let read = || Request::get("/profile").by("ann");
    vec![
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
