//! What `docs/errors.md` says: its table of errors is that of the code, and its function for each framework
//! gives every error the application's own shape, over HTTP.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

use lunadefend::{Error, ErrorKind, LunaDefend, SessionId};
use lunadefend_tests::{
    http1::{Message, exchange},
    nobody, provider as key, signing_key,
};
use serde_json::json;
use std::{
    future::{Ready, ready},
    net::SocketAddr,
};

/// The same application on each framework, with the function of that framework around it.
mod on {
    pub(crate) mod actix;
    pub(crate) mod axum;
    pub(crate) mod warp;

    pub(crate) use super::provider;
}

/// The functions that the page shows.
mod reshape {
    pub(crate) mod actix;
    pub(crate) mod axum;
    pub(crate) mod warp;
}

const PAGE: &str = include_str!("../../../docs/errors.md");

/// The session id provider of the applications: the cookie is the id.
fn provider(cookie: Option<&str>) -> Ready<Result<Option<SessionId>, Error>> {
    ready(match cookie {
        Some("down") => {
            Err(Error::session_provider("the session store is down").with_source("canary"))
        }
        id => id.map(SessionId::new).transpose(),
    })
}

async fn luna() -> LunaDefend {
    let builder = LunaDefend::builder(nobody()).signing_key(key(signing_key()));
    builder.build().await.unwrap()
}

async fn ask(address: SocketAddr, line: &str, cookie: &str, body: &str) -> Message {
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\n{cookie}content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    exchange(address, request.as_bytes()).await
}

async fn every_error_has_the_shape(address: SocketAddr) {
    let down = "cookie: down\r\n";
    for (line, cookie, status, code, detail) in [
        // An extractor's, before the handler runs; with a cause; a handler's own; one of the auth plugin.
        (
            "GET /session",
            "",
            401,
            "sessionError",
            "unable to authenticate the user of this request",
        ),
        (
            "GET /session",
            down,
            500,
            "sessionError",
            "the session store is down",
        ),
        (
            "GET /forbidden",
            "",
            403,
            "forbidden",
            "the request is not allowed from here",
        ),
        (
            "GET /.lunasec/secure-frame",
            "",
            400,
            "badRequest",
            "state is not set in request",
        ),
    ] {
        let answer = ask(address, line, cookie, "").await;
        assert_eq!(answer.status(), status, "{line}");
        assert_eq!(
            answer.json(),
            json!({ "code": code, "detail": detail }),
            "{line}"
        );
        let length = answer.text().len().to_string();
        for (name, value) in [
            ("content-length", length.as_str()),
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.header(name), value, "{line} {name}");
        }
    }
    let ann = "cookie: ann\r\n";
    let answer = ask(address, "GET /session", ann, "").await;
    assert_eq!((answer.status(), answer.text()), (200, "ann"));
    for (cookie, name) in [("", "sessionError"), (ann, "badToken")] {
        let answer = ask(address, "POST /looked-at", cookie, "\"nonsense\"").await;
        assert_eq!((answer.status(), answer.text()), (200, name));
    }
}

#[tokio::test]
async fn on_axum() {
    every_error_has_the_shape(on::axum::start(luna().await).await).await;
}

#[tokio::test]
async fn on_actix() {
    every_error_has_the_shape(on::actix::start(luna().await).await).await;
}

#[tokio::test]
async fn on_warp() {
    every_error_has_the_shape(on::warp::start(luna().await).await).await;
}

#[test]
fn the_page_shows_the_functions_that_are_tested() {
    for function in [
        include_str!("reshape/axum.rs"),
        include_str!("reshape/actix.rs"),
        include_str!("reshape/warp.rs"),
    ] {
        // Visible in the tests' crate, and of no matter in the application's.
        let shown = function.replace("pub(crate) ", "");
        assert!(PAGE.contains(&shown), "docs/errors.md must show\n{shown}");
    }
}

#[test]
fn the_page_has_a_row_for_each_kind() {
    for kind in ErrorKind::ALL {
        let row = format!(
            "| `{kind:?}` | `{}` | {} |",
            kind.name(),
            kind.status().as_u16()
        );
        assert!(
            PAGE.contains(&row),
            "docs/errors.md must have the row {row}"
        );
    }
}
