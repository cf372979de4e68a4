//! What the session id provider can answer, on every route that asks it.

use super::{
    auth_plugin::{FRAME, frame},
    verify::{profile_of, tokens},
};
use crate::{
    row::{Expected, Request, Row},
    run::T1,
};
use lunadefend::{ErrorKind, SessionId};
use lunadefend_crypto::{base64url, sha256};
use lunadefend_tests::signing_key;

const AUTH_PLUGIN: &str = "the auth plugin";

/// What a route answers. Every answer of the auth plugin reaches the fetch that asked.
fn on(route: &str, expected: Expected) -> Expected {
    match route {
        AUTH_PLUGIN => expected.within_reach(),
        _ => expected,
    }
}

/// A request to each route that needs a session.
fn routes(session: &str) -> Vec<(&'static str, Request)> {
    let routes = [
        ("Session", Request::get("/session")),
        ("Granter", Request::get("/profile")),
        ("Granter with a duration", Request::get("/lend?duration=5m")),
        (
            "Session and Verified",
            Request::post("/profile", profile_of("x", T1)),
        ),
        ("Verified", Request::post("/tokens", tokens(&[T1]))),
        (
            "Verified of a query",
            Request::get(format!("/search?ssn={T1}")),
        ),
        (AUTH_PLUGIN, Request::get(format!("{FRAME}?state=abc"))),
    ];
    let by = |request: Request| match session {
        "" => request,
        session => request.by(session),
    };
    routes.map(|(name, request)| (name, by(request))).into()
}

/// The session id of a provider, what is wrong with it, and what that is answered with.
fn failures() -> Vec<(&'static str, &'static str, Expected)> {
    let provider = |message| Expected::error_saying(ErrorKind::SessionProvider, message);
    let panicked = "the session id provider panicked: see the log of the application";
    vec![
        (
            "rejects",
            "provider_rejects",
            provider("the session store is down"),
        ),
        ("throws", "provider_throws_sync", provider(panicked)),
        (
            "panics",
            "the provider panics on its way",
            provider(panicked),
        ),
        (
            "empty",
            "provider_undefined",
            provider("the session id is empty: return None when nobody is logged in"),
        ),
        (
            "endless",
            "a session id without end",
            provider("the session id is longer than 1024 bytes"),
        ),
        (
            "locked",
            "the provider refuses the user",
            Expected::error_saying(ErrorKind::Forbidden, "this account is locked"),
        ),
    ]
}

/// The redirect of an application that sets nothing: for one state, for a minute, and without its own
/// session id in it.
fn redirect() -> Expected {
    let kid = signing_key().key.public_key().thumbprint();
    let nonce = base64url(&sha256(b"abc"));
    Expected::redirect(&format!(
        r#"http://tokenizer.example.com/session/create?state=abc&openid_token=<JWT header={{"typ":"lunadefend-transfer+jwt","alg":"RS256","kid":"{kid}"}} claims={{"session_id":"94AgCStMEksB27IX7v1Ep9SyUmSgsJV3cePAnDO2MjE","iat":1700000000,"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":1700000060,"tokenizer":"http://tokenizer.example.com","jti":"RANDOM","nonce":"{nonce}"}}>"#
    ))
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        Row::new(AUTH_PLUGIN, frame("state=abc"), redirect()),
        Row::new(
            "somebody",
            Request::get("/session").by("ann"),
            Expected::text("ann"),
        ),
        Row::new(
            "somebody, or nobody",
            Request::get("/whoami").by("ann"),
            Expected::text("ann"),
        ),
        Row::new(
            "nobody at all",
            Request::get("/whoami"),
            Expected::text("nobody"),
        ),
        Row::new(
            "nobody any more",
            Request::get("/whoami").by("expired"),
            Expected::text("nobody"),
        ),
        Row::new(
            "at once",
            Request::get("/session").by("sync"),
            Expected::text("sync"),
        ),
        Row::new(
            "letters",
            Request::get("/session").by("s%C3%A9%F0%9F%98%80%22"),
            Expected::text("s\u{e9}\u{1f600}\""),
        ),
        Row::new(
            "the longest",
            Request::get("/session").by(&"s".repeat(SessionId::MAX_LEN)),
            Expected::text("s".repeat(SessionId::MAX_LEN)),
        ),
        Row::new(
            "a cookie that is no text",
            Request::get("/whoami").header("cookie", b"id=\xff"),
            Expected::text("nobody"),
        ),
        Row::new(
            "a method that has no route",
            Request::new(http::Method::DELETE, "/session").by("ann"),
            Expected::by_framework(405),
        ),
        Row::new(
            "no route",
            Request::get("/sessions").by("ann"),
            Expected::no_such_page(),
        ),
        Row::new("the root", Request::get("/"), Expected::no_such_page()),
        Row::new(
            "below a route",
            Request::get("/session/more").by("ann"),
            Expected::no_such_page(),
        ),
        Row::new(
            "no route, and a provider that would panic",
            Request::post("/nowhere", "{}").by("throws"),
            Expected::no_such_page(),
        ),
    ];
    for (route, request) in routes("").into_iter().chain(routes("expired")) {
        let name = format!("nobody: {route}");
        let expected = Expected::error(ErrorKind::NoSession);
        rows.push(Row::new(name, request, on(route, expected)));
    }
    for (session, name, expected) in failures() {
        let optional = ("an optional Session", Request::get("/whoami").by(session));
        for (route, request) in routes(session).into_iter().chain([optional]) {
            rows.push(Row::new(
                format!("{name}: {route}"),
                request,
                on(route, expected.clone()),
            ));
        }
    }
    rows
}
