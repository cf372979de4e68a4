//! The two routes of the auth plugin, with JWTs as the original signs them. What was recorded stands
//! under its own name.

mod refusals;

use crate::row::{Expected, Request, Row};
use http::Method;
use lunadefend::{ErrorKind, JwtProfile};
use lunadefend_core::provider::JwksDocument;
use lunadefend_jwt::jwks_document;
use lunadefend_tests::{Settings, signing_key};
use serde_json::json;
use std::time::{Duration, UNIX_EPOCH};

pub(super) const FRAME: &str = "/.lunasec/secure-frame";
pub(super) const JWKS: &str = "/.lunasec/jwks.json";
const TOKENIZER: &str = "http://tokenizer.example.com";

pub(super) fn settings() -> Settings {
    Settings {
        wire: JwtProfile::LunaSec,
        raw_session_ids: true,
        ..super::settings()
    }
}

/// `/.lunasec/secure-frame` with a query, by the session of the recordings.
pub(super) fn frame(query: &str) -> Request {
    Request::get(format!("{FRAME}?{query}")).by("session-abc")
}

/// Back to a tokenizer, as recorded.
pub(super) fn back_to(tokenizer: &str, state: &str, session: &str) -> Expected {
    let session = json!(session);
    Expected::redirect(&format!(
        r#"{tokenizer}/session/create?state={state}&openid_token=<JWT header={{"alg":"RS256"}} claims={{"session_id":{session},"iat":1700000000,"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":1700000900}}>"#
    ))
}

fn back(state: &str) -> Expected {
    back_to(TOKENIZER, state, "session-abc")
}

pub(super) fn no_state() -> Expected {
    Expected::error_saying(ErrorKind::BadRequest, "state is not set in request").within_reach()
}

fn no_fetch() -> Expected {
    Expected::error_saying(
        ErrorKind::Forbidden,
        "a session transfer must be a no-cors fetch, not a navigation",
    )
    .within_reach()
}

fn document() -> JwksDocument {
    jwks_document(&[signing_key().key.public_key().clone()])
}

fn etag() -> String {
    document().etag.to_str().unwrap().to_owned()
}

pub(super) fn keys() -> Expected {
    let headers = [
        ("content-type", "application/json"),
        ("cache-control", "public, max-age=300"),
        ("etag", &etag()),
    ];
    Expected::new(200, &headers, document().body)
}

fn not_modified() -> Expected {
    let headers = [("cache-control", "public, max-age=300"), ("etag", &etag())];
    Expected::new(304, &headers, "")
}

pub(super) fn rows() -> Vec<Row> {
    [
        published_keys(),
        transfer(),
        refusals::states(),
        refusals::fetches(),
        sessions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn published_keys() -> Vec<Row> {
    let if_none_match = |tag: String| Request::get(JWKS).header("if-none-match", tag);
    let etag = etag();
    let mut rows = vec![
        Row::new("jwks", Request::get(JWKS), keys()),
        Row::new("jwks_head", Request::new(Method::HEAD, JWKS), keys().head()),
        Row::new(
            "jwks with a query",
            Request::get("/.lunasec/jwks.json?x=1"),
            keys(),
        ),
        Row::new(
            "jwks_if_none_match",
            if_none_match(format!("W/{etag}")),
            not_modified(),
        ),
        Row::new(
            "jwks, the same tag",
            if_none_match(etag.clone()),
            not_modified(),
        ),
        Row::new(
            "jwks, one tag of some",
            if_none_match(format!("\"a\", {etag}")),
            not_modified(),
        ),
        Row::new(
            "jwks, tags in two headers",
            if_none_match("\"a\"".to_owned()).header("if-none-match", etag.clone()),
            not_modified(),
        ),
        Row::new(
            "jwks, any tag",
            if_none_match("*".to_owned()),
            not_modified(),
        ),
        Row::new(
            "jwks, another tag",
            if_none_match("\"a\"".to_owned()),
            keys(),
        ),
        Row::new(
            "jwks_head, the same tag",
            Request::new(Method::HEAD, JWKS).header("if-none-match", etag),
            not_modified(),
        ),
        Row::new(
            "jwks by script of another origin",
            Request::get(JWKS).header("origin", "https://evil.example"),
            keys(),
        ),
        Row::new(
            "jwks, for a client that unpacks and wants a part",
            Request::get(JWKS)
                .header("accept-encoding", "gzip, br, zstd")
                .header("range", "bytes=0-9"),
            keys(),
        ),
        // Routes are exact: express forgives a slash and case.
        Row::new(
            "jwks_trailing_slash",
            Request::get("/.lunasec/jwks.json/"),
            Expected::no_such_page(),
        ),
        Row::new(
            "jwks_uppercase",
            Request::get("/.LUNASEC/JWKS.JSON"),
            Expected::no_such_page(),
        ),
    ];
    for path in ["/.lunasec/", "/.lunasec/jwks.json/x", "/.lunasec/jwks.jso"] {
        let name = format!("jwks, another path: {path}");
        rows.push(Row::new(name, Request::get(path), Expected::no_such_page()));
    }
    rows.push(Row::new(
        "jwks, and a provider that would panic",
        Request::get(JWKS).by("throws"),
        keys(),
    ));
    let refused = Expected::method_not_allowed();
    rows.extend(other_methods("jwks", JWKS, &refused));
    rows
}

/// Express has no such routes; here the routes answer themselves.
fn other_methods(name: &str, target: &str, refused: &Expected) -> Vec<Row> {
    ["POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "BREW"]
        .into_iter()
        .map(|method| {
            let name = format!("{name}_{}", method.to_lowercase());
            let request = Request::new(method.parse().unwrap(), target).by("session-abc");
            Row::new(name, request, refused.clone())
        })
        .collect()
}

fn transfer() -> Vec<Row> {
    let accept = |accept| frame("state=abc").header("accept", accept);
    let head = Request::new(Method::HEAD, format!("{FRAME}?state=abc")).by("session-abc");
    let mut rows = vec![
        Row::new("frame", frame("state=abc"), back("abc")),
        Row::new("frame_head", head, back("abc").head()),
        Row::new(
            "frame_head, and no state",
            Request::new(Method::HEAD, FRAME).by("session-abc"),
            no_state().head(),
        ),
        Row::new("frame_accept_html", accept("text/html"), back("abc")),
        Row::new("frame_accept_json", accept("application/json"), back("abc")),
        Row::new("frame_extra_query", frame("x=1&state=abc&y=2"), back("abc")),
        Row::new(
            "frame_dot_is_literal",
            Request::get("/xlunasec/secure-frame?state=abc").by("session-abc"),
            Expected::no_such_page(),
        ),
        Row::new(
            "frame, trailing slash",
            Request::get("/.lunasec/secure-frame/?state=abc").by("session-abc"),
            Expected::no_such_page(),
        ),
        Row::new(
            "frame, two slashes",
            Request::get("//.lunasec/secure-frame?state=abc").by("session-abc"),
            Expected::no_such_page(),
        ),
        Row::new(
            "frame, what is above it",
            Request::get("/.lunasec").by("session-abc"),
            Expected::no_such_page(),
        ),
        Row::new(
            "frame, what is beside it",
            Request::get("/.lunasec/session").by("session-abc"),
            Expected::no_such_page(),
        ),
        Row::new(
            "frame, a body that nobody asked for",
            frame("state=abc").body("x=1"),
            back("abc"),
        ),
        Row::new(
            "signing fails",
            frame("state=abc"),
            Expected::error_saying(ErrorKind::Internal, "signing a JWT failed").within_reach(),
        )
        .before(|world| world.clock.set(UNIX_EPOCH - Duration::from_millis(1)))
        .after(|world| world.clock.set_seconds(0)),
    ];
    let refused = Expected::method_not_allowed().within_reach();
    let target = format!("{FRAME}?state=abc");
    rows.extend(other_methods("frame", &target, &refused));
    rows
}

/// What the session id provider of the recordings answers.
fn sessions() -> Vec<Row> {
    let by = |session: &str| Request::get(format!("{FRAME}?state=abc")).by(session);
    let back = |session: &str| back_to(TOKENIZER, "abc", session);
    let nobody = || Expected::error(ErrorKind::NoSession).within_reach();
    vec![
        // 400 from the original, with the same words.
        Row::new(
            "frame_no_session_null",
            Request::get(format!("{FRAME}?state=abc")),
            nobody(),
        ),
        Row::new("frame_no_state_no_session", Request::get(FRAME), no_state()),
        Row::new(
            "frame_session_from_cookie_missing",
            Request::get(format!("{FRAME}?state=abc")).header("cookie", "a=1; b=2"),
            nobody(),
        ),
        Row::new(
            "frame_session_from_cookie",
            Request::get(format!("{FRAME}?state=abc")).header("cookie", "a=1; id=c%20ookie-1; b=2"),
            back("c ookie-1"),
        ),
        Row::new("frame_session_number", by("12345"), back("12345")),
        Row::new("frame_session_zero", by("0"), back("0")),
        Row::new(
            "frame_session_unicode",
            by("s%C3%A9%F0%9F%98%80%22"),
            back("s\u{e9}\u{1f600}\""),
        ),
        Row::new("frame_session_sync", by("sync"), back("sync")),
        // The original signs for nobody.
        Row::new(
            "frame_session_empty",
            by("empty"),
            Expected::error_saying(
                ErrorKind::SessionProvider,
                "the session id is empty: return None when nobody is logged in",
            )
            .within_reach(),
        ),
        // A wrong request is refused before the provider is asked.
        Row::new(
            "no state, and a provider that would fail",
            Request::get(FRAME).by("rejects"),
            no_state(),
        ),
        Row::new(
            "script, and a provider that would panic",
            by("throws").header("sec-fetch-mode", "cors"),
            no_fetch(),
        ),
        Row::new(
            "another method, and a provider that would panic",
            Request::new(Method::POST, format!("{FRAME}?state=abc")).by("throws"),
            Expected::method_not_allowed().within_reach(),
        ),
    ]
}
