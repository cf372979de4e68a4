//! Keys from a key set that is fetched, and everything that can go wrong with it.

#[cfg(unix)]
mod age;
mod dropped;
mod overdue;
mod publisher;

use crate::{
    harness::{Harness, ORIGIN, SESSION, base, builder, client},
    jwt::{APPLICATION_KEY, OTHER_KEY, V1_HEADER, claims, sign},
    metrics::Scraper,
    remembered::REMEMBERED,
};
use lunadefend_crypto::SigningKey;
use lunadefend_tokenizer::{JwksSource, VerificationKeys};
use publisher::{Publisher, document, http, json};
use std::{sync::Arc, time::Duration};
use tokio::io::AsyncWriteExt;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const UNAVAILABLE: &str = "the keys to verify the request with are not available";

/// The response to a JWT signed by that key with that `kid`: status and message.
async fn verdict(harness: &Harness, key: &SigningKey, kid: Option<&str>) -> (u16, String) {
    let header = kid.map_or_else(
        || V1_HEADER.to_owned(),
        |kid| format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#),
    );
    // The same JWT for ten minutes: what was verified before must help nobody.
    let issued_at = harness.now() / 600 * 600;
    let jwt = sign(key, &header, &claims(issued_at, "application", None));
    let body = format!(
        r#"{{"sessionId":"{SESSION}","tokenId":"lunasec-11111111-1111-4111-8111-111111111111"}}"#
    );
    let reply = harness.post_as(&jwt, "/grant/verify", &body).await;
    let message = if reply.status == 200 {
        String::new()
    } else {
        reply.message()
    };
    (reply.status, message)
}

async fn status(harness: &Harness, key: &SigningKey, kid: Option<&str>) -> u16 {
    verdict(harness, key, kid).await.0
}

fn thumbprint(key: &SigningKey) -> &str {
    key.public_key().thumbprint()
}

#[tokio::test]
async fn fetched_lazily_and_once() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer().await;
    assert_eq!(harness.get("/health", &[]).await.status, 200);
    assert_eq!(
        publisher.requests(),
        0,
        "the tokenizer starts without the application"
    );
    let key = &APPLICATION_KEY;
    for kid in [None, Some("lunasec-signing-key"), Some(thumbprint(key))] {
        assert_eq!(status(&harness, key, kid).await, 200);
    }
    assert_eq!(
        status(&harness, &OTHER_KEY, Some(thumbprint(key))).await,
        401
    );
    assert_eq!(publisher.requests(), 1);
}

#[tokio::test]
async fn a_flood_of_first_requests_is_one_fetch() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    publisher.hold(true);
    let harness = Arc::new(publisher.tokenizer().await);
    let requests: Vec<_> = (0..32)
        .map(|_| {
            let harness = Arc::clone(&harness);
            tokio::spawn(async move { status(&harness, &APPLICATION_KEY, None).await })
        })
        .collect();
    publisher.asked(1).await;
    publisher.hold(false);
    publisher.release();
    for request in requests {
        assert_eq!(request.await.unwrap(), 200);
    }
    assert_eq!(publisher.requests(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_at_once_and_an_old_one_goes() {
    for remembered in REMEMBERED {
        new_key_comes_and_old_one_goes(remembered).await;
    }
}

async fn new_key_comes_and_old_one_goes(remembered: usize) {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer_that_remembers(remembered).await;
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    publisher.publish(document(&[&OTHER_KEY], ""));

    // Too early for another fetch.
    let kid = Some(thumbprint(&OTHER_KEY));
    assert_eq!(status(&harness, &OTHER_KEY, kid).await, 401);
    assert_eq!(publisher.requests(), 1);
    harness.clock.advance(SECOND);
    assert_eq!(status(&harness, &OTHER_KEY, kid).await, 200);
    assert_eq!(publisher.requests(), 2);
    // The key that is not published any more.
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 401);
}

/// A v1 peer names no key, or the same for every key.
#[tokio::test]
async fn a_new_key_without_a_name_of_its_own() {
    for kid in [None, Some("lunasec-signing-key")] {
        let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
        let harness = publisher.tokenizer().await;
        assert_eq!(status(&harness, &APPLICATION_KEY, kid).await, 200);
        publisher.publish(document(&[&OTHER_KEY], ""));
        harness.clock.advance(MINUTE);
        assert_eq!(status(&harness, &OTHER_KEY, kid).await, 200);
    }
}

#[tokio::test]
async fn the_same_unknown_key_causes_one_request_a_minute() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer().await;
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    harness.clock.advance(SECOND);
    for tenths in 0..1200 {
        let unknown = status(&harness, &OTHER_KEY, Some("invented")).await;
        assert_eq!(unknown, 401, "{tenths}");
        harness.clock.advance(SECOND / 10);
    }
    assert_eq!(publisher.requests(), 3);
}

/// A key that was replaced in an emergency is published when it signs already.
#[tokio::test]
async fn a_flood_of_invented_keys_does_not_use_up_the_turn_of_a_new_one() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer().await;
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    let kid = Some(thumbprint(&OTHER_KEY));
    let mut found_after = None;
    for tenths in 0..600 {
        harness.clock.advance(SECOND / 10);
        let invented = format!("invented-{tenths}");
        let unknown = status(&harness, &APPLICATION_KEY, Some(&invented)).await;
        assert_eq!(unknown, 401, "{tenths}");
        // Just after a fetch for one of them.
        if tenths == 305 {
            publisher.publish(document(&[&APPLICATION_KEY, &OTHER_KEY], ""));
        }
        if tenths >= 305 && status(&harness, &OTHER_KEY, kid).await == 200 {
            found_after.get_or_insert(tenths - 305);
        }
    }
    assert!(
        found_after.is_some_and(|tenths| tenths <= 10),
        "{found_after:?}"
    );
    assert!(publisher.requests() <= 61, "{}", publisher.requests());
    // Nor does a moment without a response.
    publisher.publish(http("502 Bad Gateway", "", b""));
    harness.clock.advance(SECOND);
    let third = Some("unknown");
    assert_eq!(status(&harness, &APPLICATION_KEY, third).await, 503);
    publisher.publish(document(&[&APPLICATION_KEY], ""));
    harness.clock.advance(SECOND);
    assert_eq!(status(&harness, &APPLICATION_KEY, third).await, 401);
}

#[tokio::test]
async fn many_invented_keys_at_once_are_one_request() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = Arc::new(publisher.tokenizer().await);
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    for round in 0..3 {
        harness.clock.advance(MINUTE);
        let requests: Vec<_> = (0..32)
            .map(|n| {
                let harness = Arc::clone(&harness);
                tokio::spawn(async move {
                    status(&harness, &OTHER_KEY, Some(&format!("invented-{n}"))).await
                })
            })
            .collect();
        for request in requests {
            assert_eq!(request.await.unwrap(), 401);
        }
        assert_eq!(publisher.requests(), 2 + round);
    }
}

/// A client that invents a key and hangs up does not keep the others from the new one.
#[tokio::test]
async fn a_client_that_goes_away_does_not_end_the_fetch() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer().await;
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    harness.clock.advance(MINUTE);
    publisher.publish(document(&[&OTHER_KEY], ""));
    publisher.hold(true);
    let jwt = sign(
        &OTHER_KEY,
        r#"{"alg":"RS256","kid":"invented"}"#,
        &claims(harness.now(), "application", None),
    );
    let mut connection = harness.connect().await;
    let request = format!(
        "POST /grant/verify HTTP/1.1\r\nHost: x\r\nAuthorization: {jwt}\r\nContent-Length: 0\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    publisher.asked(2).await;
    drop(connection);
    publisher.hold(false);
    publisher.release();
    assert_eq!(
        status(&harness, &OTHER_KEY, Some(thumbprint(&OTHER_KEY))).await,
        200
    );
    assert_eq!(publisher.requests(), 2);
}

#[tokio::test]
async fn an_unknown_key_while_the_application_is_down() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer().await;
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    publisher.publish(http("502 Bad Gateway", "", b""));
    harness.clock.advance(MINUTE);
    // It may well be a good key: not "unauthorized", which would blame the application's.
    let unknown = Some(thumbprint(&OTHER_KEY));
    assert_eq!(verdict(&harness, &OTHER_KEY, unknown).await.0, 503);
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
}

#[tokio::test]
async fn what_is_not_a_key_set() {
    let good = document(&[&APPLICATION_KEY], "");
    let body_of = |document: &[u8]| {
        let text = String::from_utf8(document.to_vec()).unwrap();
        text.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    let set = body_of(&good);
    let elsewhere = Publisher::start(good.clone()).await;
    let redirect = format!("Location: {}\r\n", elsewhere.url);
    let padded = format!("{set}{}", " ".repeat(64 * 1024));
    let private = set.replacen("\"kty\"", "\"d\":\"AQAB\",\"kty\"", 1);
    let key = &set[set.find('[').unwrap() + 1..set.find('}').unwrap() + 1];
    let many = format!(r#"{{"keys":[{}]}}"#, vec![key; 17].join(","));
    let cases: [(&str, Vec<u8>); 14] = [
        (
            "500",
            http(
                "500 Internal Server Error",
                "Content-Type: application/json\r\n",
                set.as_bytes(),
            ),
        ),
        ("404", http("404 Not Found", "", b"")),
        ("redirect", http("302 Found", &redirect, b"")),
        (
            "html",
            http(
                "200 OK",
                "Content-Type: text/html\r\n",
                b"<html>log in</html>",
            ),
        ),
        (
            "a set as text",
            http("200 OK", "Content-Type: text/plain\r\n", set.as_bytes()),
        ),
        ("no type", http("200 OK", "", set.as_bytes())),
        (
            "compressed",
            http(
                "200 OK",
                "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
                set.as_bytes(),
            ),
        ),
        ("too large", json(padded.as_bytes())),
        ("too many", json(many.as_bytes())),
        ("not json", json(b"{")),
        ("no keys", json(br#"{"keys":[]}"#)),
        ("a private key", json(private.as_bytes())),
        ("half", good[..good.len() / 2].to_vec()),
        ("not http", b"220 mail.example.com ESMTP\r\n".to_vec()),
    ];
    for (case, answer) in cases {
        let publisher = Publisher::start(answer).await;
        let harness = publisher.tokenizer().await;
        let unavailable = (503, UNAVAILABLE.to_owned());
        assert_eq!(
            verdict(&harness, &APPLICATION_KEY, None).await,
            unavailable,
            "{case}"
        );
        // Not asked again for each request that comes meanwhile.
        assert_eq!(
            verdict(&harness, &APPLICATION_KEY, None).await,
            unavailable,
            "{case}"
        );
        assert_eq!(publisher.requests(), 1, "{case}");
        // The application comes up.
        publisher.publish(good.clone());
        harness.clock.advance(Duration::from_secs(1));
        assert_eq!(
            status(&harness, &APPLICATION_KEY, None).await,
            200,
            "{case}"
        );
    }
    assert_eq!(elsewhere.requests(), 0, "redirects are not followed");
    let jwk_set = http(
        "200 OK",
        "Content-Type: application/jwk-set+json\r\n",
        set.as_bytes(),
    );
    let publisher = Publisher::start(jwk_set).await;
    assert_eq!(
        status(&publisher.tokenizer().await, &APPLICATION_KEY, None).await,
        200
    );
}

/// Others may carry a set too: of an error page, a part, or one that a proxy has changed.
#[tokio::test]
async fn only_200_counts_for_a_key_set() {
    let set = document(&[&APPLICATION_KEY], "");
    let set = String::from_utf8(set).unwrap();
    for status in [201, 202, 203, 205, 206, 226, 300, 304, 404, 503] {
        let answer = set.replacen("200 OK", &format!("{status} Else"), 1);
        let publisher = Publisher::start(answer.into_bytes()).await;
        let harness = publisher.tokenizer().await;
        let unavailable = (503, UNAVAILABLE.to_owned());
        let verdict = verdict(&harness, &APPLICATION_KEY, None).await;
        assert_eq!(verdict, unavailable, "{status}");
        assert_eq!(publisher.requests(), 1, "{status}");
    }
}

#[tokio::test]
async fn nothing_listens() {
    // Held and never listened on, so that no other process gets the port meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/jwks.json", socket.local_addr().unwrap());
    let source = JwksSource::new(base(&url), client()).unwrap();
    let harness = Harness::with(builder(ORIGIN, VerificationKeys::Jwks(source))).await;
    assert_eq!(verdict(&harness, &APPLICATION_KEY, None).await.0, 503);
    let t = harness.ensure().await;
    let jwt = harness.user(SESSION);
    assert_eq!(harness.create(&t.state, &jwt, &t.cookie).await.status, 503);
    let verify = harness
        .get("/session/verify", &[("authorization", &jwt)])
        .await;
    assert_eq!(verify.status, 503);
    // What needs no key works.
    assert_eq!(harness.get("/health", &[]).await.status, 200);
    assert_eq!(harness.get("/session/verify", &[]).await.status, 200);
}

/// The whole fetch has five seconds, the head and every byte of the body included.
#[tokio::test]
async fn an_application_that_hangs() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    publisher.hold(true);
    let harness = publisher.tokenizer().await;
    // Not the answer of a request that has had its own time.
    let unavailable = (503, UNAVAILABLE.to_owned());
    assert_eq!(verdict(&harness, &APPLICATION_KEY, None).await, unavailable);
    assert_eq!(publisher.requests(), 1);
}

#[tokio::test]
async fn the_metrics_follow_the_key_set() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer().await;
    let scraper = Scraper::of(&harness).await;
    assert_eq!(scraper.value("lunadefend_keys_known").await, 0.0);
    assert_eq!(scraper.value("lunadefend_keys_fresh").await, 0.0);
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    harness.clock.advance(SECOND);
    assert_eq!(scraper.value("lunadefend_keys_known").await, 1.0);
    assert_eq!(scraper.value("lunadefend_keys_fresh").await, 1.0);
    assert_eq!(scraper.value("lunadefend_key_set_age_seconds").await, 1.0);
    harness.clock.advance(24 * HOUR);
    assert_eq!(scraper.value("lunadefend_keys_fresh").await, 0.0);
    assert_eq!(
        scraper.value("lunadefend_key_set_age_seconds").await,
        86_401.0
    );
}
