//! The media types of bodies, and forms.

use super::{
    FORGED, denied, list, missing, no_json, no_token, profile, profile_of, token_twice, tokens,
};
use crate::{
    row::{Expected, Request, Row},
    run::{T1, T2},
};
use http::Method;
use lunadefend::ErrorKind;
use lunadefend_tests::Fault;

const FORM: &str = "application/x-www-form-urlencoded";

fn wrong_type() -> Expected {
    Expected::error_saying(
        ErrorKind::UnsupportedMediaType,
        "the body of the request must be application/json in UTF-8 or application/x-www-form-urlencoded",
    )
}

/// A form by the session `ann`.
pub(super) fn form(body: impl Into<Vec<u8>>) -> Request {
    Request::new(Method::POST, "/profile")
        .header("content-type", FORM)
        .body(body)
        .by("ann")
}

pub(super) fn types() -> Vec<Row> {
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
            form("name=x").header("content-encoding", "gzip"),
            wrong_type(),
        ),
        Row::new(
            "encoded as it is",
            list(tokens(&[T1])).header("content-encoding", "identity"),
            Expected::text("1"),
        ),
        Row::new(
            "a form, encoded as it is",
            form("name=x").header("content-encoding", "identity"),
            Expected::text("stored"),
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
        "application/json; charset=utf8",
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

pub(super) fn forms() -> Vec<Row> {
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
            "a form, and a query that nobody reads",
            Request::new(Method::POST, "/profile?ssn=4111")
                .header("content-type", FORM)
                .body(format!("name=x&ssn={T1}"))
                .by("ann"),
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
        )
        .during(|| Fault::Together(2)),
        Row::new(
            "a form without a member",
            form(format!("ssn={T1}")),
            missing("name", ""),
        ),
        Row::new(
            "a form with a member twice",
            form(format!("name=x&ssn={T1}&ssn={T1}")),
            token_twice("ssn"),
        ),
        Row::new(
            "a form with a field that was left blank",
            form("name=x&ssn="),
            stored(),
        ),
        Row::new(
            "a form with a list, some of it left blank",
            form(format!("name=x&ssn=&others=&others={T1}&others=")),
            stored(),
        ),
        Row::new(
            "a form with no token",
            form("name=x&ssn=4111"),
            no_token("ssn"),
        ),
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
            no_token("ssn"),
        ),
        Row::new(
            "a form that is JSON",
            form(profile_of("x", T1)),
            missing("name", ""),
        ),
        Row::new(
            "JSON that is a form",
            profile(format!("name=x&ssn={T1}")),
            no_json(" (line 1, column 2)"),
        ),
    ]
}
