//! Script in the application's page, with the cookies of both servers.

use crate::{EVERY_HOSTS, POST_ROUTES, Scene, assert_no_cors, assert_refused};
use http::Method;
use lunadefend::JwtProfile;
use lunadefend_tests::Hosts;

#[tokio::test]
async fn the_page_cannot_ask_as_the_frame() {
    for hosts in EVERY_HOSTS {
        let scene = Scene::new(hosts, JwtProfile::default()).await;
        let (app, body) = (scene.app(), scene.body());
        let mut browser = scene.browser.clone();
        for route in POST_ROUTES.into_iter().chain(["/session/end"]) {
            let case = format!("{hosts:?} {route}");
            let url = scene.tokenizer(route);
            // A cookie is no application, whoever sends it.
            let is_of_application = route.starts_with("/grant/")
                || route.starts_with("/v2/grants/")
                || ["/v2/sessions/revoke", "/v2/tokens/delete"].contains(&route);
            let status = if is_of_application { 401 } else { 403 };

            let page = browser.preflight(&app, &Method::POST, &url).await.unwrap();
            assert_refused(&page, 405, &case);
            // Even if the browser asked without it.
            let page = browser
                .fetch(&app, Method::POST, &url, &body)
                .await
                .unwrap();
            assert_refused(&page, status, &case);
            for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
                let page = browser.fetch(&app, method, &url, "").await.unwrap();
                assert_refused(&page, 405, &case);
            }
        }
        scene.assert_frame_reads().await;
    }
}

#[tokio::test]
async fn nothing_but_the_frames_own_origin_will_do() {
    let json = ("content-type", "application/json");
    for hosts in EVERY_HOSTS {
        let scene = Scene::new(hosts, JwtProfile::default()).await;
        let (app, own) = (scene.app(), scene.world.tokenizer.url.clone());
        let doubled = format!("{own}, {own}");
        let longer = format!("{own}.evil.example");
        let slash = format!("{own}/");
        let upper = own.to_uppercase();
        let mut browser = scene.browser.clone();
        for headers in [
            // A browser without Fetch Metadata, a navigation, a link.
            &[][..],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site")],
            // A page's own, one in a sandbox, and what only looks like the frame's.
            &[("origin", app.as_str())],
            &[("origin", app.as_str()), ("sec-fetch-site", "same-origin")],
            &[("origin", "null"), ("sec-fetch-site", "same-origin")],
            &[("origin", "")],
            &[("origin", doubled.as_str())],
            &[("origin", longer.as_str())],
            &[("origin", slash.as_str())],
            &[("origin", upper.as_str())],
            &[("referer", own.as_str())],
        ] {
            for route in ["/tokenize", "/detokenize", "/metadata/get", "/session/end"] {
                let mut headers = headers.to_vec();
                headers.push(json);
                let url = scene.tokenizer(route);
                let page = browser
                    .send(Method::POST, &url, &headers, scene.body().as_bytes())
                    .await
                    .unwrap();
                assert_refused(&page, 403, &format!("{hosts:?} {headers:?}"));
            }
        }
        scene.assert_frame_reads().await;
    }
}

#[tokio::test]
async fn a_request_that_needs_no_preflight_does_nothing() {
    let scene = Scene::new(Hosts::SameSite, JwtProfile::default()).await;
    let (app, own) = (scene.app(), scene.world.tokenizer.url.clone());
    let mut browser = scene.browser.clone();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
    ] {
        for (origin, status) in [(&app, 403), (&own, 415)] {
            for route in ["/tokenize", "/detokenize", "/metadata/get"] {
                let headers = [
                    ("content-type", kind),
                    ("origin", origin),
                    ("sec-fetch-mode", "no-cors"),
                    ("lunadefend-page-session", "none"),
                ];
                let url = scene.tokenizer(route);
                let page = browser
                    .send(Method::POST, &url, &headers, scene.body().as_bytes())
                    .await
                    .unwrap();
                assert_refused(&page, status, kind);
            }
        }
    }
}

/// Whoever can read where a transfer leads has the JWT.
#[tokio::test]
async fn the_page_cannot_read_where_a_transfer_leads() {
    for hosts in EVERY_HOSTS {
        for wire in [JwtProfile::LunaSec, JwtProfile::Hardened] {
            let scene = Scene::new(hosts, wire).await;
            let app = scene.app();
            for (mode, dest) in [
                ("cors", "empty"),
                ("cors", "script"),
                ("no-cors", "script"),
                ("no-cors", "style"),
                ("no-cors", "image"),
                ("no-cors", "object"),
                ("no-cors", "embed"),
                ("navigate", "object"),
                ("navigate", "embed"),
            ] {
                let case = format!("{hosts:?} {mode} {dest}");
                let mut browser = scene.browser.clone();
                let ensure = scene.tokenizer("/session/ensure");
                let trail = browser.follow(&app, &ensure, mode, dest).await.unwrap();
                assert_eq!(trail.len(), 1, "{case}");
                assert_refused(&trail[0], 403, &case);
                // Nor where the last step leads, with all that the browser has for it.
                let mut victim = scene.world.browser_of(&scene.ann);
                let url = scene.transfer_url(&mut victim).await;
                let trail = victim.follow(&app, &url, mode, dest).await.unwrap();
                assert_refused(&trail[0], 403, &case);

                // With a state of its own, and by every method.
                let url = format!("{app}/.lunasec/secure-frame?state=abc");
                for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
                    let headers = [("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
                    let read = matches!(method, Method::GET | Method::HEAD);
                    let page = browser.send(method, &url, &headers, b"").await.unwrap();
                    assert_refused(&page, if read { 403 } else { 405 }, &case);
                }
            }
            // Nor by a frame or a window that it navigates, whose address it may learn.
            for dest in ["iframe", "document"] {
                let mut victim = scene.world.browser_of(&scene.ann);
                let url = scene.transfer_url(&mut victim).await;
                for url in [url, scene.tokenizer("/session/ensure")] {
                    let trail = victim.follow(&app, &url, "navigate", dest).await.unwrap();
                    assert_eq!(trail.len(), 1, "{dest}");
                    assert_refused(&trail[0], 403, dest);
                }
            }
            // The way that it must take is no way for script either.
            let mut browser = scene.browser.clone();
            let ensure = scene.tokenizer("/session/ensure");
            scene.next_second();
            let trail = browser.load_no_cors(&app, &ensure).await.unwrap();
            assert_eq!(trail.len(), 3);
            assert_eq!(trail[2].status, 200);
            for page in trail {
                assert_no_cors(&page, page.url.as_str());
                assert!(page.body.is_empty() || page.status == 200);
                assert!(!page.text().contains("eyJ"));
            }
            scene.assert_frame_reads().await;
        }
    }
}

#[tokio::test]
async fn what_the_page_may_read_says_nothing() {
    let scene = Scene::new(Hosts::SameSite, JwtProfile::default()).await;
    let app = scene.app();
    let verify = scene.tokenizer("/session/verify");
    let mut browser = scene.browser.clone();
    let page = browser.fetch(&app, Method::GET, &verify, "").await.unwrap();
    assert_eq!(page.header("access-control-allow-origin"), app);
    // Without the React SDK a page gets no answer at all about the session.
    assert_eq!(page.status, 400);
    assert!(
        page.text().contains("lunadefend-page-session"),
        "{}",
        page.text()
    );
    assert_eq!(page.header("lunasec-session-hash"), "");
    assert_eq!(page.header("set-cookie"), "");

    for other in [
        "http://evil.example",
        "http://app.example.com.evil.example",
        "http://app.example.com:8080",
        "https://app.example.com",
    ] {
        let page = browser
            .fetch(other, Method::GET, &verify, "")
            .await
            .unwrap();
        assert_no_cors(&page, other);
        let page = browser
            .preflight(other, &Method::GET, &verify)
            .await
            .unwrap();
        assert_no_cors(&page, other);
    }
}
