//! A browser: the session moves to the tokenizer, the frame stores a value and reads it back.

use http::Method;
use lunadefend_tests::{Browser, Hosts, Page, Settings, World};
use std::time::Duration;

/// Script of the frame asks the tokenizer.
async fn frame_post(world: &World, browser: &mut Browser, path: &str, body: &str) -> Page {
    let url = format!("{}{path}", world.tokenizer.url);
    browser
        .fetch(&world.tokenizer.url, Method::POST, &url, body)
        .await
        .unwrap()
}

async fn whole_life(hosts: Hosts, path: &'static str) {
    let world = World::with(Settings {
        hosts,
        path,
        ..Settings::default()
    })
    .await;
    let tokenizer = world.tokenizer.url.clone();
    let ann = world.application.log_in("ann");
    let mut browser = world.browser_in(&ann).await;

    let page = frame_post(
        &world,
        &mut browser,
        "/tokenize",
        r#"{"metadata":{"dataType":"string"}}"#,
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.text());
    let answer = page.json();
    let token = answer["data"]["tokenId"].as_str().unwrap();
    let upload = answer["data"]["uploadUrl"].as_str().unwrap();
    assert!(upload.starts_with(&format!("{tokenizer}/blob/")));
    let page = browser
        .fetch(&tokenizer, Method::PUT, upload, "078-05-1120")
        .await
        .unwrap();
    assert_eq!(page.status, 200, "{}", page.text());

    let app = world.application.url.clone();
    let profile = format!("{app}/profile");
    let body = format!(r#"{{"ssn":"{token}"}}"#);
    let page = browser
        .fetch(&app, Method::POST, &profile, &body)
        .await
        .unwrap();
    assert_eq!(page.status, 200, "{}", page.text());
    let page = browser
        .fetch(&app, Method::GET, &profile, "")
        .await
        .unwrap();
    assert_eq!(page.json()["ssn"], token);

    let body = format!(r#"{{"tokenId":"{token}"}}"#);
    let page = frame_post(&world, &mut browser, "/detokenize", &body).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let download = page.json()["data"]["downloadUrl"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(download.starts_with(&format!("{tokenizer}/blob/")));
    let page = browser
        .fetch(&tokenizer, Method::GET, &download, "")
        .await
        .unwrap();
    assert_eq!(page.text(), "078-05-1120");

    // Another user's browser, with the token and even with the URL of the form.
    let bob = world.application.log_in("bob");
    let mut bobs = world.browser_in(&bob).await;
    for path in ["/detokenize", "/metadata/get"] {
        let page = frame_post(&world, &mut bobs, path, &body).await;
        assert_eq!(page.status, 400, "{path}");
    }
}

#[tokio::test]
async fn on_loopback() {
    whole_life(Hosts::Loopback, "").await;
}

#[tokio::test]
async fn on_one_site() {
    whole_life(Hosts::SameSite, "").await;
}

#[tokio::test]
async fn on_two_sites_and_below_a_path() {
    whole_life(Hosts::CrossSite, "/prod").await;
}

#[tokio::test]
async fn a_session_of_the_tokenizer_ends_and_is_renewed() {
    // LunaSec's React SDK asks so: the page itself, without saying for which session it was made.
    let settings = Settings {
        tokenizer: |config| config.react_sdk(true),
        ..Settings::default()
    };
    let world = World::with(settings).await;
    let tokenizer = world.tokenizer.url.clone();
    let verify = format!("{tokenizer}/session/verify");
    let ann = world.application.log_in("ann");
    let mut browser = world.browser_in(&ann).await;
    let app = world.application.url.clone();
    let is_logged_in = async |browser: &mut Browser| {
        let page = browser.fetch(&app, Method::GET, &verify, "").await.unwrap();
        assert_eq!(page.header("access-control-allow-origin"), app);
        page.json()["success"].as_bool().unwrap()
    };
    world.clock.advance(Duration::from_millis(15 * 60_000 - 1));
    assert!(is_logged_in(&mut browser).await);
    world.clock.advance(Duration::from_millis(1));
    assert!(!is_logged_in(&mut browser).await);
    let page = frame_post(&world, &mut browser, "/tokenize", "{}").await;
    assert_eq!(page.status, 401);

    let trail = browser
        .load_no_cors(&app, &format!("{tokenizer}/session/ensure"))
        .await
        .unwrap();
    assert_eq!(trail.last().unwrap().status, 200);
    assert!(is_logged_in(&mut browser).await);
}

#[tokio::test]
async fn a_frame_notices_that_the_user_has_changed() {
    let world = World::start().await;
    let ann = world.application.log_in("ann");
    let mut browser = world.browser_in(&ann).await;
    let page = frame_post(&world, &mut browser, "/tokenize", "{}").await;
    let hash = page.header("lunasec-session-hash").to_owned();
    assert_eq!(hash.len(), 40);

    // Bob logs in with the same browser.
    let bob = world.application.log_in("bob");
    let cookie = lunadefend_tests::Application::COOKIE;
    browser
        .set_cookie(&world.application.url, cookie, bob.expose_id())
        .unwrap();
    let ensure = format!("{}/session/ensure", world.tokenizer.url);
    let trail = browser
        .load_no_cors(&world.tokenizer.url, &ensure)
        .await
        .unwrap();
    let created = trail.last().unwrap();
    assert_eq!(created.status, 200);
    assert_ne!(created.header("session_hash"), hash);

    let url = format!("{}/tokenize", world.tokenizer.url);
    for (hash, status) in [(hash.as_str(), 401), (created.header("session_hash"), 200)] {
        let headers = [
            ("content-type", "application/json"),
            ("origin", world.tokenizer.url.as_str()),
            ("lunasec-session-hash", hash),
            ("lunadefend-page-session", "none"),
        ];
        let page = browser
            .send(Method::POST, &url, &headers, b"{}")
            .await
            .unwrap();
        assert_eq!(page.status, status);
    }
}
