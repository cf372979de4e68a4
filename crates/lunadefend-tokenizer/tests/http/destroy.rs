//! Revoking by token, and deleting: what ends, and which JWT ends it.

use crate::{
    harness::{Harness, ORIGIN, OTHER_SESSION, Reply, SESSION, TOKEN},
    jwt,
};
use http::Method;
use lunadefend_tokenizer::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const DELETE: &str = "/v2/tokens/delete";
const REVOKE: &str = "/v2/grants/revoke";
const DONE: &str = r#"{"success":true,"error":{},"data":{}}"#;

fn deletion(tokens: &[&str]) -> String {
    format!(r#"{{"tokenIds":["{}"]}}"#, tokens.join(r#"",""#))
}

fn revocation(session: Option<&str>, token: &str) -> String {
    let session = session.map_or_else(String::new, |id| format!(r#""sessionId":"{id}","#));
    format!(r#"{{{session}"tokenId":"{token}"}}"#)
}

/// Sends a body with the JWT that is made for it.
async fn destroy(harness: &Harness, route: &str, body: &str, jti: &str) -> Reply {
    let jwt = jwt::destroy(harness.now(), route, body, jti);
    harness.post_as(&jwt, route, body).await
}

fn done(reply: &Reply) {
    assert_eq!((reply.status, reply.text().as_str()), (200, DONE));
    assert!(reply.has_no_cors());
}

#[tokio::test]
async fn a_deleted_token_answers_nothing() {
    let harness = Harness::start().await;
    let token = harness.store_value(SESSION, "secret").await;
    let kept = harness.store_value(SESSION, "kept").await;
    let download = harness.detokenize(SESSION, &token).await;
    let (waiting, upload) = harness.tokenize(SESSION).await;
    assert_eq!(harness.get(&download, &[]).await.text(), "secret");
    for jti in ["a", "b"] {
        // Again, with an unknown one: no error.
        let body = deletion(&[&token, &waiting, TOKEN, &token]);
        done(&destroy(&harness, DELETE, &body, jti).await);
        for token in [&*token, &waiting, TOKEN] {
            assert!(!harness.is_granted(SESSION, token).await);
            // As it is for a token that another session holds.
            assert_eq!(harness.grant(SESSION, token, None).await.status, 200);
            assert!(!harness.is_granted(SESSION, token).await);
        }
        assert_eq!(harness.get(&download, &[]).await.status, 404);
        let head = harness.send(Method::HEAD, &download, &[], "").await;
        assert_eq!(head.status, 404);
        let put = harness.send(Method::PUT, &upload, &[], "late").await;
        assert_eq!(put.status, 403);
        let user = harness.user(SESSION);
        let body = format!(r#"{{"tokenId":"{token}"}}"#);
        for path in ["/detokenize", "/metadata/get"] {
            assert_eq!(harness.post_as(&user, path, &body).await.status, 400);
        }
    }
    let download = harness.detokenize(SESSION, &kept).await;
    assert_eq!(harness.get(&download, &[]).await.text(), "kept");
}

#[tokio::test]
async fn grants_end_for_one_session_or_for_all() {
    let harness = Harness::start().await;
    let token = harness.store_value(SESSION, "secret").await;
    let download = harness.detokenize(SESSION, &token).await;
    harness.grant(OTHER_SESSION, &token, None).await;
    done(&destroy(&harness, REVOKE, &revocation(Some(SESSION), &token), "a").await);
    assert!(!harness.is_granted(SESSION, &token).await);
    assert!(harness.is_granted(OTHER_SESSION, &token).await);
    assert_eq!(harness.get(&download, &[]).await.status, 404);

    harness.grant(SESSION, &token, None).await;
    let download = harness.detokenize(SESSION, &token).await;
    for (token, jti) in [(&*token, "b"), (TOKEN, "c")] {
        harness.grant(SESSION, token, None).await;
        done(&destroy(&harness, REVOKE, &revocation(None, token), jti).await);
        for session in [SESSION, OTHER_SESSION] {
            assert!(!harness.is_granted(session, token).await);
        }
    }
    assert_eq!(harness.get(&download, &[]).await.status, 404);
    harness.grant(SESSION, &token, Some("\"1s\"")).await;
    assert!(harness.is_granted(SESSION, &token).await);
    let download = harness.detokenize(SESSION, &token).await;
    assert_eq!(harness.get(&download, &[]).await.text(), "secret");
}

/// Each is refused, and destroys nothing.
#[tokio::test]
async fn only_a_jwt_for_this_request_destroys() {
    let harness = Harness::start().await;
    let token = harness.store_value(SESSION, "secret").await;
    let other = harness.store_value(SESSION, "other").await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let now = harness.now();
    for (route, body, others) in [
        (DELETE, deletion(&[&token]), deletion(&[&other])),
        (REVOKE, revocation(None, &token), revocation(None, &other)),
    ] {
        let elsewhere = if route == DELETE { REVOKE } else { DELETE };
        let claims = jwt::destroy_claims(now, route, &body, "jti");
        let signed = |header, claims: &str| jwt::sign(&jwt::APPLICATION_KEY, header, claims);
        let with = |from: &str, to: &str| {
            assert!(claims.contains(from), "{from}");
            signed(jwt::DESTROY_HEADER, &claims.replace(from, to))
        };
        let jwts = [
            // The JWTs of other uses, also with the right claims.
            jwt::application(now),
            jwt::user(now, SESSION),
            jwt::developer(now),
            jwt::transfer(now, SESSION, "state", "jti"),
            signed(jwt::V1_HEADER, &claims),
            signed(r#"{"alg":"RS256","typ":"JWT"}"#, &claims),
            signed(jwt::TRANSFER_HEADER, &claims),
            // For another body, another route, another tokenizer, by nobody.
            jwt::destroy(now, route, &others, "jti"),
            jwt::destroy(now, route, &format!("{body} "), "jti"),
            jwt::destroy(now, elsewhere, &body, "jti"),
            jwt::destroy(now, &format!("{route}/"), &body, "jti"),
            with("tokenizer.example.com", "other.example.com"),
            with(r#""tokenizer":"https://tokenizer.example.com","#, ""),
            with(r#""jti":"jti","#, ""),
            with(r#""jti":"jti""#, r#""jti":"""#),
            with("route", "rout"),
            with("body_sha256", "body"),
            with(r#""sub":"application""#, r#""sub":"developer""#),
            jwt::sign(&jwt::OTHER_KEY, jwt::DESTROY_HEADER, &claims),
            // Too old, too long, not yet.
            jwt::destroy(now - 65, route, &body, "jti"),
            with(
                &format!(r#""exp":{}"#, now + 60),
                &format!(r#""exp":{}"#, now + 61),
            ),
            jwt::destroy(now + 61, route, &body, "jti"),
        ];
        for (number, jwt) in jwts.iter().enumerate() {
            let reply = harness.post_as(jwt, route, &body).await;
            assert_eq!(reply.status, 401, "{route} {number}: {}", reply.text());
        }
        for headers in [&[][..], &[("cookie", cookie.as_str()), ("origin", ORIGIN)]] {
            assert_eq!(harness.post(route, headers, &body).await.status, 401);
        }
        assert!(harness.is_granted(SESSION, &token).await, "{route}");
        assert!(harness.is_granted(SESSION, &other).await, "{route}");
        // None of them spent the id.
        let late = jwt::destroy(now - 64, route, &body, "jti");
        if route == REVOKE {
            done(&harness.post_as(&late, route, &body).await);
            assert!(!harness.is_granted(SESSION, &token).await);
        }
    }
}

#[tokio::test]
async fn a_jwt_destroys_once() {
    let harness = Harness::start().await;
    let token = harness.store_value(SESSION, "secret").await;
    let body = revocation(Some(SESSION), &token);
    let jwt = jwt::destroy(harness.now(), REVOKE, &body, "jti");
    done(&harness.post_as(&jwt, REVOKE, &body).await);
    harness.grant(SESSION, &token, None).await;
    // The same, and another of that id for something else, until the last moment in which it is valid.
    harness.clock.advance(Duration::from_millis(64_999));
    harness.purge().await;
    let deletes = jwt::destroy(harness.now(), DELETE, &deletion(&[&token]), "jti");
    let replies = [
        harness.post_as(&jwt, REVOKE, &body).await,
        harness
            .post_as(&deletes, DELETE, &deletion(&[&token]))
            .await,
    ];
    for reply in replies {
        assert_eq!(
            (reply.status, reply.message().as_str()),
            (401, "Unauthorized")
        );
    }
    assert!(harness.is_granted(SESSION, &token).await);
}

/// Racing requests with one JWT.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_destroys() {
    let harness = Harness::start().await;
    let body = deletion(&[TOKEN]);
    let jwt = jwt::destroy(harness.now(), DELETE, &body, "jti");
    let racing = (0..8).map(|_| harness.post_as(&jwt, DELETE, &body));
    let replies = futures_util::future::join_all(racing).await;
    let good = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(good, 1);
}

#[tokio::test]
async fn a_jwt_that_destroys_is_refused_elsewhere() {
    let harness = Harness::start().await;
    let token = harness.store_value(SESSION, "secret").await;
    let body = format!(r#"{{"sessionId":"{SESSION}","tokenId":"{token}"}}"#);
    for path in [
        "/grant/set",
        "/grant/verify",
        "/v2/sessions/revoke",
        "/tokenize",
        "/detokenize",
        "/metadata/get",
    ] {
        let jwt = jwt::destroy(harness.now(), path, &body, "jti");
        assert_eq!(
            harness.post_as(&jwt, path, &body).await.status,
            401,
            "{path}"
        );
    }
    let jwt = jwt::destroy(harness.now(), "/session/create", "", "jti");
    let verify = harness
        .get("/session/verify", &[("authorization", &jwt)])
        .await;
    assert_eq!(verify.json()["success"], false);
    let transfer = harness.ensure().await;
    let reply = harness
        .create(&transfer.state, &jwt, &transfer.cookie)
        .await;
    assert_eq!(reply.status, 400);
    assert!(
        reply
            .set_cookies()
            .iter()
            .all(|cookie| cookie.contains("Max-Age=0"))
    );
    assert!(harness.is_granted(SESSION, &token).await);
}

#[tokio::test]
async fn bodies() {
    let harness = Harness::start().await;
    for (route, body) in [
        (DELETE, "{}"),
        (DELETE, r#"{"tokenIds":[]}"#),
        (DELETE, r#"{"tokenIds":["x"]}"#),
        (DELETE, &deletion(&[TOKEN; 101])),
        (REVOKE, "{}"),
        (REVOKE, ""),
        (
            REVOKE,
            &format!(r#"{{"sessionId":null,"tokenId":"{TOKEN}"}}"#),
        ),
        (REVOKE, &format!(r#"{{"sessionId":"{SESSION}"}}"#)),
    ] {
        let reply = destroy(&harness, route, body, "jti").await;
        assert_eq!(reply.status, 400, "{route} {body}");
        reply.message();
    }
    // That spent nothing.
    done(&destroy(&harness, DELETE, &deletion(&[TOKEN; 100]), "jti").await);
    let jwt = jwt::destroy(harness.now(), DELETE, "", "other");
    let auth = [("authorization", jwt.as_str())];
    for route in [DELETE, REVOKE] {
        assert_eq!(harness.get(route, &auth).await.status, 405);
    }
    let reply = harness.send(Method::POST, DELETE, &auth, "").await;
    assert_eq!(reply.status, 415);
}

#[tokio::test]
async fn deleting_can_be_switched_off() {
    let harness = Harness::configured(|builder| builder.delete(false)).await;
    let token = harness.store_value(SESSION, "secret").await;
    let body = deletion(&[&token]);
    let reply = destroy(&harness, DELETE, &body, "a").await;
    assert_eq!(reply.status, 403);
    assert!(reply.message().contains("LUNADEFEND_DELETE is off"));
    assert!(harness.is_granted(SESSION, &token).await);
    // Revoking goes on.
    done(&destroy(&harness, REVOKE, &revocation(None, &token), "b").await);
    assert!(!harness.is_granted(SESSION, &token).await);
}

#[tokio::test]
async fn deleting_stops_above_its_rate() {
    let mut limits = Limits::default();
    limits.deletes_per_hour = 3;
    let harness = Harness::configured(|builder| builder.limits(limits)).await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(harness.store_value(SESSION, "secret").await);
    }
    let one = deletion(&[&tokens[0]]);
    done(&destroy(&harness, DELETE, &one, "a").await);
    // Sent again it counts for nothing.
    for _ in 0..3 {
        assert_eq!(destroy(&harness, DELETE, &one, "a").await.status, 401);
    }
    let rest = deletion(&[&tokens[1], &tokens[2], &tokens[3]]);
    let reply = destroy(&harness, DELETE, &rest, "b").await;
    assert_eq!(reply.status, 429);
    assert!(reply.message().contains("LUNADEFEND_DELETES_PER_HOUR"));
    for token in &tokens[1..] {
        assert!(harness.is_granted(SESSION, token).await, "all or nothing");
    }
    let two = deletion(&[&tokens[1], &tokens[2]]);
    done(&destroy(&harness, DELETE, &two, "c").await);
    harness.clock.advance(Duration::from_secs(60 * 60));
    // The refusal did not spend its JWT's id.
    done(&destroy(&harness, DELETE, &rest, "b").await);
}

#[tokio::test]
async fn a_download_that_runs_is_cut() {
    let harness = Harness::start().await;
    // More than the buffers of both ends hold.
    let value = vec![b'v'; 15 * 1024 * 1024];
    let token = harness.store_value(SESSION, value.clone()).await;
    let download = harness.detokenize(SESSION, &token).await;
    let mut connection = harness.connect().await;
    let request = format!("GET {download} HTTP/1.1\r\nhost: x\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 15];
    connection.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");

    done(&destroy(&harness, DELETE, &deletion(&[&token]), "a").await);
    harness.clock.advance(Duration::from_secs(5));
    let mut read = vec![0; 64 * 1024];
    let mut length = 0;
    // The end of the connection, or its reset.
    while let Ok(more @ 1..) = connection.read(&mut read).await {
        length += more;
    }
    assert!(length < value.len(), "{length}");
}
