//! Clients that are slow, large, or too many, and a store that fails.

use crate::harness::{
    ANY_PAGE, Harness, ORIGIN, OTHER_SESSION, SESSION, TOKEN, builder, read_to_end,
};
use http::Method;
use lunadefend_tokenizer::{Limits, VerificationKeys};
use lunadefend_vault::store::{
    Blob, Blobs,
    faults::{FailingStore, Fault, Operation},
};
use lunadefend_vault_redb::EmbeddedStore;
use std::{sync::Arc, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) const SHORT: Duration = Duration::from_millis(200);

pub(crate) async fn with_limits(change: impl FnOnce(&mut Limits)) -> Harness {
    let mut limits = Limits::default();
    change(&mut limits);
    Harness::configured(|builder| builder.limits(limits)).await
}

#[tokio::test]
async fn a_head_that_does_not_end() {
    let harness = with_limits(|limits| limits.header_read = SHORT).await;
    for start in ["", "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let answer = harness.raw(start.as_bytes()).await;
        assert_eq!(answer, "", "the connection just ends");
    }
    // A second head too, on a connection that may idle for longer.
    let mut connection = harness.connect().await;
    let request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    connection.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(br#""error":{}}"#) {
        answer.push(connection.read_u8().await.unwrap());
    }
    connection.write_all(b"GET /health").await.unwrap();
    assert_eq!(read_to_end(&mut connection).await, "");
}

#[tokio::test]
async fn a_connection_that_idles() {
    let harness = with_limits(|limits| limits.idle = SHORT).await;
    let answer = harness
        .raw(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_end() {
    let harness = with_limits(|limits| limits.body_read = SHORT).await;
    let jwt = harness.application();
    let request = format!(
        "POST /grant/set HTTP/1.1\r\nHost: x\r\nAuthorization: {jwt}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    let answer = harness.raw(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");

    let (_, upload) = harness.tokenize(SESSION).await;
    for start in ["", "half"] {
        let request =
            format!("PUT {upload} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{start}");
        let answer = harness.raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

#[tokio::test]
async fn heads_that_are_too_large() {
    let harness = Harness::start().await;
    let long = format!(
        "GET /health HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "x".repeat(33 * 1024)
    );
    let many = format!(
        "GET /health HTTP/1.1\r\nHost: x\r\n{}\r\n",
        "X-Many: 1\r\n".repeat(101)
    );
    for request in [long, many] {
        let answer = harness.raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:.100}");
    }
    let fits = format!(
        "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: {}\r\n\r\n",
        "x".repeat(30 * 1024)
    );
    assert!(
        harness
            .raw(fits.as_bytes())
            .await
            .starts_with("HTTP/1.1 200 ")
    );
}

/// A refusal arrives although most of the body is still on its way, and ends the connection.
#[tokio::test]
async fn a_refusal_before_the_body() {
    let harness = Harness::start().await;
    let jwt = harness.application();
    let large = vec![b' '; 8 * 1024 * 1024];
    for (authorization, content_type, status) in [
        ("garbage", "application/json", 401),
        (jwt.as_str(), "text/plain", 415),
        (jwt.as_str(), "application/json", 413),
    ] {
        let mut request = format!(
            "POST /grant/set HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            large.len()
        )
        .into_bytes();
        request.extend(&large);
        let answer = harness.raw(&request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains("connection: close"), "{answer}");
    }
    // Chunked: the length shows only on the way.
    let mut request = format!(
        "POST /grant/set HTTP/1.1\r\nHost: x\r\nAuthorization: {jwt}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n"
    )
    .into_bytes();
    request.extend(vec![b' '; 0x20000]);
    request.extend(b"\r\n0\r\n\r\n");
    let answer = harness.raw(&request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_body_of_exactly_the_limit() {
    let harness = Harness::start().await;
    let jwt = harness.application();
    let body = format!(r#"{{"sessionId":"{SESSION}","tokenId":"{TOKEN}"}}"#);
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    let status = async |length| {
        harness
            .post_as(&jwt, "/grant/set", &padded(length))
            .await
            .status
    };
    assert_eq!(status(64 * 1024).await, 200);
    assert_eq!(status(64 * 1024 + 1).await, 413);
}

/// What is left of a refused body is not taken for the next request.
#[tokio::test]
async fn no_request_is_smuggled_in_a_body() {
    let harness = Harness::start().await;
    let hidden = "GET /session/ensure HTTP/1.1\r\nHost: x\r\n\r\n";
    let request = format!(
        "POST /grant/set HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{hidden}",
        hidden.len()
    );
    let answer = harness.raw(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(!answer.contains(" 302 "), "{answer}");
    // Two lengths, or a length and chunks, are refused or end with the connection.
    for framing in [
        "Content-Length: 0\r\nContent-Length: 10",
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
    ] {
        let request =
            format!("POST /grant/set HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n0\r\n\r\n{hidden}");
        let answer = harness.raw(request.as_bytes()).await;
        assert!(!answer.contains(" 302 "), "{answer}");
    }
}

#[tokio::test]
async fn odd_requests() {
    let harness = Harness::start().await;
    for request in [
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n",
        "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n",
        "TRACE /health HTTP/1.1\r\nHost: x\r\n",
        "BREW /health HTTP/1.1\r\nHost: x\r\n",
        "GET /%2e%2e/health HTTP/1.1\r\nHost: x\r\n",
        "GET /blob/%ff%00 HTTP/1.1\r\nHost: x\r\n",
        "PRI * HTTP/2.0\r\n",
        "GET /health\r\n",
    ] {
        let answer = harness
            .raw(format!("{request}Connection: close\r\n\r\n").as_bytes())
            .await;
        assert!(!answer.contains("HTTP/1.1 2"), "{request}: {answer}");
        assert!(!answer.contains("HTTP/1.1 5"), "{request}: {answer}");
    }
    // Another host, in the line or in the header, changes nothing.
    for request in [
        "GET http://evil.example/health HTTP/1.1\r\nHost: evil.example\r\n",
        "GET /health HTTP/1.0\r\n",
    ] {
        let answer = harness
            .raw(format!("{request}Connection: close\r\n\r\n").as_bytes())
            .await;
        assert!(answer.contains(" 200 OK"), "{request}: {answer}");
        assert!(!answer.contains("evil"));
    }
}

type Faulty = FailingStore<EmbeddedStore>;

/// What requests and health ask of a store.
const ROWS: [Operation; 4] = [
    Operation::Check,
    Operation::GetMany,
    Operation::Write,
    Operation::RaiseExpiry,
];

fn break_rows(store: &Faulty, fault: Fault) {
    for operation in ROWS {
        store.plan_all(operation, fault);
    }
}

/// What a flipped bit on the disk looks like, in every part of the one value but the first.
async fn damage(store: &EmbeddedStore) {
    let blobs = store.list(None, 2).await.unwrap();
    assert_eq!(blobs.len(), 1);
    let blob = Blob {
        id: blobs[0],
        part_bytes: 63 * 1024 + 16,
    };
    let mut parts = Vec::new();
    while let Some(part) = store.read(blob, parts.len() as u32).await.unwrap() {
        let mut part = part.to_vec();
        part[0] ^= u8::from(!parts.is_empty());
        parts.push(part);
    }
    assert!(parts.len() > 2);
    store.delete(blob.id).await.unwrap();
    let mut writer = store.create(blob).await.unwrap();
    for part in parts {
        writer.write(part.into()).await.unwrap();
    }
    writer.finish().await.unwrap();
}

async fn faulty(limits: Limits) -> (Arc<Faulty>, Harness) {
    let store = Arc::new(Faulty::new(EmbeddedStore::in_memory().unwrap()));
    let keys = VerificationKeys::Public(crate::jwt::APPLICATION_KEY.public_key().clone());
    let builder = builder(ORIGIN, keys).limits(limits);
    let harness = Harness::with_store(builder, Arc::<Faulty>::clone(&store)).await;
    (store, harness)
}

/// `recordings/go-tokenizer/store_down`: there a 400 or 500 with the store's address, and a health
/// that knows nothing of it.
#[tokio::test]
async fn a_store_that_fails() {
    let (store, harness) = faulty(Limits::default()).await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let user = harness.user(SESSION);
    let t = harness.ensure().await;
    break_rows(&store, Fault::Before);
    let token = format!(r#"{{"tokenId":"{TOKEN}"}}"#);
    let create = format!("/session/create?state={}&openid_token={user}", t.state);
    let replies = [
        harness.get("/health", &[]).await,
        harness.grant(SESSION, TOKEN, None).await,
        harness.post_as(&user, "/tokenize", "{}").await,
        harness.post_as(&user, "/detokenize", &token).await,
        harness.post_as(&user, "/metadata/get", &token).await,
        harness
            .get("/session/verify", &[("cookie", &cookie), ANY_PAGE])
            .await,
        harness.get(&create, &[("cookie", &t.cookie)]).await,
        harness.revoke(SESSION).await,
        harness
            .post(
                "/tokenize",
                &[("cookie", &cookie), ("origin", ORIGIN), ANY_PAGE],
                "{}",
            )
            .await,
    ];
    // The time is told all the same.
    let millis: u64 = replies[0].header("lunadefend-time").parse().unwrap();
    assert_eq!(millis / 1000, harness.now());
    for reply in replies {
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert_eq!(
            reply.message(),
            "the tokenizer's store is not available: its disk cannot be written or read"
        );
    }
    // Or a browser would make a network error of it.
    let reply = harness.get(&create, &[("cookie", &t.cookie)]).await;
    assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
    let end = [("cookie", cookie.as_str()), ("origin", ORIGIN)];
    let reply = harness.post("/session/end", &end, "{}").await;
    assert_eq!(reply.status, 503);
    assert!(reply.set_cookies().is_empty(), "it may go on");
    store.clear();
    assert_eq!(harness.get("/health", &[]).await.status, 200);
    assert_eq!(
        harness.get(&create, &[("cookie", &t.cookie)]).await.status,
        200
    );
}

#[tokio::test]
async fn a_store_that_hangs() {
    let mut limits = Limits::default();
    limits.request = SHORT;
    let (store, harness) = faulty(limits).await;
    break_rows(&store, Fault::Stall);
    let reply = harness.grant(SESSION, TOKEN, None).await;
    assert_eq!(
        (reply.status, reply.message().as_str()),
        (503, "the request took too long")
    );
    assert_eq!(harness.get("/health", &[]).await.status, 503);
    // The JWT is to be used up, whatever the state is.
    let reply = harness.create("x", &harness.user(SESSION), "").await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
}

/// The body of an upload may take its time; the store may not.
#[tokio::test]
async fn a_store_that_hangs_ends_an_upload() {
    let mut limits = Limits::default();
    limits.request = SHORT;
    let (store, harness) = faulty(limits).await;
    let (_, upload) = harness.tokenize(SESSION).await;
    break_rows(&store, Fault::Stall);
    let put = harness.send(Method::PUT, &upload, &[], "value").await;
    assert_eq!(
        (put.status, put.message().as_str()),
        (503, "the request took too long")
    );
}

/// One user who stores much takes nothing but values from the others.
#[tokio::test]
async fn without_room_for_values_grants_and_sessions_go_on() {
    const FULL: &str = "the tokenizer has no room for new values: its disk is nearly full";
    let (store, harness) = faulty(Limits::default()).await;
    let token = harness.store_value(SESSION, "value").await;
    let (_, upload) = harness.tokenize(SESSION).await;
    store.plan_all(Operation::CheckRoom, Fault::Full);
    let user = harness.user(SESSION);
    let refused = harness.post_as(&user, "/tokenize", "{}").await;
    assert_eq!((refused.status, refused.message().as_str()), (507, FULL));
    let refused = harness.send(Method::PUT, &upload, &[], "more").await;
    assert_eq!((refused.status, refused.message().as_str()), (507, FULL));

    let granted = harness.grant(OTHER_SESSION, &token, None).await;
    assert_eq!(granted.status, 200);
    assert!(harness.is_granted(OTHER_SESSION, &token).await);
    let cookie = harness.log_in(OTHER_SESSION, "jti-1").await;
    let headers = [("cookie", cookie.as_str()), ANY_PAGE];
    let verify = harness.get("/session/verify", &headers).await;
    assert_eq!(verify.json()["success"], true);
    let url = harness.detokenize(OTHER_SESSION, &token).await;
    assert_eq!(harness.get(&url, &[]).await.text(), "value");
    assert_eq!(harness.get("/health", &[]).await.status, 200);

    store.clear();
    let put = harness.send(Method::PUT, &upload, &[], "more").await;
    assert_eq!(put.status, 200, "the refusal did not use the URL up");
}

/// The value is damaged after its first chunk: the client must not take what it got for the whole.
#[tokio::test]
async fn a_damaged_value_aborts_the_connection() {
    let (store, harness) = faulty(Limits::default()).await;
    let token = harness.store_value(SESSION, vec![b'v'; 1024 * 1024]).await;
    damage(store.inner()).await;
    let url = harness.detokenize(SESSION, &token).await;
    let request = format!("GET {url} HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut connection = harness.connect().await;
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset is fine too.
    let _ = connection.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer);
    // How much gets out before the connection breaks is up to the buffers in between.
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    if !head.is_empty() {
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(head.contains("content-length: 1048576"), "{head}");
    }
    assert!(body.len() < 1024 * 1024, "{}", body.len());
    assert!(
        body.bytes().all(|byte| byte == b'v'),
        "no byte of the damaged chunk"
    );
}
