//! The master key and the key ring.

use super::*;
use futures_util::future::join_all;
use lunadefend_core::provider::SecretValue;
use lunadefend_crypto::base64url;
use proptest::prelude::*;
use secrecy::ExposeSecret;

fn parse(bytes: impl Into<Vec<u8>>) -> Result<MasterKey, MasterKeyError> {
    MasterKey::from_secret(&SecretValue::new(bytes), "test setting")
}

const RAW: [u8; 32] = {
    let mut raw = [0xfb; 32];
    let mut index = 0;
    while index < 31 {
        raw[index] = (index as u8).wrapping_mul(37).wrapping_add(251);
        index += 1;
    }
    raw
};

#[test]
fn every_form_of_a_key() {
    let hex = lunadefend_crypto::hex(&RAW);
    let url_safe = base64url(&RAW);
    let standard = url_safe.replace('-', "+").replace('_', "/");
    assert_ne!(url_safe, standard, "the key must tell the alphabets apart");
    for text in [
        hex.clone(),
        hex.to_uppercase(),
        format!(" {hex}\r\n"),
        url_safe.clone(),
        format!("{url_safe}="),
        standard.clone(),
        format!("{standard}=\n"),
    ] {
        assert_eq!(parse(text.clone()).unwrap().expose_secret(), RAW, "{text}");
    }
    assert_eq!(parse(RAW).unwrap().expose_secret(), RAW);
}

#[test]
fn each_wrong_thing_has_its_own_words() {
    for (input, words) in [
        (Vec::new(), "is empty"),
        (b" \n".to_vec(), "is empty"),
        (b"correct horse battery staple!".to_vec(), "pass phrase"),
        (b"abcdefghijklmnopqrstuvwxyz!?#&%$".to_vec(), "pass phrase"),
        ("0f".repeat(16).into_bytes(), "has 16 bytes, 32 are needed"),
        ("0f".repeat(33).into_bytes(), "has 33 bytes, 32 are needed"),
        (base64url(&[7; 24]).into_bytes(), "has 24 bytes"),
        (RAW[..31].to_vec(), "has 31 bytes"),
        ([&RAW[..], b"\n"].concat(), "has 33 bytes"),
        ([0; 32].to_vec(), "one byte repeated"),
        ("ab".repeat(32).into_bytes(), "one byte repeated"),
    ] {
        let error = parse(input).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(words), "{text}");
        assert!(text.contains("test setting"), "{text}");
    }
}

#[test]
fn a_generated_key_is_read_back_from_its_text() {
    let (key, text) = MasterKey::generate().unwrap();
    let read = parse(text.expose_secret()).unwrap();
    assert_eq!(read.expose_secret(), key.expose_secret());
    assert_ne!(
        MasterKey::generate().unwrap().0.expose_secret(),
        key.expose_secret()
    );
    assert_eq!(format!("{key:?}"), "MasterKey(..)");
}

proptest! {
    #[test]
    fn no_input_panics_or_is_echoed(bytes: Vec<u8>) {
        let _ = parse(bytes);
    }

    #[test]
    fn no_text_is_echoed(text in "[a-zA-Z0-9+/=_-]{0,100}") {
        if let Err(error) = parse(format!("canary{text}")) {
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains("canary"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_open_an_empty_store_at_once_have_one_ring() {
    for _ in 0..10 {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let (master, _) = MasterKey::generate().unwrap();
        let clock = Arc::new(at_start());
        let opening = (0..16).map(|_| {
            let (store, master, clock) = (store.clone(), master.clone(), clock.clone());
            tokio::spawn(async move { Vault::open(store, &master, clock).await.unwrap() })
        });
        let vaults = join_all(opening).await;
        let tags = vaults
            .iter()
            .map(|vault| vault.as_ref().unwrap().ring().lookup().tag(&[b"x"]));
        assert_eq!(tags.collect::<std::collections::BTreeSet<_>>().len(), 1);
    }
}

#[tokio::test]
async fn a_wrong_master_key_is_refused() {
    let world = World::new().await;
    let (other, _) = MasterKey::generate().unwrap();
    let error = world.reopen(&other).await.unwrap_err();
    assert!(matches!(error, VaultError::WrongMasterKey));
    assert!(world.reopen(&world.master).await.is_ok());
}

#[tokio::test]
async fn a_damaged_ring_never_opens() {
    let world = World::new().await;
    let at_ring = Ring::own_address();
    let row = world.store.row(at_ring).await.unwrap();
    for at in 0..row.value.len() {
        let mut value = row.value.to_vec();
        value[at] ^= 1;
        world.store.put(at_ring, Row::lasting(value.into())).await;
        let error = world.reopen(&world.master).await.unwrap_err();
        assert!(matches!(
            error,
            VaultError::WrongMasterKey | VaultError::Corrupt
        ));
    }
    for length in 0..row.value.len() {
        let value = row.value.slice(..length);
        world.store.put(at_ring, Row::lasting(value)).await;
        assert!(world.reopen(&world.master).await.is_err());
    }
    world.store.put(at_ring, row).await;
    assert!(world.vault.check_health().await.is_ok());
    world.store.change(at_ring, Change::Delete).await;
    assert!(world.vault.check_health().await.is_err());
}

#[tokio::test]
async fn the_master_key_can_be_exchanged() {
    let world = World::new().await;
    let token = world.token(b"value").await;
    let stale = world.reopen(&world.master).await.unwrap();
    let new = &world.next_master;
    world.vault.rotate_master().await.unwrap();

    let error = world.reopen(&world.master).await.unwrap_err();
    assert!(matches!(error, VaultError::WrongMasterKey));
    // With both keys a process starts before the change and after it.
    let both = MasterKeys::from(&world.master).with_next(new.clone());
    let clock = Arc::new(world.clock.clone());
    let started = Vault::open(world.store.clone(), both, clock).await;
    assert_eq!(
        started.unwrap().wrapping_keys(),
        world.vault.wrapping_keys()
    );
    let reopened = world.reopen(new).await.unwrap();
    assert_eq!(
        reopened.ring().lookup().tag(&[b"x"]),
        world.vault.ring().lookup().tag(&[b"x"]),
        "the lookup key never changes"
    );
    assert_eq!(world.read(&token).await.unwrap(), b"value");

    // Again it is done already.
    let written = world.store.row(Ring::own_address()).await;
    world.vault.rotate_master().await.unwrap();
    assert_eq!(world.store.row(Ring::own_address()).await, written);
    let error = reopened.rotate_master().await.unwrap_err();
    assert!(matches!(error, KeysError::NoNextMaster));
    // A process that does not know the new key must not undo it. It goes on for a while.
    for changed in [
        stale.refresh_keys().await,
        stale.check_health().await,
        stale.tend_keys().await,
    ] {
        assert!(matches!(changed, Err(VaultError::WrongMasterKey)));
    }
    let until = later(3_600_000);
    stale
        .revoke_token(&token, until)
        .await
        .expect("its keys are young");
    world.clock.advance(Duration::from_secs(601));
    let refused = stale.revoke_token(&token, until).await.unwrap_err();
    assert!(matches!(refused, VaultError::WrongMasterKey));
    world.vault.revoke_token(&token, until).await.unwrap();
}
