//! What the table of all adapters (`tests/tests/adapters`) cannot say: warp's way of trying one route after the
//! other, bodies that are read more than once, and connections.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

#[path = "http/app.rs"]
mod app;
#[path = "http/neighbours.rs"]
mod neighbours;
#[path = "http/server.rs"]
mod server;

use app::{app, post, text};
use lunadefend_core::VerifiedToken;
use lunadefend_testing::{Call, session, token};
use lunadefend_warp::Verified;

#[tokio::test]
async fn two_hundred_tokens_are_one_call_and_the_provider_is_asked_once() {
    let app = app();
    let granted: Vec<_> = (0..200)
        .map(|number| app.backend.grant(&session("ann"), &token(number)))
        .collect();
    let request = post("/store", "ann").json(&granted);
    assert_eq!(
        text(request.reply(&app.routes).await),
        (200, "200".to_owned())
    );
    let tokens = granted.iter().map(|token| token.expose_id());
    assert_eq!(app.backend.take_calls(), [Call::verify("ann", tokens)]);
    assert_eq!(app.asked.get(), 1, "three extractors, one question");
}

#[tokio::test]
async fn two_types_can_be_read_from_one_body() {
    async fn twice(
        Verified(list): Verified<Vec<VerifiedToken>>,
        Verified(maybe): Verified<Option<Vec<VerifiedToken>>>,
    ) -> String {
        format!("{} {}", list.len(), maybe.is_some())
    }

    let app = app();
    let granted = app.backend.grant(&session("ann"), &token(1));
    let route = app.luna.handle(warp::path!("twice"), twice);
    let request = post("/twice", "ann").json(&[granted]);
    assert_eq!(
        text(request.reply(&route).await),
        (200, "1 true".to_owned())
    );
    assert_eq!(app.asked.get(), 1);
}
