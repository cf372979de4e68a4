//! The auth plugin as an axum application serves it: `node-sdk/express_plugin.json`.

use crate::HEADER;
use http::Method;
use lunadefend::WireLevel;
use lunadefend_tests::{Settings, World, decode, signing_key};

const USER: &str = r#"{"session_id":"session-abc","iat":1700000000,"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":1700000900}"#;

async fn world() -> World {
    World::with(Settings {
        wire: WireLevel::V1,
        raw_session_ids: true,
        ..Settings::default()
    })
    .await
}

#[tokio::test]
async fn redirects_are_the_originals() {
    let world = world().await;
    let session = world.application.log_in_as("ann", "session-abc");
    let mut browser = world.browser_of(&session);
    // frame, frame_head, frame_accept_html, frame_accept_json, frame_extra_query
    for (method, query, accept) in [
        (Method::GET, "state=abc", "*/*"),
        (Method::HEAD, "state=abc", "*/*"),
        (Method::GET, "state=abc", "text/html"),
        (Method::GET, "state=abc", "application/json"),
        (Method::GET, "x=1&state=abc&y=2", "*/*"),
    ] {
        let url = format!("{}/.lunasec/secure-frame?{query}", world.application.url);
        let page = browser.send(method, &url, &[("accept", accept)], b"").await;
        assert_eq!(page.status, 302, "{query}");
        let start = format!(
            "{}/session/create?state=abc&openid_token=",
            world.tokenizer.url
        );
        let jwt = decode(page.header("location").strip_prefix(&start).unwrap());
        assert_eq!((jwt.header.as_str(), jwt.claims.as_str()), (HEADER, USER));
        assert!(jwt.is_signed_by(signing_key().key.public_key()));
        // The original repeats the JWT in the body, and lets it be cached.
        assert!(page.body.is_empty());
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cross-origin-resource-policy"), "cross-origin");
        assert!(page.has_no_cors());
    }
}

/// The case, the request, the original's status and ours, and our message.
#[tokio::test]
async fn refusals() {
    const NO_STATE: &str = "state is not set in request";
    let world = world().await;
    let session = world.application.log_in_as("ann", "session-abc");
    let long = format!("?state={}", "a".repeat(257));
    for (case, query, theirs) in [
        ("frame_no_state", "", 400),
        ("frame_state_twice", "?state=a&state=b", 400),
        ("frame_state_object", "?state[x]=1", 400),
        ("frame_state_empty", "?state=", 302),
        ("frame_state_special", "?state=a%20b%2Bc%26d", 302),
        ("frame_state_plus", "?state=a+b%2Bc", 302),
        ("frame_state_bad_percent", "?state=%ZZ%E9x", 302),
        ("too long", &long, 302),
    ] {
        let mut browser = world.browser_of(&session);
        let url = format!("{}/.lunasec/secure-frame{query}", world.application.url);
        let page = browser.send(Method::GET, &url, &[], b"").await;
        assert_eq!(page.status, 400, "{case}, from the original {theirs}");
        let body = page.json();
        assert_eq!(body["success"], false);
        assert_eq!(body["error"]["message"], NO_STATE, "{case}");
        assert_eq!(body["error"]["code"], "400");
    }
    // frame_no_session_null: 400 from the original, with the same words.
    let mut nobody = world.browser();
    let url = format!("{}/.lunasec/secure-frame?state=abc", world.application.url);
    let page = nobody.send(Method::GET, &url, &[], b"").await;
    assert_eq!(page.status, 401);
    assert_eq!(
        page.json()["error"]["message"],
        "unable to authenticate the user of this request"
    );
    // A provider that fails kills the original's process.
    let fault = lunadefend_tests::ApplicationFault::SessionStore;
    world.application.set_fault(fault);
    for _ in 0..3 {
        let page = nobody.send(Method::GET, &url, &[], b"").await;
        assert_eq!(page.status, 500);
        assert_eq!(page.json()["error"]["name"], "sessionError");
    }
}

#[tokio::test]
async fn the_published_keys() {
    let world = world().await;
    let mut browser = world.browser();
    let url = format!("{}/.lunasec/jwks.json", world.application.url);
    let page = browser.send(Method::GET, &url, &[], b"").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "application/json");
    assert_eq!(page.header("cache-control"), "public, max-age=300");
    let etag = page.header("etag").to_owned();
    assert!(etag.starts_with('"'), "a strong one: {etag}");

    // The original has one key, by this name; ours has it by its thumbprint too.
    let document = page.json();
    let keys = document["keys"].as_array().unwrap();
    let legacy = keys.iter().find(|key| key["kid"] == "lunasec-signing-key");
    let legacy = legacy.unwrap();
    let public = signing_key().key.public_key();
    assert_eq!(legacy["kty"], "RSA");
    assert_eq!(legacy["e"], "AQAB");
    assert_eq!(legacy["n"], lunadefend_crypto::base64url(public.n()));
    assert!(keys.iter().any(|key| key["kid"] == public.thumbprint()));
    for key in keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }

    // jwks_head, jwks_if_none_match, jwks_post, jwks_options
    let page = browser.send(Method::HEAD, &url, &[], b"").await;
    assert_eq!((page.status, page.header("etag")), (200, etag.as_str()));
    let headers = [("if-none-match", etag.as_str())];
    let page = browser.send(Method::GET, &url, &headers, b"").await;
    assert_eq!((page.status, page.body.len()), (304, 0));
    for (method, theirs) in [
        (Method::POST, 404),
        (Method::OPTIONS, 200),
        (Method::PUT, 404),
    ] {
        let page = browser.send(method, &url, &[], b"").await;
        assert_eq!(page.status, 405, "from the original {theirs}");
        assert_eq!(page.header("allow"), "GET, HEAD");
    }
}
