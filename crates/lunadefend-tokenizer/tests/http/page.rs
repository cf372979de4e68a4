//! The page around a frame: the transfer that it begins, and the session that may serve it.

use crate::{
    harness::{APP_ORIGIN, Harness, ORIGIN, OTHER_SESSION, Reply, SESSION, TOKEN},
    jwt,
};
use http::Method;
use lunadefend_core::{
    SessionId,
    wire::{PageSession, SESSION_MISMATCH},
};
use lunadefend_crypto::sha256;

const FRAME: (&str, &str) = ("origin", ORIGIN);
const BODY: &str = r#"{"metadata":{"dataType":"string"}}"#;
const PATHS: [&str; 3] = ["/tokenize", "/detokenize", "/metadata/get"];

fn page_session(session: &str) -> String {
    PageSession::of(&SessionId::new(session).unwrap(), sha256).to_string()
}

/// The headers of a frame, with what it says about its page.
fn frame<'h>(cookie: &'h str, page: Option<&'h str>) -> Vec<(&'h str, &'h str)> {
    let page = page.map(|page| ("lunadefend-page-session", page));
    [FRAME, ("cookie", cookie)]
        .into_iter()
        .chain(page)
        .collect()
}

async fn state_of(harness: &Harness, body: &str) -> (String, Reply) {
    let reply = harness.post("/session/state", &[FRAME], body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let state = reply.json()["data"]["state"].as_str().unwrap().to_owned();
    (state, reply)
}

/// A session that a page has begun, with a JWT of any account; its cookie.
async fn planted(harness: &Harness, session: &str, jti: &str) -> String {
    let (state, reply) = state_of(harness, "{}").await;
    let jwt = jwt::transfer(harness.now(), session, &state, jti);
    let cookie = reply.cookie("__Host-state-");
    let created = harness.create(&state, &jwt, &cookie).await;
    assert_eq!(created.status, 200, "{}", created.text());
    created.cookie("__Host-access_token-shop=")
}

#[tokio::test]
async fn a_frame_gets_a_state_and_its_cookie() {
    let harness = Harness::start().await;
    let (state, reply) = state_of(&harness, "{}").await;
    assert!(reply.has_no_cors());
    assert_eq!(reply.header("cache-control"), "no-store");
    let cookie = reply.cookie("__Host-state-");
    assert!(
        !cookie.contains(&state),
        "the cookie has a secret of its own"
    );
    let attributes = "Path=/; Max-Age=300; Secure; HttpOnly; SameSite=None; Partitioned";
    assert_eq!(reply.set_cookies(), [format!("{cookie}; {attributes}")]);

    // Whose provider: the default, or the one that is named. The session's cookie is that provider's.
    for (number, (body, provider)) in [
        ("{}", "shop"),
        (r#"{"authProvider":null}"#, "shop"),
        (r#"{"authProvider":"shop"}"#, "shop"),
        (r#"{"authProvider":"desk"}"#, "desk"),
        (r#"{"more":[1],"authProvider":"desk","url":"x"}"#, "desk"),
    ]
    .into_iter()
    .enumerate()
    {
        let (state, reply) = state_of(&harness, body).await;
        let jwt = jwt::transfer(harness.now(), SESSION, &state, &format!("jti-{number}"));
        let created = harness
            .create(&state, &jwt, &reply.cookie("__Host-state-"))
            .await;
        assert_eq!(created.status, 200, "{}", created.text());
        let name = format!("__Host-access_token-{provider}=");
        assert!(created.set_cookies()[0].starts_with(&name), "{body}");
    }
    for body in [
        r#"{"authProvider":"nope"}"#,
        r#"{"authProvider":""}"#,
        r#"{"authProvider":5}"#,
        r#"{"authProvider":["shop"]}"#,
        r#"{"authProvider":"shop","authProvider":"desk"}"#,
        "[]",
        "null",
        "",
    ] {
        let reply = harness.post("/session/state", &[FRAME], body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert!(reply.set_cookies().is_empty());
        reply.message();
    }
}

/// With a cookie or without: a page that gets a state would begin a transfer whose cookie it has chosen.
#[tokio::test]
async fn nobody_but_a_frame_gets_a_state() {
    let harness = Harness::start().await;
    let session = harness.log_in(SESSION, "jti-1").await;
    let user = harness.user(SESSION);
    for headers in [
        &[][..],
        &[("origin", APP_ORIGIN)],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", APP_ORIGIN), ("sec-fetch-site", "same-origin")],
        &[("origin", ORIGIN), ("origin", ORIGIN)],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("authorization", user.as_str())],
    ] {
        for cookies in [&[][..], &[("cookie", session.as_str())]] {
            let headers = [headers, cookies].concat();
            let reply = harness.post("/session/state", &headers, "{}").await;
            assert_eq!(reply.status, 403, "{headers:?}");
            assert!(reply.set_cookies().is_empty() && reply.has_no_cors());
            assert!(!reply.text().contains("state\":"));
        }
    }
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS] {
        let reply = harness.send(method, "/session/state", &[FRAME], "").await;
        assert_eq!(reply.status, 405);
        assert!(reply.has_no_cors());
    }
    let reply = harness
        .send(Method::POST, "/session/state", &[FRAME], "{}")
        .await;
    assert_eq!(reply.status, 415);
}

#[tokio::test]
async fn no_more_than_eight_states_are_open_in_a_browser() {
    let harness = Harness::start().await;
    let mut jar = Vec::new();
    for _ in 0..8 {
        let (_, reply) = state_of(&harness, "{}").await;
        jar.push(reply.cookie("__Host-state-"));
    }
    for (open, deleted) in [(7, 0), (8, 1)] {
        let cookies = jar[..open].join("; ");
        let headers = [FRAME, ("cookie", &*cookies)];
        let reply = harness.post("/session/state", &headers, "{}").await;
        let set = reply.set_cookies();
        assert_eq!(set.len(), 1 + deleted, "{open}");
        for (cookie, oldest) in set[1..].iter().zip(&jar) {
            let (name, _) = oldest.split_once('=').unwrap();
            assert!(cookie.starts_with(&format!("{name}=; Path=/; Max-Age=0;")));
        }
    }
}

/// Script of a page can bring a JWT of the attacker's account for a state that it got from a frame. What comes
/// of it must be of no use to pages that do not say whose session they are in.
#[tokio::test]
async fn a_session_that_a_page_began_serves_only_pages_that_name_one() {
    for react_sdk in [false, true] {
        let harness = Harness::configured(|builder| builder.react_sdk(react_sdk)).await;
        let eves = planted(&harness, OTHER_SESSION, "jti-1").await;
        let (anns_page, eves_page) = (page_session(SESSION), page_session(OTHER_SESSION));
        let verify = async |headers: &[(&str, &str)]| {
            let reply = harness.get("/session/verify", headers).await;
            (reply.status, reply.json()["success"] == true)
        };
        // Ann's page, and one that says nothing, which only LunaSec's React SDK may do.
        let silent = if react_sdk { 401 } else { 400 };
        for (page, status) in [(None, silent), (Some(&*anns_page), 401)] {
            let headers = frame(&eves, page);
            for path in PATHS {
                let reply = harness.post(path, &headers, BODY).await;
                assert_eq!(reply.status, status, "{path} {page:?}");
                if status == 401 {
                    reply.message_of(SESSION_MISMATCH);
                }
                assert_eq!(reply.header("lunasec-session-hash"), "");
            }
            assert_eq!(verify(&headers).await, (status, false), "{page:?}");
        }
        for page in [&eves_page, "none"] {
            let headers = frame(&eves, Some(page));
            let reply = harness.post("/tokenize", &headers, BODY).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            assert_eq!(verify(&headers).await, (200, true));
        }
    }
}

/// Its state went by redirects, and no page had a hand in it.
#[tokio::test]
async fn a_session_that_the_tokenizer_began_serves_the_react_sdk() {
    for (react_sdk, status) in [(false, 400), (true, 200)] {
        let harness = Harness::configured(|builder| builder.react_sdk(react_sdk)).await;
        let cookie = harness.log_in(SESSION, "jti-1").await;
        let headers = frame(&cookie, None);
        let reply = harness.post("/tokenize", &headers, BODY).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        let verified = harness.get("/session/verify", &headers).await;
        assert_eq!(verified.status, status);
        // Beside it a planted one of another provider is as good as none.
        let (state, reply) = state_of(&harness, r#"{"authProvider":"desk"}"#).await;
        let jwt = jwt::transfer(harness.now(), OTHER_SESSION, &state, "jti-2");
        let created = harness
            .create(&state, &jwt, &reply.cookie("__Host-state-"))
            .await;
        let desk = created.cookie("__Host-access_token-desk=");
        let both = format!("{cookie}; {desk}");
        let reply = harness.post("/tokenize", &frame(&both, None), BODY).await;
        assert_eq!(reply.status, status);
        if status == 200 {
            let token = reply.json()["data"]["tokenId"].as_str().unwrap().to_owned();
            assert!(harness.is_granted(SESSION, &token).await);
        }
        // A page that names a session gets that one, and any that fits only when one does.
        for (page, status) in [
            (page_session(SESSION), 200),
            (page_session(OTHER_SESSION), 200),
            ("none".to_owned(), 401),
        ] {
            let headers = frame(&both, Some(&page));
            let reply = harness.post("/tokenize", &headers, BODY).await;
            assert_eq!(reply.status, status);
        }
    }
}

/// Who knows a state and a JWT has no session in another browser.
#[tokio::test]
async fn a_state_of_a_page_needs_the_cookie_of_its_browser() {
    let harness = Harness::start().await;
    let (state, _) = state_of(&harness, "{}").await;
    let (_, others) = state_of(&harness, "{}").await;
    let jwt = jwt::transfer(harness.now(), SESSION, &state, "jti-1");
    for cookie in ["", &others.cookie("__Host-state-")] {
        let reply = harness.create(&state, &jwt, cookie).await;
        assert_eq!(reply.status, 400);
        assert!(reply.set_cookies().is_empty());
    }
}

#[tokio::test]
async fn the_answer_says_until_when_a_value_may_be_shown() {
    let harness = Harness::start().await;
    let token = harness.store_value(SESSION, "secret").await;
    let granted = harness.grant(SESSION, &token, Some("\"5m\"")).await;
    assert_eq!(granted.status, 200, "{}", granted.text());
    let detokenize = async |token: &str| {
        let body = format!(r#"{{"tokenId":"{token}"}}"#);
        let user = harness.user(SESSION);
        harness.post_as(&user, "/detokenize", &body).await
    };
    let reply = detokenize(&token).await;
    let until: u64 = reply.header("lunadefend-expires-at").parse().unwrap();
    // A shorter grant takes nothing from that of the upload.
    assert_eq!(until / 1000, harness.now() + 15 * 60);
    let refused = detokenize(TOKEN).await;
    assert_eq!(
        (refused.status, refused.header("lunadefend-expires-at")),
        (400, "")
    );
}
