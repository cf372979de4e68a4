//! The browser half: what is served of it, to whom, and under which headers.

use crate::{
    harness::{APP_ORIGIN, Harness, ORIGIN, SESSION, SESSION_COOKIE, TOKEN, base, builder},
    jwt::{self, APPLICATION_KEY},
};
use http::Method;
use lunadefend_tokenizer::{AuthProviders, Origin, SessionKeys, TokenizerConfig};

const DEST: &str = "sec-fetch-dest";
const PAGE_SESSION: &str = "lunadefend-page-session";

/// The value of an attribute in the page of the frame.
fn attribute<'p>(page: &'p str, start: &str) -> &'p str {
    let (_, after) = page.split_once(start).unwrap();
    after.split_once('"').unwrap().0
}

#[tokio::test]
async fn the_element_module_is_for_every_page_and_never_changes_under_its_name() {
    let harness = Harness::start().await;
    let current = harness.get("/elements/v1.js", &[]).await;
    assert_eq!(current.status, 200);
    assert_eq!(current.header("cache-control"), "no-cache");
    let etag = current.header("etag");
    let hashed = harness
        .get(&format!("/elements/{}", etag.trim_matches('"')), &[])
        .await;
    assert_eq!(hashed.status, 200);
    assert_eq!(hashed.body, current.body);
    assert_eq!(
        hashed.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    for reply in [&current, &hashed] {
        assert_eq!(
            reply.header("content-type"),
            "text/javascript; charset=utf-8"
        );
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert_eq!(reply.header("access-control-allow-credentials"), "");
        assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    for tag in [etag, &format!("W/{etag}"), &format!("\"x\", {etag}"), "*"] {
        let known = harness
            .get("/elements/v1.js", &[("if-none-match", tag)])
            .await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{tag}");
        assert_eq!(known.header("etag"), etag);
        assert_eq!(known.header("access-control-allow-origin"), "*");
    }
    let changed = harness
        .get("/elements/v1.js", &[("if-none-match", "\"x\"")])
        .await;
    assert_eq!(changed.status, 200);
    for other in ["v2.js", "00000000000000000000000000000000.js", "%2e%2e", ""] {
        let reply = harness.get(&format!("/elements/{other}"), &[]).await;
        assert_eq!(reply.status, 404, "{other}");
    }
}

#[tokio::test]
async fn the_frame_may_load_its_two_files_and_ask_the_tokenizer_and_nothing_else() {
    let harness = Harness::configured(|builder| {
        let second = Origin::parse("https://shop.example.com:8443", "APPLICATION_FRONT_END");
        builder.application_origin(second.unwrap())
    })
    .await;
    let frame = harness.get("/frame", &[(DEST, "iframe")]).await;
    assert_eq!(frame.status, 200, "{}", frame.text());
    let page = frame.text();
    let script = attribute(&page, "<script type=\"module\" src=\"").to_owned();
    let style = attribute(&page, "<link rel=\"stylesheet\" href=\"").to_owned();
    assert_eq!(
        frame.header("content-security-policy"),
        format!(
            "default-src 'none'; script-src {ORIGIN}/{script}; style-src {ORIGIN}/{style}; \
             connect-src 'self'; img-src blob:; form-action 'none'; base-uri 'none'; \
             frame-ancestors {APP_ORIGIN} https://shop.example.com:8443; \
             require-trusted-types-for 'script'; trusted-types 'none'"
        )
    );
    assert_eq!(
        attribute(&page, "name=\"lunadefend\" content=\""),
        "{&quot;origins&quot;:[&quot;https://app.example.com&quot;,\
         &quot;https://shop.example.com:8443&quot;],&quot;maxValue&quot;:1048576}"
    );
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("vary", "Sec-Fetch-Dest"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", ""),
        ("origin-agent-cluster", "?1"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        assert_eq!(frame.header(name), value, "{name}");
    }
    let permissions = frame.header("permissions-policy");
    assert!(permissions.contains("camera=()") && permissions.contains("clipboard-write=(self)"));
    let preload = frame.header("link");
    assert!(
        preload.contains(&script) && preload.contains(&style),
        "{preload}"
    );
    assert!(frame.has_no_cors());
    // The same for everybody.
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let again = harness.get("/frame?x=1", &[("cookie", &cookie)]).await;
    assert_eq!(again.text(), page);
    assert!(again.set_cookies().is_empty());

    for (path, content_type) in [
        (&script, "text/javascript; charset=utf-8"),
        (&style, "text/css; charset=utf-8"),
    ] {
        let file = harness.get(&format!("/{path}"), &[]).await;
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.header("content-type"), content_type);
        assert_eq!(file.header("cross-origin-resource-policy"), "same-origin");
        assert!(file.header("cache-control").ends_with("immutable"));
        assert!(file.has_no_cors());
    }
    assert_eq!(harness.get("/frame/x.js", &[]).await.status, 404);
}

/// As a page of its own it would be a form on the tokenizer's domain.
#[tokio::test]
async fn the_frame_is_no_page_of_its_own() {
    let harness = Harness::start().await;
    for dest in [
        "document", "frame", "object", "embed", "empty", "worker", "", "Iframe",
    ] {
        let reply = harness.get("/frame", &[(DEST, dest)]).await;
        assert_eq!(reply.status, 403, "{dest}");
        assert!(!reply.text().contains("<script"));
    }
    let twice = [(DEST, "iframe"), (DEST, "iframe")];
    assert_eq!(harness.get("/frame", &twice).await.status, 403);
    // Old browsers say nothing: the script looks by itself.
    assert_eq!(harness.get("/frame", &[]).await.status, 200);
}

#[tokio::test]
async fn without_an_origin_of_the_application_there_is_no_frame() {
    let keys = SessionKeys::Public(APPLICATION_KEY.public_key().clone());
    let cleartext = lunadefend_http::Cleartext::LoopbackOnly;
    let providers =
        AuthProviders::parse("https://app.example.com", "AUTH_PROVIDERS", cleartext).unwrap();
    let harness = Harness::with(TokenizerConfig::builder(base(ORIGIN), keys, providers)).await;
    let reply = harness.get("/frame", &[(DEST, "iframe")]).await;
    assert_eq!(reply.status, 404);
    assert!(reply.message().contains("APPLICATION_FRONT_END"));
    assert_eq!(harness.get("/elements/v1.js", &[]).await.status, 200);
}

#[tokio::test]
async fn values_at_an_origin_of_their_own_and_a_base_path_are_in_the_policy() {
    let keys = SessionKeys::Public(APPLICATION_KEY.public_key().clone());
    let config =
        builder("https://example.com/prod", keys).blob_url(base("https://blobs.example.net/x"));
    let harness = Harness::with(config).await;
    let frame = harness.get("/prod/frame", &[]).await;
    let policy = frame.header("content-security-policy");
    assert!(
        policy.contains("connect-src 'self' https://blobs.example.net;"),
        "{policy}"
    );
    assert!(
        policy.contains("script-src https://example.com/prod/frame/"),
        "{policy}"
    );
    let script = attribute(&frame.text(), "<script type=\"module\" src=\"").to_owned();
    assert_eq!(
        harness.get(&format!("/prod/{script}"), &[]).await.status,
        200
    );
}

#[tokio::test]
async fn whatever_is_no_frame_can_neither_run_nor_be_framed() {
    let harness = Harness::start().await;
    for path in [
        "/health",
        "/nope",
        "/session/verify",
        "/elements/v1.js",
        "/session/ensure",
    ] {
        let reply = harness.get(path, &[]).await;
        assert_eq!(
            reply.header("content-security-policy"),
            "default-src 'none'; frame-ancestors 'none'",
            "{path}"
        );
        assert_eq!(reply.header("origin-agent-cluster"), "?1", "{path}");
        assert_eq!(
            reply.header("strict-transport-security"),
            "max-age=31536000",
            "{path}"
        );
    }
    let keys = SessionKeys::Public(APPLICATION_KEY.public_key().clone());
    let plain = Harness::with(builder("http://localhost:1", keys)).await;
    let reply = plain.get("/health", &[]).await;
    assert_eq!(reply.header("strict-transport-security"), "");
}

/// It would see and answer each request of the frame.
#[tokio::test]
async fn no_script_of_the_tokenizer_is_a_service_worker() {
    let harness = Harness::start().await;
    for path in [
        "/elements/v1.js",
        "/frame",
        "/health",
        "/nope",
        "/session/verify",
    ] {
        let headers = [("service-worker", "script"), (DEST, "serviceworker")];
        let reply = harness.get(path, &headers).await;
        assert_eq!(reply.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_frame_gets_a_state_and_its_cookie() {
    let harness = Harness::start().await;
    let frame = [("origin", ORIGIN)];
    let reply = harness.post("/session/state", &frame, "{}").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let state = reply.json()["data"]["state"].as_str().unwrap().to_owned();
    let cookie = reply.cookie("__Host-state-");
    assert!(reply.set_cookies()[0].contains("HttpOnly"));
    assert!(
        !cookie.contains(&state),
        "the cookie has a secret of its own"
    );
    assert!(reply.has_no_cors());

    let unknown = r#"{"authProvider":"nope"}"#;
    let reply = harness.post("/session/state", &frame, unknown).await;
    assert_eq!(reply.status, 400);
    let desk = r#"{"authProvider":"desk"}"#;
    let reply = harness.post("/session/state", &frame, desk).await;
    assert_eq!(reply.status, 200);

    // With a cookie or without: only the frame.
    for headers in [
        &[][..],
        &[("origin", APP_ORIGIN)],
        &[("origin", "null")],
        &[("origin", APP_ORIGIN), ("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "same-site")],
    ] {
        let reply = harness.post("/session/state", headers, "{}").await;
        assert_eq!(reply.status, 403, "{headers:?}");
        assert!(reply.set_cookies().is_empty());
    }
    for method in [Method::GET, Method::PUT, Method::OPTIONS] {
        let reply = harness.send(method, "/session/state", &frame, "").await;
        assert_eq!(reply.status, 405);
    }
    // No more than eight of its cookies.
    let many: Vec<String> = (0..10).map(|n| format!("__Host-state-{n:08x}=s")).collect();
    let headers = [("origin", ORIGIN), ("cookie", &many.join("; "))];
    let reply = harness.post("/session/state", &headers, "{}").await;
    let deleted = reply.set_cookies();
    assert_eq!(
        deleted.iter().filter(|c| c.contains("Max-Age=0")).count(),
        3
    );
}

/// Script of a page can bring a JWT of the attacker's account for a state that it got from a frame. What comes
/// of it must be of no use to pages that do not know whose session they are in.
#[tokio::test]
async fn a_session_that_a_page_began_serves_only_pages_that_name_one() {
    let harness = Harness::start().await;
    let reply = harness
        .post("/session/state", &[("origin", ORIGIN)], "{}")
        .await;
    let state = reply.json()["data"]["state"].as_str().unwrap().to_owned();
    let jwt = jwt::transfer(harness.now(), SESSION, &state, "jti-1");
    let created = harness
        .create(&state, &jwt, &reply.cookie("__Host-state-"))
        .await;
    assert_eq!(created.status, 200, "{}", created.text());
    let cookie = created.cookie(&format!("{SESSION_COOKIE}="));
    let as_frame = |page: Option<&'static str>| {
        let mut headers = vec![("origin", ORIGIN), ("cookie", cookie.as_str())];
        headers.extend(page.map(|page| (PAGE_SESSION, page)));
        headers
    };
    let body = r#"{"metadata":{"dataType":"string"}}"#;
    let reply = harness.post("/tokenize", &as_frame(None), body).await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json()["error"]["name"], "sessionMismatch");
    let verified = harness.get("/session/verify", &as_frame(None)).await;
    assert_eq!(verified.json()["success"], false);
    let reply = harness
        .post("/tokenize", &as_frame(Some("none")), body)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());

    // One that the tokenizer itself began.
    let cookie = harness.log_in(SESSION, "jti-2").await;
    let headers = [("origin", ORIGIN), ("cookie", cookie.as_str())];
    assert_eq!(harness.post("/tokenize", &headers, body).await.status, 200);
}

#[tokio::test]
async fn the_answer_says_until_when_a_value_may_be_shown() {
    let harness = Harness::start().await;
    let token = harness.store_value(SESSION, "secret").await;
    let body = format!(r#"{{"tokenId":"{token}"}}"#);
    let reply = harness
        .post_as(&harness.user(SESSION), "/detokenize", &body)
        .await;
    let until: u64 = reply.header("lunadefend-expires-at").parse().unwrap();
    assert_eq!(until / 1000, harness.now() + 15 * 60);
    let refused = format!(r#"{{"tokenId":"{TOKEN}"}}"#);
    let reply = harness
        .post_as(&harness.user(SESSION), "/detokenize", &refused)
        .await;
    assert_eq!(
        (reply.status, reply.header("lunadefend-expires-at")),
        (400, "")
    );
}
