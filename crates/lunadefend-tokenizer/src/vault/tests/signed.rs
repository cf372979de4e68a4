//! Signed URLs and states.

use super::*;
use lunadefend_crypto::{base64url, base64url_decode};
use proptest::prelude::*;

fn is_url_safe(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Every text that differs from `text` by one bit, and every shorter one.
fn changed(text: &str) -> Vec<String> {
    let bytes = base64url_decode(text).unwrap();
    let mut all = Vec::new();
    for bit in 0..bytes.len() * 8 {
        let mut other = bytes.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        all.push(base64url(&other));
    }
    all.extend((0..bytes.len()).map(|length| base64url(&bytes[..length])));
    all.push(base64url(&[&bytes[..], &[0]].concat()));
    all.push(format!("{text}="));
    all.push(format!(" {text}"));
    all.push(format!("{text}%00"));
    all
}

#[tokio::test]
async fn a_url_says_what_was_signed_and_nothing_else() {
    let world = World::new().await;
    let id = UrlId::generate().unwrap();
    let upload = UrlGrant::upload(UploadId::from(id), START + 10, 1_048_576);
    let download = UrlGrant::download(DownloadId::from(id), START + 10);
    let (put, get) = (UrlMethod::Put, UrlMethod::Get);
    for (grant, method, other) in [(upload, put, get), (download, get, put)] {
        let text = world.vault.sign_url(&grant);
        assert_eq!(text.len(), 88);
        assert!(is_url_safe(&text));
        assert_eq!(world.vault.verify_url(method, &text), Ok(grant));
        assert_eq!(world.vault.verify_url(other, &text), Err(InvalidUrl));
        for text in changed(&text) {
            assert_eq!(world.vault.verify_url(method, &text), Err(InvalidUrl));
        }
    }
    let text = world.vault.sign_url(&upload);
    let elsewhere = World::new().await;
    assert_eq!(elsewhere.vault.verify_url(put, &text), Err(InvalidUrl));
    world.clock.set(START + 9);
    assert!(world.vault.verify_url(put, &text).is_ok());
    world.clock.set(START + 10);
    assert_eq!(world.vault.verify_url(put, &text), Err(InvalidUrl));
}

#[tokio::test]
async fn a_state_is_ours_and_unexpired_or_refused() {
    let world = World::new().await;
    let state = world.vault.issue_state("main").unwrap();
    assert!(state.len() <= 256);
    assert!(is_url_safe(&state));
    let claims = world.vault.check_state(&state).unwrap();
    assert!(claims.is_for("main"));
    assert!(!claims.is_for("mai"));
    assert!(!claims.is_for(""));
    assert_eq!(claims.expires_at(), START + Vault::STATE_LIFETIME);
    assert_ne!(state, world.vault.issue_state("main").unwrap());

    for text in changed(&state) {
        assert_eq!(world.vault.check_state(&text), Err(InvalidState));
    }
    let elsewhere = World::new().await;
    assert_eq!(elsewhere.vault.check_state(&state), Err(InvalidState));
    world.clock.set(START + Vault::STATE_LIFETIME - 1);
    assert!(world.vault.check_state(&state).is_ok());
    world.clock.set(START + Vault::STATE_LIFETIME);
    assert_eq!(world.vault.check_state(&state), Err(InvalidState));
}

#[tokio::test]
async fn a_long_provider_name_makes_no_longer_state() {
    let world = World::new().await;
    let name = "p".repeat(10_000);
    let state = world.vault.issue_state(&name).unwrap();
    assert_eq!(state.len(), 119);
    assert!(world.vault.check_state(&state).unwrap().is_for(&name));
}

proptest! {
    #[test]
    fn no_text_panics_or_passes(text: String) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let vault = runtime.block_on(World::new()).vault;
        prop_assert!(vault.check_state(&text).is_err());
        prop_assert!(vault.verify_url(UrlMethod::Get, &text).is_err());
        prop_assert!(vault.verify_url(UrlMethod::Put, &text).is_err());
        prop_assert!(runtime.block_on(vault.session(&text)).unwrap().is_none());
    }

    #[test]
    fn every_grant_round_trips(expires_at in START + 1..u64::MAX, max_length: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let vault = runtime.block_on(World::new()).vault;
        let upload = UploadId::from(UrlId::generate().unwrap());
        let grant = UrlGrant::upload(upload, expires_at, max_length);
        let text = vault.sign_url(&grant);
        prop_assert_eq!(vault.verify_url(UrlMethod::Put, &text), Ok(grant));
    }
}
