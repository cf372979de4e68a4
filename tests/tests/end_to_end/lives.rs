//! Values by wire level 2: in one request, with a life and an end.

use super::refused;
use lunadefend::{ErrorKind, Metadata, ValueKind, VerifiedToken};
use lunadefend_tests::{Settings, World};
use lunadefend_tokenizer::{TokenizerConfigBuilder, ValuePolicy};
use std::time::Duration;

const SSN: &str = "078-05-1120";

async fn world(tokenizer: fn(TokenizerConfigBuilder) -> TokenizerConfigBuilder) -> World {
    World::with(Settings {
        proxied: true,
        level: 2,
        tokenizer,
        ..Settings::default()
    })
    .await
}

#[tokio::test]
async fn a_small_value_is_one_request_and_a_list_of_values_one() {
    let world = world(std::convert::identity).await;
    let (ann, bob) = (
        world.application.log_in("ann"),
        world.application.log_in("bob"),
    );
    let api = world.luna().tokenizer();
    let line = world.line_to_tokenizer();
    let metadata = Metadata::string();
    let token = api.tokenize_text(&ann, SSN, &metadata).await.unwrap();
    let read = api.detokenize(&ann, &token).await.unwrap();
    assert_eq!(read.expose_secret(), SSN.as_bytes());
    assert_eq!(line.count("/v2/tokenize"), 1);
    assert_eq!(line.count("/v2/detokenize"), 1);
    assert_eq!(line.requests().len(), 2);
    assert_eq!(
        refused(api.detokenize(&bob, &token).await),
        ErrorKind::TokenizerRejected
    );
    let kept = api.metadata(&ann, &token).await.unwrap();
    assert_eq!(kept.as_json(), metadata.as_json());

    let mut tokens = vec![token];
    for number in 0..120_usize {
        let value = vec![7; number];
        tokens.push(api.tokenize(&ann, &value, &metadata).await.unwrap());
    }
    let large = vec![8; 100_000];
    tokens.push(api.tokenize(&ann, &large, &metadata).await.unwrap());
    tokens.push(api.tokenize(&bob, b"bob's", &metadata).await.unwrap());
    let before = line.count("/v2/detokenize");
    let values = api.detokenize_all(&ann, &tokens).await.unwrap();
    assert_eq!(line.count("/v2/detokenize") - before, 2);
    assert_eq!(values.len(), tokens.len());
    let lengths = values
        .iter()
        .map(|value| value.as_ref().map(|value| value.expose_secret().len()));
    let expected = [SSN.len()].into_iter().chain(0..120).chain([100_000]);
    assert!(lengths.eq(expected.map(Some).chain([None])));
    assert!(api.detokenize_all(&ann, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_value_ends_with_its_reads_or_its_time() {
    let world = world(std::convert::identity).await;
    let ann = world.application.log_in("ann");
    let api = world.luna().tokenizer();
    let metadata = Metadata::string();
    let large = vec![7; 50_000];
    for value in [b"A7-9931".as_slice(), &large] {
        let once = api
            .tokenize(&ann, value, &metadata)
            .one_time()
            .await
            .unwrap();
        let read = api.detokenize(&ann, &once).await.unwrap();
        assert!(read.expose_secret() == value);
        assert_eq!(
            refused(api.detokenize(&ann, &once).await),
            ErrorKind::TokenizerRejected
        );
        let twice = api.tokenize(&ann, value, &metadata).reads(2).await.unwrap();
        for is_read in [true, true, false] {
            assert_eq!(api.detokenize(&ann, &twice).await.is_ok(), is_read);
        }
        let short = api.tokenize(&ann, value, &metadata);
        let short = short.expires_in(Duration::from_secs(60)).await.unwrap();
        assert!(api.detokenize(&ann, &short).await.is_ok());
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(
            refused(api.detokenize(&ann, &short).await),
            ErrorKind::TokenizerRejected
        );
    }
    // What cannot be is said, and nothing is sent.
    let before = world.line_to_tokenizer().requests().len();
    for wrong in [
        api.tokenize(&ann, b"v", &metadata).reads(0),
        api.tokenize(&ann, b"v", &metadata).reads(101),
        api.tokenize(&ann, b"v", &metadata)
            .expires_in(Duration::ZERO),
        api.tokenize(&ann, b"v", &metadata)
            .expires_in(Duration::MAX),
    ] {
        assert_eq!(refused(wrong.await), ErrorKind::TokenizerRejected);
    }
    assert_eq!(world.line_to_tokenizer().requests().len(), before);
}

#[tokio::test]
async fn a_token_is_described() {
    let world = world(|config| {
        config.values(ValuePolicy {
            application_masks: true,
            ..ValuePolicy::default()
        })
    })
    .await;
    let (ann, bob) = (
        world.application.log_in("ann"),
        world.application.log_in("bob"),
    );
    let luna = world.luna();
    let api = luna.tokenizer();
    let card = api.tokenize_text(&ann, "4111111111111111", &Metadata::string());
    let card = card.kind(ValueKind::CardNumber).await.unwrap();
    let unknown = VerifiedToken::assertion("lunasec-00000000-0000-4000-8000-000000000000").unwrap();
    let tokens = [card, unknown];
    let described = api.describe(&ann, &tokens).await.unwrap();
    let [Some(of_card), None] = &described[..] else {
        panic!("{described:?}");
    };
    assert_eq!(of_card.kind, Some(ValueKind::CardNumber));
    assert_eq!(of_card.size, Some(16));
    assert!(of_card.mask.as_deref().unwrap().ends_with("1111"));
    let by_application = api.describe_as_application(&tokens).await.unwrap();
    assert_eq!(by_application, described);
    assert_eq!(api.describe(&bob, &tokens).await.unwrap(), [None, None]);
    api.delete(&tokens).await.unwrap();
    assert_eq!(api.describe(&ann, &tokens).await.unwrap(), [None, None]);
}

#[tokio::test]
async fn the_application_may_get_no_values_at_all() {
    let world = world(|config| {
        config.values(ValuePolicy {
            frame_only: true,
            ..ValuePolicy::default()
        })
    })
    .await;
    let ann = world.application.log_in("ann");
    let luna = world.luna();
    let api = luna.tokenizer();
    let token = api
        .tokenize_text(&ann, SSN, &Metadata::string())
        .await
        .unwrap();
    let error = api.detokenize(&ann, &token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnauthorized);
    let masked = api.describe_as_application(&[token]).await;
    assert_eq!(refused(masked), ErrorKind::TokenizerUnauthorized);
}

#[tokio::test]
async fn an_option_is_never_left_out() {
    let world = World::with(Settings {
        proxied: true,
        level: 1,
        ..Settings::default()
    })
    .await;
    let ann = world.application.log_in("ann");
    let api = world.luna().tokenizer();
    // The document is kept from the client, and the route is there: it needs no document.
    let once = api.tokenize(&ann, b"v", &Metadata::string()).one_time();
    let once = once.await.unwrap();
    assert!(api.detokenize(&ann, &once).await.is_ok());
    assert!(api.detokenize(&ann, &once).await.is_err());
}
