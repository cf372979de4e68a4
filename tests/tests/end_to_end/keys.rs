//! Which key the tokenizer trusts, and how it hears of a new one.

use super::refused;
use http::Method;
use lunadefend::{Error, ErrorKind, LunaDefend, SessionId, VerifiedToken};
use lunadefend_tests::{Settings, TestClock, World, other_key, signing_key};
use std::time::Duration;

const TOKEN: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";

async fn grant(luna: &LunaDefend, session: &SessionId) -> Result<(), Error> {
    let token = VerifiedToken::assertion(TOKEN).unwrap();
    luna.grants().grant(session, token, None).await.map(drop)
}

/// Each process has a key set of its own.
async fn alone() -> World {
    World::with(Settings {
        alone: true,
        ..Settings::default()
    })
    .await
}

#[tokio::test]
async fn a_key_that_is_not_published_is_not_trusted() {
    let world = alone().await;
    let ann = world.application.log_in("ann");
    assert_eq!(world.application.jwks_requests(), 0, "nobody has asked yet");
    grant(&world.luna(), &ann).await.unwrap();
    assert_eq!(world.application.jwks_requests(), 1);

    let impostor = world.luna_with(other_key()).await;
    let error = grant(&impostor, &ann).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnauthorized);
    assert_eq!(
        (error.name(), error.code().as_str()),
        ("tokenizerUnauthorized", "500")
    );
    for hint in ["SESSION_JWKS_URL", "SESSION_PUBLIC_KEY", "clocks"] {
        assert!(error.message().contains(hint), "{}", error.message());
    }
    let token = VerifiedToken::assertion(TOKEN).unwrap();
    let api = impostor.tokenizer();
    assert_eq!(
        refused(api.detokenize(&ann, &token).await),
        ErrorKind::TokenizerUnauthorized
    );
    assert_eq!(
        world.application.jwks_requests(),
        1,
        "the set is younger than a minute"
    );

    // However often he comes: once a minute.
    for minute in 2..4 {
        world.clock.advance(Duration::from_secs(60));
        for _ in 0..5 {
            assert_eq!(
                refused(grant(&impostor, &ann).await),
                ErrorKind::TokenizerUnauthorized
            );
        }
        assert_eq!(world.application.jwks_requests(), minute);
        world.clock.advance(Duration::from_secs(59));
        refused(grant(&impostor, &ann).await);
        assert_eq!(world.application.jwks_requests(), minute);
        world.clock.advance(Duration::from_secs(1));
        grant(&world.luna(), &ann).await.unwrap();
        assert_eq!(
            world.application.jwks_requests(),
            minute,
            "the key is known"
        );
    }
}

#[tokio::test]
async fn a_new_key_is_found_with_one_request() {
    let world = alone().await;
    let ann = world.application.log_in("ann");
    grant(&world.luna(), &ann).await.unwrap();
    world.clock.advance(Duration::from_secs(60));

    world
        .application
        .restart(world.luna_with(other_key()).await);
    let luna = world.luna();
    // Many at once find it together.
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let (luna, ann) = (luna.clone(), ann.clone());
            tokio::spawn(async move { grant(&luna, &ann).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(world.application.jwks_requests(), 2);

    // The old one is gone with its document.
    let old = world.luna_with(signing_key()).await;
    assert_eq!(
        refused(grant(&old, &ann).await),
        ErrorKind::TokenizerUnauthorized
    );
    assert_eq!(world.application.jwks_requests(), 2);
    // So is it for browsers.
    let browser = world.browser_in(&ann).await;
    assert!(
        browser
            .cookies(&world.tokenizer.url)
            .unwrap()
            .contains_key("access_token")
    );
}

#[tokio::test]
async fn a_restart_with_another_key_recovers_within_a_second() {
    let world = alone().await;
    let ann = world.application.log_in("ann");
    grant(&world.luna(), &ann).await.unwrap();
    world
        .application
        .restart(world.luna_with(other_key()).await);
    assert_eq!(
        refused(grant(&world.luna(), &ann).await),
        ErrorKind::TokenizerUnauthorized
    );
    // What the users of the application see meanwhile says nothing of keys' values.
    let mut browser = world.browser_of(&ann);
    let app = world.application.url.clone();
    let body = format!(r#"{{"ssn":"{TOKEN}"}}"#);
    let url = format!("{app}/profile");
    let page = browser
        .fetch(&app, Method::POST, &url, &body)
        .await
        .unwrap();
    assert_eq!(page.status, 500);
    assert_eq!(page.json()["error"]["name"], "tokenizerUnauthorized");

    world.clock.advance(Duration::from_secs(1));
    grant(&world.luna(), &ann).await.unwrap();
    let page = browser
        .fetch(&app, Method::POST, &url, &body)
        .await
        .unwrap();
    assert_eq!(page.status, 200, "the grant of before");
}

#[tokio::test]
async fn an_application_whose_clock_is_wrong_is_told_so() {
    let world = World::start().await;
    let ann = world.application.log_in("ann");
    for (behind, trusted) in [(0, true), (15 * 60, true), (15 * 60 + 5, false)] {
        let clock = TestClock::new();
        let luna = world.builder(signing_key()).clock(clock.clone());
        let luna = luna.build().await.unwrap();
        world.clock.set_seconds(behind);
        match grant(&luna, &ann).await {
            Ok(()) => assert!(trusted, "{behind}"),
            Err(error) => {
                assert!(!trusted, "{behind}");
                assert_eq!(error.kind(), ErrorKind::TokenizerUnauthorized);
                assert!(error.message().contains("clocks agree"));
            }
        }
    }
}

#[tokio::test]
async fn the_published_keys_are_looked_at_again_from_time_to_time() {
    let world = alone().await;
    let ann = world.application.log_in("ann");
    grant(&world.luna(), &ann).await.unwrap();
    world.clock.advance(Duration::from_secs(299));
    grant(&world.luna(), &ann).await.unwrap();
    assert_eq!(world.application.jwks_requests(), 1);
    // As old as the application says that it may be: nobody waits for the next one.
    world.clock.advance(Duration::from_secs(1));
    grant(&world.luna(), &ann).await.unwrap();
    let deadline = tokio::time::Instant::now() + lunadefend_tests::http1::PATIENCE;
    while world.application.jwks_requests() < 2 {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
}
