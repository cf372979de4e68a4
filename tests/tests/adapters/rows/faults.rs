//! A tokenizer that is down, slow, or says what it should not: never a yes, always an answer.

use super::verify::{profile_of, tokens};
use crate::{
    row::{Expected, Request, Row},
    run::T1,
};
use lunadefend::{ErrorKind, LunaDefend};
use lunadefend_tests::{Act, Fault, http1, nobody, provider, signing_key};

/// How a route to the tokenizer fails, and how verify and create end.
type Failure = (&'static str, fn() -> Fault, ErrorKind, ErrorKind);

const FAILURES: &[Failure] = &[
    (
        "reset",
        || Fault::Instead(Act::Reset(Vec::new())),
        ErrorKind::TokenizerUnavailable,
        ErrorKind::TokenizerUnavailable,
    ),
    (
        "closed",
        || Fault::Instead(Act::Send(Vec::new())),
        ErrorKind::TokenizerUnavailable,
        ErrorKind::TokenizerUnavailable,
    ),
    (
        "not HTTP",
        || Fault::Instead(Act::Send(b"hello\r\n\r\n".to_vec())),
        ErrorKind::TokenizerUnavailable,
        ErrorKind::TokenizerUnavailable,
    ),
    (
        "400",
        || Fault::Instead(Act::Send(http1::answer(400, "", "canary"))),
        ErrorKind::TokenizerRejected,
        ErrorKind::GrantCreation,
    ),
    (
        "401 of the original",
        || {
            let kind = "content-type: text/plain; charset=utf-8\r\n";
            Fault::Instead(Act::Send(http1::answer(401, kind, "Unauthorized\n")))
        },
        ErrorKind::TokenizerUnauthorized,
        ErrorKind::TokenizerUnauthorized,
    ),
    (
        "404",
        || Fault::Instead(Act::Send(http1::answer(404, "", "404 page not found\n"))),
        ErrorKind::TokenizerNotFound,
        ErrorKind::TokenizerNotFound,
    ),
    (
        "429 for an hour",
        || Fault::Instead(Act::Send(http1::answer(429, "retry-after: 3600\r\n", ""))),
        ErrorKind::TokenizerUnavailable,
        ErrorKind::TokenizerUnavailable,
    ),
    (
        "500",
        || Fault::Instead(Act::Send(http1::answer(500, "", "canary"))),
        ErrorKind::TokenizerUnavailable,
        ErrorKind::TokenizerUnavailable,
    ),
    (
        "503 of a proxy",
        || Fault::Instead(Act::Send(http1::answer(503, "", "<html>canary"))),
        ErrorKind::TokenizerUnavailable,
        ErrorKind::TokenizerUnavailable,
    ),
    (
        "a redirect",
        || {
            let elsewhere = "location: /health\r\n";
            Fault::Instead(Act::Send(http1::answer(302, elsewhere, "")))
        },
        ErrorKind::BadTokenizerResponse,
        ErrorKind::BadTokenizerResponse,
    ),
    (
        "a page",
        || {
            let kind = "content-type: text/html\r\n";
            Fault::Instead(Act::Send(http1::answer(200, kind, "<html>canary")))
        },
        ErrorKind::BadTokenizerResponse,
        ErrorKind::BadTokenizerResponse,
    ),
    (
        "a yes that is none",
        || {
            Fault::Instead(Act::Send(http1::json(
                200,
                r#"{"success":true,"data":[true]}"#,
            )))
        },
        ErrorKind::BadTokenizerResponse,
        ErrorKind::BadTokenizerResponse,
    ),
    (
        "half of a yes",
        || Fault::Spoil(|bytes| Act::Send(bytes[..bytes.len() - 5].to_vec())),
        ErrorKind::BadTokenizerResponse,
        ErrorKind::BadTokenizerResponse,
    ),
];

const SLOW: &[Failure] = &[
    (
        "never answers",
        || Fault::Instead(Act::Hang),
        ErrorKind::TokenizerUnavailable,
        ErrorKind::TokenizerUnavailable,
    ),
    (
        "answers letter by letter",
        || Fault::Spoil(|bytes| Act::Drip(Vec::new(), bytes)),
        ErrorKind::TokenizerUnavailable,
        ErrorKind::TokenizerUnavailable,
    ),
];

pub(super) fn rows() -> Vec<Row> {
    let mut rows = stored();
    rows.extend(failing(FAILURES));
    // A page is not the tokenizer, which is not to blame.
    let firewall = || Fault::Instead(Act::Send(http1::answer(403, "", "<html>canary")));
    let blocked = || {
        Expected::error_saying(
            ErrorKind::TokenizerUnauthorized,
            "what refuses this application is not the tokenizer: something in between (a proxy, a firewall, a log-in page) answers in its place; let the application through",
        )
    };
    let create = Request::get("/profile").by("ann");
    rows.push(Row::new("403 of a firewall: verify", verify(), blocked()).during(firewall));
    rows.push(Row::new("403 of a firewall: create", create, blocked()).during(firewall));
    // A no is a no, whatever else the tokenizer says.
    let no = || {
        let body = r#"{"success":true,"error":{},"data":{"valid":false}}"#;
        Fault::Instead(Act::Send(http1::json(200, body)))
    };
    let denied = Expected::error(ErrorKind::InvalidGrant);
    rows.push(Row::new("a no", verify(), denied).during(no));
    let unavailable = Expected::error(ErrorKind::TokenizerUnavailable);
    rows.push(
        Row::new("nothing listens", verify(), unavailable)
            .with(|| LunaDefend::builder(nobody()).signing_key(provider(signing_key()))),
    );
    // What needs no tokenizer does not miss it.
    let down = || Fault::Instead(Act::Reset(Vec::new()));
    let session = Request::get("/session").by("ann");
    rows.push(Row::new("a session", session, Expected::text("ann")).during(down));
    let nothing = Request::post("/tokens", "[]").by("ann");
    rows.push(Row::new("no tokens", nothing, Expected::text("0")).during(down));
    rows
}

/// Each waits for the deadline.
pub(super) fn slow() -> Vec<Row> {
    stored().into_iter().chain(failing(SLOW)).collect()
}

fn stored() -> Vec<Row> {
    let request = Request::post("/profile", profile_of("ann", T1)).by("ann");
    vec![Row::new("stored", request, Expected::text("stored"))]
}

fn verify() -> Request {
    Request::post("/tokens", tokens(&[T1])).by("ann")
}

fn failing(failures: &'static [Failure]) -> impl Iterator<Item = Row> {
    failures
        .iter()
        .flat_map(|(name, fault, on_verify, on_create)| {
            let create = Request::get("/profile").by("ann");
            [
                Row::new(
                    format!("{name}: verify"),
                    verify(),
                    Expected::error(*on_verify),
                )
                .during(*fault),
                Row::new(
                    format!("{name}: create"),
                    create,
                    Expected::error(*on_create),
                )
                .during(*fault),
            ]
        })
}
