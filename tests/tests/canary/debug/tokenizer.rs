//! The tokenizer: what it keeps, and its configuration.

use super::{CANARY, Shown, base, session};
use crate::Canaries;
use bytes::Bytes;
use lunadefend::{Metadata, provider::SecretValue};
use lunadefend_core::wire::ReadId;
use lunadefend_http::{Cleartext, HttpClient};
use lunadefend_tokenizer::{
    AuthProviders, JwksSource, Tokenizer, TokenizerConfig, VerificationKeys,
};
use lunadefend_vault::{
    Found, MasterKey, Transfer, UploadUrl, Vault,
    store::{Batch, BlobId, Change, Row, RowAddress, RowKey, Table, Write, WriteId},
};
use secrecy::ExposeSecret;
use std::time::Duration;

pub(super) async fn vault(vault: &Vault, shown: &mut Shown, canaries: &mut Canaries) {
    let metadata = Metadata::from_json(&format!("{{\"x\":\"{CANARY}\"}}")).unwrap();
    let soon = vault.clock().unix_millis() + Duration::from_secs(60);
    let session = session();
    let new = vault.create_token(Some(&metadata), Some((&session, soon)));
    let new = new.await.unwrap();
    canaries.add_token(new.token.expose_id());
    shown.add(vault);
    shown.add(&new);
    let grant = UploadUrl {
        upload: new.upload,
        expires_at: new.upload_expires_at,
        max_length: 100,
    };
    canaries.add("a signed URL", &vault.sign_upload(&grant));
    shown.add(&grant);
    let mut upload = vault.begin_upload(&new.upload, 100).await.unwrap();
    upload.write(CANARY.into()).await.unwrap();
    shown.add(&upload);
    upload.commit().await.unwrap();
    let issued = vault.issue_download(&session, &new.token, soon);
    let issued = issued.await.unwrap().unwrap();
    shown.add(&issued);
    canaries.add("a sealed URL", &vault.seal_download(&issued).unwrap());
    let read = ReadId::new([7; 16]);
    let tokens = [new.token.clone()];
    let found = vault.read_values(&session, &tokens, read, 100).await;
    let found = found.unwrap();
    assert!(matches!(found[0], Found::Value { .. }));
    shown.add(&found);
    let mut download = vault.open_download(&issued).await.unwrap().unwrap();
    assert!(download.next_chunk().await.unwrap().is_some());
    shown.add(&download);

    let issued = vault
        .issue_state(CANARY, lunadefend_vault::StateHolder::Page)
        .unwrap();
    let state = issued.state.expose_secret();
    canaries.add("a state", state);
    canaries.add("a state's cookie", issued.cookie.expose_secret());
    shown.add(&issued);
    let claims = vault.check_state(state).unwrap();
    shown.add(&claims);
    shown.add(&vault.check_state(CANARY));
    let handle = vault.create_session(&claims, CANARY.as_bytes(), soon, &session);
    let transfer = handle.await.unwrap();
    shown.add(&transfer);
    let Transfer::Session(handle) = transfer else {
        panic!("no session was made");
    };
    canaries.add("a session handle", handle.expose_secret());
    shown.add(&handle);

    let (master, text) = MasterKey::generate().unwrap();
    canaries.add("a master key", text.expose_secret());
    shown.add(&master);
    shown.add(&MasterKey::from_secret(
        &SecretValue::new(CANARY),
        "the test",
    ));
    let mut bytes = [b'x'; 32];
    bytes[..CANARY.len()].copy_from_slice(CANARY.as_bytes());
    let row = || Row::lasting(Bytes::copy_from_slice(CANARY.as_bytes()));
    shown.add(&row());
    shown.add(&RowKey::new(bytes));
    shown.add(&BlobId::new(bytes));
    let at = |table| RowAddress {
        table,
        key: RowKey::new(bytes),
    };
    let expected = WriteId::new([b'x'; 16]);
    let writes = vec![
        Write {
            at: at(Table::Session),
            change: Change::Insert(row()),
        },
        Write {
            at: at(Table::Token),
            change: Change::Replace {
                expected,
                row: row(),
            },
        },
    ];
    for write in &writes {
        shown.add(write);
    }
    shown.add(&Batch::new(expected, writes).unwrap());
}

pub(super) fn http_service(vault: &Vault, shown: &mut Shown) {
    let http = HttpClient::builder().tls(false).build().unwrap();
    let jwks = JwksSource::new(base("http://127.0.0.1:1/jwks.json"), http).unwrap();
    shown.add(&jwks);
    let providers = format!("http://127.0.0.1:1/cb?key={CANARY}");
    let providers = AuthProviders::parse(&providers, "AUTH_PROVIDERS", Cleartext::Allowed).unwrap();
    shown.add(&providers);
    let keys = VerificationKeys::Jwks(jwks);
    let builder = TokenizerConfig::builder(base("http://127.0.0.1:2"), keys, providers);
    shown.add(&builder);
    let config = builder.build().unwrap();
    shown.add(&config);
    shown.add(&Tokenizer::new(config, vault.clone()));
}
