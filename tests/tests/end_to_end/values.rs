//! Values in and out by the SDK, for a session.

use super::refused;
use lunadefend::{ErrorKind, Metadata, UntrustedToken};
use lunadefend_tests::World;
use std::time::Duration;

const MIB: usize = 1024 * 1024;

/// Bytes without a pattern that a chunk size could hide in.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[tokio::test]
async fn a_value_comes_back_as_the_bytes_that_went_in() {
    let world = World::start().await;
    let session = world.application.log_in("ann");
    let api = world.luna().tokenizer();
    let every_byte: Vec<u8> = (0..=255).collect();
    let chunk = 64 * 1024;
    for value in [
        b"078-05-1120".to_vec(),
        // What the original makes a number, a word or an object of.
        b"1.10".to_vec(),
        b"12345678901234567890".to_vec(),
        b"true".to_vec(),
        b"\"q\"".to_vec(),
        b"{\"a\":1}".to_vec(),
        b" 12 \r\n".to_vec(),
        "s\u{e9}\u{1f600}".into(),
        every_byte,
        Vec::new(),
        noise(1),
        noise(chunk - 1),
        noise(chunk),
        noise(chunk + 1),
        noise(MIB),
    ] {
        let token = api
            .tokenize(&session, &value, &Metadata::string())
            .await
            .unwrap();
        let read = api.detokenize(&session, &token).await.unwrap();
        assert!(
            read.expose_secret() == value,
            "{} bytes became {} others",
            value.len(),
            read.expose_secret().len()
        );
    }
    let token = api
        .tokenize_text(&session, "078-05-1120", &Metadata::string())
        .await
        .unwrap();
    let read = api.detokenize(&session, &token).await.unwrap();
    assert_eq!(read.expose_secret(), b"078-05-1120");
}

#[tokio::test]
async fn a_value_that_is_too_large_is_refused_as_that() {
    let world = World::start().await;
    let session = world.application.log_in("ann");
    let api = world.luna().tokenizer();
    // Often: the answer comes while the value is still on its way.
    let value = vec![7; 80 * MIB];
    for _ in 0..5 {
        for len in [64 * MIB + 1, 80 * MIB] {
            let outcome = api
                .tokenize(&session, &value[..len], &Metadata::string())
                .await;
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PayloadTooLarge, "{error:?}");
        }
    }
}

#[tokio::test]
async fn metadata_comes_back_as_written() {
    let world = World::start().await;
    let session = world.application.log_in("ann");
    let api = world.luna().tokenizer();
    let written = r#"{"dataType":"file","z":9007199254740993,"f":1.0,"name":"s\u00e9 <&>"}"#;
    let metadata = Metadata::from_json(written).unwrap();
    let token = api.tokenize(&session, b"v", &metadata).await.unwrap();
    let read = api.metadata(&session, &token).await.unwrap();
    assert_eq!(read.as_json(), written);
}

#[tokio::test]
async fn another_session_reads_nothing_until_it_is_granted() {
    let world = World::start().await;
    let (ann, bob) = (
        world.application.log_in("ann"),
        world.application.log_in("bob"),
    );
    let luna = world.luna();
    let api = luna.tokenizer();
    let token = api
        .tokenize(&ann, b"078-05-1120", &Metadata::string())
        .await
        .unwrap();
    let untrusted = || UntrustedToken::parse(token.expose_id()).unwrap();

    let error = api.detokenize(&bob, &token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerRejected);
    assert_eq!(error.code(), "400");
    assert_eq!(
        refused(api.metadata(&bob, &token).await),
        ErrorKind::TokenizerRejected
    );
    let error = luna.grants().verify(&bob, untrusted()).await.unwrap_err();
    assert_eq!(
        (error.name(), error.message()),
        ("invalidGrant", "Grant Invalid")
    );

    luna.grants().grant(&bob, &token, None).await.unwrap();
    let read = api.detokenize(&bob, &token).await.unwrap();
    assert_eq!(read.expose_secret(), b"078-05-1120");
    let verified = luna.grants().verify(&bob, untrusted()).await.unwrap();
    assert_eq!(verified, token);
}

#[tokio::test]
async fn the_grant_of_who_tokenized_ends() {
    let world = World::start().await;
    let ann = world.application.log_in("ann");
    let api = world.luna().tokenizer();
    let token = api.tokenize(&ann, b"v", &Metadata::string()).await.unwrap();
    world.clock.advance(Duration::from_millis(15 * 60_000 - 1));
    assert!(api.detokenize(&ann, &token).await.is_ok());
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(
        refused(api.detokenize(&ann, &token).await),
        ErrorKind::TokenizerRejected
    );
}
