//! `/v2/grants/set` and `/v2/grants/verify`.

use crate::harness::{Harness, OTHER_SESSION, Reply, SESSION, TOKEN};
use lunadefend_core::{
    provider::{Clock, UnixMillis},
    wire::{BatchId, BatchOperation, BatchPlace, Binding},
};
use lunadefend_crypto::sha256;
use serde_json::{Value, json};
use std::time::Duration;

const SET: &str = "/v2/grants/set";
const VERIFY: &str = "/v2/grants/verify";
const ID: &str = "AAECAwQFBgcICQoLDA0ODw";
const MINUTES: u64 = 60_000;

fn token(number: usize) -> String {
    format!("lunasec-00000000-0000-4000-8000-{number:012}")
}

fn item(session: &str, token: &str) -> Value {
    json!({ "sessionId": session, "tokenId": token })
}

fn lasting(session: &str, token: &str, duration: &str) -> Value {
    json!({ "sessionId": session, "tokenId": token, "duration": duration })
}

async fn post(harness: &Harness, path: &str, items: &[Value]) -> Reply {
    let body = json!({ "batchId": ID, "items": items }).to_string();
    harness.post_as(&harness.application(), path, &body).await
}

/// The verdicts: the expiry of each item, or the name of its refusal. Each binding must be that of its item.
async fn verdicts(harness: &Harness, path: &str, items: &[Value]) -> Vec<Result<u64, String>> {
    let reply = post(harness, path, items).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), "no-store, no-transform");
    assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin");
    let json = reply.json();
    assert_eq!(
        (&json["success"], &json["error"]),
        (&json!(true), &json!({}))
    );
    assert_eq!(json["data"]["batchId"], ID);
    let answers = json["data"]["items"].as_array().unwrap();
    assert_eq!(answers.len(), items.len());
    let (operation, verdict) = match path {
        SET => (BatchOperation::Set, "granted"),
        _ => (BatchOperation::Verify, "valid"),
    };
    let answers = answers.iter().zip(items).enumerate();
    answers
        .map(|(index, (answer, item))| {
            let expires_at = answer["expiresAt"].as_u64();
            assert_eq!(answer[verdict], expires_at.is_some(), "{answer}");
            let place = BatchPlace {
                operation,
                batch: BatchId::new(std::array::from_fn(|index| u8::try_from(index).unwrap())),
                index: u32::try_from(index).unwrap(),
            };
            let text = |member: &str| item[member].as_str().unwrap();
            let binding = Binding::of(
                place,
                text("sessionId"),
                text("tokenId"),
                expires_at.map(UnixMillis::new),
                sha256,
            );
            assert_eq!(answer["binding"], binding.to_string());
            expires_at.ok_or_else(|| {
                let name = answer["errorName"].as_str();
                name.unwrap_or_default().to_owned()
            })
        })
        .collect()
}

fn no(name: &str) -> Result<u64, String> {
    Err(name.to_owned())
}

/// The hash of the test vector in `docs/wire-level-2.md`.
#[tokio::test]
async fn the_binding_is_that_of_the_vector() {
    let harness = Harness::start().await;
    harness.clock.set(UnixMillis::new(1_700_000_000_000));
    let session = "session-abc";
    let token = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
    let others = [
        item(SESSION, TOKEN),
        item(SESSION, TOKEN),
        item(session, token),
    ];
    let binding = async |path| {
        let reply = post(&harness, path, &others).await;
        reply.json()["data"]["items"][2].clone()
    };
    assert_eq!(
        binding(VERIFY).await,
        json!({ "binding": "En86FKuXFkVek-Lt8ZqeHgeZXZ9x0bYziw9wdmh7nD4", "valid": false, "expiresAt": null })
    );
    assert_eq!(
        binding(SET).await,
        json!({ "binding": "-he4mrRWqKh2oNfdOQ4cwzXKzHRp8hZsXrW1sAsMFfg", "granted": true, "expiresAt": 1_700_000_900_000_u64 })
    );
    assert_eq!(
        binding(VERIFY).await,
        json!({ "binding": "UUNTZLxSEi4nmzxzMeve6RHdjtEKEIGtLoJxVmHXk64", "valid": true, "expiresAt": 1_700_000_900_000_u64 })
    );
}

#[tokio::test]
async fn each_item_has_its_own_verdict_in_the_order_of_the_request() {
    let harness = Harness::start().await;
    harness.revoke(OTHER_SESSION).await;
    let now = harness.clock.unix_millis().get();
    let items = [
        lasting(SESSION, &token(1), "10m"),
        item(SESSION, &token(2)),
        lasting(SESSION, &token(3), ""),
        item(OTHER_SESSION, &token(1)),
        lasting(SESSION, &token(4), "2h"),
        lasting(SESSION, &token(4), "1ms"),
        lasting(SESSION, &token(4), "soon"),
        item("", &token(4)),
        item(&"s".repeat(1025), &token(4)),
        item(SESSION, "canary"),
        item(SESSION, &TOKEN.to_uppercase()),
        item("third", &token(1)),
        lasting(SESSION, &token(1), "5m"),
    ];
    let expected = [
        Ok(now + 10 * MINUTES),
        Ok(now + 15 * MINUTES),
        Ok(now + 15 * MINUTES),
        no("sessionEnded"),
        no("grantDuration"),
        no("grantDuration"),
        no("grantDuration"),
        no("badItem"),
        no("badItem"),
        no("badItem"),
        no("badItem"),
        Ok(now + 15 * MINUTES),
        Ok(now + 5 * MINUTES),
    ];
    assert_eq!(verdicts(&harness, SET, &items).await, expected);

    let mut expected = expected.map(|verdict| verdict.map_err(|_| String::new()));
    // Of two grants the one that ends later counts.
    expected[12] = Ok(now + 10 * MINUTES);
    assert_eq!(verdicts(&harness, VERIFY, &items).await, expected);

    // Level 1 sees the same grants, and the other way round.
    assert!(harness.is_granted(SESSION, &token(2)).await);
    assert!(!harness.is_granted(SESSION, &token(4)).await);
    harness.grant(SESSION, &token(4), None).await;
    let fourth = [item(SESSION, &token(4))];
    assert_eq!(
        verdicts(&harness, VERIFY, &fourth).await,
        [Ok(now + 15 * MINUTES)]
    );

    harness.clock.advance(Duration::from_secs(10 * 60));
    let first = verdicts(&harness, VERIFY, &items[..2]).await;
    assert_eq!(
        first,
        [no(""), Ok(now + 15 * MINUTES)],
        "refused at its expiry"
    );
    harness.revoke(SESSION).await;
    let all = verdicts(&harness, VERIFY, &items[..3]).await;
    assert_eq!(
        all,
        [no(""), no(""), no("")],
        "ended sessions hold no grants"
    );
}

#[tokio::test]
async fn a_full_batch_and_one_item_more() {
    let harness = Harness::start().await;
    // The longest that JSON can make of a session id.
    let session = "\u{1}".repeat(1024);
    let items: Vec<_> = (0..101)
        .map(|number| item(&session, &token(number)))
        .collect();
    let granted = verdicts(&harness, SET, &items[..100]).await;
    assert!(granted.iter().all(Result::is_ok));
    assert_eq!(verdicts(&harness, VERIFY, &items[..100]).await, granted);
    for path in [SET, VERIFY] {
        for wrong in [&items[..], &[]] {
            let reply = post(&harness, path, wrong).await;
            assert_eq!(
                (reply.status, reply.message().as_str()),
                (400, "a batch has 1 to 100 items")
            );
            assert_eq!(reply.header("cache-control"), "no-store, no-transform");
        }
    }
    let last = [item(&session, &token(100))];
    assert_eq!(
        verdicts(&harness, VERIFY, &last).await,
        [no("")],
        "nothing of it was granted"
    );
}

#[tokio::test]
async fn a_malformed_batch_is_refused_as_a_whole() {
    let harness = Harness::start().await;
    let good = item(SESSION, TOKEN);
    for path in [SET, VERIFY] {
        for body in [
            String::new(),
            "[]".to_owned(),
            "{}".to_owned(),
            json!({ "items": [good] }).to_string(),
            json!({ "batchId": ID }).to_string(),
            json!({ "batchId": "canary", "items": [good] }).to_string(),
            json!({ "batchId": format!("{ID}A"), "items": [good] }).to_string(),
            json!({ "batchId": ID, "items": good }).to_string(),
            json!({ "batchId": ID, "items": [good, [SESSION, TOKEN]] }).to_string(),
            json!({ "batchId": ID, "items": [good, null] }).to_string(),
            json!({ "batchId": ID, "items": [good, { "sessionId": "canary" }] }).to_string(),
            json!({ "batchId": ID, "items": [good, item(SESSION, "x"), 5] }).to_string(),
            json!({ "batchId": ID, "items": [{ "sessionId": 1, "tokenId": TOKEN }] }).to_string(),
            json!({ "batchId": ID, "items": [{ "sessionId": SESSION, "tokenId": TOKEN, "duration": 5 }] })
                .to_string(),
            format!(r#"{{"batchId":"{ID}","batchId":"{ID}","items":[{good}]}}"#),
            format!(r#"{{"batchId":"{ID}","items":[{good}]}} canary"#),
        ] {
            let jwt = harness.application();
            let reply = harness.post_as(&jwt, path, &body).await;
            assert_eq!(reply.status, 400, "{path} {body}");
            assert!(!reply.message().contains("canary"), "{}", reply.text());
        }
        let large = format!(
            r#"{{"batchId":"{ID}","items":[{good}],"x":"{}"}}"#,
            "x".repeat(1024 * 1024)
        );
        let jwt = harness.application();
        assert_eq!(harness.post_as(&jwt, path, &large).await.status, 413);
    }
    assert!(
        !harness.is_granted(SESSION, TOKEN).await,
        "nothing was granted on the way"
    );
}
