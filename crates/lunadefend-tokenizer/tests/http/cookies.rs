//! Which cookies a browser gets, by the sites of application and tokenizer, and by auth provider.

use crate::{
    harness::{
        ANY_PAGE, APP_ORIGIN, Harness, ORIGIN, OTHER_SESSION, Reply, SESSION, base, builder,
    },
    jwt::{self, APPLICATION_KEY},
};
use lunadefend_core::{
    SessionId,
    wire::{PageSession, SESSION_MISMATCH},
};
use lunadefend_crypto::{hex, sha256};
use lunadefend_http::Cleartext;
use lunadefend_tokenizer::{
    AuthProviders, CookiePolicy, Origin, TokenizerConfig, TokenizerConfigBuilder, VerificationKeys,
};

const STRICT: &str = "Secure; HttpOnly; SameSite=Strict";
const CROSS_SITE: &str = "Secure; HttpOnly; SameSite=None; Partitioned";
const LAX: &str = "HttpOnly; SameSite=Lax";

fn keys() -> VerificationKeys {
    VerificationKeys::Public(APPLICATION_KEY.public_key().clone())
}

/// A tokenizer with one provider and one front end.
fn of(url: &str, provider: &str, front_end: &str) -> TokenizerConfigBuilder {
    let providers = AuthProviders::parse(provider, "AUTH_PROVIDERS", Cleartext::Allowed).unwrap();
    let front_end = Origin::parse(front_end, "APPLICATION_FRONT_END").unwrap();
    TokenizerConfig::builder(base(url), keys(), providers).application_origin(front_end)
}

fn state_of(reply: &Reply) -> String {
    assert_eq!(reply.status, 302, "{}", reply.text());
    let (_, state) = reply.header("location").split_once("state=").unwrap();
    state.to_owned()
}

/// The cookies of a whole transfer: that of the state, that of the session, and the deletion.
async fn transfer(harness: &Harness, prefix: &str, attributes: &str) -> String {
    let reply = harness.get("/session/ensure", &[]).await;
    let state = state_of(&reply);
    let name = format!("{prefix}state-{}", hex(&sha256(state.as_bytes())[..4]));
    let cookie = reply.cookie(&format!("{name}="));
    let set = format!("{cookie}; Path=/; Max-Age=300; {attributes}");
    assert_eq!(reply.set_cookies(), [set]);
    let jwt = harness.user(SESSION);
    let created = harness.create(&state, &jwt, &cookie).await;
    assert_eq!(created.status, 200, "{}", created.text());
    let session = created.cookie(&format!("{prefix}access_token="));
    assert_eq!(
        created.set_cookies(),
        [
            format!("{session}; Path=/; Max-Age=900; {attributes}"),
            format!("{name}=; Path=/; Max-Age=0; {attributes}"),
        ]
    );
    session
}

#[tokio::test]
async fn safari_keeps_the_cookies_of_one_site_on_this_machine() {
    for (url, application) in [
        ("http://localhost:17766", "http://localhost:3000"),
        ("http://127.0.0.1:17766", "http://127.0.0.1:3000"),
        ("http://[::1]:17766", "http://[::1]:3000"),
        (
            "http://tokenizer.shop.localhost:17766",
            "http://app.shop.localhost:3000",
        ),
        ("http://t.shop.localhost", "http://shop.localhost:3000"),
    ] {
        let harness = Harness::with(of(url, application, application)).await;
        let session = transfer(&harness, "", LAX).await;
        let headers = [("cookie", session.as_str()), ("origin", url), ANY_PAGE];
        let reply = harness.post("/tokenize", &headers, "{}").await;
        assert_eq!(reply.status, 200, "{url}");
        // Here the names have no prefix, and the one with it is another program's.
        let prefixed = format!("__Host-{session}");
        let headers = [("cookie", prefixed.as_str()), ("origin", url), ANY_PAGE];
        let reply = harness.post("/tokenize", &headers, "{}").await;
        assert_eq!(reply.status, 401, "{url}");
        // What the operator asks for stays as strict as it was.
        let strict = of(url, application, application).cookie_policy(CookiePolicy::SameSite);
        let harness = Harness::with(strict).await;
        transfer(&harness, "", "HttpOnly; SameSite=Strict").await;
    }
}

#[tokio::test]
async fn other_sites_get_the_cookies_of_other_sites() {
    let one = "http://localhost:3000";
    for (url, provider, front_end) in [
        ("http://localhost:17766", "http://127.0.0.1:3000", one),
        ("http://localhost:17766", one, "http://127.0.0.1:3000"),
        ("http://localhost:17766", "https://localhost:3000", one),
        ("http://localhost:17766", one, APP_ORIGIN),
        ("http://127.0.0.1:17766", one, one),
        (
            "http://127.0.0.1:17766",
            "http://127.0.0.2:3000",
            "http://127.0.0.1:3000",
        ),
        (
            "http://vault.localhost:17766",
            "http://app.localhost:3000",
            "http://app.localhost:3000",
        ),
        ("http://localhost:17766", "http://app.localhost:3000", one),
        (
            "http://vault.other.localhost:17766",
            "http://app.shop.localhost:3000",
            "http://app.shop.localhost:3000",
        ),
    ] {
        let harness = Harness::with(of(url, provider, front_end)).await;
        transfer(&harness, "", CROSS_SITE).await;
    }
    // One application of two is enough.
    let two = of("http://localhost:17766", one, one)
        .application_origin(Origin::parse(APP_ORIGIN, "APPLICATION_FRONT_END").unwrap());
    transfer(&Harness::with(two).await, "", CROSS_SITE).await;
    // https is never loopback, and a cookie without `Secure` never leaves this machine.
    let https = of(
        "https://localhost:17766",
        "https://localhost:3000",
        "https://localhost:3000",
    );
    transfer(&Harness::with(https).await, "__Host-", CROSS_SITE).await;
    let cleartext = of(
        "http://t.internal",
        "http://app.internal",
        "http://app.internal",
    );
    transfer(&Harness::with(cleartext).await, "__Host-", CROSS_SITE).await;
    let same_site = of(ORIGIN, APP_ORIGIN, APP_ORIGIN).cookie_policy(CookiePolicy::SameSite);
    transfer(&Harness::with(same_site).await, "__Host-", STRICT).await;
}

#[tokio::test]
async fn tabs_on_loopback_do_not_overwrite_each_others_states() {
    let url = "http://localhost:17766";
    let app = "http://localhost:3000";
    let harness = Harness::with(of(url, app, app)).await;
    let (one, two) = (
        harness.get("/session/ensure", &[]).await,
        harness.get("/session/ensure", &[]).await,
    );
    // Both are in the one jar of the browser.
    let jar = format!("{}; {}", one.cookie("state-"), two.cookie("state-"));
    for (reply, user) in [(one, "ann"), (two, "bob")] {
        let created = harness
            .create(&state_of(&reply), &harness.user(user), &jar)
            .await;
        assert_eq!(created.status, 200, "{}", created.text());
    }
}

fn page_session(session: &str) -> String {
    PageSession::of(&SessionId::new(session).unwrap(), sha256).to_string()
}

/// Two applications behind one tokenizer, logged in to by one browser.
#[tokio::test]
async fn each_provider_has_a_session_cookie_of_its_own() {
    let harness = Harness::start().await;
    let mut jar = Vec::new();
    for (provider, session) in [("shop", SESSION), ("desk", OTHER_SESSION)] {
        let path = format!("/session/ensure?auth_provider={provider}");
        let t = harness.ensure_at(&path).await;
        let jwt = jwt::transfer(harness.now(), session, &t.state, provider);
        let created = harness.create(&t.state, &jwt, &t.cookie).await;
        assert_eq!(created.status, 200, "{}", created.text());
        jar.push(created.cookie(&format!("__Host-access_token-{provider}=")));
    }
    let (shop, both) = (jar[0].clone(), jar.join("; "));
    let tokenize = async |cookie: &str, page: &str| {
        let page = ("lunadefend-page-session", page);
        let headers = [("cookie", cookie), ("origin", ORIGIN), page];
        harness.post("/tokenize", &headers, "{}").await
    };
    assert_eq!(tokenize(&shop, "none").await.status, 200);
    // Whose is it? Nobody guesses.
    let reply = tokenize(&both, "none").await;
    assert_eq!(reply.status, 401);
    reply.message_of(SESSION_MISMATCH);
    for session in [SESSION, OTHER_SESSION] {
        let reply = tokenize(&both, &page_session(session)).await;
        assert_eq!(reply.status, 200);
        // The token went to that session.
        let token = reply.json()["data"]["tokenId"].as_str().unwrap().to_owned();
        for other in [SESSION, OTHER_SESSION] {
            assert_eq!(harness.is_granted(other, &token).await, other == session);
        }
    }
    let reply = tokenize(&both, &page_session("somebody else")).await;
    assert_eq!(reply.status, 401);
    reply.message_of(SESSION_MISMATCH);
    // A bad one beside a good one is as good as none.
    let stale = both.replace(&jar[1], "__Host-access_token-desk=stale");
    assert_eq!(tokenize(&stale, "none").await.status, 200);
    // The name of one provider alone is nobody's.
    let unnamed = shop.replace("-shop", "");
    assert_eq!(tokenize(&unnamed, "none").await.status, 401);
    // The frame ends what the browser has.
    let headers = [("cookie", both.as_str()), ("origin", ORIGIN)];
    let reply = harness.post("/session/end", &headers, "{}").await;
    assert_eq!((reply.status, reply.set_cookies().len()), (200, 2));
    for cookie in &jar {
        assert_eq!(tokenize(cookie, "none").await.status, 401);
    }
}

#[tokio::test]
async fn a_state_of_a_provider_that_is_gone_is_refused() {
    let now = of(ORIGIN, APP_ORIGIN, APP_ORIGIN);
    let (before, after) = Harness::changed(builder(ORIGIN, keys()), now).await;
    let t = before.ensure().await;
    let jwt = jwt::transfer(after.now(), SESSION, &t.state, "jti-1");
    let reply = after.create(&t.state, &jwt, &t.cookie).await;
    assert_eq!(reply.status, 400);
    assert!(reply.message().contains("start again"));
    assert!(reply.set_cookies().is_empty());
    // Its own is good, so it was the provider; the JWT is used up.
    let own = after.ensure().await;
    let reply = after
        .create(&own.state, &after.user("ann"), &own.cookie)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}
