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
    let ann = session("ann");
    let token = world.token(b"value").await;
    let upload = UploadUrl {
        upload: UploadId::generate().unwrap(),
        expires_at: later(10),
        max_length: 1_048_576,
    };
    let download = world.vault.issue_download(&ann, &token, later(10)).await;
    let download = download.unwrap().unwrap();
    let texts = [
        world.vault.sign_upload(&upload),
        world.vault.seal_download(&download).unwrap(),
    ];
    let verify = |world: &World, text: &str| {
        (
            world.vault.verify_upload(text),
            world.vault.open_ticket(text),
        )
    };
    let neither = (Err(InvalidUrl), Err(InvalidUrl));
    let expected = [
        (Ok(upload), Err(InvalidUrl)),
        (Err(InvalidUrl), Ok(download)),
    ];
    assert_eq!(texts[0].len(), 88);
    let elsewhere = World::new().await;
    for (text, expected) in texts.iter().zip(expected) {
        assert!(is_url_safe(text));
        assert_eq!(verify(&world, text), expected);
        assert_eq!(verify(&elsewhere, text), neither);
        for text in changed(text) {
            assert_eq!(verify(&world, &text), neither);
        }
        world.clock.set(later(9));
        assert_eq!(verify(&world, text), expected);
        world.clock.set(later(10));
        assert_eq!(verify(&world, text), neither);
        world.clock.set(START);
    }
    // What they say of the same value does not tell that it is the same.
    let again = world.vault.seal_download(&download).unwrap();
    let [one, two] = [&texts[1], &again].map(|text| base64url_decode(text).unwrap());
    let common = one.iter().zip(&two).filter(|(one, two)| one == two).count();
    assert!(one[..10] == two[..10] && common < 40, "{common}");
}

#[tokio::test]
async fn a_state_is_ours_and_unexpired_or_refused() {
    let world = World::new().await;
    let (issued, claims) = issue_state(&world.vault, "main");
    let state = issued.state.expose_secret();
    assert!(state.len() <= 256);
    assert!(is_url_safe(state));
    assert!(claims.is_for("main"));
    assert!(!claims.is_for("mai"));
    assert!(!claims.is_for(""));
    assert_eq!(claims.holder(), StateHolder::Redirect);
    assert_eq!(claims.expires_at, START + Vault::STATE_LIFETIME);
    for holder in [StateHolder::SecondRedirect, StateHolder::Page] {
        let other = world.vault.issue_state("main", holder).unwrap();
        assert_ne!(state, other.state.expose_secret());
        let other = world.vault.check_state(other.state.expose_secret());
        assert_eq!(other.unwrap().holder(), holder);
    }

    for text in changed(state) {
        assert_eq!(world.vault.check_state(&text), Err(InvalidState));
    }
    let elsewhere = World::new().await;
    assert_eq!(elsewhere.vault.check_state(state), Err(InvalidState));
    world
        .clock
        .set(START + (Vault::STATE_LIFETIME - Duration::from_millis(1)));
    assert!(world.vault.check_state(state).is_ok());
    world.clock.set(START + Vault::STATE_LIFETIME);
    assert_eq!(world.vault.check_state(state), Err(InvalidState));
}

#[tokio::test]
async fn a_state_does_not_tell_the_secret_of_its_cookie() {
    let world = World::new().await;
    let (issued, claims) = issue_state(&world.vault, "main");
    let (state, cookie) = (issued.state.expose_secret(), issued.cookie.expose_secret());
    assert_eq!(base64url_decode(cookie).unwrap().len(), 32);
    let (state_bytes, cookie_bytes) = (
        base64url_decode(state).unwrap(),
        base64url_decode(cookie).unwrap(),
    );
    for secret in [cookie.as_bytes(), &cookie_bytes] {
        let tells = |text: &[u8]| text.windows(secret.len()).any(|window| window == secret);
        assert!(!tells(state.as_bytes()) && !tells(&state_bytes));
    }
    assert!(claims.is_of_cookie(cookie));
    let other = issue_state(&world.vault, "main").0;
    for not_its in [state, "", other.cookie.expose_secret(), &cookie[..42]] {
        assert!(!claims.is_of_cookie(not_its));
    }
}

#[tokio::test]
async fn a_long_provider_name_makes_no_longer_state() {
    let world = World::new().await;
    let name = "p".repeat(10_000);
    let (issued, claims) = issue_state(&world.vault, &name);
    assert_eq!(issued.state.expose_secret().len(), 163);
    assert!(claims.is_for(&name));
}

proptest! {
    #[test]
    fn no_text_panics_or_passes(text: String) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let vault = runtime.block_on(World::new()).vault;
        prop_assert!(vault.check_state(&text).is_err());
        prop_assert!(vault.open_ticket(&text).is_err());
        prop_assert!(vault.verify_upload(&text).is_err());
        prop_assert!(runtime.block_on(vault.session(&text)).unwrap().is_none());
    }

    #[test]
    fn every_grant_round_trips(expires_at in START.get() + 1..u64::MAX, max_length: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let vault = runtime.block_on(World::new()).vault;
        let upload = UploadId::generate().unwrap();
        let expires_at = UnixMillis::new(expires_at);
        let url = UploadUrl { upload, expires_at, max_length };
        let text = vault.sign_upload(&url);
        prop_assert_eq!(vault.verify_upload(&text), Ok(url));
    }
}
