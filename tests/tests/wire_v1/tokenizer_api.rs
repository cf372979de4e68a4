//! What our SDK sends to store and read a value: `node-sdk/tokenizer_client.json`.

use crate::{HEADER, T1};
use lunadefend::{JwtProfile, LunaDefend, Metadata, SessionId, VerifiedToken};
use lunadefend_tests::{
    Act, Stub, TestClock, decode,
    http1::{answer, json},
    provider, signing_key,
};
use std::sync::OnceLock;

const USER: &str = r#"{"session_id":"session-abc","iat":1700000000,"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":1700000900}"#;

/// The original's tokenizer with its S3, which it has at an origin of its own.
async fn tokenizer() -> Stub {
    static URL: OnceLock<String> = OnceLock::new();
    let stub = Stub::start(|_, request| {
        let base = URL.get().unwrap();
        let (upload, download) = (
            format!("{base}/bucket/obj?X-Amz-Signature=abc%2Bd&x=1"),
            format!("{base}/bucket/obj?X-Amz-Signature=ghi"),
        );
        let headers =
            r#"{"Host":"evil.example","x-amz-meta-k":"v","authorization":"x","cookie":"a=b"}"#;
        let data = match request.path() {
            "/tokenize" => {
                format!(r#"{{"tokenId":"{T1}","uploadUrl":"{upload}","headers":{headers}}}"#)
            }
            "/detokenize" => format!(r#"{{"downloadUrl":"{download}","headers":{headers}}}"#),
            "/metadata/get" => r#"{"metadata":{"dataType":"string"}}"#.to_owned(),
            _ if request.method() == "GET" => {
                return Act::Send(answer(200, "content-type: text/plain\r\n", "1.10"));
            }
            _ => return Act::Send(answer(200, "", "")),
        };
        let body = format!(r#"{{"success":true,"error":{{}},"data":{data}}}"#);
        Act::Send(json(200, &body))
    })
    .await;
    URL.set(stub.url()).unwrap();
    stub
}

#[tokio::test]
async fn requests_are_the_originals() {
    let stub = tokenizer().await;
    let luna = LunaDefend::builder(stub.url())
        .signing_key(provider(signing_key()))
        .wire(JwtProfile::LunaSec)
        .raw_session_ids()
        .clock(TestClock::new())
        .build()
        .await
        .unwrap();
    let api = luna.tokenizer();
    let session = SessionId::new("session-abc").unwrap();
    let token = VerifiedToken::assertion(T1).unwrap();
    let file = r#"{"dataType":"file","fileinfo":{"filename":"a.txt","type":"text/plain","lastModified":1}}"#;
    let (text, file) = (Metadata::string(), Metadata::from_json(file).unwrap());

    // Each value as it is, whatever it looks like.
    for value in ["secret", "s\u{e9}\u{1f600}", "", "{\"a\":1}"] {
        let stored = api.tokenize_text(&session, value, &text).await;
        assert_eq!(stored.unwrap(), token);
        let requests = stub.requests();
        let [tokenize, upload] = &requests[requests.len() - 2..] else {
            unreachable!()
        };
        assert_eq!(tokenize.start, "POST /tokenize HTTP/1.1");
        assert_eq!(tokenize.text(), r#"{"metadata":{"dataType":"string"}}"#);
        let jwt = decode(tokenize.header("authorization"));
        assert_eq!((jwt.header.as_str(), jwt.claims.as_str()), (HEADER, USER));

        assert_eq!(
            upload.start,
            "PUT /bucket/obj?X-Amz-Signature=abc%2Bd&x=1 HTTP/1.1"
        );
        assert_eq!(upload.header("content-type"), "text/plain");
        assert_eq!(upload.header("content-length"), value.len().to_string());
        assert_eq!(upload.header("x-amz-meta-k"), "v");
        assert_eq!(upload.header("host"), stub.address.to_string());
        for foreign in ["authorization", "cookie"] {
            assert_eq!(upload.header(foreign), "", "{foreign}");
        }
        assert_eq!(upload.text(), value);
    }
    // Bytes are said to be bytes; the original has one type for all.
    api.tokenize(&session, b"\x00\xff\x80\n", &file)
        .await
        .unwrap();
    let requests = stub.requests();
    let [tokenize, upload] = &requests[requests.len() - 2..] else {
        unreachable!()
    };
    assert_eq!(
        tokenize.text(),
        r#"{"metadata":{"dataType":"file","fileinfo":{"filename":"a.txt","type":"text/plain","lastModified":1}}}"#
    );
    assert_eq!(upload.header("content-type"), "application/octet-stream");
    assert_eq!(upload.body, b"\x00\xff\x80\n");

    // The original makes the number 1.1 of it.
    let read = api.detokenize(&session, &token).await.unwrap();
    assert_eq!(read.expose_secret(), b"1.10");
    let requests = stub.requests();
    let [detokenize, download] = &requests[requests.len() - 2..] else {
        unreachable!()
    };
    assert_eq!(detokenize.start, "POST /detokenize HTTP/1.1");
    assert_eq!(detokenize.text(), format!(r#"{{"tokenId":"{T1}"}}"#));
    assert_eq!(decode(detokenize.header("authorization")).claims, USER);
    assert_eq!(
        download.start,
        "GET /bucket/obj?X-Amz-Signature=ghi HTTP/1.1"
    );
    assert_eq!(download.header("x-amz-meta-k"), "v");
    for foreign in ["authorization", "cookie", "content-type"] {
        assert_eq!(download.header(foreign), "", "{foreign}");
    }

    let metadata = api.metadata(&session, &token).await.unwrap();
    assert_eq!(metadata.as_json(), r#"{"dataType":"string"}"#);
    let request = stub.requests().pop().unwrap();
    assert_eq!(request.start, "POST /metadata/get HTTP/1.1");
    assert_eq!(request.text(), format!(r#"{{"tokenId":"{T1}"}}"#));
}
