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
    let World { store, vault, .. } = World::new().await;
    let (master, master_text) = MasterKey::generate().unwrap();
    vault.rotate_master(&master).await.unwrap();

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
    let upload_url = vault.sign_url(&SignedUrl::upload(new.upload, until, MAX));
    let download_url = vault.sign_url(&SignedUrl::download(issued.download, until));
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
        UrlId::from(new.upload).as_bytes().to_vec(),
        UrlId::from(issued.download).as_bytes().to_vec(),
        master_text.expose_secret().into(),
        master.expose_secret().to_vec(),
        ring.wrapping(1).unwrap().to_vec(),
    ];
    let at = rows::value::address(&ring, &new.token);
    let row = store.row(at).await.unwrap();
    let value: rows::value::ValueRow = ring.open_row(&at, &row).unwrap();
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
    let download = world.vault.open_download(&issued.download).await.unwrap();
    let grant = SignedUrl::upload(new.upload, later(10), MAX);
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
