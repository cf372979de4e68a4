//! Requests that come again.

use super::*;
use futures_util::future::join_all;

#[tokio::test]
async fn a_repeated_request_makes_no_second_token() {
    let world = World::new().await;
    let vault = &world.vault;
    let (ann, bob) = (session("ann"), session("bob"));
    let key = IdempotencyKey::new([3; 16]);
    let value = inline("value");
    let asked = |session, value, body| Tokenization {
        repeatable: Some(Repeatable { key, body }),
        ..by(session, value)
    };
    let first = stored(vault, &asked(&ann, Some(&value), b"one")).await;
    assert_eq!(
        stored(vault, &asked(&ann, Some(&value), b"one")).await,
        first
    );
    let other = vault.tokenize(&asked(&ann, Some(&value), b"two")).await;
    assert!(matches!(other, Err(TokenizeError::OtherBody)));
    // The key is one of the session.
    let bobs = stored(vault, &asked(&bob, Some(&value), b"one")).await;
    assert_ne!(bobs, first);
    // A repetition does not undo a revocation.
    vault.revoke_grant(&ann, &first).await.unwrap();
    assert_eq!(
        stored(vault, &asked(&ann, Some(&value), b"one")).await,
        first
    );
    assert_eq!(vault.grant_expiry(&ann, &first).await.unwrap(), None);
    vault
        .delete_tokens(&[first], later(10_000_000))
        .await
        .unwrap();
    let gone = vault.tokenize(&asked(&ann, Some(&value), b"one")).await;
    assert!(matches!(gone, Err(TokenizeError::Gone)));
    // A day later the key is a new one.
    world.clock.set(START + Vault::REPEATABLE);
    assert!(
        vault
            .tokenize(&asked(&ann, Some(&value), b"one"))
            .await
            .is_ok()
    );

    // One that waits for its value names the same upload, until the value is there.
    let request = asked(&bob, None, b"waits");
    let request = Tokenization {
        repeatable: Some(Repeatable {
            key: IdempotencyKey::new([4; 16]),
            body: b"waits",
        }),
        ..request
    };
    let mut news = Vec::new();
    for _ in 0..2 {
        match vault.tokenize(&request).await.unwrap() {
            Tokenized::Waiting(new) => news.push(new),
            Tokenized::Stored(_) => panic!("it has no value yet"),
        }
    }
    assert_eq!(news[0].token, news[1].token);
    assert!(news[0].upload == news[1].upload);
    world.upload(&news[1], b"value").await;
    assert_eq!(stored(vault, &request).await, news[0].token);
    // One whose URL has expired can get no value any more.
    let request = Tokenization {
        repeatable: Some(Repeatable {
            key: IdempotencyKey::new([5; 16]),
            body: b"late",
        }),
        ..request
    };
    assert!(vault.tokenize(&request).await.is_ok());
    world.clock.advance(Vault::UPLOAD_LIFETIME);
    let late = vault.tokenize(&request).await;
    assert!(matches!(late, Err(TokenizeError::Gone)));
}

#[tokio::test(flavor = "multi_thread")]
async fn repetitions_that_race_make_one_token() {
    let world = World::new().await;
    for number in 0..10 {
        let racing = (0..16).map(|_| {
            let (vault, key) = (world.vault.clone(), IdempotencyKey::new([number; 16]));
            tokio::spawn(async move {
                let ann = session("ann");
                let value = inline("value");
                let request = Tokenization {
                    owner: Some(Owner {
                        session: &ann,
                        granted_until: later(1_000),
                        quota: Some(Quota::UNLIMITED),
                    }),
                    repeatable: Some(Repeatable { key, body: b"one" }),
                    ..by(&ann, Some(&value))
                };
                stored(&vault, &request).await
            })
        });
        let tokens: Vec<_> = join_all(racing)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert!(tokens.iter().all(|token| *token == tokens[0]));
    }
    assert_eq!(world.store.rows(Table::Token).await.len(), 10);
    let at = rows::quota::address(&world.vault.ring(), &session("ann"));
    let used = world.vault.used(at).await.unwrap();
    assert_eq!(used.bytes_left(Quota::UNLIMITED), u64::MAX - 50);
}
