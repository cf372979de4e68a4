//! What must not be readable anywhere: in what a store gets, and in what `Debug` prints.

use super::*;
use lunadefend_crypto::{base64url_decode, hex_decode};

const SESSION: &str = "canary-session-3f6c0f6e";
const VALUE: &str = "canary-value-078-05-1120";
const METADATA: &str = r#"{"name":"canary-metadata"}"#;
const JTI: &str = "canary-jti";
const PROVIDER: &str = "canary-provider";

#[tokio::test]
async fn a_store_gets_nothing_in_clear() {
    let store = Arc::new(TestStore::new(MemoryStore::default()));
    let (master, master_text) = MasterKey::generate().unwrap();
    let vault = Vault::open(store.clone(), &master, Arc::new(at_start()));
    let vault = vault.await.unwrap();

    let owner = session(SESSION);
    let until = later(10_000);
    let metadata = metadata(METADATA);
    let new = vault
        .create_token(Some(&metadata), Some((&owner, until)))
        .await
        .unwrap();
    let mut upload = vault.begin_upload(&new.upload, MAX).await.unwrap();
    upload.write(VALUE.repeat(10_000).into()).await.unwrap();
    upload.commit().await.unwrap();
    let (issued_state, state) = issue_state(&vault, PROVIDER);
    let handle = vault
        .create_session(&state, JTI.as_bytes(), until, &owner)
        .await
        .unwrap()
        .handle()
        .unwrap();
    let issued = vault.issue_download(&owner, &new.token, until).await;
    let issued = issued.unwrap().unwrap();
    let upload_url = vault.sign_upload(&upload_url(&new, until));
    let download_url = vault.seal_download(&issued).unwrap();
    // One that lies in its row, with a mask, whose reads are counted, made by a request that may come again.
    let small = inline(VALUE);
    let key = IdempotencyKey::new(*b"canary idem key!");
    let (body, read) = (VALUE.as_bytes(), ReadId::new(*b"canary read id!!"));
    let request = Tokenization {
        value: Some(&small),
        kind: Some(ValueKind::Text),
        reads: Reads::new(2),
        owner: Some(Owner {
            session: &owner,
            granted_until: until,
            quota: Some(Quota::UNLIMITED),
        }),
        repeatable: Some(Repeatable { key, body }),
        ..Tokenization::default()
    };
    let masks = MaskPolicy::default().with(ValueKind::Text).unwrap();
    let masking = vault.clone().with_masks(masks);
    let Ok(Tokenized::Stored(small)) = masking.tokenize(&request).await else {
        panic!("not stored");
    };
    let described = vault.describe(std::slice::from_ref(&small)).await.unwrap();
    let mask = described[0].clone().unwrap().mask.unwrap();
    let found = vault
        .read_values(&owner, std::slice::from_ref(&small), read, 100)
        .await;
    assert!(matches!(found.unwrap()[0], Found::Value { .. }));
    let ring = vault.ring();

    let token = new.token.expose_id();
    let uuid = token.trim_start_matches("lunasec-").replace('-', "");
    let mut secrets: Vec<Vec<u8>> = vec![
        token.into(),
        uuid.clone().into(),
        hex_decode(&uuid).unwrap(),
        "canary".into(),
        handle.expose_secret().into(),
        base64url_decode(handle.expose_secret()).unwrap(),
        issued_state.state.expose_secret().into(),
        issued_state.cookie.expose_secret().into(),
        state.random.to_vec(),
        upload_url.into(),
        download_url.into(),
        new.upload.as_bytes().to_vec(),
        small.expose_id().into(),
        mask.into(),
        key.as_bytes().to_vec(),
        read.as_bytes().to_vec(),
        master_text.expose_secret().into(),
        master.expose_secret().to_vec(),
        ring.wrapping(1).unwrap().to_vec(),
    ];
    let at = rows::value::address(&ring, &new.token);
    let row = store.row(at).await.unwrap();
    let value: rows::value::ValueRow = ring.open_row(&at, &row).unwrap();
    let rows::value::ValueRow::Blob(value) = value else {
        panic!("a small value");
    };
    secrets.push(value.key.secret.to_vec());

    // A control: what is written in clear is found.
    let control = b"in clear on purpose";
    let table = Table::Token;
    let key = RowKey::new([1; 32]);
    let row = Row::lasting(Bytes::from_static(control));
    store.put(RowAddress { table, key }, row).await;

    let content = store.content().await;
    let contains = |needle: &[u8]| content.windows(needle.len()).any(|window| window == needle);
    assert!(contains(control) && contains(key.as_bytes()));
    assert!(content.len() > VALUE.len() * 10_000);
    for (number, secret) in secrets.iter().enumerate() {
        assert!(!contains(secret), "secret {number} is in the store");
    }
}

#[tokio::test]
async fn debug_prints_nothing() {
    let world = World::new().await;
    let owner = session(SESSION);
    let metadata = metadata(METADATA);
    let new = world
        .vault
        .create_token(Some(&metadata), Some((&owner, later(10))))
        .await
        .unwrap();
    let mut upload = world.vault.begin_upload(&new.upload, MAX).await.unwrap();
    upload.write(VALUE.into()).await.unwrap();
    let during = format!("{upload:?}");
    upload.commit().await.unwrap();
    let (issued_state, state) = issue_state(&world.vault, PROVIDER);
    let handle = world
        .vault
        .create_session(&state, JTI.as_bytes(), later(10), &owner)
        .await
        .unwrap()
        .handle()
        .unwrap();
    let issued = world
        .vault
        .issue_download(&owner, &new.token, later(10))
        .await;
    let issued = issued.unwrap().unwrap();
    let download = world.vault.open_download(&issued).await.unwrap();
    let grant = upload_url(&new, later(10));
    let ring = world.vault.ring();
    let row = world.store.row(Ring::own_address()).await;

    let shown = format!(
        "{during} {new:?} {issued_state:?} {state:?} {handle:?} {issued:?} {download:?} {grant:?} {ring:?} {row:?} {:?} {:?}",
        world.vault, world.master
    );
    let token = new.token.expose_id();
    for secret in [
        "canary",
        token,
        token.trim_start_matches("lunasec-"),
        handle.expose_secret(),
        issued_state.state.expose_secret(),
        issued_state.cookie.expose_secret(),
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
    // Bytes of keys and identifiers would be printed as lists of numbers.
    let digits = |text: &str| {
        text.split(", ")
            .filter(|part| part.parse::<u8>().is_ok())
            .count()
    };
    assert_eq!(digits(&shown), 0, "{shown}");
}
