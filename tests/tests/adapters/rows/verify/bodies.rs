//! Bodies that cannot be read, and how large they may be.

use super::{THE_WHOLE, list, missing, no_json, no_token, of_another_type, profile, tokens};
use crate::{
    application::BODY_LIMIT,
    row::{Expected, Request, Row},
    run::T1,
};
use lunadefend::ErrorKind;

pub(super) fn malformed() -> Vec<Row> {
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
            no_token("[0]"),
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
            no_token("[0]"),
        ));
    }
    let of_another_type = |place| of_another_type(THE_WHOLE, place);
    for (body, refused) in [
        ("", no_json(" (line 1, column 0)")),
        ("[", no_json(" (line 1, column 1)")),
        ("{}", of_another_type(" (line 1, column 0)")),
        (r#"{"4111":1}"#, of_another_type(" (line 1, column 0)")),
        ("\"4111\"", of_another_type(" (line 1, column 6)")),
        ("[] 4111", no_json(" (line 1, column 4)")),
        ("\u{feff}[]", no_json(" (line 1, column 1)")),
        ("[\n\n,4111]", no_json(" (line 3, column 1)")),
    ] {
        rows.push(Row::new(format!("no list: {body:?}"), list(body), refused));
    }
    rows.extend([
        Row::new(
            "not UTF-8",
            list(b"[\"\xff\"]"),
            no_json(" (line 1, column 3)"),
        ),
        Row::new(
            "a member is missing",
            profile(format!(r#"{{"ssn":"{T1}"}}"#)),
            missing("name", " (line 1, column 54)"),
        ),
        Row::new(
            "a member twice",
            profile(r#"{"name":"4111","name":"x"}"#),
            Expected::error_saying(
                ErrorKind::BadRequest,
                "the member `name` is there twice (line 1, column 21)",
            ),
        ),
        Row::new(
            "a member of another type",
            profile(r#"{"name":4111}"#),
            super::of_another_type("the member `name`", " (line 1, column 12)"),
        ),
        Row::new(
            "an array for an object",
            profile(r#"["4111"]"#),
            of_another_type(" (line 1, column 8)"),
        ),
        Row::new(
            "deeper than anybody reads",
            list("[".repeat(1000)),
            no_token("[0]"),
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

pub(super) fn sizes() -> Vec<Row> {
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
            "in chunks, one of which is none",
            list("2\r\n[]\r\nzz\r\n")
                .header("transfer-encoding", "chunked")
                .by_hand(),
            Expected::error(ErrorKind::BadRequest),
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

/// What an application takes that sets no limit: 2 MiB under every framework.
pub(super) fn default_limit() -> Vec<Row> {
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
