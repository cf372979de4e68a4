//! The end of a session: what it held counts no more, anywhere.

use super::refused;
use http::Method;
use lunadefend::{ErrorKind, Metadata, UntrustedToken};
use lunadefend_tests::{Hosts, Settings, World};

#[tokio::test]
async fn what_an_ended_session_held_counts_no_more() {
    for raw_session_ids in [false, true] {
        let world = World::with(Settings {
            raw_session_ids,
            ..Settings::default()
        })
        .await;
        let luna = world.luna();
        let ann = world.application.log_in("ann");
        let bob = world.application.log_in("bob");
        let api = luna.tokenizer();
        let text = Metadata::string();
        let token = api.tokenize_text(&ann, "x", &text).await.unwrap();
        let untrusted = || UntrustedToken::parse(token.expose_id()).unwrap();
        luna.grants().grant(&bob, &token, None).await.unwrap();
        luna.grants().verify(&ann, untrusted()).await.unwrap();

        luna.sessions().end(&ann).await.unwrap();
        // Twice is no error.
        luna.sessions().end(&ann).await.unwrap();

        let grants = luna.grants();
        assert_eq!(
            refused(grants.verify(&ann, untrusted()).await),
            ErrorKind::InvalidGrant
        );
        for kind in [
            refused(grants.grant(&ann, &token, None).await),
            refused(api.tokenize_text(&ann, "x", &text).await),
            refused(api.detokenize(&ann, &token).await),
            refused(api.metadata(&ann, &token).await),
        ] {
            assert_eq!(kind, ErrorKind::SessionEnded);
        }
        // Nobody else lost anything.
        grants.verify(&bob, untrusted()).await.unwrap();
        let value = api.detokenize(&bob, &token).await.unwrap();
        assert_eq!(value.expose_secret(), b"x");
    }
}

/// The tokenizer compares what the application has printed into the page.
#[tokio::test]
async fn a_page_of_one_session_gets_nothing_by_the_session_of_another() {
    for raw_session_ids in [false, true] {
        let world = World::with(Settings {
            hosts: Hosts::SameSite,
            raw_session_ids,
            ..Settings::default()
        })
        .await;
        let ann = world.application.log_in("ann");
        let bob = world.application.log_in("bob");
        let mut browser = world.browser_in(&bob).await;
        let tokenizer = world.tokenizer.url.clone();
        for (session, status) in [(&bob, 200), (&ann, 401)] {
            let page_session = world.luna().page_session(session).unwrap().to_string();
            let headers = [
                ("content-type", "application/json"),
                ("origin", tokenizer.as_str()),
                ("lunadefend-page-session", &page_session),
            ];
            let url = format!("{tokenizer}/tokenize");
            let page = browser
                .send(Method::POST, &url, &headers, b"{}")
                .await
                .unwrap();
            assert_eq!(page.status, status, "{}", page.text());
            if status == 401 {
                assert_eq!(page.json()["error"]["errorName"], "sessionMismatch");
            }
        }
    }
}
