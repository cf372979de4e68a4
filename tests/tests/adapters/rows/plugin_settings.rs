//! Where the auth plugin's routes are and where they send browsers: each row has an application of its
//! own.

use super::auth_plugin::{FRAME, JWKS, back_to, frame, keys};
use crate::row::{Expected, Request, Row};
use lunadefend::{Builder, JwtProfile, LunaDefend};
use lunadefend_tests::{TestClock, provider, signing_key};

const TOKENIZER: &str = "http://tokenizer.example.com";

pub(super) fn rows() -> Vec<Row> {
    base_paths().into_iter().chain(urls()).collect()
}

fn base_paths() -> Vec<Row> {
    let frame_below =
        |base: &str| Request::get(format!("{base}{FRAME}?state=abc")).by("session-abc");
    let back = || back_to(TOKENIZER, "abc", "session-abc");
    let mut rows = vec![
        Row::new("jwks_base_api", Request::get(format!("/api{JWKS}")), keys()).below("/api"),
        Row::new(
            "jwks_base_api_old_path",
            Request::get(JWKS),
            Expected::no_such_page(),
        )
        .below("/api"),
        // The router of a part of the application.
        Row::new("frame_router_mount", frame_below("/nested"), back()),
        Row::new(
            "jwks, router mounted",
            Request::get(format!("/nested{JWKS}")),
            keys(),
        ),
        Row::new(
            "nothing else where it is mounted",
            Request::get("/nested/session"),
            Expected::no_such_page(),
        ),
    ];
    for path in ["/API/.lunasec/jwks.json", "/api.lunasec/jwks.json"] {
        let name = format!("jwks_base_api, another path: {path}");
        rows.push(Row::new(name, Request::get(path), Expected::no_such_page()).below("/api"));
    }
    for (name, base, path) in [
        ("frame_base_empty", "", ""),
        ("frame_base_api", "/api", "/api"),
        ("frame_base_api_slash", "/api/", "/api"),
        // 404 from the original.
        ("frame_base_no_leading_slash", "api", "/api"),
        ("base that is a slash", "/", ""),
        ("base of two steps", "a/b/", "/a/b"),
    ] {
        rows.push(Row::new(name, frame_below(path), back()).below(base));
    }
    rows
}

fn luna(tokenizer_url: &str) -> Builder {
    LunaDefend::builder(tokenizer_url)
        .signing_key(provider(signing_key()))
        .wire(JwtProfile::LunaSec)
        .raw_session_ids()
        .allow_cleartext()
        .clock(TestClock::new())
}

/// The name, the settings, and the tokenizer in the redirect.
type Url = (&'static str, fn() -> Builder, &'static str);

fn urls() -> Vec<Row> {
    let urls: [Url; 12] = [
        (
            "frame_public_url",
            || luna("http://127.0.0.1:47799").public_tokenizer_url("http://public.example:1234"),
            "http://public.example:1234",
        ),
        // The original loses the path of these three, ...
        (
            "frame_public_url_path",
            || luna("http://127.0.0.1:47799").public_tokenizer_url("https://public.example/t"),
            "https://public.example/t",
        ),
        (
            "frame_tokenizer_url_path",
            || luna("http://host.example/prod"),
            "http://host.example/prod",
        ),
        (
            "frame_tokenizer_url_deep",
            || luna("http://host.example/a/b"),
            "http://host.example/a/b",
        ),
        // ... but not with a slash behind it.
        (
            "frame_tokenizer_url_path_slash",
            || luna("http://host.example/prod/"),
            "http://host.example/prod",
        ),
        (
            "frame_tokenizer_url_deep_slash",
            || luna("http://host.example/a/b/"),
            "http://host.example/a/b",
        ),
        (
            "frame_tokenizer_url_root_slash",
            || luna("http://host.example/"),
            "http://host.example",
        ),
        (
            "frame_tokenizer_url_https_default_port",
            || luna("http://127.0.0.1:47799").public_tokenizer_url("https://host.example:443"),
            "https://host.example",
        ),
        (
            "frame_tokenizer_url_http_port",
            || luna("http://host.example:17766"),
            "http://host.example:17766",
        ),
        (
            "frame_tokenizer_url_upper",
            || luna("HTTP://HOST.Example"),
            "http://host.example",
        ),
        (
            "frame_tokenizer_url_idn",
            || luna("http://b\u{fc}cher.example"),
            "http://xn--bcher-kva.example",
        ),
        (
            "a public URL with a path and a slash",
            || luna("http://127.0.0.1:47799").public_tokenizer_url("http://public.example/t/"),
            "http://public.example/t",
        ),
    ];
    urls.into_iter()
        .map(|(name, settings, tokenizer)| {
            let expected = back_to(tokenizer, "abc", "session-abc");
            Row::new(name, frame("state=abc"), expected).with(settings)
        })
        .collect()
}
