//! Grants by the SDK: one and many, for how long, and all or nothing.

use super::refused;
use lunadefend::{ErrorKind, GrantDuration, LunaDefend, SessionId, UntrustedToken, VerifiedToken};
use lunadefend_tests::{Act, Fault, Settings, World, http1::exchange_parts};
use lunadefend_tokenizer::GrantDurations;
use std::time::Duration;

fn token(number: usize) -> VerifiedToken {
    let id = format!("lunasec-{number:08x}-1111-4222-8333-444455556666");
    VerifiedToken::assertion(&id).unwrap()
}

fn untrusted(token: &VerifiedToken) -> UntrustedToken {
    UntrustedToken::parse(token.expose_id()).unwrap()
}

fn duration(text: &str) -> GrantDuration {
    text.parse().unwrap()
}

async fn is_granted(luna: &LunaDefend, session: &SessionId, token: &VerifiedToken) -> bool {
    match luna.grants().verify(session, untrusted(token)).await {
        Ok(verified) => {
            assert_eq!(verified, *token);
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidGrant, "{error:?}");
            false
        }
    }
}

#[tokio::test]
async fn two_hundred_tokens_in_one_call() {
    let world = World::with(Settings {
        proxied: true,
        ..Settings::default()
    })
    .await;
    let (ann, bob) = (
        world.application.log_in("ann"),
        world.application.log_in("bob"),
    );
    let luna = world.luna();
    let tokens: Vec<_> = (0..200).map(token).collect();
    let untrusted = || tokens.iter().map(untrusted).collect::<Vec<_>>();

    let granted = luna.grants().grant(&ann, tokens.clone(), None).await;
    let granted = granted.unwrap();
    let ids = |tokens: &[VerifiedToken]| -> Vec<String> {
        tokens
            .iter()
            .map(|token| token.expose_id().to_owned())
            .collect()
    };
    let granted: Vec<_> = granted
        .iter()
        .map(|token| token.expose_id().to_owned())
        .collect();
    assert_eq!(granted, ids(&tokens), "in their order");
    let verified = luna.grants().verify(&ann, untrusted()).await.unwrap();
    assert_eq!(verified, tokens, "in their order");
    assert_eq!(
        refused(luna.grants().verify(&bob, untrusted()).await),
        ErrorKind::InvalidGrant
    );
    let line = world.line_to_tokenizer();
    assert_eq!(line.count("/grant/set"), 200);
    let verifies = line.count("/grant/verify");
    assert!(verifies > 200, "{verifies}");

    // Each token is asked for once, and none is no question.
    let before = line.requests().len();
    let twice = vec![token(7), token(7), token(7)];
    luna.grants().grant(&ann, twice, None).await.unwrap();
    assert_eq!(line.requests().len(), before + 1);
    luna.grants()
        .grant(&ann, Vec::<VerifiedToken>::new(), None)
        .await
        .unwrap();
    luna.grants()
        .verify(&ann, Vec::<UntrustedToken>::new())
        .await
        .unwrap();
    assert_eq!(line.requests().len(), before + 1);
}

#[tokio::test]
async fn the_same_by_wire_level_2_in_a_few_batches() {
    let world = World::with(Settings {
        proxied: true,
        level: 2,
        ..Settings::default()
    })
    .await;
    let (ann, bob) = (
        world.application.log_in("ann"),
        world.application.log_in("bob"),
    );
    let luna = world.luna();
    let tokens: Vec<_> = (0..200).map(token).collect();
    let untrusted = || tokens.iter().map(untrusted).collect::<Vec<_>>();
    luna.grants()
        .grant(&ann, tokens.clone(), duration("30s"))
        .await
        .unwrap();
    let verified = luna.grants().verify(&ann, untrusted()).await.unwrap();
    assert_eq!(verified, tokens, "in their order");
    let line = world.line_to_tokenizer();
    assert_eq!(line.count("/v2/grants/set"), 2);
    assert_eq!(line.count("/v2/grants/verify"), 2);
    assert_eq!(line.requests().len(), 4);

    let refusal =
        async |session: &SessionId| refused(luna.grants().verify(session, untrusted()).await);
    assert_eq!(refusal(&bob).await, ErrorKind::InvalidGrant);
    luna.grants().grant(&bob, token(7), None).await.unwrap();
    assert!(is_granted(&luna, &bob, &token(7)).await);
    assert_eq!(refusal(&bob).await, ErrorKind::InvalidGrant);
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(refusal(&ann).await, ErrorKind::InvalidGrant);

    let too_long = luna.grants().grant(&ann, token(1), duration("2h")).await;
    assert_eq!(too_long.unwrap_err().kind(), ErrorKind::GrantDuration);
    luna.sessions().end(&ann).await.unwrap();
    let ended = luna.grants().grant(&ann, token(1), None).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::SessionEnded);
    assert_eq!(refusal(&ann).await, ErrorKind::InvalidGrant);
}

/// A line that answers each batch with what the tokenizer said to the first one.
#[tokio::test]
async fn a_line_that_replays_makes_no_token_valid() {
    let world = World::with(Settings {
        proxied: true,
        level: 2,
        ..Settings::default()
    })
    .await;
    let (ann, bob) = (
        world.application.log_in("ann"),
        world.application.log_in("bob"),
    );
    let luna = world.luna();
    luna.grants().grant(&ann, token(1), None).await.unwrap();
    let tokenizer = world.tokenizer.url.clone();
    let sent = world.line_to_tokenizer().requests().pop().unwrap();
    let answer = {
        let body = format!(
            r#"{{"batchId":"AAECAwQFBgcICQoLDA0ODw","items":[{{"sessionId":"{}","tokenId":"{}"}}]}}"#,
            sent.json()["items"][0]["sessionId"].as_str().unwrap(),
            token(1).expose_id(),
        );
        let request = format!(
            "POST /v2/grants/verify HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            sent.header("authorization"),
            body.len(),
        );
        let address = tokenizer.strip_prefix("http://").unwrap();
        exchange_parts(address, &[request.as_bytes()]).await
    };
    assert!(String::from_utf8_lossy(&answer).contains(r#""valid":true"#));
    world
        .line_to_tokenizer()
        .plan(move |_, _| Fault::Instead(Act::Send(answer.clone())));
    for session in [&ann, &bob] {
        let verified = luna.grants().verify(session, untrusted(&token(1))).await;
        assert_eq!(refused(verified), ErrorKind::BadTokenizerResponse);
    }
}

#[tokio::test]
async fn one_bad_token_refuses_all() {
    let world = World::start().await;
    let ann = world.application.log_in("ann");
    let luna = world.luna();
    let (good, bad) = (token(1), token(2));
    luna.grants().grant(&ann, &good, None).await.unwrap();
    for list in [[&good, &bad], [&bad, &good], [&bad, &bad]] {
        let list: Vec<_> = list.into_iter().map(untrusted).collect();
        assert_eq!(
            refused(luna.grants().verify(&ann, list).await),
            ErrorKind::InvalidGrant
        );
    }
    assert!(is_granted(&luna, &ann, &good).await);
    assert!(!is_granted(&luna, &ann, &bad).await);
}

#[tokio::test]
async fn a_grant_ends_exactly_at_its_time() {
    let world = World::start().await;
    let ann = world.application.log_in("ann");
    let luna = world.luna();
    for (number, text, millis) in [
        (1, None, 15 * 60_000),
        (2, Some("1s"), 1000),
        (3, Some("1.5s"), 1500),
        (4, Some("1h"), 3_600_000),
        (5, Some("1s999ms"), 1999),
    ] {
        let token = token(number);
        let asked = text.map(duration);
        luna.grants().grant(&ann, &token, asked).await.unwrap();
        world.clock.advance(Duration::from_millis(millis - 1));
        assert!(is_granted(&luna, &ann, &token).await, "{text:?}");
        world.clock.advance(Duration::from_millis(1));
        assert!(!is_granted(&luna, &ann, &token).await, "{text:?}");
    }
}

#[tokio::test]
async fn the_later_of_two_grants_counts() {
    let world = World::start().await;
    let ann = world.application.log_in("ann");
    let luna = world.luna();
    for (number, first, second) in [(1, "10m", "1s"), (2, "1s", "10m")] {
        let token = token(number);
        for text in [first, second] {
            let outcome = luna.grants().grant(&ann, &token, duration(text)).await;
            outcome.unwrap();
        }
        world.clock.advance(Duration::from_millis(600_000 - 1));
        assert!(is_granted(&luna, &ann, &token).await, "{first} {second}");
        world.clock.advance(Duration::from_millis(1));
        assert!(!is_granted(&luna, &ann, &token).await, "{first} {second}");
    }
}

#[tokio::test]
async fn a_duration_over_the_maximum_grants_nothing() {
    let world = World::with(Settings {
        durations: GrantDurations::new(duration("1m"), duration("10m")).unwrap(),
        ..Settings::default()
    })
    .await;
    let ann = world.application.log_in("ann");
    let luna = world.luna();
    for text in ["10m1ms", "1h", "2562047h"] {
        let outcome = luna.grants().grant(&ann, &token(1), duration(text)).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::GrantDuration, "{text}");
        assert_eq!(
            (error.name(), error.code().as_str()),
            ("grantDuration", "400")
        );
    }
    assert!(!is_granted(&luna, &ann, &token(1)).await);

    luna.grants()
        .grant(&ann, &token(1), duration("10m"))
        .await
        .unwrap();
    luna.grants().grant(&ann, &token(2), None).await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    assert!(is_granted(&luna, &ann, &token(1)).await);
    assert!(!is_granted(&luna, &ann, &token(2)).await, "the default");
}

#[tokio::test]
async fn the_spelling_of_a_token_is_part_of_it() {
    let world = World::start().await;
    let ann = world.application.log_in("ann");
    let luna = world.luna();
    let lower = token(0xabcd);
    let upper = lower.expose_id().replace("abcd", "ABCD");
    let upper = VerifiedToken::assertion(&upper).unwrap();
    luna.grants().grant(&ann, &lower, None).await.unwrap();
    assert!(is_granted(&luna, &ann, &lower).await);
    assert!(!is_granted(&luna, &ann, &upper).await);
}
