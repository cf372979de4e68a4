//! Values at signed URLs.

use crate::harness::{APP_ORIGIN, Harness, ORIGIN, OTHER_SESSION, SESSION, base};
use http::Method;
use lunadefend_tokenizer::Limits;
use std::time::Duration;

const HTML: &str = "<!doctype html><script>alert(1)</script>";

#[tokio::test]
async fn a_value_comes_back_as_the_bytes_that_went_in() {
    let harness = Harness::start().await;
    let all_bytes: Vec<u8> = (0..=255).cycle().take(1024 * 1024).collect();
    for value in [Vec::new(), b"1.10".to_vec(), vec![0xff, 0, 0xfe], all_bytes] {
        let token = harness.store_value(SESSION, value.clone()).await;
        let url = harness.detokenize(SESSION, &token).await;
        let reply = harness.get(&url, &[]).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-length"), value.len().to_string());
        assert_eq!(reply.body, value);
    }
}

#[tokio::test]
async fn downloads_are_inert() {
    let harness = Harness::start().await;
    let (token, upload) = harness.tokenize(SESSION).await;
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-disposition", "inline; filename=\"evil.html\""),
        ("origin", ORIGIN),
    ];
    let put = harness.send(Method::PUT, &upload, &headers, HTML).await;
    assert_eq!((put.status, put.body.len()), (200, 0));
    let url = harness.detokenize(SESSION, &token).await;

    let expected = [
        ("content-type", "application/octet-stream"),
        ("x-content-type-options", "nosniff"),
        ("content-disposition", "attachment"),
        (
            "content-security-policy",
            "sandbox; default-src 'none'; frame-ancestors 'none'",
        ),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ];
    let get = harness
        .get(&url, &[("origin", ORIGIN), ("accept", "text/html")])
        .await;
    let head = harness.send(Method::HEAD, &url, &[], "").await;
    assert_eq!(get.text(), HTML);
    assert!(head.body.is_empty());
    for reply in [get, head] {
        assert_eq!(reply.status, 200);
        for (name, value) in expected {
            assert_eq!(reply.header(name), value, "{name}");
        }
        assert_eq!(reply.header("content-length"), HTML.len().to_string());
        assert!(reply.has_no_cors());
        assert_eq!(reply.header("set-cookie"), "");
    }
    for mode in ["navigate", "Navigate"] {
        let reply = harness.get(&url, &[("sec-fetch-mode", mode)]).await;
        assert_eq!(reply.status, 403);
        assert!(!reply.text().contains("script"));
    }
    for mode in ["cors", "same-origin", "no-cors"] {
        assert_eq!(
            harness.get(&url, &[("sec-fetch-mode", mode)]).await.status,
            200
        );
    }
}

#[tokio::test]
async fn an_upload_url_works_once() {
    let harness = Harness::start().await;
    let (token, upload) = harness.tokenize(SESSION).await;
    let put =
        async |value: &'static str| harness.send(Method::PUT, &upload, &[], value).await.status;
    assert_eq!(put("first").await, 200);
    assert_eq!(put("second").await, 409);
    let url = harness.detokenize(SESSION, &token).await;
    assert_eq!(harness.get(&url, &[]).await.text(), "first");
}

#[tokio::test]
async fn urls_are_good_for_one_method() {
    let harness = Harness::start().await;
    let token = harness.store_value(SESSION, "value").await;
    let download = harness.detokenize(SESSION, &token).await;
    let (_, upload) = harness.tokenize(SESSION).await;

    // The defect of LunaSec: a reader could overwrite.
    assert_eq!(
        harness
            .send(Method::PUT, &download, &[], "evil")
            .await
            .status,
        403
    );
    assert_eq!(harness.get(&upload, &[]).await.status, 403);
    for method in [Method::POST, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let reply = harness.send(method.clone(), &upload, &[], "x").await;
        assert_eq!(reply.status, 405, "{method}");
        assert!(reply.has_no_cors());
    }
    for path in ["/blob/", "/blob/x", "/blob/..%2fhealth"] {
        let reply = harness.get(path, &[]).await;
        assert!([403, 404].contains(&reply.status), "{path}");
    }
    let mut tampered = download.clone();
    let last = tampered.pop().unwrap();
    tampered.push(if last == 'A' { 'B' } else { 'A' });
    assert_eq!(harness.get(&tampered, &[]).await.status, 403);
    assert_eq!(harness.get(&download, &[]).await.text(), "value");
}

#[tokio::test]
async fn a_download_lives_a_minute_and_never_longer_than_the_grant() {
    let harness = Harness::start().await;
    let token = harness.store_value(SESSION, "value").await;
    let url = harness.detokenize(SESSION, &token).await;
    harness.clock.advance(Duration::from_millis(59_999));
    assert_eq!(harness.get(&url, &[]).await.status, 200);
    harness.clock.advance(Duration::from_millis(1));
    assert_eq!(harness.get(&url, &[]).await.status, 403);

    harness.grant(OTHER_SESSION, &token, Some(r#""10s""#)).await;
    let url = harness.detokenize(OTHER_SESSION, &token).await;
    harness.clock.advance(Duration::from_millis(9_999));
    assert_eq!(harness.get(&url, &[]).await.status, 200);
    harness.clock.advance(Duration::from_millis(1));
    assert_eq!(harness.get(&url, &[]).await.status, 403);
}

#[tokio::test]
async fn too_large() {
    let mut limits = Limits::default();
    limits.max_value = 1000;
    let harness = Harness::configured(|builder| builder.limits(limits)).await;
    let (token, upload) = harness.tokenize(SESSION).await;
    let put = harness.send(Method::PUT, &upload, &[], vec![1; 1001]).await;
    assert_eq!(put.status, 413, "{}", put.text());
    let over = "the value is over 1000 bytes: store a smaller one, or have LUNADEFEND_MAX_VALUE of the tokenizer raised";
    assert_eq!(put.message(), over);
    assert_eq!(put.header("connection"), "close", "the body was not read");

    // Not announced, but sent.
    let chunked = |length: usize| {
        let mut request = format!(
            "PUT {upload} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n"
        )
        .into_bytes();
        request.extend(vec![b'v'; length]);
        request.extend(b"\r\n0\r\n\r\n");
        request
    };
    let answer = harness.raw(&chunked(1001)).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains(over), "{answer}");
    // Neither used the URL up.
    let answer = harness.raw(&chunked(1000)).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let url = harness.detokenize(SESSION, &token).await;
    assert_eq!(harness.get(&url, &[]).await.body.len(), 1000);
}

/// Without a setting: a scan or a photo from a telephone fits.
#[tokio::test]
async fn a_value_may_have_64_mib_and_the_413_says_so() {
    let harness = Harness::start().await;
    let value: Vec<u8> = (0..=255).cycle().take(64 * 1024 * 1024).collect();
    let token = harness.store_value(SESSION, value.clone()).await;
    let url = harness.detokenize(SESSION, &token).await;
    assert!(harness.get(&url, &[]).await.body == value);

    let (_, upload) = harness.tokenize(SESSION).await;
    let longer = [value, vec![0]].concat();
    let put = harness.send(Method::PUT, &upload, &[], longer).await;
    assert_eq!(put.status, 413);
    assert!(put.message().starts_with("the value is over 64 MiB: "));
}

#[tokio::test]
async fn the_content_encoding_identity_is_none() {
    let harness = Harness::start().await;
    let (_, upload) = harness.tokenize(SESSION).await;
    let identity = [("content-encoding", "identity")];
    let reply = harness.send(Method::PUT, &upload, &identity, "x").await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn uploads_that_break_off_leave_nothing() {
    let harness = Harness::start().await;
    let (token, upload) = harness.tokenize(SESSION).await;
    let encoded = [("content-encoding", "gzip")];
    assert_eq!(
        harness
            .send(Method::PUT, &upload, &encoded, "x")
            .await
            .status,
        415
    );

    let partial = format!("PUT {upload} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    let mut connection = harness.connect().await;
    tokio::io::AsyncWriteExt::write_all(&mut connection, partial.as_bytes())
        .await
        .unwrap();
    tokio::io::AsyncWriteExt::shutdown(&mut connection)
        .await
        .unwrap();
    let _ = crate::harness::read_to_end(&mut connection).await;

    let body = format!(r#"{{"tokenId":"{token}"}}"#);
    let user = harness.user(SESSION);
    assert_eq!(
        harness.post_as(&user, "/detokenize", &body).await.status,
        404
    );
    // The lease of the broken upload has come back.
    let put = harness.send(Method::PUT, &upload, &[], "whole").await;
    assert_eq!(put.status, 200, "{}", put.text());
    let url = harness.detokenize(SESSION, &token).await;
    assert_eq!(harness.get(&url, &[]).await.text(), "whole");
}

#[tokio::test]
async fn an_origin_of_their_own() {
    const BLOBS: &str = "https://blobs.example.net";
    let harness = Harness::configured(|builder| builder.blob_url(base(BLOBS))).await;
    let user = harness.user(SESSION);
    let reply = harness.post_as(&user, "/tokenize", "{}").await.json();
    let token = reply["data"]["tokenId"].as_str().unwrap();
    let upload = reply["data"]["uploadUrl"].as_str().unwrap();
    let upload = upload.strip_prefix(BLOBS).unwrap();

    let preflight = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "content-type"),
        ];
        harness.send(Method::OPTIONS, upload, &headers, "").await
    };
    let allowed = preflight(ORIGIN).await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(
        allowed.header("access-control-allow-methods"),
        "GET, HEAD, PUT"
    );
    assert_eq!(
        allowed.header("access-control-allow-headers"),
        "content-type"
    );
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
    for other in [
        APP_ORIGIN,
        BLOBS,
        "null",
        "https://tokenizer.example.com.evil.example",
    ] {
        let reply = preflight(other).await;
        assert!(reply.has_no_cors(), "{other}");
        assert_eq!(reply.header("vary"), "origin");
    }

    let from_frame = [("origin", ORIGIN), ("content-type", "text/plain")];
    let put = harness
        .send(Method::PUT, upload, &from_frame, "value")
        .await;
    assert_eq!(
        (put.status, put.header("access-control-allow-origin")),
        (200, ORIGIN)
    );
    let body = format!(r#"{{"tokenId":"{token}"}}"#);
    let reply = harness.post_as(&user, "/detokenize", &body).await;
    assert!(reply.has_no_cors());
    let json = reply.json();
    let url = json["data"]["downloadUrl"].as_str().unwrap();
    let url = url.strip_prefix(BLOBS).unwrap();
    for (origin, expected) in [(ORIGIN, ORIGIN), (APP_ORIGIN, ""), ("null", "")] {
        let get = harness.get(url, &[("origin", origin)]).await;
        assert_eq!(get.header("access-control-allow-origin"), expected);
        assert_eq!(get.header("vary"), "origin");
        assert_eq!(get.header("content-type"), "application/octet-stream");
    }
    // A refusal too can be read by the frame.
    let again = harness
        .send(Method::PUT, upload, &from_frame, "again")
        .await;
    assert_eq!(
        (again.status, again.header("access-control-allow-origin")),
        (409, ORIGIN)
    );
}
