//! Grants by the SDK: one and many, for how long, and all or nothing.

use crate::refused;
use lunadefend::{ErrorKind, GrantDuration, LunaDefend, SessionId, UntrustedToken, VerifiedToken};
use lunadefend_tests::{Settings, World};
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
