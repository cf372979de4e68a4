//! The adapter behind real routes: every extractor, every refusal, both routes of the auth plugin.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

#[path = "http/app.rs"]
mod app;
// The same fakes hold every adapter to the same answers.
#[path = "../../lunadefend-axum/tests/http/fakes.rs"]
mod fakes;
#[path = "http/neighbours.rs"]
mod neighbours;
#[path = "http/server.rs"]
mod server;

use app::{BODY_LIMIT, app, get, json, post, text};
use fakes::token;
use lunadefend_core::VerifiedToken;
use lunadefend_warp::Verified;
use std::collections::BTreeMap;

#[tokio::test]
async fn two_hundred_tokens_are_one_call_and_the_provider_is_asked_once() {
    let app = app();
    app.grants.allow("ann", (0..200).map(token));
    let answer = app.store("ann", json((0..200).map(token))).await;
    assert_eq!(answer, (200, "200".to_owned()));
    assert_eq!(app.grants.calls(), 1);
    assert_eq!(app.asked.get(), 1, "three extractors, one question");
}

#[tokio::test]
async fn one_bad_token_refuses_all_and_the_handler_never_runs() {
    let app = app();
    app.grants.allow("ann", (0..199).map(token));
    let (status, body) = app.store("ann", json((0..200).map(token))).await;
    assert_eq!(status, 401);
    assert_eq!(
        body,
        r#"{"success":false,"error":{"name":"invalidGrant","message":"Grant Invalid","code":"401"}}"#
    );
    assert_eq!(app.ran.get(), 0);
}

#[tokio::test]
async fn a_token_of_another_session_is_refused() {
    let app = app();
    app.grants.allow("ann", [token(1)]);
    let (status, _) = app.store("bob", json([token(1)])).await;
    assert_eq!((status, app.ran.get()), (401, 0));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_without_an_echo() {
    let app = app();
    for body in [
        "",
        "[",
        "{\"4111\":1}",
        "[4111]",
        "[\"4111\"]",
        "[null]",
        "[[\"4111\"]]",
    ] {
        let (status, text) = app.store("ann", body).await;
        assert_eq!(status, 400, "{body}");
        assert!(
            text.starts_with("{\"success\":false,\"error\":{\"name\":\"bad"),
            "{text}"
        );
        assert!(!text.contains("4111"), "{text}");
    }
    assert_eq!((app.grants.calls(), app.ran.get()), (0, 0));
}

#[tokio::test]
async fn bodies_of_the_wrong_kind_or_size_are_refused() {
    let app = app();
    for content_type in [
        "text/plain",
        "application/json; charset=latin1",
        "multipart/form-data",
    ] {
        let request = get("/store")
            .method("POST")
            .header("x-session", "ann")
            .header("content-type", content_type)
            .body("[]");
        let (status, body) = text(request.reply(&app.routes).await);
        assert_eq!(status, 415, "{content_type}");
        assert!(body.contains("unsupportedMediaType"));
    }
    let (status, body) = app.store("ann", " ".repeat(BODY_LIMIT + 1)).await;
    assert_eq!(status, 413);
    assert!(body.contains("payloadTooLarge"));
    let longest = format!("[]{}", " ".repeat(BODY_LIMIT - 2));
    assert_eq!(app.store("ann", longest).await, (200, "0".to_owned()));
}

#[tokio::test]
async fn a_query_is_read_for_get_and_a_form_for_post() {
    async fn name(Verified(tokens): Verified<BTreeMap<String, VerifiedToken>>) -> String {
        tokens.into_keys().collect()
    }

    let app = app();
    app.grants.allow("ann", [token(1)]);
    let route = app.luna.handle(warp::path!("name"), name);
    let (good, bad) = (format!("ssn={}", token(1)), format!("ssn={}", token(2)));
    for (fields, answer) in [(good, (200, "ssn")), (bad, (401, "{\"success\":false"))] {
        let query = get(&format!("/name?{fields}")).header("x-session", "ann");
        let form = get("/name?ssn=4111")
            .method("POST")
            .header("x-session", "ann")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(fields);
        for request in [query, form] {
            let (status, body) = text(request.reply(&route).await);
            assert_eq!(status, answer.0, "{body}");
            assert!(body.starts_with(answer.1), "{body}");
        }
    }
}

#[tokio::test]
async fn without_a_session_nothing_is_read() {
    let app = app();
    let request = get("/store").method("POST").body("not even json");
    let response = request.reply(&app.routes).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(
        text(response),
        (
            401,
            r#"{"success":false,"error":{"name":"sessionError","message":"unable to authenticate the user of this request","code":"401"}}"#
                .to_owned()
        )
    );
    let nobody = get("/whoami").reply(&app.routes).await;
    assert_eq!(nobody.body(), "nobody");
}

#[tokio::test]
async fn a_provider_that_fails_or_panics_is_a_500_and_the_next_request_works() {
    let app = app();
    for session in ["panic", "panic at once", "fail", "nonsense", "\u{e9}"] {
        for path in ["/whoami", "/send", "/.lunasec/secure-frame?state=s"] {
            let request = get(path).header("x-session", session);
            let (status, body) = text(request.reply(&app.routes).await);
            assert_eq!(status, 500, "{session} {path}");
            assert!(
                body.contains("\"sessionError\"") && !body.contains("canary"),
                "{body}"
            );
        }
    }
    let request = get("/whoami").header("x-session", "ann");
    assert_eq!(request.reply(&app.routes).await.body(), "somebody");
}

#[tokio::test]
async fn a_granted_answer_is_json_and_never_cached() {
    let app = app();
    let request = get("/send").header("x-session", "ann");
    let response = request.reply(&app.routes).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.body(), json([token(7)]).as_bytes());
    assert!(
        app.grants.holds("ann", &token(7)),
        "what was sent was granted"
    );
}

#[tokio::test]
async fn the_auth_plugin_answers_at_the_root_below_a_base_path_and_nested() {
    let app = app();
    for base in ["", "/api", "/nested/twice"] {
        let request =
            get(&format!("{base}/.lunasec/secure-frame?state=s")).header("x-session", "ann");
        let response = request.reply(&app.routes).await;
        assert_eq!(response.status(), 302, "{base}");
        assert_eq!(
            response.headers()["location"],
            "https://t.example/?state=s&session=ann"
        );
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["referrer-policy"], "no-referrer");
        assert_eq!(
            response.headers()["cross-origin-resource-policy"],
            "cross-origin"
        );
        assert!(response.body().is_empty());

        let keys = format!("{base}/.lunasec/jwks.json");
        let response = get(&keys).reply(&app.routes).await;
        assert_eq!(response.headers()["etag"], "\"t\"");
        assert_eq!(text(response), (200, "{\"keys\":[]}".to_owned()));
        let cached = get(&keys).header("if-none-match", "\"t\"");
        let response = cached.reply(&app.routes).await;
        assert_eq!(
            (response.status().as_u16(), response.body().len()),
            (304, 0)
        );
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
            for path in [&keys, &format!("{base}/.lunasec/secure-frame?state=s")] {
                let response = get(path).method(method).reply(&app.routes).await;
                assert_eq!(response.status(), 405, "{method} {path}");
                assert_eq!(response.headers()["allow"], "GET, HEAD");
            }
        }
    }
}

#[tokio::test]
async fn the_auth_plugin_passes_on_every_other_path() {
    let app = app();
    for path in [
        "/.lunasec",
        "/.lunasec/",
        "/.lunasec/jwks.json/",
        "/.lunasec/jwks.json/x",
        "//.lunasec/jwks.json",
        "/.lunasec/jwks.jso",
        "/.lunasec/secure-frame/?state=s",
        "/API/.lunasec/jwks.json",
        "/api.lunasec/jwks.json",
        "/nested/.lunasec/jwks.json",
    ] {
        let response = get(path).reply(&app.routes).await;
        assert_eq!(response.status(), 404, "{path}");
    }
    assert_eq!(app.asked.get(), 0);
}

#[tokio::test]
async fn the_key_set_and_what_is_wrong_with_a_request_ask_no_provider() {
    let app = app();
    for path in [
        "/.lunasec/jwks.json",
        "/.lunasec/secure-frame",
        "/.lunasec/secure-frame?state=s&state=t",
    ] {
        let response = get(path)
            .header("x-session", "panic")
            .reply(&app.routes)
            .await;
        assert!(response.status().as_u16() <= 400, "{path}");
    }
    assert_eq!(app.asked.get(), 0);
}

#[tokio::test]
async fn two_types_can_be_read_from_one_body() {
    async fn twice(
        Verified(list): Verified<Vec<VerifiedToken>>,
        Verified(maybe): Verified<Option<Vec<VerifiedToken>>>,
    ) -> String {
        format!("{} {}", list.len(), maybe.is_some())
    }

    let app = app();
    app.grants.allow("ann", [token(1)]);
    let route = app.luna.handle(warp::path!("twice"), twice);
    let request = post("/twice", "ann").body(json([token(1)]));
    assert_eq!(
        text(request.reply(&route).await),
        (200, "1 true".to_owned())
    );
    assert_eq!(app.asked.get(), 1);
}
