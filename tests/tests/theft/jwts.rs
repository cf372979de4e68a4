//! JWTs that are shown where they do not belong.

use crate::{POST_ROUTES, Scene, assert_refused, store_by_sdk};
use http::Method;
use lunadefend::JwtProfile;
use lunadefend_tests::{Browser, Hosts, Page, signing_key};

/// Every route, with this authorization.
async fn everywhere(scene: &Scene, browser: &mut Browser, authorization: &str) -> Vec<Page> {
    let mut pages = Vec::new();
    for value in [authorization.to_owned(), format!("Bearer {authorization}")] {
        let headers = [
            ("authorization", value.as_str()),
            ("content-type", "application/json"),
        ];
        for route in POST_ROUTES {
            let body = scene.body();
            let url = scene.tokenizer(route);
            pages.push(
                browser
                    .send(Method::POST, &url, &headers, body.as_bytes())
                    .await
                    .unwrap(),
            );
        }
    }
    pages
}

/// Every route, with this cookie of the session's name, as the frame.
async fn by_cookie(scene: &Scene, value: &str) -> Vec<Page> {
    let own = scene.world.tokenizer.url.clone();
    let names = scene.browser.cookies(&own).unwrap();
    let name = names
        .keys()
        .find(|name| name.contains("access_token"))
        .unwrap();
    let mut browser = scene.world.browser();
    browser.set_cookie(&own, name, value).unwrap();
    let mut pages = Vec::new();
    for route in POST_ROUTES {
        let url = scene.tokenizer(route);
        pages.push(
            browser
                .fetch(&own, Method::POST, &url, &scene.body())
                .await
                .unwrap(),
        );
    }
    pages
}

async fn is_logged_in(scene: &Scene, browser: &mut Browser, headers: &[(&str, &str)]) -> bool {
    let url = scene.tokenizer("/session/verify");
    let page = browser.send(Method::GET, &url, headers, b"").await.unwrap();
    assert_eq!(page.status, 200);
    page.json()["success"].as_bool().unwrap()
}

#[tokio::test]
async fn a_transfer_jwt_is_good_for_one_transfer_and_nothing_else() {
    for hosts in [Hosts::Loopback, Hosts::CrossSite] {
        let scene = Scene::new(hosts, JwtProfile::Hardened).await;
        let mut victim = scene.world.browser_of(&scene.ann);
        let url = scene.transfer_url(&mut victim).await;
        let (_, jwt) = url.split_once("openid_token=").unwrap();
        let mut thief = scene.world.browser();
        for used in [false, true] {
            let case = format!("{hosts:?} {used}");
            for page in everywhere(&scene, &mut thief, jwt).await {
                assert_refused(&page, 401, &format!("{case} {}", page.url.path()));
            }
            for page in by_cookie(&scene, jwt).await {
                assert_refused(&page, 401, &format!("{case} {}", page.url.path()));
            }
            let headers = [("authorization", jwt)];
            assert!(!is_logged_in(&scene, &mut thief, &headers).await, "{case}");
            // None of that has used it up.
            if !used {
                let trail = victim.load_no_cors(&scene.app(), &url).await.unwrap();
                assert_eq!(trail[0].status, 200, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn the_applications_jwt_is_no_cookie() {
    for hosts in [Hosts::Loopback, Hosts::CrossSite] {
        let scene = Scene::new(hosts, JwtProfile::default()).await;
        let luna = scene.world.luna();
        let application = luna.client().keys().application().await.unwrap();
        for page in by_cookie(&scene, application.expose_secret()).await {
            assert_refused(&page, 401, page.url.path());
        }
        // Nor does it read values: it owns no session.
        let mut browser = scene.world.browser();
        let headers = [
            ("authorization", application.expose_secret()),
            ("content-type", "application/json"),
        ];
        for route in ["/detokenize", "/metadata/get"] {
            let url = scene.tokenizer(route);
            let body = scene.body();
            let page = browser
                .send(Method::POST, &url, &headers, body.as_bytes())
                .await
                .unwrap();
            assert_refused(&page, 400, route);
        }
        // Nor move a session.
        let mut victim = scene.world.browser_of(&scene.ann);
        let url = scene.transfer_url(&mut victim).await;
        let (start, _) = url.split_once("openid_token=").unwrap();
        let url = format!("{start}openid_token={}", application.expose_secret());
        let page = victim.send(Method::GET, &url, &[], b"").await.unwrap();
        assert_refused(&page, 400, "/session/create");
        scene.assert_frame_reads().await;
    }
}

#[tokio::test]
async fn a_users_jwt_grants_nothing_and_is_no_cookie() {
    let scene = Scene::new(Hosts::Loopback, JwtProfile::default()).await;
    let luna = scene.world.luna();
    // The session as the tokenizer knows it is not known here: any will do.
    let user = luna.client().keys().user(&scene.ann).await.unwrap();
    let mut browser = scene.world.browser();
    for page in everywhere(&scene, &mut browser, user.expose_secret()).await {
        let path = page.url.path().to_owned();
        match path.as_str() {
            "/tokenize" | "/v2/tokenize" => assert_eq!(page.status, 200),
            "/detokenize" | "/metadata/get" | "/v2/detokenize" | "/v2/tokens/describe" => {
                assert_refused(&page, 400, &path);
            }
            "/metadata/set" => assert_refused(&page, 403, &path),
            _ => assert_refused(&page, 401, &path),
        }
    }
    for page in by_cookie(&scene, user.expose_secret()).await {
        assert_refused(&page, 401, page.url.path());
    }
}

/// One key, two tokenizers: of the staging and of the production system, say.
#[tokio::test]
async fn a_jwt_for_another_tokenizer_is_refused() {
    let scene = Scene::new(Hosts::Loopback, JwtProfile::default()).await;
    let other = scene
        .world
        .builder(signing_key())
        .public_tokenizer_url("http://staging.example.com");
    let other = other.build().await.unwrap();
    let keys = other.client().keys();
    let mut browser = scene.world.browser();
    let jwts = [
        keys.application().await.unwrap(),
        keys.user(&scene.ann).await.unwrap(),
    ];
    for jwt in jwts {
        for page in everywhere(&scene, &mut browser, jwt.expose_secret()).await {
            assert_refused(&page, 401, page.url.path());
        }
    }
}

#[tokio::test]
async fn a_good_cookie_does_not_rescue_a_bad_header() {
    let scene = Scene::new(Hosts::Loopback, JwtProfile::default()).await;
    let own = scene.world.tokenizer.url.clone();
    let mut browser = scene.browser.clone();
    for authorization in ["", "garbage", "Bearer ", "Basic YTpi"] {
        let headers = [
            ("authorization", authorization),
            ("origin", own.as_str()),
            ("content-type", "application/json"),
        ];
        let url = scene.tokenizer("/detokenize");
        let body = scene.body();
        let page = browser
            .send(Method::POST, &url, &headers, body.as_bytes())
            .await
            .unwrap();
        assert_refused(&page, 401, authorization);
    }
    // The session that the SDK acts for is the one that the browser has.
    let token = store_by_sdk(&scene.world, &scene.ann, b"v").await;
    let body = format!(r#"{{"tokenId":"{}"}}"#, token.expose_id());
    let page = browser
        .fetch(&own, Method::POST, &scene.tokenizer("/detokenize"), &body)
        .await
        .unwrap();
    assert_eq!(page.status, 200);
}
