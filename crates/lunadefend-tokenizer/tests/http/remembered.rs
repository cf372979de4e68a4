//! A JWT whose signature was verified before: all else about it is judged as if it came for the first time.

use crate::{
    harness::{Harness, OTHER_SESSION, SESSION, TOKEN},
    jwt::{self, APPLICATION_KEY, OTHER_KEY, V1_HEADER, claims, sign},
};
use lunadefend_core::{provider::Clock, wire::SESSION_ENDED};
use lunadefend_tokenizer::Limits;
use std::time::Duration;

/// How many JWTs a tokenizer remembers: as many as by default, one, none.
pub(crate) const REMEMBERED: [usize; 3] = [4096, 1, 0];

/// The default limits, but with so many JWTs to remember.
pub(crate) fn remembering(jwts: usize) -> Limits {
    let mut limits = Limits::default();
    assert_eq!(limits.verified_jwts, REMEMBERED[0]);
    limits.verified_jwts = jwts;
    limits
}

async fn tokenizer(jwts: usize) -> Harness {
    Harness::configured(|builder| builder.limits(remembering(jwts))).await
}

async fn verify(harness: &Harness, jwt: &str) -> u16 {
    let body = format!(r#"{{"sessionId":"{SESSION}","tokenId":"{TOKEN}"}}"#);
    harness.post_as(jwt, "/grant/verify", &body).await.status
}

#[tokio::test]
async fn it_expires_and_is_not_valid_before_its_time() {
    for remembered in REMEMBERED {
        let harness = tokenizer(remembered).await;
        let start = Clock::now(&harness.clock);
        // It lives for 900 seconds, with 5 of leeway; its maker's clock may be ahead by 60.
        let jwt = jwt::application(harness.now() + 61);
        for (offset, expected) in [(0, 401), (1, 200), (1, 200), (965, 200), (966, 401)] {
            harness.clock.set(start + Duration::from_secs(offset));
            assert_eq!(
                verify(&harness, &jwt).await,
                expected,
                "{remembered} {offset}"
            );
        }
    }
}

#[tokio::test]
async fn its_session_ends() {
    for remembered in REMEMBERED {
        let harness = tokenizer(remembered).await;
        let (jwt, other) = (harness.user(SESSION), harness.user(OTHER_SESSION));
        for jwt in [&jwt, &jwt, &other] {
            assert_eq!(harness.post_as(jwt, "/tokenize", "{}").await.status, 200);
        }
        assert_eq!(harness.revoke(SESSION).await.status, 200);
        for _ in 0..2 {
            let reply = harness.post_as(&jwt, "/tokenize", "{}").await;
            assert_eq!(reply.status, 400, "{remembered}");
            reply.message_of(SESSION_ENDED);
        }
        assert_eq!(harness.post_as(&other, "/tokenize", "{}").await.status, 200);
    }
}

#[tokio::test]
async fn it_is_good_for_its_own_routes_only() {
    for remembered in REMEMBERED {
        let harness = tokenizer(remembered).await;
        let (user, developer) = (harness.user(SESSION), jwt::developer(harness.now()));
        for _ in 0..2 {
            assert_eq!(harness.post_as(&user, "/tokenize", "{}").await.status, 200);
            assert_eq!(verify(&harness, &user).await, 401, "{remembered}");
            assert_eq!(verify(&harness, &developer).await, 401, "{remembered}");
            // It destroys nothing, whoever it is of.
            let body = format!(r#"{{"tokenIds":["{TOKEN}"]}}"#);
            for jwt in [&user, &harness.application()] {
                let reply = harness.post_as(jwt, "/v2/tokens/delete", &body).await;
                assert_eq!(reply.status, 401, "{remembered}");
            }
        }
    }
}

/// Who changes a bit of a JWT that was verified has another one.
#[tokio::test]
async fn another_text_has_to_be_signed_itself() {
    for remembered in REMEMBERED {
        let harness = tokenizer(remembered).await;
        let good = harness.application();
        assert_eq!(verify(&harness, &good).await, 200);
        let (input, signature) = good.rsplit_once('.').unwrap();
        let forged = sign(
            &OTHER_KEY,
            V1_HEADER,
            &claims(harness.now(), "application", None),
        );
        let (_, forged) = forged.rsplit_once('.').unwrap();
        let later = sign(
            &OTHER_KEY,
            V1_HEADER,
            &claims(harness.now() + 1, "application", None),
        );
        let (later, _) = later.rsplit_once('.').unwrap();
        for jwt in [
            format!("{input}.{forged}"),
            format!("{later}.{signature}"),
            format!("{input}."),
        ] {
            assert_eq!(verify(&harness, &jwt).await, 401, "{remembered}");
        }
        assert_eq!(verify(&harness, &good).await, 200);
    }
}

/// A transfer JWT makes one session, also when the first attempt has verified it.
#[tokio::test]
async fn a_transfer_and_a_destroy_jwt_are_good_once() {
    for remembered in REMEMBERED {
        let harness = tokenizer(remembered).await;
        let transfer = harness.ensure().await;
        let jwt = jwt::transfer(harness.now(), SESSION, &transfer.state, "jti-1");
        let first = harness
            .create(&transfer.state, &jwt, &transfer.cookie)
            .await;
        assert_eq!(first.status, 200, "{remembered}");
        let second = harness
            .create(&transfer.state, &jwt, &transfer.cookie)
            .await;
        assert_ne!(second.status, 200, "{remembered}");
        assert_eq!(verify(&harness, &jwt).await, 401, "{remembered}");

        let body = format!(r#"{{"tokenIds":["{TOKEN}"]}}"#);
        let jwt = jwt::destroy(harness.now(), "/v2/tokens/delete", &body, "jti-2");
        for expected in [200, 401] {
            let reply = harness.post_as(&jwt, "/v2/tokens/delete", &body).await;
            assert_eq!(reply.status, expected, "{remembered}");
        }
    }
}

#[tokio::test]
async fn more_jwts_than_are_remembered_are_all_served() {
    let harness = tokenizer(1).await;
    let jwts = [0, 1, 2].map(|second| {
        let claims = claims(harness.now() - second, "application", None);
        sign(&APPLICATION_KEY, V1_HEADER, &claims)
    });
    for jwt in jwts.iter().chain(&jwts).chain(&jwts[2..]) {
        assert_eq!(verify(&harness, jwt).await, 200);
    }
}
