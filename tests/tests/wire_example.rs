//! The test that `docs/testing.md` shows: a whole application, a real tokenizer, and two browsers.

use axum::{Router, routing::post};
use lunadefend::{LunaDefend, SessionId, Tokens, VerifiedToken};
use lunadefend_axum::{Luna, Verified};
use lunadefend_testing::{
    TestClock, TestKey,
    browser::Browser,
    tokenizer::{BoundTokenizer, url_of},
};
use std::{error::Error, future::IntoFuture, time::Duration};
use tokio::net::TcpListener;

#[derive(Tokens)]
#[tokens(request)]
struct Form {
    #[token]
    ssn: VerifiedToken,
}

async fn set_ssn(Verified(form): Verified<Form>) {
    drop(form.ssn);
}

/// The session is the value of the cookie: yours looks it up.
fn router(luna: LunaDefend) -> Router {
    let luna = Luna::with_session(luna, |parts| {
        // Of all ports of this host: the tokenizer's are among them.
        let mut cookies = parts.headers.get("cookie")?.to_str().ok()?.split("; ");
        let session = cookies.find_map(|cookie| cookie.strip_prefix("session="))?;
        SessionId::new(session).ok()
    });
    Router::new()
        .route("/ssn", post(set_ssn))
        .merge(luna.routes())
        .with_state(luna)
}

#[tokio::test]
async fn a_token_is_its_owners_while_the_grant_lives() -> Result<(), Box<dyn Error>> {
    let clock = TestClock::new();
    let tokenizer = BoundTokenizer::bind().await?;
    let luna = LunaDefend::builder(tokenizer.url())
        .signing_key(TestKey::generate())
        .clock(clock.clone())
        .build()
        .await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let app = url_of(listener.local_addr()?);
    tokio::spawn(axum::serve(listener, router(luna)).into_future());
    let tokenizer = tokenizer.serve(&app, &clock).await?;

    let mut ann = Browser::new()?;
    let mut bob = ann.stranger();
    ann.set_cookie(&app, "session", "ann")?;
    bob.set_cookie(&app, "session", "bob")?;
    let way = ann.transfer_session(tokenizer.url()).await?;
    assert!(way[2].is_ok(), "{}", way[2].outcome());

    let token = ann.tokenize(tokenizer.url(), "078-05-1120").await?;
    let value = ann.detokenize(tokenizer.url(), &token).await?;
    assert_eq!(value.text(), "078-05-1120");
    let (url, form) = (format!("{app}/ssn"), format!(r#"{{"ssn":"{token}"}}"#));
    assert!(ann.post(&url, &form).await?.is_ok());
    assert!(bob.post(&url, &form).await?.is_error(401, "invalidGrant"));

    clock.advance(Duration::from_secs(15 * 60));
    assert!(ann.post(&url, &form).await?.is_error(401, "invalidGrant"));
    Ok(())
}
