//! The whole way of a session to the tokenizer, by each adapter's two routes.

use crate::{on::ADAPTERS, site::Site};
use http::Method;
use lunadefend_tests::{Hosts, Settings};

const APP: &str = "http://app.example.com";

#[tokio::test]
async fn a_browser_comes_back_with_a_session_at_the_tokenizer() {
    for adapter in ADAPTERS {
        let settings = Settings {
            hosts: Hosts::SameSite,
            ..Settings::default()
        };
        let world = Site::with_tokenizer(adapter, settings).await;
        let tokenizer = world.tokenizer.url.as_str();
        let (ensure, verify) = (
            format!("{tokenizer}/session/ensure"),
            format!("{tokenizer}/session/verify"),
        );

        let mut browser = world.browser();
        let stranger = browser.load_no_cors(tokenizer, &ensure).await.unwrap();
        let statuses: Vec<u16> = stranger.iter().map(|page| page.status).collect();
        assert_eq!(
            statuses,
            [302, 401],
            "{}: nobody is logged in",
            adapter.name
        );

        browser.set_cookie(APP, "id", "ann").unwrap();
        let trail = browser.load_no_cors(tokenizer, &ensure).await.unwrap();
        let statuses: Vec<u16> = trail.iter().map(|page| page.status).collect();
        assert_eq!(statuses, [302, 302, 200], "{}", adapter.name);
        // The frame asks: a page of the application may not.
        let page = browser.fetch(tokenizer, Method::GET, &verify, "");
        let page = page.await.unwrap();
        assert_eq!(page.json()["success"], true, "{}", adapter.name);
    }
}
