//! Values in a request: stored in one transaction, read without one, described.

mod reads;
mod repeated;

use super::*;

const READ: ReadId = ReadId::new([1; 16]);

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
