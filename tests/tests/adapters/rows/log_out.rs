//! The end of a session.

use super::verify::tokens;
use crate::{
    row::{Expected, Request, Row},
    run::T1,
};
use lunadefend::ErrorKind;
use lunadefend_tests::{Act, Fault, http1};

pub(super) fn rows() -> Vec<Row> {
    [ends(), ended()].into_iter().flatten().collect()
}

fn log_out() -> Request {
    Request::new(http::Method::POST, "/logout").by("ann")
}

/// What a tokenizer says of the end of a session.
fn ends() -> Vec<Row> {
    let yes = || {
        let body = r#"{"success":true,"error":{},"data":{}}"#;
        Fault::Instead(Act::Send(http1::json(200, body)))
    };
    let nobody = Request::new(http::Method::POST, "/logout");
    let mut rows = vec![
        Row::new("a session is ended", log_out(), Expected::text("ended")).during(yes),
        Row::new("it is ended again", log_out(), Expected::text("ended")).during(yes),
        Row::new(
            "nobody is logged in",
            nobody,
            Expected::error(ErrorKind::NoSession),
        )
        .during(yes),
    ];
    let too_old = "the tokenizer cannot end sessions: put a newer version of it there, or check the path of TOKENIZER_URL";
    let without_route: [fn() -> Fault; 2] = [
        || Fault::Instead(Act::Send(http1::answer(404, "", "404 page not found\n"))),
        || Fault::Instead(Act::Send(http1::answer(405, "allow: GET\r\n", ""))),
    ];
    for (answer, status) in without_route.into_iter().zip([404, 405]) {
        let name = format!("a tokenizer that has no such route: {status}");
        let expected = Expected::error_saying(ErrorKind::TokenizerTooOld, too_old);
        rows.push(Row::new(name, log_out(), expected).during(answer));
    }
    rows
}

/// The id of a session that was ended comes again.
fn ended() -> Vec<Row> {
    let refused = || {
        let body = r#"{"success":false,"error":{"errorName":"sessionEnded","errorMessage":"canary","name":"sessionEnded","message":"canary"}}"#;
        Fault::Instead(Act::Send(http1::json(400, body)))
    };
    let invalid = || {
        let body = r#"{"success":true,"error":{},"data":{"valid":false}}"#;
        Fault::Instead(Act::Send(http1::json(200, body)))
    };
    let no_session = || Expected::error(ErrorKind::SessionEnded);
    vec![
        Row::new(
            "an ended session posts a token",
            Request::post("/tokens", tokens(&[T1])).by("ann"),
            Expected::error(ErrorKind::InvalidGrant),
        )
        .during(invalid),
        Row::new(
            "stored, to be granted",
            Request::post("/profile", super::verify::profile_of("ann", T1)).by("ann"),
            Expected::text("stored"),
        ),
        Row::new(
            "an ended session is granted nothing",
            Request::get("/profile").by("ann"),
            no_session(),
        )
        .during(refused),
        Row::new(
            "an ended session that a tokenizer refuses to verify for",
            Request::post("/tokens", tokens(&[T1])).by("ann"),
            no_session(),
        )
        .during(refused),
    ]
}
