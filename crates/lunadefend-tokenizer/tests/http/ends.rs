//! Log-out, and the next user of the browser: what ends, what is refused, and by which name.

use crate::{
    harness::{
        ANY_PAGE, APP_ORIGIN, Harness, ORIGIN, OTHER_SESSION, Reply, SESSION, SESSION_COOKIE, TOKEN,
    },
    jwt,
};
use http::Method;
use lunadefend_core::{
    GrantDuration, SessionId,
    wire::{PageSession, SESSION_ENDED, SESSION_MISMATCH},
};
use lunadefend_crypto::sha256;
use lunadefend_tokenizer::GrantDurations;
use std::time::Duration;

const DONE: &str = r#"{"success":true,"error":{},"data":{}}"#;

async fn frame_post(harness: &Harness, cookie: &str, path: &str, body: &str) -> Reply {
    let headers = [("cookie", cookie), ("origin", ORIGIN), ANY_PAGE];
    harness.post(path, &headers, body).await
}

fn ended(reply: &Reply) {
    assert_eq!(reply.status, 400, "{}", reply.text());
    reply.message_of(SESSION_ENDED);
}

#[tokio::test]
async fn log_out_at_the_application_ends_all_of_the_session() {
    let harness = Harness::start().await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let other = harness.log_in(OTHER_SESSION, "jti-2").await;
    let token = harness.store_value(SESSION, "secret").await;
    let download = harness.detokenize(SESSION, &token).await;
    let (_, upload) = harness.tokenize(SESSION).await;
    let others_token = harness.store_value(OTHER_SESSION, "other").await;
    assert_eq!(harness.get(&download, &[]).await.text(), "secret");

    for _ in 0..2 {
        let reply = harness.revoke(SESSION).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, DONE));
        assert!(reply.has_no_cors());
    }
    // The browser has no session, and learns nothing more.
    let token_body = format!(r#"{{"tokenId":"{token}"}}"#);
    for path in ["/tokenize", "/detokenize", "/metadata/get"] {
        let reply = frame_post(&harness, &cookie, path, &token_body).await;
        assert_eq!(
            (reply.status, reply.message().as_str()),
            (401, "Unauthorized")
        );
    }
    let headers = [("cookie", cookie.as_str()), ANY_PAGE];
    let verify = harness.get("/session/verify", &headers).await;
    assert_eq!(
        (verify.status, verify.json()["success"].as_bool()),
        (200, Some(false))
    );
    // URLs.
    assert_eq!(harness.get(&download, &[]).await.status, 404);
    let head = harness.send(Method::HEAD, &download, &[], "").await;
    assert_eq!(head.status, 404);
    let put = harness.send(Method::PUT, &upload, &[], "late").await;
    assert_eq!(put.status, 403);
    // Grants that were there, and new ones.
    assert!(!harness.is_granted(SESSION, &token).await);
    ended(&harness.grant(SESSION, TOKEN, None).await);
    assert!(!harness.is_granted(SESSION, TOKEN).await);
    // A JWT of the user, signed before or after.
    for path in ["/tokenize", "/detokenize", "/metadata/get"] {
        ended(
            &harness
                .post_as(&harness.user(SESSION), path, &token_body)
                .await,
        );
    }
    let user = harness.user(SESSION);
    ended(
        &harness
            .get("/session/verify", &[("authorization", &user)])
            .await,
    );
    // Everybody else goes on.
    assert!(harness.is_granted(OTHER_SESSION, &others_token).await);
    let reply = frame_post(&harness, &other, "/tokenize", "{}").await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_transfer_of_an_ended_session_is_refused_and_used_up() {
    let harness = Harness::start().await;
    assert_eq!(harness.revoke(SESSION).await.status, 200);
    for v1 in [false, true] {
        let t = harness.ensure().await;
        let jwt = if v1 {
            harness.user(SESSION)
        } else {
            jwt::transfer(harness.now(), SESSION, &t.state, "jti-1")
        };
        let reply = harness.create(&t.state, &jwt, &t.cookie).await;
        ended(&reply);
        assert!(reply.set_cookies().is_empty());
        // The state is used up: nobody else can be logged in by it.
        let other = jwt::transfer(harness.now(), OTHER_SESSION, &t.state, &format!("o-{v1}"));
        let reply = harness.create(&t.state, &other, &t.cookie).await;
        assert_eq!(reply.status, 400);
        reply.message();
    }
    // The JWT too, and its id with it.
    let t = harness.ensure().await;
    let same_id = jwt::transfer(harness.now(), OTHER_SESSION, &t.state, "jti-1");
    let reply = harness.create(&t.state, &same_id, &t.cookie).await;
    assert_eq!(
        reply.message(),
        "state or openid_token has been used before"
    );
}

/// A transfer that began before the log-out and ends after it.
#[tokio::test]
async fn a_transfer_that_is_under_way_ends_nowhere() {
    let harness = Harness::start().await;
    let t = harness.ensure().await;
    let jwt = jwt::transfer(harness.now(), SESSION, &t.state, "jti-1");
    assert_eq!(harness.revoke(SESSION).await.status, 200);
    ended(&harness.create(&t.state, &jwt, &t.cookie).await);
}

#[tokio::test]
async fn an_end_is_remembered_longer_than_anything_lives() {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let longest: GrantDuration = "3h".parse().unwrap();
    let durations = GrantDurations::new(GrantDuration::DEFAULT, longest).unwrap();
    let harness = Harness::configured(|builder| {
        builder
            .grant_durations(durations)
            .max_jwt_lifetime(hours(2))
    })
    .await;
    harness.revoke(SESSION).await;
    // Grant, JWT and an hour. That a row is there counts, and no clock; so purge it away.
    harness.clock.advance(hours(6) - Duration::from_millis(1));
    harness.purge().await;
    ended(&harness.grant(SESSION, TOKEN, None).await);
    harness.clock.advance(Duration::from_millis(1));
    ended(&harness.grant(SESSION, TOKEN, None).await);
    harness.purge().await;
    assert_eq!(harness.grant(SESSION, TOKEN, None).await.status, 200);
}

#[tokio::test]
async fn only_the_application_revokes() {
    let harness = Harness::start().await;
    let path = "/v2/sessions/revoke";
    let body = format!(r#"{{"sessionId":"{SESSION}"}}"#);
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let user = harness.user(SESSION);
    let developer = jwt::developer(harness.now());
    for headers in [
        &[][..],
        &[("authorization", user.as_str())],
        &[("authorization", developer.as_str())],
        &[("cookie", cookie.as_str()), ("origin", ORIGIN)],
        &[
            ("authorization", ""),
            ("cookie", cookie.as_str()),
            ("origin", ORIGIN),
        ],
    ] {
        let reply = harness.post(path, headers, &body).await;
        assert_eq!(reply.status, 401, "{headers:?}");
        assert!(reply.has_no_cors());
    }
    let application = harness.application();
    for bad in [
        "{}",
        "[]",
        "",
        r#"{"sessionId":""}"#,
        r#"{"sessionId":5}"#,
        r#"{"session_id":"x"}"#,
    ] {
        assert_eq!(
            harness.post_as(&application, path, bad).await.status,
            400,
            "{bad}"
        );
    }
    let auth = [("authorization", application.as_str())];
    assert_eq!(harness.get(path, &auth).await.status, 405);
    let text = [auth[0], ("content-type", "text/plain")];
    let reply = harness.send(Method::POST, path, &text, body.clone()).await;
    assert_eq!(reply.status, 415);
    // After all that the session goes on.
    assert_eq!(
        frame_post(&harness, &cookie, "/tokenize", "{}")
            .await
            .status,
        200
    );
    let members = format!(r#"{{"more":1,"sessionId":"{SESSION}"}}"#);
    assert_eq!(
        harness.post_as(&application, path, &members).await.status,
        200
    );
    assert_eq!(
        frame_post(&harness, &cookie, "/tokenize", "{}")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn the_frame_ends_its_own_browser_session_and_nothing_else() {
    let harness = Harness::start().await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let elsewhere = harness.log_in(SESSION, "jti-2").await;
    let token = harness.store_value(SESSION, "secret").await;
    let reply = frame_post(&harness, &cookie, "/session/end", "{}").await;
    assert_eq!(
        (reply.status, reply.text().as_str()),
        (200, r#"{"success":true,"error":{}}"#)
    );
    assert!(reply.has_no_cors());
    assert_eq!(
        reply.set_cookies(),
        [format!(
            "{SESSION_COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None; Partitioned"
        )]
    );
    assert_eq!(
        frame_post(&harness, &cookie, "/tokenize", "{}")
            .await
            .status,
        401
    );
    // The same session in another browser, its grants, and a new transfer.
    assert_eq!(
        frame_post(&harness, &elsewhere, "/tokenize", "{}")
            .await
            .status,
        200
    );
    assert!(harness.is_granted(SESSION, &token).await);
    let again = harness.log_in(SESSION, "jti-3").await;
    assert_eq!(
        frame_post(&harness, &again, "/tokenize", "{}").await.status,
        200
    );
    // Without a session there is nothing to end: again, with garbage, with nothing.
    for cookie in [&cookie, &format!("{SESSION_COOKIE}=garbage"), "other=1"] {
        let reply = frame_post(&harness, cookie, "/session/end", "{}").await;
        assert_eq!(reply.status, 200, "{cookie}");
    }
    let same_origin = [
        ("cookie", again.as_str()),
        ("sec-fetch-site", "same-origin"),
    ];
    let reply = harness.post("/session/end", &same_origin, "{}").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        frame_post(&harness, &again, "/tokenize", "{}").await.status,
        401
    );
}

#[tokio::test]
async fn the_page_cannot_end_the_session() {
    let harness = Harness::start().await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let user = harness.user(SESSION);
    for headers in [
        &[][..],
        &[("origin", APP_ORIGIN)],
        &[("origin", APP_ORIGIN), ("sec-fetch-site", "same-origin")],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", ORIGIN), ("origin", ORIGIN)],
        &[("authorization", user.as_str())],
    ] {
        for cookies in [&[][..], &[("cookie", cookie.as_str())]] {
            let headers = [headers, cookies].concat();
            let reply = harness.post("/session/end", &headers, "{}").await;
            assert_eq!(reply.status, 403, "{headers:?}");
            assert!(reply.has_no_cors() && reply.set_cookies().is_empty());
        }
    }
    let frame = [("cookie", cookie.as_str()), ("origin", ORIGIN)];
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let headers = [&frame[..], &[("content-type", kind)]].concat();
        let reply = harness
            .send(Method::POST, "/session/end", &headers, "{}")
            .await;
        assert_eq!(reply.status, 415, "{kind}");
    }
    assert_eq!(harness.get("/session/end", &frame).await.status, 405);
    for body in ["", "[]", "null"] {
        assert_eq!(harness.post("/session/end", &frame, body).await.status, 400);
    }
    let twice = format!("{cookie}; {cookie}");
    assert_eq!(
        frame_post(&harness, &twice, "/session/end", "{}")
            .await
            .status,
        400
    );
    assert_eq!(
        frame_post(&harness, &cookie, "/tokenize", "{}")
            .await
            .status,
        200
    );
}

fn page_session(session: &str) -> String {
    PageSession::of(&SessionId::new(session).unwrap(), sha256).to_string()
}

/// Ann logged out, Bob logged in, and the browser still has Ann's session at the tokenizer.
#[tokio::test]
async fn a_page_does_not_act_in_the_session_of_the_last_user() {
    let harness = Harness::start().await;
    let (anns, bobs) = (page_session(SESSION), page_session(OTHER_SESSION));
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let token = harness.store_value(SESSION, "of ann").await;
    let body = format!(r#"{{"tokenId":"{token}"}}"#);
    let frame = [("cookie", cookie.as_str()), ("origin", ORIGIN)];
    // Only LunaSec's React SDK says nothing, and it must be allowed.
    let reply = harness.post("/tokenize", &frame, &body).await;
    assert_eq!(reply.status, 400);
    assert!(reply.message().contains("LUNADEFEND_REACT_SDK=true"));
    let upper = anns.to_uppercase();
    let user = harness.user(SESSION);
    let by_jwt = [("authorization", user.as_str())];
    let page = |value| ("lunadefend-page-session", value);
    for who in [&frame[..], &by_jwt] {
        for path in ["/tokenize", "/detokenize", "/metadata/get"] {
            for own in [page("none"), page(&*anns)] {
                let headers = [who, &[own]].concat();
                let reply = harness.post(path, &headers, &body).await;
                assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            }
            for other in [&*bobs, "", "None", &upper] {
                let headers = [who, &[page(other)]].concat();
                let reply = harness.post(path, &headers, &body).await;
                assert_eq!(reply.status, 401, "{path} {other}");
                reply.message_of(SESSION_MISMATCH);
                assert_eq!(reply.header("lunasec-session-hash"), "");
            }
            for twice in [[page(&*anns), page(&*anns)], [page("none"), page(&*bobs)]] {
                let headers = [who, &twice].concat();
                assert_eq!(harness.post(path, &headers, &body).await.status, 400);
            }
        }
        // So that the frame knows that it must transfer anew.
        let verify = async |page| {
            let headers = [who, &[page]].concat();
            harness.get("/session/verify", &headers).await
        };
        assert_eq!(
            verify(page(&*anns)).await.text(),
            r#"{"success":true,"error":{}}"#
        );
        let reply = verify(page(&*bobs)).await;
        assert_eq!((reply.status, reply.header("vary")), (401, "origin"));
        reply.message_of(SESSION_MISMATCH);
    }
    // A foreign session can be replaced and ended.
    let headers = [&frame[..], &[page(&*bobs)]].concat();
    assert_eq!(
        harness.post("/session/end", &headers, "{}").await.status,
        200
    );
    // No session is not another one's.
    let reply = harness.post("/tokenize", &headers, "{}").await;
    assert_eq!(
        (reply.status, reply.message().as_str()),
        (401, "Unauthorized")
    );
    // Application and developer act in no session.
    let application = harness.application();
    let headers = [("authorization", application.as_str()), page(&*bobs)];
    assert_eq!(harness.post("/tokenize", &headers, "{}").await.status, 200);
}
