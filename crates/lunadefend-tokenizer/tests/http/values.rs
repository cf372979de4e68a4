//! `/v2/tokenize`, `/v2/detokenize`, `/v2/tokens/describe` and `/metadata/set`.

use crate::{
    harness::{ANY_PAGE, Harness, ORIGIN, OTHER_SESSION, Reply, SESSION, TOKEN, path_of},
    jwt,
};
use http::Method;
use lunadefend_core::{provider::Clock, wire::ValueKind};
use lunadefend_crypto::{base64, base64url};
use lunadefend_tokenizer::ValuePolicy;
use lunadefend_vault::MaskPolicy;
use serde_json::{Value, json};
use std::time::Duration;

const NEW: &str = "/v2/tokenize";
const READ: &str = "/v2/detokenize";
const DESCRIBE: &str = "/v2/tokens/describe";
const SSN: &str = "078-05-1120";

async fn post(harness: &Harness, jwt: &str, path: &str, body: &Value) -> Reply {
    harness.post_as(jwt, path, &body.to_string()).await
}

/// `data` of a response that is right for a secret.
fn data(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), "no-store, no-transform");
    assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin");
    assert!(reply.has_no_cors());
    reply.json()["data"].clone()
}

async fn new(harness: &Harness, body: &Value) -> Value {
    data(&post(harness, &harness.user(SESSION), NEW, body).await)
}

async fn token(harness: &Harness, body: &Value) -> String {
    let data = new(harness, body).await;
    assert!(data.get("upload").is_none(), "the value came along");
    data["tokenId"].as_str().unwrap().to_owned()
}

fn value(text: &str) -> String {
    base64(text.as_bytes())
}

fn id(number: u8) -> String {
    base64url(&[number; 16])
}

async fn read_as(harness: &Harness, session: &str, tokens: &[&str], read: u8) -> Vec<Value> {
    let body = json!({ "tokenIds": tokens, "readId": id(read) });
    let data = data(&post(harness, &harness.user(session), READ, &body).await);
    let items = data["items"].as_array().unwrap().clone();
    let answered = items.iter().map(|item| item["tokenId"].as_str().unwrap());
    assert!(answered.eq(tokens.iter().copied()));
    items
}

async fn is_read(harness: &Harness, session: &str, token: &str, read: u8) -> bool {
    let items = read_as(harness, session, &[token], read).await;
    items[0].get("value").is_some()
}

#[tokio::test]
async fn a_value_goes_in_and_out_with_the_requests() {
    let harness = Harness::start().await;
    let ssn = token(&harness, &json!({ "value": value(SSN) })).await;
    let empty = token(&harness, &json!({ "value": "" })).await;
    let other = harness.store_value(SESSION, "by URL").await;
    let large = harness.store_value(SESSION, vec![7; 20_000]).await;
    let (waiting, _) = harness.tokenize(SESSION).await;
    let items = read_as(
        &harness,
        SESSION,
        &[&ssn, TOKEN, &empty, &other, &large, &waiting, &ssn],
        1,
    )
    .await;
    let expires_at = (harness.clock.unix_millis() + Duration::from_secs(900)).get();
    for (at, text) in [(0, SSN), (2, ""), (3, "by URL"), (6, SSN)] {
        let expected = json!({ "tokenId": items[at]["tokenId"], "value": value(text), "expiresAt": expires_at });
        assert_eq!(items[at], expected);
    }
    // What does not exist and what may not be read are the same.
    for at in [1, 5] {
        assert_eq!(items[at], json!({ "tokenId": items[at]["tokenId"] }));
    }
    assert_eq!(items[4]["expiresAt"], expires_at);
    let url = path_of(items[4]["download"]["url"].as_str().unwrap());
    let reply = harness.get(&url, &[]).await;
    assert_eq!((reply.status, reply.body.len()), (200, 20_000));
    let refused = read_as(&harness, OTHER_SESSION, &[&ssn], 1).await;
    assert_eq!(refused[0], json!({ "tokenId": ssn }));
    // The application owns no session.
    let body = json!({ "tokenIds": [ssn], "readId": id(1) });
    let items = data(&post(&harness, &harness.application(), READ, &body).await);
    assert_eq!(items["items"][0], json!({ "tokenId": ssn }));
}

#[tokio::test]
async fn a_frame_does_it_by_its_cookie() {
    let harness = Harness::start().await;
    let cookie = harness.log_in(SESSION, "jti").await;
    let frame = [("cookie", cookie.as_str()), ("origin", ORIGIN), ANY_PAGE];
    let body = json!({ "value": value(SSN), "kind": "ssn" }).to_string();
    let made = data(&harness.post(NEW, &frame, &body).await);
    let token = made["tokenId"].as_str().unwrap();
    let body = json!({ "tokenIds": [token], "readId": id(1) }).to_string();
    let found = data(&harness.post(READ, &frame, &body).await);
    assert_eq!(found["items"][0]["value"], value(SSN));
    // Its page does not.
    let page = [
        ("cookie", cookie.as_str()),
        ("origin", "https://app.example.com"),
        ANY_PAGE,
    ];
    for path in [NEW, READ, DESCRIBE] {
        let reply = harness.post(path, &page, &body).await;
        assert_eq!(reply.status, 403, "{path}");
    }
}

#[tokio::test]
async fn without_a_value_there_is_a_place_to_upload_it() {
    let harness = Harness::start().await;
    let made = new(
        &harness,
        &json!({ "kind": "card-number", "metadata": { "a": 1 } }),
    )
    .await;
    let token = made["tokenId"].as_str().unwrap();
    assert_eq!(made["upload"]["headers"], json!({}));
    let url = path_of(made["upload"]["url"].as_str().unwrap());
    assert!(!is_read(&harness, SESSION, token, 1).await);
    let put = harness
        .send(Method::PUT, &url, &[], "4111111111111111")
        .await;
    assert_eq!(put.status, 200, "{}", put.text());
    assert!(is_read(&harness, SESSION, token, 1).await);
    let body = json!({ "tokenId": token }).to_string();
    let kept = harness
        .post_as(&harness.user(SESSION), "/metadata/get", &body)
        .await;
    assert_eq!(kept.json()["data"]["metadata"], json!({ "a": 1 }));
}

#[tokio::test]
async fn what_is_malformed_is_refused_and_says_the_rule() {
    let harness = Harness::start().await;
    let long = base64(&[7; 16 * 1024 + 1]);
    for (body, rule) in [
        (json!({ "value": "MDc4LTA1LTExMjA" }), "base64"),
        (json!({ "value": long }), "16 KiB"),
        (json!({ "value": null }), "base64"),
        (json!({ "value": 7 }), "base64"),
        (json!({ "kind": "pin" }), "card-number"),
        (json!({ "kind": null }), "card-number"),
        (json!({ "expiresIn": "10d" }), "Go duration"),
        (json!({ "expiresIn": "0s" }), "Go duration"),
        (json!({ "expiresIn": "87601h" }), "ten years"),
        (json!({ "expiresIn": null }), "Go duration"),
        (json!({ "reads": 0 }), "1 to 100"),
        (json!({ "reads": 101 }), "1 to 100"),
        (json!({ "reads": 1.5 }), "1 to 100"),
        (json!({ "reads": "1" }), "1 to 100"),
        (json!({ "reads": null }), "1 to 100"),
        (
            json!({ "metadata": { "x": "y".repeat(8 * 1024) } }),
            "8 KiB",
        ),
    ] {
        let reply = post(&harness, &harness.user(SESSION), NEW, &body).await;
        assert_eq!(reply.status, 400, "{body}");
        let message = reply.message();
        assert!(message.contains(rule), "{message}");
        assert!(
            !message.contains("MDc4") && !message.contains("pin"),
            "{message}"
        );
    }
    for body in [
        json!({ "tokenIds": [], "readId": id(1) }),
        json!({ "tokenIds": vec![TOKEN; 101], "readId": id(1) }),
        json!({ "tokenIds": [TOKEN] }),
        json!({ "tokenIds": [TOKEN], "readId": "x" }),
        json!({ "tokenIds": ["x"], "readId": id(1) }),
    ] {
        let reply = post(&harness, &harness.user(SESSION), READ, &body).await;
        assert_eq!(reply.status, 400, "{body}");
    }
    let full =
        json!({ "value": base64(&[7; 16 * 1024]), "metadata": { "x": "y".repeat(8 * 1024 - 8) } });
    token(&harness, &full).await;
}

#[tokio::test]
async fn a_response_stays_below_a_mebibyte() {
    let harness = Harness::start().await;
    let mut tokens = Vec::new();
    for _ in 0..100 {
        tokens.push(token(&harness, &json!({ "value": base64(&[7; 16 * 1024]) })).await);
    }
    let tokens: Vec<_> = tokens.iter().map(String::as_str).collect();
    let body = json!({ "tokenIds": tokens, "readId": id(1) });
    let reply = post(&harness, &harness.user(SESSION), READ, &body).await;
    assert!(reply.body.len() <= 1024 * 1024, "{}", reply.body.len());
    let items = data(&reply)["items"].clone();
    let inline = items
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item.get("value").is_some());
    assert_eq!(inline.count(), 45);
    let by_url = items
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item.get("download").is_some());
    assert_eq!(by_url.count(), 55);
}

#[tokio::test]
async fn a_request_that_comes_again_makes_no_second_token() {
    let harness = Harness::start().await;
    let jwt = harness.user(SESSION);
    let send = async |key: &str, body: &Value| {
        let headers = [("authorization", jwt.as_str()), ("idempotency-key", key)];
        harness.post(NEW, &headers, &body.to_string()).await
    };
    let key = id(1);
    let (ssn, other) = (
        json!({ "value": value(SSN) }),
        json!({ "value": value("other") }),
    );
    let first = data(&send(&key, &ssn).await);
    assert_eq!(data(&send(&key, &ssn).await), first);
    let reply = send(&key, &other).await;
    assert_eq!(reply.status, 422);
    reply.message_of("idempotencyMismatch");
    assert_ne!(data(&send(&id(2), &ssn).await), first);
    // A waiting one gets its URL again until the value is there.
    let waiting = json!({ "reads": 1 });
    let one = data(&send(&id(3), &waiting).await);
    let two = data(&send(&id(3), &waiting).await);
    assert_eq!(one, two);
    let url = path_of(two["upload"]["url"].as_str().unwrap());
    assert_eq!(harness.send(Method::PUT, &url, &[], SSN).await.status, 200);
    let three = data(&send(&id(3), &waiting).await);
    assert_eq!(three, json!({ "tokenId": one["tokenId"] }));
    // What it made is gone.
    let token = first["tokenId"].as_str().unwrap();
    let body = json!({ "tokenIds": [token] }).to_string();
    let destroy = jwt::destroy(harness.now(), "/v2/tokens/delete", &body, "one");
    let deleted = harness.post_as(&destroy, "/v2/tokens/delete", &body).await;
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    let reply = send(&key, &ssn).await;
    assert_eq!(reply.status, 410);
    reply.message_of("tokenGone");
    for bad in ["", "x", &id(1)[1..], "AAAAAAAAAAAAAAAAAAAAAB"] {
        assert_eq!(send(bad, &ssn).await.status, 400, "{bad}");
    }
    let twice = [
        ("authorization", jwt.as_str()),
        ("idempotency-key", &key),
        ("idempotency-key", &key),
    ];
    assert_eq!(
        harness.post(NEW, &twice, &ssn.to_string()).await.status,
        400
    );
}

#[tokio::test]
async fn a_value_has_as_many_reads_and_as_long_a_life_as_it_was_given() {
    let harness = Harness::start().await;
    let once = token(&harness, &json!({ "value": value(SSN), "reads": 1 })).await;
    harness.grant(OTHER_SESSION, &once, None).await;
    for _ in 0..3 {
        assert!(is_read(&harness, SESSION, &once, 1).await);
    }
    assert!(!is_read(&harness, SESSION, &once, 2).await);
    assert!(!is_read(&harness, OTHER_SESSION, &once, 1).await);
    let body = json!({ "tokenId": once });
    let v1 = post(&harness, &harness.user(SESSION), "/detokenize", &body).await;
    assert_eq!(v1.status, 404);

    // A read of level 1 is one, too.
    let once = harness.user(SESSION);
    let made = new(&harness, &json!({ "value": value(SSN), "reads": 1.0 })).await;
    let token_id = made["tokenId"].as_str().unwrap();
    let url = harness.detokenize(SESSION, token_id).await;
    assert_eq!(harness.get(&url, &[]).await.body, SSN);
    let again = post(
        &harness,
        &once,
        "/detokenize",
        &json!({ "tokenId": token_id }),
    )
    .await;
    assert_eq!(again.status, 404);
    assert!(!is_read(&harness, SESSION, token_id, 1).await);

    let short = token(&harness, &json!({ "value": value(SSN), "expiresIn": "1m" })).await;
    assert!(is_read(&harness, SESSION, &short, 1).await);
    assert!(harness.is_granted(SESSION, &short).await);
    let url = harness.detokenize(SESSION, &short).await;
    harness.clock.advance(Duration::from_secs(60));
    assert!(!is_read(&harness, SESSION, &short, 1).await);
    assert!(!harness.is_granted(SESSION, &short).await);
    assert_eq!(harness.get(&url, &[]).await.status, 403);
}

#[tokio::test]
async fn a_description_is_for_who_holds_a_grant() {
    let harness = Harness::start().await;
    let body =
        json!({ "value": value("4111111111111111"), "kind": "card-number", "expiresIn": "1h" });
    let card = token(&harness, &body).await;
    let ssn = token(&harness, &json!({ "value": value(SSN), "kind": "ssn" })).await;
    let tokens = json!({ "tokenIds": [card, TOKEN, ssn] });
    let described = data(&post(&harness, &harness.user(SESSION), DESCRIBE, &tokens).await);
    let now = harness.clock.unix_millis();
    let expected = json!({ "items": [
        { "tokenId": card, "description": { "kind": "card-number", "size": 16, "createdAt": now.get(),
            "expiresAt": (now + Duration::from_secs(3600)).get(), "mask": "Visa •••• 1111" } },
        { "tokenId": TOKEN },
        { "tokenId": ssn, "description": { "kind": "ssn", "size": 11, "createdAt": now.get() } },
    ] });
    assert_eq!(described, expected);
    let nothing =
        json!({ "items": [{ "tokenId": card }, { "tokenId": TOKEN }, { "tokenId": ssn }] });
    let others = data(&post(&harness, &harness.user(OTHER_SESSION), DESCRIBE, &tokens).await);
    assert_eq!(others, nothing);
    let refused = post(&harness, &harness.application(), DESCRIBE, &tokens).await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().contains("LUNADEFEND_MASKS"));
    let developer = data(&post(&harness, &jwt::developer(harness.now()), DESCRIBE, &tokens).await);
    assert_eq!(developer, nothing);

    let open = Harness::configured(|builder| {
        builder.values(ValuePolicy {
            application_masks: true,
            masks: MaskPolicy::default().with(ValueKind::Ssn).unwrap(),
            ..ValuePolicy::default()
        })
    })
    .await;
    let ssn = token(&open, &json!({ "value": value(SSN), "kind": "ssn" })).await;
    let tokens = json!({ "tokenIds": [ssn] });
    let described = data(&post(&open, &open.application(), DESCRIBE, &tokens).await);
    assert_eq!(described["items"][0]["description"]["mask"], "•••• 1120");
    let others = data(&post(&open, &open.user(OTHER_SESSION), DESCRIBE, &tokens).await);
    assert_eq!(others, json!({ "items": [{ "tokenId": ssn }] }));
}

/// The first of the grant's end and the value's own.
#[tokio::test]
async fn an_answer_says_until_when_a_value_may_be_shown() {
    let harness = Harness::start().await;
    let now = harness.clock.unix_millis();
    for (expires_in, shown_for) in [("1m", 60), ("1h", 15 * 60)] {
        let body = json!({ "value": value(SSN), "expiresIn": expires_in });
        let token = token(&harness, &body).await;
        let asked = json!({ "tokenIds": [token], "readId": "AAAAAAAAAAAAAAAAAAAAAA" });
        let read = data(&post(&harness, &harness.user(SESSION), READ, &asked).await);
        let until = (now + Duration::from_secs(shown_for)).get();
        assert_eq!(read["items"][0]["expiresAt"], until);
    }
}

#[tokio::test]
async fn values_can_be_for_the_frame_only() {
    let harness = Harness::configured(|builder| {
        builder.values(ValuePolicy {
            frame_only: true,
            ..ValuePolicy::default()
        })
    })
    .await;
    let ssn = token(&harness, &json!({ "value": value(SSN) })).await;
    let body = json!({ "tokenIds": [ssn], "readId": id(1) });
    let v1 = json!({ "tokenId": ssn });
    for jwt in [harness.user(SESSION), harness.application()] {
        for (path, body) in [(READ, &body), ("/detokenize", &v1)] {
            let reply = post(&harness, &jwt, path, body).await;
            assert_eq!(reply.status, 403, "{path}");
            assert!(reply.message().contains("LUNADEFEND_FRAME_ONLY"));
        }
    }
    let cookie = harness.log_in(SESSION, "jti").await;
    let frame = [("cookie", cookie.as_str()), ("origin", ORIGIN), ANY_PAGE];
    let found = data(&harness.post(READ, &frame, &body.to_string()).await);
    assert_eq!(found["items"][0]["value"], value(SSN));
    let reply = harness.post("/detokenize", &frame, &v1.to_string()).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_developer_may_change_metadata() {
    let harness = Harness::start().await;
    let token = token(
        &harness,
        &json!({ "value": value(SSN), "metadata": { "a": 1 } }),
    )
    .await;
    let set = json!({ "tokenId": token, "metadata": { "b": 2 } });
    let path = "/metadata/set";
    for jwt in [harness.user(SESSION), harness.application()] {
        assert_eq!(post(&harness, &jwt, path, &set).await.status, 403);
    }
    let developer = jwt::developer(harness.now());
    let reply = post(&harness, &developer, path, &set).await;
    assert_eq!(
        (reply.status, reply.json()["data"].clone()),
        (200, json!({}))
    );
    let body = json!({ "tokenId": token });
    let kept = post(&harness, &harness.user(SESSION), "/metadata/get", &body).await;
    assert_eq!(kept.json()["data"]["metadata"], json!({ "b": 2 }));
    let unknown = json!({ "tokenId": TOKEN, "metadata": {} });
    assert_eq!(post(&harness, &developer, path, &unknown).await.status, 404);
    let long = json!({ "tokenId": token, "metadata": { "x": "y".repeat(8 * 1024) } });
    let reply = post(&harness, &developer, path, &long).await;
    assert_eq!(reply.status, 400);
    assert!(reply.message().contains("8 KiB"));
    assert!(is_read(&harness, SESSION, &token, 1).await);
}
