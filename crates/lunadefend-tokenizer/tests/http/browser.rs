//! What a page can and cannot do, with the headers that browsers send.

use crate::{
    harness::{ANY_PAGE, APP_ORIGIN, Harness, ORIGIN, SESSION},
    jwt,
};
use http::Method;
use lunadefend_core::provider::Clock;
use std::time::Duration;

/// Script in the application's page, with a live session and a live grant: the attack that the frame
/// is there to prevent.
#[tokio::test]
async fn the_applications_page_cannot_detokenize() {
    let harness = Harness::start().await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let token = harness.store_value(SESSION, "secret").await;
    let body = format!(r#"{{"tokenId":"{token}"}}"#);
    let cross_site = [
        ("cookie", cookie.as_str()),
        ("origin", APP_ORIGIN),
        ("referer", "https://app.example.com/"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "empty"),
    ];
    let same_site: Vec<_> = cross_site
        .into_iter()
        .map(|(name, value)| {
            if name == "sec-fetch-site" {
                (name, "same-site")
            } else {
                (name, value)
            }
        })
        .collect();
    let no_headers = [("cookie", cookie.as_str())];
    for headers in [&cross_site[..], &same_site, &no_headers] {
        for path in ["/detokenize", "/metadata/get", "/tokenize"] {
            let reply = harness.post(path, headers, &body).await;
            assert_eq!(reply.status, 403, "{path}");
            assert!(reply.has_no_cors(), "{path}");
            assert!(!reply.text().contains("blob"));
            assert_eq!(reply.header("lunasec-session-hash"), "");
        }
    }
    // A form or a "simple" fetch needs no preflight, and gets nowhere either.
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let mut headers = cross_site.to_vec();
        headers.push(("content-type", content_type));
        let reply = harness
            .send(Method::POST, "/tokenize", &headers, body.clone())
            .await;
        assert_eq!(reply.status, 403);
    }
    // There is no preflight to pass.
    for path in [
        "/detokenize",
        "/metadata/get",
        "/tokenize",
        "/grant/set",
        "/session/ensure",
        "/session/create",
        "/session/end",
        "/v2/sessions/revoke",
        "/v2/grants/set",
        "/v2/grants/verify",
        "/.well-known/lunadefend-tokenizer",
        "/v2/grants/revoke",
        "/v2/tokens/delete",
        "/nope",
    ] {
        for origin in [APP_ORIGIN, ORIGIN, "null"] {
            let headers = [
                ("origin", origin),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "content-type"),
            ];
            let reply = harness.send(Method::OPTIONS, path, &headers, "").await;
            assert!([404, 405].contains(&reply.status), "{path}");
            assert!(reply.has_no_cors(), "{path}");
        }
    }
    // The frame does the same, and gets it.
    let frame = [
        ("cookie", cookie.as_str()),
        ("origin", ORIGIN),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-mode", "cors"),
        ANY_PAGE,
    ];
    let reply = harness.post("/detokenize", &frame, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("lunasec-session-hash").len(), 40);
    assert!(reply.has_no_cors(), "a same-origin request needs none");
}

/// What a page could use of a session transfer is where it leads: the URL with the JWT in it.
#[tokio::test]
async fn the_applications_page_cannot_read_a_session_transfer() {
    let harness = Harness::start().await;
    let cors = [
        ("origin", APP_ORIGIN),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "cors"),
    ];
    let refused = harness.get("/session/ensure", &cors).await;
    assert_eq!((refused.status, refused.header("location")), (403, ""));
    assert!(refused.has_no_cors());
    // Nor the end of one that began as it must.
    let t = harness.ensure().await;
    let jwt = jwt::transfer(harness.now(), SESSION, &t.state, "jti-1");
    let path = format!("/session/create?state={}&openid_token={jwt}", t.state);
    let mut headers = cors.to_vec();
    headers.push(("cookie", &t.cookie));
    let create = harness.get(&path, &headers).await;
    assert_eq!(create.status, 403);
    assert!(create.has_no_cors() && create.set_cookies().is_empty());
    assert!(!create.text().contains(&t.state));
}

/// A state that was sent to one browser, opened in another: no cookie, no session.
#[tokio::test]
async fn a_state_of_another_browser_is_refused() {
    let harness = Harness::start().await;
    let attacker = harness.ensure().await;
    let jwt = jwt::transfer(harness.now(), SESSION, &attacker.state, "jti-1");
    let victim_has_one_too = harness.ensure().await;
    for cookie in ["", &victim_has_one_too.cookie] {
        let reply = harness.create(&attacker.state, &jwt, cookie).await;
        assert_eq!(reply.status, 400);
        assert!(reply.set_cookies().is_empty());
    }
}

#[tokio::test]
async fn cors_is_for_session_verify_alone() {
    let harness = Harness::start().await;
    let verify = async |origin: &str| harness.get("/session/verify", &[("origin", origin)]).await;
    let reply = verify(APP_ORIGIN).await;
    assert_eq!(reply.header("access-control-allow-origin"), APP_ORIGIN);
    assert_eq!(reply.header("access-control-allow-credentials"), "true");
    assert_eq!(reply.header("vary"), "origin");
    for other in [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://app.example.com:444",
        "http://app.example.com",
        "HTTPS://APP.EXAMPLE.COM",
        "https://app.example.com/",
        "null",
        "*",
        "",
        ORIGIN,
    ] {
        let reply = verify(other).await;
        assert!(reply.has_no_cors(), "{other}");
        assert_eq!(reply.header("vary"), "origin", "{other}");
    }
    let preflight = async |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "GET")];
        harness
            .send(Method::OPTIONS, "/session/verify", &headers, "")
            .await
    };
    let reply = preflight(APP_ORIGIN).await;
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("access-control-allow-origin"), APP_ORIGIN);
    assert_eq!(reply.header("access-control-allow-credentials"), "true");
    assert_eq!(reply.header("access-control-allow-methods"), "GET");
    assert!(preflight("https://evil.example").await.has_no_cors());

    // Elsewhere not even to the application, and not to anybody with a JWT.
    let jwt = harness.user(SESSION);
    let headers = [("authorization", jwt.as_str()), ("origin", APP_ORIGIN)];
    let reply = harness.post("/tokenize", &headers, "{}").await;
    assert_eq!(reply.status, 200);
    assert!(reply.has_no_cors());
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let harness = Harness::start().await;
    let application = harness.application();
    let grant = format!(
        r#"{{"sessionId":"{SESSION}","tokenId":"lunasec-11111111-1111-4111-8111-111111111111"}}"#
    );
    let replies = [
        harness.get("/health", &[]).await,
        harness.get("/nope", &[]).await,
        harness.get("/grant/set", &[]).await,
        harness.post("/grant/set", &[], &grant).await,
        harness.post_as(&application, "/grant/set", &grant).await,
        harness.post_as(&application, "/grant/set", "{").await,
        harness.get("/session/ensure", &[]).await,
        harness.get("/session/create", &[]).await,
        harness.get("/session/verify", &[]).await,
        harness.get("/blob/x", &[]).await,
        harness
            .send(Method::OPTIONS, "/session/verify", &[], "")
            .await,
    ];
    for reply in replies {
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert_ne!(reply.header("cross-origin-resource-policy"), "");
        assert_eq!(reply.header("x-request-id").len(), 16);
        assert_eq!(reply.header("server"), "");
    }
    let reply = harness
        .get("/health", &[("x-request-id", "from-the-proxy.1")])
        .await;
    assert_eq!(reply.header("x-request-id"), "from-the-proxy.1");
}

#[tokio::test]
async fn methods_and_media_types() {
    let harness = Harness::start().await;
    let application = harness.application();
    let auth = ("authorization", application.as_str());
    let posts = [
        "/grant/set",
        "/grant/verify",
        "/v2/grants/set",
        "/v2/grants/verify",
        "/tokenize",
        "/detokenize",
        "/metadata/get",
    ];
    for path in posts {
        for method in [
            Method::GET,
            Method::HEAD,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ] {
            let headers = [auth, ("content-type", "application/json")];
            let reply = harness.send(method.clone(), path, &headers, "{}").await;
            assert_eq!(reply.status, 405, "{method} {path}");
            assert_eq!(reply.header("allow"), "POST");
            if method != Method::HEAD {
                reply.message();
            }
        }
        for content_type in [
            "text/plain",
            "application/json; charset=latin1",
            "application/jsonx",
            "",
        ] {
            let reply = harness
                .send(
                    Method::POST,
                    path,
                    &[auth, ("content-type", content_type)],
                    "{}",
                )
                .await;
            assert_eq!(reply.status, 415, "{content_type}");
            reply.message();
        }
        let none = harness.send(Method::POST, path, &[auth], "{}").await;
        assert_eq!(none.status, 415);
        let encoded = [auth, ("content-encoding", "gzip")];
        assert_eq!(harness.post(path, &encoded, "{}").await.status, 415);
    }
    for path in ["/session/ensure", "/health"] {
        let reply = harness.send(Method::POST, path, &[], "").await;
        assert_eq!(reply.status, 405, "{path}");
    }
}

#[tokio::test]
async fn unknown_routes() {
    let harness = Harness::start().await;
    let application = harness.application();
    for path in [
        "/",
        "/nope",
        "/grant/set/",
        "//grant/set",
        "/grant",
        "/GRANT/SET",
        "/frame/a/b",
        "/elements",
        "/elements/",
        "/metadata/set",
        "/blob",
        "/blob/a/b",
    ] {
        let reply = harness.post_as(&application, path, "{}").await;
        assert_eq!(reply.status, 404, "{path}");
        reply.message();
    }
}

#[tokio::test]
async fn health() {
    let harness = Harness::start().await;
    let reply = harness.get("/health", &[]).await;
    assert_eq!(
        (reply.status, reply.text().as_str()),
        (200, r#"{"success":true,"error":{}}"#)
    );
    let head = harness.send(Method::HEAD, "/health", &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

/// `lunadefend doctor` warns of several: one tokenizer is one trust domain.
#[tokio::test]
async fn health_counts_the_auth_providers() {
    let harness = Harness::start().await;
    let reply = harness.get("/health", &[]).await;
    assert_eq!(reply.header("lunadefend-auth-providers"), "2");
}

/// JWTs are judged by it, and the `Date` that arrives may be a proxy's.
#[tokio::test]
async fn health_tells_the_tokenizers_own_time() {
    let harness = Harness::start().await;
    for _ in 0..2 {
        let reply = harness.get("/health", &[]).await;
        let millis: u64 = reply.header("lunadefend-time").parse().unwrap();
        assert_eq!(millis, harness.clock.unix_millis().get());
        harness.clock.advance(Duration::from_millis(123_456));
    }
}
