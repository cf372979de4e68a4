//! Values with a life and an end: stored in one transaction, read without one, counted, expired, masked.

use super::*;
use futures_util::future::join_all;
use proptest::prelude::*;

const READ: ReadId = ReadId::new([1; 16]);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What ann asks for, with a grant for an hour.
fn by<'a>(session: &'a SessionId, value: Option<&'a InlineValue>) -> Tokenization<'a> {
    Tokenization {
        value,
        owner: Some(Owner {
            session,
            granted_until: later(3_600_000),
            quota: None,
        }),
        ..Tokenization::default()
    }
}

async fn stored(vault: &Vault, request: &Tokenization<'_>) -> TokenId {
    match vault.tokenize(request).await.unwrap() {
        Tokenized::Stored(token) => token,
        Tokenized::Waiting(new) => panic!("waits for its value: {new:?}"),
    }
}

/// The value of one token; `None` when it is refused.
async fn read(vault: &Vault, id: &str, token: &TokenId, read: ReadId) -> Option<Vec<u8>> {
    let tokens = [token.clone()];
    let found = vault
        .read_values(&session(id), &tokens, read, 1_000_000)
        .await;
    match found.unwrap().pop().unwrap() {
        Found::Value { value, .. } => Some(value.expose_secret().to_vec()),
        Found::Refused => None,
        found @ Found::Download { .. } => panic!("{found:?}"),
    }
}

fn another() -> ReadId {
    ReadId::new(lunadefend_crypto::random_bytes().unwrap())
}

fn writes(world: &World) -> usize {
    let calls = world.store.take_calls();
    let writes = calls.iter().filter(|call| {
        !matches!(
            call,
            Operation::Check | Operation::CheckRoom | Operation::GetMany | Operation::Read
        )
    });
    writes.count()
}

#[tokio::test]
async fn a_small_value_is_one_commit_to_store_and_none_to_read() {
    let world = World::new().await;
    let vault = &world.vault;
    let ann = session("ann");
    let metadata = metadata(r#"{"a":"b"}"#);
    let value = inline("078-05-1120");
    let key = IdempotencyKey::new([2; 16]);
    writes(&world);
    let request = Tokenization {
        metadata: Some(&metadata),
        kind: Some(ValueKind::Ssn),
        owner: Some(Owner {
            session: &ann,
            granted_until: later(1_000),
            quota: Some(Quota::UNLIMITED),
        }),
        repeatable: Some(Repeatable { key, body: b"{}" }),
        ..by(&ann, Some(&value))
    };
    let token = stored(vault, &request).await;
    assert_eq!(writes(&world), 1);

    assert_eq!(
        read(vault, "ann", &token, READ).await.unwrap(),
        b"078-05-1120"
    );
    assert_eq!(
        read(vault, "ann", &token, READ).await.unwrap(),
        b"078-05-1120"
    );
    assert_eq!(read(vault, "bob", &token, READ).await, None);
    let kept = vault.metadata(&token).await.unwrap().unwrap();
    assert_eq!(kept.as_json(), metadata.as_json());
    let ticket = vault.issue_download(&ann, &token, later(1_000)).await;
    let ticket = ticket.unwrap().unwrap();
    let mut download = vault.open_download(&ticket).await.unwrap().unwrap();
    assert_eq!(download.length(), 11);
    let chunk = download.next_chunk().await.unwrap();
    assert_eq!(chunk.as_deref(), Some(b"078-05-1120".as_slice()));
    assert_eq!(download.next_chunk().await.unwrap(), None);
    assert_eq!(writes(&world), 0);

    // By URL it is one for the token and one for the value.
    let new = vault.create_token(None, Some((&ann, later(1_000)))).await;
    world.upload(&new.unwrap(), b"078-05-1120").await;
    assert_eq!(writes(&world), 2);
    assert_eq!(world.store.blobs().await, []);
    vault.end_session(&ann, later(3_600_000)).await.unwrap();
    assert_eq!(read(vault, "ann", &token, READ).await, None);
}

#[tokio::test]
async fn many_values_come_in_their_order_within_the_room() {
    let world = World::new().await;
    let vault = &world.vault;
    let ann = session("ann");
    let (large, waiting) = (world.token(&[7; 20_000]).await, some_token());
    let mut tokens = Vec::new();
    for number in 0..30 {
        let value = inline(&"x".repeat(number));
        tokens.push(stored(vault, &by(&ann, Some(&value))).await);
    }
    vault.grant(&ann, &large, later(3_600_000)).await.unwrap();
    vault.grant(&ann, &waiting, later(3_600_000)).await.unwrap();
    let bobs = stored(vault, &by(&session("bob"), Some(&inline("bob's")))).await;
    tokens.extend([large.clone(), waiting, bobs, tokens[3].clone()]);
    tokens.reverse();

    let room = 400;
    let found = vault.read_values(&ann, &tokens, READ, room).await.unwrap();
    assert_eq!(found.len(), tokens.len());
    let mut left = room;
    for (token, found) in tokens.iter().zip(&found) {
        match found {
            Found::Value {
                value,
                granted_until,
            } => {
                left -= value.expose_secret().len();
                assert_eq!(*granted_until, later(3_600_000));
                assert!(value.expose_secret() == read(vault, "ann", token, READ).await.unwrap());
            }
            Found::Download { ticket, .. } => {
                let download = vault.open_download(ticket).await.unwrap().unwrap();
                let is_large = *token == large;
                assert!(is_large || download.length() > left as u64);
                assert_eq!(ticket.expires_at(), START + Vault::DOWNLOAD_LIFETIME);
            }
            Found::Refused => {}
        }
    }
    let refused: Vec<_> = (0..tokens.len())
        .filter(|at| matches!(found[*at], Found::Refused))
        .collect();
    assert_eq!(refused, [1, 2], "bob's, and the one without a value");
    assert!(left < 30, "{left}");
}

#[tokio::test]
async fn a_value_is_read_as_often_as_it_may_be() {
    let world = World::new().await;
    let vault = &world.vault;
    let ann = session("ann");
    for (reads, value) in [(1, 100), (3, 100), (1, 20_000), (2, 20_000)] {
        let request = Tokenization {
            reads: Reads::new(reads),
            ..by(&ann, None)
        };
        let Tokenized::Waiting(new) = vault.tokenize(&request).await.unwrap() else {
            panic!("it has no value yet");
        };
        assert_eq!(read(vault, "ann", &new.token, READ).await, None);
        world.upload(&new, &vec![7; value]).await;
        let (token, bob) = (new.token, session("bob"));
        vault.grant(&bob, &token, later(3_600_000)).await.unwrap();
        let mut read_ids = Vec::new();
        let found = async |by: &SessionId, read: ReadId| {
            let found = vault.read_values(by, &[token.clone()], read, 100_000).await;
            !matches!(found.unwrap()[0], Found::Refused)
        };
        for _ in 0..reads {
            let read = another();
            // A lost answer is asked for again.
            for _ in 0..3 {
                assert!(found(&ann, read).await);
            }
            read_ids.push(read);
        }
        for read in &read_ids {
            assert!(found(&ann, *read).await, "still within the minute");
            assert!(!found(&bob, *read).await, "the read of another session");
        }
        assert!(!found(&ann, another()).await);
        let ticket = vault.issue_download(&ann, &token, later(3_600_000)).await;
        assert!(ticket.unwrap().is_none());
        world.clock.advance(Duration::from_secs(60));
        assert!(!found(&ann, read_ids[0]).await);
        // What nobody can read any more goes.
        world.clock.advance(DAY);
        vault.purge_expired().await.unwrap();
        let ring = vault.ring();
        let at = rows::value::address(&ring, &token);
        assert_eq!(world.store.row(at).await, None);
        let at = rows::reads::address(&ring, &token);
        world.clock.advance(Duration::from_secs(60 * 60));
        vault.purge_expired().await.unwrap();
        assert_eq!(world.store.row(at).await, None);
        assert_eq!(world.store.blobs().await, []);
        assert!(!found(&ann, another()).await);
        world.clock.set(START);
    }
}

#[tokio::test]
async fn each_url_is_a_read_and_its_use_is_none() {
    let world = World::new().await;
    let vault = &world.vault;
    let ann = session("ann");
    let value = inline("value");
    let request = Tokenization {
        reads: Reads::new(2),
        ..by(&ann, Some(&value))
    };
    let token = stored(vault, &request).await;
    for _ in 0..2 {
        let ticket = vault.issue_download(&ann, &token, later(3_600_000)).await;
        let ticket = ticket.unwrap().unwrap();
        for _ in 0..5 {
            assert!(vault.open_download(&ticket).await.unwrap().is_some());
        }
    }
    let ticket = vault.issue_download(&ann, &token, later(3_600_000)).await;
    assert!(ticket.unwrap().is_none());
    assert_eq!(read(vault, "ann", &token, READ).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_readers_that_race_as_many_read_as_may() {
    let world = World::new().await;
    let ann = session("ann");
    for reads in [1, 3] {
        let value = inline("value");
        let request = Tokenization {
            reads: Reads::new(reads),
            ..by(&ann, Some(&value))
        };
        let token = stored(&world.vault, &request).await;
        let racing = (0..16).map(|_| {
            let (vault, token) = (world.vault.clone(), token.clone());
            tokio::spawn(async move { read(&vault, "ann", &token, another()).await })
        });
        let found = join_all(racing).await;
        let found = found
            .into_iter()
            .filter(|found| found.as_ref().unwrap().is_some());
        assert_eq!(found.count(), reads as usize);
    }
}

#[tokio::test]
async fn an_expired_value_is_refused_at_once_and_goes_a_day_later() {
    let world = World::new().await;
    let vault = &world.vault;
    let ann = session("ann");
    let lifetime = ValueLifetime::new(Duration::from_secs(60)).unwrap();
    for length in [5, 20_000] {
        let request = Tokenization {
            expires_in: Some(lifetime),
            kind: Some(ValueKind::Text),
            ..by(&ann, None)
        };
        let Tokenized::Waiting(new) = vault.tokenize(&request).await.unwrap() else {
            panic!("it has no value yet");
        };
        world.upload(&new, &vec![7; length]).await;
        let token = new.token;
        let start = vault.now();
        let ticket = vault.issue_download(&ann, &token, later(3_600_000)).await;
        let ticket = ticket.unwrap().unwrap();
        world.clock.advance(Duration::from_millis(59_999));
        assert!(vault.grant_expiry(&ann, &token).await.unwrap().is_some());
        assert!(vault.open_download(&ticket).await.unwrap().is_some());
        assert!(vault.describe(&[token.clone()]).await.unwrap()[0].is_some());
        world.clock.advance(Duration::from_millis(1));
        for _ in 0..2 {
            assert_eq!(vault.grant_expiry(&ann, &token).await.unwrap(), None);
            assert!(vault.open_download(&ticket).await.unwrap().is_none());
            assert_eq!(read(vault, "ann", &token, READ).await, None);
            assert!(vault.metadata(&token).await.unwrap().is_none());
            assert!(vault.describe(&[token.clone()]).await.unwrap()[0].is_none());
            let held = vault.held_grants(vec![(ann.clone(), token.clone())]).await;
            assert_eq!(held.unwrap()[0].expires_at(), None);
            // A grant of it is no error, and nothing.
            vault.grant(&ann, &token, later(3_600_000)).await.unwrap();
        }
        let at = rows::value::address(&vault.ring(), &token);
        world
            .clock
            .set((start + Duration::from_secs(60) + DAY).saturating_sub(Duration::from_millis(1)));
        vault.purge_expired().await.unwrap();
        assert!(world.store.row(at).await.is_some());
        world.clock.advance(Duration::from_millis(1));
        vault.purge_expired().await.unwrap();
        assert_eq!(world.store.row(at).await, None);
        assert_eq!(world.store.blobs().await, []);
        world.clock.set(START);
    }
}

#[tokio::test]
async fn a_code_of_a_card_is_read_once_within_a_day() {
    let world = World::new().await;
    let vault = world.vault.clone().with_masks(MaskPolicy::default());
    let ann = session("ann");
    for (expires_in, expected) in [
        (None, DAY),
        (Some(DAY * 365), DAY),
        (Some(DAY / 2), DAY / 2),
    ] {
        let value = inline("123");
        let request = Tokenization {
            kind: Some(ValueKind::CardCvc),
            reads: Reads::new(100),
            expires_in: expires_in.map(|time| ValueLifetime::new(time).unwrap()),
            ..by(&ann, Some(&value))
        };
        let token = stored(&vault, &request).await;
        let described = vault.describe(&[token.clone()]).await.unwrap();
        let described = described[0].clone().unwrap();
        assert_eq!(described.expires_at, Some((START + expected).get()));
        assert_eq!(described.mask, None);
        assert!(read(&vault, "ann", &token, another()).await.is_some());
        assert!(read(&vault, "ann", &token, another()).await.is_none());
    }
}

#[tokio::test]
async fn a_token_is_described_without_its_value() {
    let world = World::new().await;
    let vault = &world.vault;
    let ann = session("ann");
    let card = inline("4111 1111 1111 1111");
    let request = Tokenization {
        kind: Some(ValueKind::CardNumber),
        ..by(&ann, None)
    };
    let by_request = stored(
        vault,
        &Tokenization {
            value: Some(&card),
            ..request
        },
    )
    .await;
    let Tokenized::Waiting(new) = vault.tokenize(&request).await.unwrap() else {
        panic!("it has no value yet");
    };
    let unknown = some_token();
    let tokens = [new.token.clone(), unknown, by_request.clone()];
    let described = vault.describe(&tokens).await.unwrap();
    let [Some(waiting), None, Some(described)] = &described[..] else {
        panic!("{described:?}");
    };
    assert_eq!((waiting.size, &waiting.mask), (None, &None));
    assert_eq!(described.kind, Some(ValueKind::CardNumber));
    assert_eq!(described.size, Some(19));
    assert_eq!(described.created_at, Some(START.get()));
    assert_eq!(described.expires_at, None);
    assert!(described.mask.as_deref().unwrap().ends_with(" 1111"));
    world.upload(&new, card.expose_secret()).await;
    assert_eq!(
        vault.describe(&tokens).await.unwrap()[0].as_ref(),
        Some(described)
    );

    // None of what does not fit into one chunk, even where its kind would have one.
    for (length, has_mask) in [(60_000, true), (100_000, false)] {
        let policy = MaskPolicy::default().with(ValueKind::Text).unwrap();
        let vault = vault.clone().with_masks(policy);
        let request = Tokenization {
            kind: Some(ValueKind::Text),
            ..by(&ann, None)
        };
        let Tokenized::Waiting(new) = vault.tokenize(&request).await.unwrap() else {
            panic!("it has no value yet");
        };
        let mut upload = vault.begin_upload(&new.upload, MAX).await.unwrap();
        upload.write("x".repeat(length).into()).await.unwrap();
        upload.commit().await.unwrap();
        let described = vault.describe(&[new.token]).await.unwrap();
        let described = described[0].clone().unwrap();
        assert_eq!(described.size, Some(length as u64));
        assert_eq!(described.mask.is_some(), has_mask, "{length}");
    }
}

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

#[tokio::test]
async fn a_value_in_the_request_counts_for_the_quota() {
    let world = World::new().await;
    let ann = session("ann");
    let value = inline("12345");
    let quota = Quota {
        values: 10,
        bytes: 12,
    };
    let request = Tokenization {
        owner: Some(Owner {
            session: &ann,
            granted_until: later(1_000),
            quota: Some(quota),
        }),
        ..by(&ann, Some(&value))
    };
    for _ in 0..2 {
        stored(&world.vault, &request).await;
    }
    let over = world.vault.tokenize(&request).await;
    assert!(
        matches!(
            over,
            Err(TokenizeError::Vault(VaultError::OverQuota(
                OverQuota::Bytes(12)
            )))
        ),
        "{over:?}"
    );
    assert_eq!(world.store.rows(Table::Token).await.len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Of any readers, with lost answers and a clock that moves both ways: no more reads than permitted.
    #[test]
    fn no_history_reads_more_often(
        reads in 1..5_u32,
        steps in prop::collection::vec((0..8_u8, 0..40_000_u64, any::<bool>()), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let ann = session("ann");
            let value = inline("value");
            let request = Tokenization { reads: Reads::new(reads), ..by(&ann, Some(&value)) };
            let token = stored(&world.vault, &request).await;
            let mut seen = std::collections::HashSet::new();
            for (id, millis, is_back) in steps {
                let by = Duration::from_millis(millis);
                let now = world.vault.now();
                let moved = if is_back { now.saturating_sub(by).max(START) } else { now + by };
                world.clock.set(moved.min(later(3_500_000)));
                if read(&world.vault, "ann", &token, ReadId::new([id; 16])).await.is_some() {
                    seen.insert(id);
                }
            }
            assert!(seen.len() <= reads as usize);
        });
    }
}
