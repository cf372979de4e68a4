//! The frame of LunaSec's React SDK. It reports more to the page than that of our elements does.

use crate::{
    assets::{DEST, NOTHING, has, script_of, style_of},
    harness::{APP_ORIGIN, Harness, ORIGIN, Reply},
};
use http::Method;

const IN_A_FRAME: &[(&str, &str)] = &[(DEST, "iframe")];

/// What the SDK sends, as its URL.
fn path(nonce: &str, origin: &str, component: &str) -> String {
    format!("/frame?n={nonce}&origin={origin}&component={component}")
}

fn right() -> String {
    path("1f2a3b", "https%3A%2F%2Fapp.example.com", "Input")
}

async fn allowed() -> Harness {
    Harness::configured(|builder| builder.react_sdk(true)).await
}

/// A refusal that a developer sees where the frame would be, and in no other page.
fn is_readable(reply: &Reply) {
    assert!(!reply.text().contains("<script"));
    has(
        reply,
        &[
            (
                "content-security-policy",
                &format!("default-src 'none'; frame-ancestors {APP_ORIGIN}"),
            ),
            ("cross-origin-resource-policy", "cross-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cache-control", "no-store"),
            ("vary", "Sec-Fetch-Dest"),
            ("content-type", "application/json"),
        ],
    );
}

#[tokio::test]
async fn its_frame_is_there_only_when_it_is_allowed() {
    let off = Harness::start().await;
    for path in [
        right(),
        "/frame?n=1".to_owned(),
        "/frame?origin=https://app.example.com".to_owned(),
        "/frame?component=Uploader".to_owned(),
        "/frame?n&component=x".to_owned(),
    ] {
        let reply = off.get(&path, IN_A_FRAME).await;
        assert_eq!(reply.status, 403, "{path}");
        assert!(reply.message().contains("LUNADEFEND_REACT_SDK=true"));
        is_readable(&reply);
    }
    // Its files are no secret, but what nobody may use is not there.
    let name = lunadefend_elements::react_script().name().to_owned();
    let file = format!("/frame/{name}");
    assert_eq!(off.get(&file, &[]).await.status, 404);
    assert_eq!(allowed().await.get(&file, &[]).await.status, 200);
}

#[tokio::test]
async fn its_frame_is_a_page_like_that_of_our_elements_with_files_of_its_own() {
    let harness = allowed().await;
    let ours = harness.get("/frame", IN_A_FRAME).await;
    let frame = harness.get(&right(), IN_A_FRAME).await;
    assert_eq!(frame.status, 200, "{}", frame.text());
    let (script, style) = (script_of(&frame.text()), style_of(&frame.text()));
    assert!(script.contains(lunadefend_elements::react_script().name()));
    assert!(style.contains(lunadefend_elements::react_style().name()));
    let renamed = |text: &str| {
        text.replace(&script_of(&ours.text()), &script)
            .replace(&style_of(&ours.text()), &style)
    };
    assert_eq!(frame.text(), renamed(&ours.text()));
    for (name, value) in &ours.headers {
        if !["date", "x-request-id", "etag"].contains(&name.as_str()) {
            assert_eq!(
                frame.header(name.as_str()),
                renamed(value.to_str().unwrap())
            );
        }
    }
    assert_ne!(frame.header("etag"), ours.header("etag"));
    let policy = frame.header("content-security-policy");
    assert!(
        policy.contains(&format!("script-src {ORIGIN}/{script};")),
        "{policy}"
    );
    for path in [script, style] {
        assert_eq!(harness.get(&format!("/{path}"), &[]).await.status, 200);
    }
    // The same for every element, whatever it is and whoever has it.
    let other = harness
        .get(&path("0", APP_ORIGIN, "Uploader"), IN_A_FRAME)
        .await;
    assert_eq!(other.body, frame.body);
    let known = [(DEST, "iframe"), ("if-none-match", frame.header("etag"))];
    assert_eq!(harness.get(&right(), &known).await.status, 304);
    let head = harness.send(Method::HEAD, &right(), IN_A_FRAME, "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn its_parameters_are_those_of_the_sdk_or_there_is_no_frame() {
    let harness = allowed().await;
    let (longest, longer) = ("f".repeat(64), "f".repeat(65));
    for nonce in ["0", "aF09", longest.as_str()] {
        for component in ["Input", "TextArea", "Paragraph", "Uploader", "Downloader"] {
            let path = path(nonce, APP_ORIGIN, component);
            assert_eq!(harness.get(&path, IN_A_FRAME).await.status, 200, "{path}");
        }
    }
    for (nonce, origin, component) in [
        ("", APP_ORIGIN, "Input"),
        ("g", APP_ORIGIN, "Input"),
        ("0x1", APP_ORIGIN, "Input"),
        (longer.as_str(), APP_ORIGIN, "Input"),
        ("1", APP_ORIGIN, ""),
        ("1", APP_ORIGIN, "input"),
        ("1", APP_ORIGIN, "constructor"),
        ("1", "", "Input"),
        ("1", "null", "Input"),
        ("1", "*", "Input"),
        ("1", ORIGIN, "Input"),
        ("1", "https://app.example.com/", "Input"),
        ("1", "https://APP.example.com", "Input"),
        ("1", "https://app.example.com:443", "Input"),
        ("1", "https://app.example.com.evil.example", "Input"),
        ("1", "http://app.example.com", "Input"),
    ] {
        let path = path(nonce, origin, component);
        let reply = harness.get(&path, IN_A_FRAME).await;
        assert_eq!(reply.status, 400, "{path}");
        let is_of_origin = origin != APP_ORIGIN;
        assert_eq!(
            reply.message().contains("APPLICATION_FRONT_END"),
            is_of_origin
        );
        is_readable(&reply);
    }
    let missing = format!("/frame?origin={APP_ORIGIN}&component=Input");
    assert_eq!(harness.get(&missing, IN_A_FRAME).await.status, 400);
    let twice = harness.get(&format!("{}&n=2", right()), IN_A_FRAME).await;
    assert_eq!(twice.status, 400);
    // As a page of its own it is refused before anything else is looked at.
    let page = harness.get(&right(), &[(DEST, "document")]).await;
    assert_eq!(page.status, 403);
    has(&page, &[("content-security-policy", NOTHING)]);
}
