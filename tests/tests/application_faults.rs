//! An application whose public keys cannot be had, from the tokenizer's point of view: no yes, no
//! start-up that fails, and no restart that is needed.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

use http::Method;
use lunadefend::{Error, ErrorKind, SessionId, VerifiedToken};
use lunadefend_tests::{
    Act, Fault, Settings, World,
    http1::{Message, answer, json},
    other_key,
};
use std::time::Duration;

const JWKS: &str = "/.lunasec/jwks.json";

async fn world() -> World {
    World::with(Settings {
        proxied: true,
        ..Settings::default()
    })
    .await
}

async fn grant(world: &World, session: &SessionId) -> Result<(), Error> {
    let token = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
    let token = VerifiedToken::assertion(token).unwrap();
    let luna = world.luna();
    luna.grants().grant(session, token, None).await.map(drop)
}

/// What goes wrong, and how.
type NamedFault = (&'static str, fn() -> Fault);

/// What must not be taken for a set of keys.
fn faults() -> Vec<NamedFault> {
    fn edited(bytes: Vec<u8>, from: &str, to: &str) -> Act {
        let text = String::from_utf8(bytes).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(body.contains(from), "{from}");
        Act::Send(json(200, &body.replace(from, to)))
    }
    vec![
        ("reset", || Fault::Instead(Act::Reset(Vec::new()))),
        ("closed", || Fault::Instead(Act::Send(Vec::new()))),
        ("HTML", || {
            let page = "<html>log in</html>";
            Fault::Instead(Act::Send(answer(200, "content-type: text/html\r\n", page)))
        }),
        ("a set that says it is text", || {
            Fault::Spoil(|bytes| {
                let text = String::from_utf8(bytes).unwrap();
                Act::Send(text.replace("application/json", "text/plain").into())
            })
        }),
        ("404", || Fault::Instead(Act::Send(answer(404, "", "")))),
        ("500", || Fault::Instead(Act::Send(answer(500, "", "")))),
        ("a redirect", || {
            let elsewhere = "location: /.lunasec/jwks.json?again\r\n";
            Fault::Instead(Act::Send(answer(302, elsewhere, "")))
        }),
        ("half of it", || {
            Fault::Spoil(|mut bytes| {
                bytes.truncate(bytes.len() - 40);
                Act::Send(bytes)
            })
        }),
        ("over 64 KiB", || {
            Fault::Spoil(|bytes| {
                let padded = format!("{{\"x\":\"{}\",\"keys\"", "x".repeat(64 * 1024));
                edited(bytes, "{\"keys\"", &padded)
            })
        }),
        ("compressed, or so it says", || {
            Fault::Spoil(|bytes| {
                let text = String::from_utf8(bytes).unwrap();
                let encoded = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n";
                Act::Send(text.replacen("HTTP/1.1 200 OK\r\n", encoded, 1).into())
            })
        }),
        ("no keys", || Fault::Instead(Act::Send(json(200, "{}")))),
        ("keys twice", || {
            Fault::Spoil(|bytes| edited(bytes, "{\"keys\"", "{\"keys\":[],\"keys\""))
        }),
        ("an array", || Fault::Instead(Act::Send(json(200, "[]")))),
    ]
}

#[tokio::test]
async fn keys_that_cannot_be_had_at_the_start() {
    let world = world().await;
    let ann = world.application.log_in("ann");
    let line = world.line_to_application();
    for (name, fault) in faults() {
        line.plan(move |_, _| fault());
        let error = grant(&world, &ann).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::TokenizerUnavailable,
            "{name}: the tokenizer has nothing against the key"
        );
        // Nothing is wrong with the tokenizer itself.
        let mut browser = world.browser();
        let health = format!("{}/health", world.tokenizer.url);
        let page = browser.send(Method::GET, &health, &[], b"").await.unwrap();
        assert_eq!(page.status, 200, "{name}");
        world.clock.advance(Duration::from_secs(1));
    }
    let requests = line.requests();
    assert_eq!(
        requests.len(),
        faults().len(),
        "one try a second, by the clock"
    );
    assert!(requests.iter().all(|request| request.target() == JWKS));

    // It comes up, and nobody has to restart anything.
    line.mend();
    grant(&world, &ann).await.unwrap();
    drop(world.browser_in(&ann).await);
}

#[tokio::test]
async fn a_session_transfer_waits_for_the_keys_and_is_not_used_up() {
    let world = world().await;
    let ann = world.application.log_in("ann");
    let mut browser = world.browser_of(&ann);
    let line = world.line_to_application();
    line.plan(|_, _| Fault::Instead(Act::Reset(Vec::new())));
    let ensure = format!("{}/session/ensure", world.tokenizer.url);
    let trail = browser
        .load_no_cors(&world.tokenizer.url, &ensure)
        .await
        .unwrap();
    let created = trail.last().unwrap();
    assert_eq!(created.status, 503);
    assert!(!created.text().contains("eyJ"));

    line.mend();
    world.clock.advance(Duration::from_secs(1));
    let trail = browser
        .load_no_cors(&world.tokenizer.url, created.url.as_str())
        .await
        .unwrap();
    assert_eq!(trail[0].status, 200, "{}", trail[0].text());
}

#[tokio::test]
async fn known_keys_outlive_an_application_that_is_down() {
    let world = world().await;
    let ann = world.application.log_in("ann");
    grant(&world, &ann).await.unwrap();
    let line = world.line_to_application();
    line.plan(|_, _| Fault::Instead(Act::Reset(Vec::new())));
    // Fresh for five minutes, and used for 15 more.
    for minutes in [5, 1, 13] {
        world.clock.advance(Duration::from_secs(minutes * 60));
        grant(&world, &ann).await.unwrap();
    }
    world.clock.advance(Duration::from_secs(60));
    let error = grant(&world, &ann).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);

    line.mend();
    world.clock.advance(Duration::from_secs(60));
    grant(&world, &ann).await.unwrap();
}

#[tokio::test]
async fn a_new_key_while_the_application_is_down() {
    let world = world().await;
    let ann = world.application.log_in("ann");
    let old = world.luna();
    grant(&world, &ann).await.unwrap();
    let line = world.line_to_application();
    world.clock.advance(Duration::from_secs(60));

    for (name, fault) in faults() {
        line.plan(move |_, _| fault());
        world
            .application
            .restart(world.luna_with(other_key()).await);
        let error = grant(&world, &ann).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::TokenizerUnavailable,
            "{name}: it may be a good key"
        );
        world.application.restart(old.clone());
        grant(&world, &ann).await.unwrap();
        world.clock.advance(Duration::from_secs(60));
    }
    line.mend();
    world
        .application
        .restart(world.luna_with(other_key()).await);
    grant(&world, &ann).await.unwrap();
}

/// The one test here that takes its time: a tokenizer gives an application five seconds.
#[tokio::test]
async fn an_application_that_does_not_answer_holds_nobody_for_long() {
    let answers: [fn() -> Act; 2] = [
        || Act::Hang,
        || {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
            Act::Drip(head.into(), vec![b' '; 100_000])
        },
    ];
    let worlds = answers.map(|act| {
        tokio::spawn(async move {
            let world = world().await;
            let ann = world.application.log_in("ann");
            let line = world.line_to_application();
            line.plan(move |_, _: &Message| Fault::Instead(act()));
            let error = grant(&world, &ann).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
            assert_eq!(line.requests().len(), 1, "all wait for one");

            line.mend();
            world.clock.advance(Duration::from_secs(1));
            grant(&world, &ann).await.unwrap();
        })
    });
    for world in worlds {
        world.await.unwrap();
    }
}
