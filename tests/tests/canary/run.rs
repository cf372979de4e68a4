//! A whole life of a token, and whatever goes wrong in it, with every logger open.

use crate::{Canaries, errors, log};
use http::Method;
use lunadefend::{JwtProfile, Metadata, UntrustedToken, VerifiedToken};
use lunadefend_tests::{Browser, Page, Settings, World, http1};
use lunadefend_tokenizer::Limits;

pub(crate) const VALUE: &str = "canary-value-4111111111111111";
pub(crate) const METADATA: &str = r#"{"dataType":"file","name":"canary-metadata.pdf"}"#;

#[tokio::test]
async fn nothing_is_logged_that_is_nobodys_business() {
    log::start();
    let mut canaries = Canaries::default();
    let mut stores = Vec::new();
    canaries.add_keys();
    canaries.add("a value", VALUE);
    canaries.add("metadata", "canary-metadata");
    // Whatever else is made up below.
    canaries.add("a canary", "canary");
    for (wire, raw_session_ids) in [(JwtProfile::Hardened, false), (JwtProfile::LunaSec, true)] {
        let world = World::with(Settings {
            wire,
            raw_session_ids,
            proxied: true,
            file_store: true,
            tokenizer: |config| {
                let mut limits = Limits::default();
                limits.max_value = errors::MAX_VALUE;
                config.limits(limits)
            },
            ..Settings::default()
        })
        .await;
        let session = "canary-session-5d3c1f0e";
        canaries.add("a session id", session);
        let session = world.application.log_in_as("ann", session);
        let mut browser = world.browser_of(&session);

        transfer(&world, &mut browser, &mut canaries).await;
        let token = by_browser(&world, &mut browser, &mut canaries).await;
        by_sdk(&world, &session, &token).await;
        strange_requests(&world, &mut browser, &token).await;
        canaries.add_traffic(&world, &browser);
        errors::every_kind(&world, &session, &token).await;
        canaries.add_traffic(&world, &browser);
        stores.push(String::from_utf8_lossy(&world.tokenizer.stored_bytes()).into_owned());
    }

    // The store of the tokenizer is as silent.
    canaries.assert_absent(stores.iter().map(|store| ("the store", store.as_str())));
    let text = log::text();
    for expected in [
        "lunadefend.verify{tokens=1 outcome=\"valid\"}",
        "lunadefend.create{tokens=1 outcome=\"granted\"}",
        "lunadefend.transfer{outcome=\"signed\"}",
        "lunadefend.http{route=\"/grant/verify\"",
        "route=\"/detokenize\"",
        "route=\"/blob\"",
        "lunadefend.tokenize{outcome=\"done\"}",
        "lunadefend.download{outcome=\"done\"}",
        "fetched the key set",
        // What others log is looked at too.
        "hyper_util::client",
    ] {
        assert!(text.contains(expected), "{expected} was not logged");
    }
    canaries.assert_absent([("the log", text.as_str())]);
}

/// The session moves, step by step.
async fn transfer(world: &World, browser: &mut Browser, canaries: &mut Canaries) {
    let ensure = format!("{}/session/ensure", world.tokenizer.url);
    let trail = browser
        .load_no_cors(&world.tokenizer.url, &ensure)
        .await
        .unwrap();
    assert_eq!(trail.len(), 3);
    for page in &trail {
        canaries.add_page(page);
    }
    assert_eq!(trail[2].status, 200);
    // And once more, in vain.
    let page = browser
        .send(Method::GET, trail[2].url.as_str(), &[], b"")
        .await
        .unwrap();
    assert_eq!(page.status, 400);
}

async fn frame(world: &World, browser: &mut Browser, path: &str, body: &str) -> Page {
    let own = &world.tokenizer.url;
    let url = format!("{own}{path}");
    browser.fetch(own, Method::POST, &url, body).await.unwrap()
}

/// The frame stores a value, the application gets the token, the frame reads the value.
async fn by_browser(
    world: &World,
    browser: &mut Browser,
    canaries: &mut Canaries,
) -> VerifiedToken {
    let own = world.tokenizer.url.clone();
    let body = format!(r#"{{"metadata":{METADATA}}}"#);
    let answer = frame(world, browser, "/tokenize", &body).await.json();
    let token = answer["data"]["tokenId"].as_str().unwrap();
    let upload = answer["data"]["uploadUrl"].as_str().unwrap();
    canaries.add_token(token);
    canaries.add("an upload URL", upload.rsplit('/').next().unwrap());
    for status in [200, 409] {
        let page = browser
            .fetch(&own, Method::PUT, upload, VALUE)
            .await
            .unwrap();
        assert_eq!(page.status, status);
    }

    let app = world.application.url.clone();
    let profile = format!("{app}/profile");
    let body = format!(r#"{{"ssn":"{token}"}}"#);
    let page = browser
        .fetch(&app, Method::POST, &profile, &body)
        .await
        .unwrap();
    assert_eq!(page.status, 200);
    let page = browser
        .fetch(&app, Method::GET, &profile, "")
        .await
        .unwrap();
    assert_eq!(page.json()["ssn"], token);

    let body = format!(r#"{{"tokenId":"{token}"}}"#);
    let page = frame(world, browser, "/metadata/get", &body).await;
    assert!(page.text().contains(METADATA));
    let page = frame(world, browser, "/detokenize", &body).await.json();
    let download = page["data"]["downloadUrl"].as_str().unwrap();
    canaries.add("a download URL", download.rsplit('/').next().unwrap());
    let page = browser
        .fetch(&own, Method::GET, download, "")
        .await
        .unwrap();
    assert_eq!(page.text(), VALUE);
    VerifiedToken::assertion(token).unwrap()
}

async fn by_sdk(world: &World, session: &lunadefend::SessionId, token: &VerifiedToken) {
    let luna = world.luna();
    let untrusted = UntrustedToken::parse(token.expose_id()).unwrap();
    luna.grants().verify(session, untrusted).await.unwrap();
    luna.grants().grant(session, token, None).await.unwrap();
    let api = luna.tokenizer();
    let metadata = Metadata::from_json(METADATA).unwrap();
    let own = api.tokenize_text(session, VALUE, &metadata).await.unwrap();
    let read = api.detokenize(session, &own).await.unwrap();
    assert_eq!(read.expose_secret(), VALUE.as_bytes());
    api.metadata(session, &own).await.unwrap();
    let own = api.upload(session, errors::value(), &metadata).await;
    let mut streamed = api.download(session, &own.unwrap()).await.unwrap();
    while streamed.next_chunk().await.unwrap().is_some() {}
}

/// What is sent by mistake, or to see what the log makes of it.
async fn strange_requests(world: &World, browser: &mut Browser, token: &VerifiedToken) {
    let id = token.expose_id();
    let (app, tokenizer) = (&world.application.url, &world.tokenizer.url);
    let jwt = world.luna().client().keys().application().await.unwrap();
    let jwt = jwt.expose_secret();
    for url in [
        format!("{tokenizer}/detokenize/{id}"),
        format!("{tokenizer}/detokenize?tokenId={id}"),
        format!("{tokenizer}/{jwt}"),
        format!("{tokenizer}/blob/{jwt}"),
        format!("{tokenizer}/blob/{id}"),
        format!("{tokenizer}/session/ensure?auth_provider={id}"),
        format!("{tokenizer}/session/create?state={id}&openid_token={jwt}"),
        format!("{tokenizer}/session/create?openid_token={jwt}&openid_token={jwt}"),
        format!("{app}/.lunasec/secure-frame?state={id}&state={id}"),
        format!("{app}/.lunasec/jwks.json?{jwt}"),
        format!("{app}/profile?ssn={id}"),
        format!("{app}/{jwt}"),
    ] {
        for method in [Method::GET, Method::POST] {
            let headers = [
                ("authorization", jwt),
                ("content-type", "application/json"),
                ("x-request-id", "canary, and not an id"),
                ("user-agent", "canary"),
            ];
            let body = format!(r#"{{"canary":"{id}","tokenId":"canary","ssn":"canary"}}"#);
            browser
                .send(method, &url, &headers, body.as_bytes())
                .await
                .unwrap();
        }
    }
    for authorization in [
        &jwt[..jwt.len() - 9],
        "canary",
        "Basic canary",
        "eyJhbGciOiJub25lIn0.e30.",
    ] {
        let headers = [("authorization", authorization)];
        let url = format!("{tokenizer}/grant/set");
        browser
            .send(Method::POST, &url, &headers, b"{}")
            .await
            .unwrap();
    }
    // Not even HTTP.
    for bytes in [
        format!("canary {id} {jwt}\r\n\r\n"),
        format!("GET /{id} HTTP/1.1\r\ncanary {jwt}\r\n\r\n"),
        format!("POST /grant/set HTTP/1.1\r\nhost: t\r\ncontent-length: canary{id}\r\n\r\n"),
    ] {
        let answer = http1::exchange(world.tokenizer.address, bytes.as_bytes()).await;
        assert_eq!(answer.status(), 400);
    }
}
