//! The browser half: what is served of it, to whom, and under which headers.

use crate::{
    harness::{APP_ORIGIN, Harness, ORIGIN, Reply, SESSION, base, builder},
    jwt::APPLICATION_KEY,
};
use http::Method;
use lunadefend_http::Cleartext;
use lunadefend_tokenizer::{
    AuthProviders, Origin, TokenizerConfig, TokenizerConfigBuilder, VerificationKeys,
};

pub(crate) const DEST: &str = "sec-fetch-dest";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// The policy of everything that is no frame.
pub(crate) const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

fn keys() -> VerificationKeys {
    VerificationKeys::Public(APPLICATION_KEY.public_key().clone())
}

fn without_front_end() -> TokenizerConfigBuilder {
    let cleartext = Cleartext::LoopbackOnly;
    let providers = AuthProviders::parse("https://app.example.com", "AUTH_PROVIDERS", cleartext);
    TokenizerConfig::builder(base(ORIGIN), keys(), providers.unwrap())
}

/// The value of an attribute in the page of the frame.
pub(crate) fn attribute<'p>(page: &'p str, start: &str) -> &'p str {
    let (_, after) = page.split_once(start).unwrap();
    after.split_once('"').unwrap().0
}

pub(crate) fn script_of(page: &str) -> String {
    attribute(page, "<script type=\"module\" src=\"").to_owned()
}

pub(crate) fn style_of(page: &str) -> String {
    attribute(page, "<link rel=\"stylesheet\" href=\"").to_owned()
}

pub(crate) fn has(reply: &Reply, headers: &[(&str, &str)]) {
    for (name, value) in headers {
        let found: Vec<_> = reply.headers.get_all(*name).iter().collect();
        assert_eq!(found, [value], "{name}");
    }
}

#[tokio::test]
async fn the_element_module_is_for_every_page_and_never_changes_under_its_name() {
    let harness = Harness::start().await;
    let current = harness.get("/elements/v1.js", &[]).await;
    let name = lunadefend_elements::element_module().name().to_owned();
    let path = format!("/elements/{name}");
    let hashed = harness.get(&path, &[]).await;
    assert_eq!(
        hashed.body,
        lunadefend_elements::element_module().contents()
    );
    assert_eq!(hashed.body, current.body);
    let etag = format!("\"{name}\"");
    for (reply, caching) in [(&current, "no-cache"), (&hashed, IMMUTABLE)] {
        assert_eq!(reply.status, 200);
        has(
            reply,
            &[
                ("content-type", "text/javascript; charset=utf-8"),
                ("access-control-allow-origin", "*"),
                ("cross-origin-resource-policy", "cross-origin"),
                ("x-content-type-options", "nosniff"),
                ("cache-control", caching),
                ("content-security-policy", NOTHING),
                ("etag", &etag),
            ],
        );
        assert_eq!(reply.header("access-control-allow-credentials"), "");
    }
    for name in [
        "v2.js",
        "00000000000000000000000000000000.js",
        "%2e%2e",
        "%ff",
        "V1.JS",
    ] {
        let reply = harness.get(&format!("/elements/{name}"), &[]).await;
        assert_eq!(reply.status, 404, "{name}");
        assert_eq!(reply.header("cache-control"), "no-store", "it may come");
        reply.message();
    }
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let harness = Harness::start().await;
    let page = harness.get("/frame", &[]).await.text();
    let (script, style) = (
        format!("/{}", script_of(&page)),
        format!("/{}", style_of(&page)),
    );
    for path in ["/elements/v1.js", "/frame", &script, &style] {
        let whole = harness.get(path, &[]).await;
        let etag = whole.header("etag");
        let head = harness.send(Method::HEAD, path, &[], "").await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        for (name, value) in &whole.headers {
            if !["date", "x-request-id"].contains(&name.as_str()) {
                assert_eq!(head.headers.get(name), Some(value), "{path} {name}");
            }
        }
        for tag in [etag, &format!("W/{etag}"), &format!("\"x\", {etag}"), "*"] {
            let known = [("if-none-match", tag)];
            for method in [Method::GET, Method::HEAD] {
                let reply = harness.send(method, path, &known, "").await;
                assert_eq!((reply.status, reply.body.len()), (304, 0), "{path} {tag}");
                // What a browser keeps beside its copy is as new as if it had fetched the copy now.
                for name in ["etag", "cache-control", "content-security-policy", "vary"] {
                    assert_eq!(reply.headers.get(name), whole.headers.get(name), "{name}");
                }
            }
        }
        for tag in ["\"x\"", etag.trim_matches('"'), ""] {
            let reply = harness.get(path, &[("if-none-match", tag)]).await;
            assert_eq!(
                (reply.status, &reply.body),
                (200, &whole.body),
                "{path} {tag}"
            );
        }
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
    let (script, style) = (script_of(&page), style_of(&page));
    let policy = format!(
        "default-src 'none'; script-src {ORIGIN}/{script}; style-src {ORIGIN}/{style}; \
         connect-src 'self'; img-src blob:; form-action 'none'; base-uri 'none'; \
         frame-ancestors {APP_ORIGIN} https://shop.example.com:8443; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    let preload = format!(
        "<{ORIGIN}/{script}>; rel=modulepreload, <{ORIGIN}/{style}>; rel=preload; as=style"
    );
    has(
        &frame,
        &[
            ("content-security-policy", &policy),
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-cache"),
            ("vary", "Sec-Fetch-Dest"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("x-content-type-options", "nosniff"),
            ("origin-agent-cluster", "?1"),
            ("strict-transport-security", "max-age=31536000"),
            ("link", &preload),
        ],
    );
    // It would refuse every frame, or hold for browsers that know no better.
    assert_eq!(frame.header("x-frame-options"), "");
    assert!(frame.header("etag").len() > 30);
    let permissions: Vec<_> = frame.header("permissions-policy").split(", ").collect();
    for permission in &permissions {
        let is_allowed = *permission == "clipboard-write=(self)";
        assert!(is_allowed || permission.ends_with("=()"), "{permission}");
    }
    for denied in ["camera=()", "clipboard-read=()", "clipboard-write=(self)"] {
        assert!(permissions.contains(&denied), "{denied}");
    }
    assert!(frame.has_no_cors());
    assert_eq!(
        attribute(&page, "name=\"lunadefend\" content=\""),
        "{&quot;origins&quot;:[&quot;https://app.example.com&quot;,\
         &quot;https://shop.example.com:8443&quot;],&quot;nested&quot;:false,\
         &quot;maxValue&quot;:67108864}"
    );
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
        has(
            &file,
            &[
                ("content-type", content_type),
                ("cross-origin-resource-policy", "same-origin"),
                ("cache-control", IMMUTABLE),
                ("x-content-type-options", "nosniff"),
                ("content-security-policy", NOTHING),
            ],
        );
        assert!(file.has_no_cors());
    }
    for name in ["x.js", "v1.js", "%2e%2e", "%ff"] {
        let reply = harness.get(&format!("/frame/{name}"), &[]).await;
        assert_eq!(reply.status, 404, "{name}");
    }
}

/// As a page of its own it would be a form on the tokenizer's domain.
#[tokio::test]
async fn the_frame_is_no_page_of_its_own() {
    let harness = Harness::start().await;
    let is_refused = |reply: &Reply| {
        assert_eq!(reply.status, 403);
        assert!(!reply.text().contains("<script"));
        has(
            reply,
            &[
                // Else a cache gives it to the frame.
                ("vary", "Sec-Fetch-Dest"),
                ("cache-control", "no-store"),
                ("content-security-policy", NOTHING),
            ],
        );
    };
    for dest in [
        "document",
        "frame",
        "fencedframe",
        "object",
        "embed",
        "empty",
        "worker",
        "",
        "Iframe",
        "iframe, iframe",
    ] {
        is_refused(&harness.get("/frame", &[(DEST, dest)]).await);
        // Also for one that has it already.
        let known = [(DEST, dest), ("if-none-match", "*")];
        is_refused(&harness.get("/frame", &known).await);
    }
    let twice = [(DEST, "iframe"), (DEST, "iframe")];
    is_refused(&harness.get("/frame", &twice).await);
    // Old browsers say nothing: the script looks by itself.
    assert_eq!(harness.get("/frame", &[]).await.status, 200);
}

#[tokio::test]
async fn without_an_origin_of_the_application_there_is_no_frame() {
    let harness = Harness::with(without_front_end()).await;
    for path in ["/frame", "/frame/x.js"] {
        let reply = harness.get(path, &[(DEST, "iframe")]).await;
        assert_eq!(reply.status, 404);
        assert!(reply.message().contains("APPLICATION_FRONT_END"));
        assert_eq!(reply.header("content-security-policy"), NOTHING);
    }
    assert_eq!(harness.get("/elements/v1.js", &[]).await.status, 200);
}

/// Script of the application's page would be script of the frame.
#[test]
fn the_applications_pages_are_not_at_the_tokenizers_origin() {
    for (public, front_end) in [
        (ORIGIN, ORIGIN),
        ("https://example.com/prod", "https://EXAMPLE.com:443"),
    ] {
        let front_end = Origin::parse(front_end, "APPLICATION_FRONT_END").unwrap();
        let refused = builder(public, keys())
            .application_origin(front_end)
            .build();
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("APPLICATION_FRONT_END"), "{error}");
    }
    assert!(builder(ORIGIN, keys()).build().is_ok());
}

#[tokio::test]
async fn values_at_an_origin_of_their_own_and_a_base_path_are_in_the_policy() {
    let plain = Harness::with(builder("https://example.com/prod", keys())).await;
    let config =
        builder("https://example.com/prod", keys()).blob_url(base("https://blobs.example.net/x"));
    let harness = Harness::with(config).await;
    for path in ["/prod/frame", "/frame"] {
        let frame = harness.get(path, &[]).await;
        let policy = frame.header("content-security-policy");
        assert!(
            policy.contains("connect-src 'self' https://blobs.example.net;"),
            "{policy}"
        );
        let script = script_of(&frame.text());
        assert!(
            policy.contains(&format!("script-src https://example.com/prod/{script};")),
            "{policy}"
        );
        let script = harness.get(&format!("/prod/{script}"), &[]).await;
        assert_eq!(script.status, 200);
    }
    // A browser with the page of before learns the new policy: the page alone has not changed.
    let (old, new) = (
        plain.get("/frame", &[]).await,
        harness.get("/frame", &[]).await,
    );
    assert_eq!(old.body, new.body);
    let known = [("if-none-match", old.header("etag"))];
    assert_eq!(plain.get("/frame", &known).await.status, 304);
    assert_eq!(harness.get("/frame", &known).await.status, 200);
}

#[tokio::test]
async fn whatever_is_no_frame_can_neither_run_nor_be_framed() {
    let harness = Harness::start().await;
    let twice = [("authorization", "a"), ("authorization", "b")];
    let replies = [
        harness.get("/health", &[]).await,
        harness.get("/nope", &[]).await,
        harness.get("/nope", &twice).await,
        harness.get("/health", &twice).await,
        harness.get("/session/verify", &[]).await,
        harness.get("/session/ensure", &[]).await,
        harness.get("/session/create", &[]).await,
        harness.get("/elements/v1.js", &[]).await,
        harness.get("/elements/nope", &[]).await,
        harness.get("/frame?n=1&n=2", &[]).await,
        harness.get("/grant/set", &[]).await,
        harness.post("/frame", &[], "{}").await,
        harness.post("/grant/set", &[], "{}").await,
        harness.post("/session/state", &[], "{}").await,
        harness
            .send(Method::OPTIONS, "/session/verify", &[], "")
            .await,
        harness
            .send(Method::DELETE, "/elements/v1.js", &[], "")
            .await,
    ];
    for reply in replies {
        has(
            &reply,
            &[
                ("content-security-policy", NOTHING),
                ("origin-agent-cluster", "?1"),
                ("strict-transport-security", "max-age=31536000"),
                ("x-content-type-options", "nosniff"),
            ],
        );
    }
    let blob = harness.get("/blob/x", &[]).await;
    let policy = blob.header("content-security-policy");
    assert_eq!(policy, format!("sandbox; {NOTHING}"));
    // Without TLS a browser must not take it for a promise.
    let plain = Harness::with(builder("http://localhost:1", keys())).await;
    let reply = plain.get("/health", &[]).await;
    assert_eq!(reply.header("strict-transport-security"), "");
}

/// What is no request gets an answer before any route and layer, so nothing may be in it: framed, it is an empty page.
#[tokio::test]
async fn an_answer_to_what_is_no_request_is_empty() {
    let harness = Harness::start().await;
    let long = "x".repeat(70_000);
    for request in [
        "GET /frame HTTP/9.9\r\n\r\n".to_owned(),
        "GET /<script>alert(1)</script> \r\n\r\n".to_owned(),
        format!("GET /{long} HTTP/1.1\r\nhost: t\r\n\r\n"),
        format!("GET /frame HTTP/1.1\r\nhost: t\r\nx: {long}\r\n\r\n"),
        "GET /frame HTTP/1.1\r\n<script>: \u{1}\r\n\r\n".to_owned(),
    ] {
        let answer = harness.raw(request.as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 4"), "{head}");
        assert_eq!(body, "", "{head}");
        let head = head.to_ascii_lowercase();
        for name in ["content-type", "set-cookie", "location", "access-control-"] {
            assert!(!head.contains(name), "{head}");
        }
    }
}

/// It would see and answer each request of the frame.
#[tokio::test]
async fn no_script_of_the_tokenizer_is_a_service_worker() {
    let harness = Harness::start().await;
    let page = harness.get("/frame", &[]).await.text();
    let script = format!("/{}", script_of(&page));
    for path in [
        "/elements/v1.js",
        "/frame",
        &script,
        "/health",
        "/nope",
        "/session/verify",
        "/blob/x",
    ] {
        for value in ["script", "Script", ""] {
            let headers = [("service-worker", value), (DEST, "serviceworker")];
            let reply = harness.get(path, &headers).await;
            assert_eq!(reply.status, 403, "{path}");
            assert_eq!(reply.header("content-security-policy"), NOTHING);
            reply.message();
        }
    }
}
