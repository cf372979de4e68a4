//! What users upload, and the URLs that it is read at.

use crate::{EVERY_HOSTS, Scene, assert_no_cors, assert_refused, store_by_sdk};
use http::Method;
use lunadefend::{GrantDuration, JwtProfile};
use lunadefend_tests::{Hosts, Page};
use std::time::Duration;

const HTML: &str = "<!doctype html><script>fetch('/detokenize')</script>";

#[track_caller]
fn assert_inert(page: &Page) {
    assert_eq!(page.header("content-type"), "application/octet-stream");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("content-disposition"), "attachment");
    assert_eq!(
        page.header("content-security-policy"),
        "sandbox; default-src 'none'; frame-ancestors 'none'"
    );
    assert_eq!(page.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("set-cookie"), "");
    assert_no_cors(page, page.url.path());
}

/// The URL of a value, as the frame gets it.
async fn download_url(scene: &Scene, token: &str) -> String {
    let own = &scene.world.tokenizer.url;
    let body = format!(r#"{{"tokenId":"{token}"}}"#);
    let mut browser = scene.browser.clone();
    let page = browser
        .fetch(own, Method::POST, &scene.tokenizer("/detokenize"), &body)
        .await
        .unwrap();
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()["data"]["downloadUrl"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn an_uploaded_page_comes_back_inert() {
    for hosts in EVERY_HOSTS {
        let scene = Scene::new(hosts, JwtProfile::default()).await;
        let own = scene.world.tokenizer.url.clone();
        let mut browser = scene.browser.clone();
        for kind in ["text/html", "image/svg+xml", "text/javascript", ""] {
            // The thief uploads, and says what he likes.
            let page = browser
                .fetch(&own, Method::POST, &scene.tokenizer("/tokenize"), "{}")
                .await
                .unwrap();
            let answer = page.json();
            let upload = answer["data"]["uploadUrl"].as_str().unwrap();
            let headers = [("content-type", kind), ("content-disposition", "inline")];
            let page = browser
                .send(Method::PUT, upload, &headers, HTML.as_bytes())
                .await
                .unwrap();
            assert_eq!(page.status, 200);

            let url = download_url(&scene, answer["data"]["tokenId"].as_str().unwrap()).await;
            let page = browser.fetch(&own, Method::GET, &url, "").await.unwrap();
            assert_eq!((page.status, page.text().as_str()), (200, HTML));
            assert_inert(&page);
            // Asked for as anything else than data, also by the frame itself.
            for (mode, dest) in [
                ("no-cors", "script"),
                ("no-cors", "image"),
                ("cors", "style"),
            ] {
                for asker in [&own, &scene.app()] {
                    let trail = browser.follow(asker, &url, mode, dest).await.unwrap();
                    assert_inert(&trail[0]);
                }
            }
            for dest in ["document", "iframe", "object", "embed"] {
                for asker in [&own, &scene.app()] {
                    let trail = browser.follow(asker, &url, "navigate", dest).await.unwrap();
                    assert_refused(&trail[0], 403, dest);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_page_cannot_read_at_a_url_that_it_got_hold_of() {
    let scene = Scene::new(Hosts::CrossSite, JwtProfile::default()).await;
    let app = scene.app();
    let url = download_url(&scene, scene.token.expose_id()).await;
    let mut browser = scene.browser.clone();
    for method in [Method::GET, Method::HEAD] {
        let page = browser.fetch(&app, method, &url, "").await.unwrap();
        assert_inert(&page);
    }
    for method in [Method::PUT, Method::POST, Method::DELETE] {
        let page = browser.preflight(&app, &method, &url).await.unwrap();
        assert_refused(&page, 405, method.as_str());
    }
    // A URL for reading does not write, and one for writing does not read.
    let page = browser
        .fetch(&app, Method::PUT, &url, "overwritten")
        .await
        .unwrap();
    assert_refused(&page, 403, "PUT");
    let own = scene.world.tokenizer.url.clone();
    let page = browser
        .fetch(&own, Method::POST, &scene.tokenizer("/tokenize"), "{}")
        .await
        .unwrap();
    let upload = page.json()["data"]["uploadUrl"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_refused(
        &browser.fetch(&own, Method::GET, &upload, "").await.unwrap(),
        403,
        "GET",
    );
    scene.assert_frame_reads().await;
}

#[tokio::test]
async fn a_url_dies_with_its_grant_and_after_a_minute() {
    let scene = Scene::new(Hosts::Loopback, JwtProfile::default()).await;
    let own = scene.world.tokenizer.url.clone();
    let clock = &scene.world.clock;
    let mut browser = scene.browser.clone();
    let url = download_url(&scene, scene.token.expose_id()).await;
    clock.advance(Duration::from_secs(59));
    assert_eq!(
        browser
            .fetch(&own, Method::GET, &url, "")
            .await
            .unwrap()
            .status,
        200
    );
    clock.advance(Duration::from_secs(1));
    assert_refused(
        &browser.fetch(&own, Method::GET, &url, "").await.unwrap(),
        403,
        "a minute",
    );

    let bob = scene.world.application.log_in("bob");
    let bobs = scene.world.browser_in(&bob).await;
    let luna = scene.world.luna();
    let five: GrantDuration = "5s".parse().unwrap();
    luna.grants().grant(&bob, &scene.token, five).await.unwrap();
    let scene = Scene {
        browser: bobs,
        ..scene
    };
    let url = download_url(&scene, scene.token.expose_id()).await;
    scene.world.clock.advance(Duration::from_secs(5));
    let page = browser.fetch(&own, Method::GET, &url, "").await.unwrap();
    assert!(page.status == 403 || page.status == 404, "{}", page.status);
    assert_refused(&page, page.status, "the grant has ended");
    // The value that the SDK reads goes the same way.
    let token = store_by_sdk(&scene.world, &bob, b"v").await;
    scene.world.clock.advance(Duration::from_secs(15 * 60));
    let api = scene.world.luna().tokenizer();
    assert!(api.detokenize(&bob, &token).await.is_err());
}
