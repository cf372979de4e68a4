use super::*;
use crate::{DemoKey, KeyRotation};
use futures_util::FutureExt;
use lunadefend_core::provider::{
    BoxFuture, SecretError, SecretProvider, SecretValue, SecretVersion, SecretVersions,
    TransferState,
};
use lunadefend_crypto::SigningKey;
use lunadefend_testing::TestClock;
use std::sync::Mutex as StdMutex;

const KEY: &[u8] = include_bytes!("../../testdata/signing_key.der");
const NEW_KEY: &[u8] = include_bytes!("../../testdata/rotation_b.der");

fn service(clock: &TestClock) -> KeyService {
    let key = SigningKey::parse(KEY, "test").unwrap();
    KeyService::new(
        key.into(),
        JwtProfile::default(),
        "https://tokenizer.example.com",
        Arc::new(clock.clone()),
    )
}

/// Asks for the JWT from 10,000 tasks at once; returns the number of different ones.
async fn ask_concurrently(service: &KeyService) -> usize {
    let tasks: Vec<_> = (0..10_000)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { service.application().await.unwrap() })
        })
        .collect();
    let mut seen = std::collections::HashSet::new();
    for task in tasks {
        seen.insert(task.await.unwrap().expose_secret().to_owned());
    }
    seen.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_signature_for_ten_thousand_concurrent_calls() {
    let clock = TestClock::new();
    let service = service(&clock);
    assert_eq!(ask_concurrently(&service).await, 1);
    assert_eq!(service.signatures(), 1);

    // Up to 80 % of its 15 minutes.
    clock.set_seconds(719);
    assert_eq!(ask_concurrently(&service).await, 1);
    assert_eq!(service.signatures(), 1);

    clock.set_seconds(720);
    ask_concurrently(&service).await;
    assert_eq!(service.signatures(), 2, "exactly one more");
    assert_eq!(ask_concurrently(&service).await, 1);

    // No call for a day.
    clock.set_seconds(86_400);
    assert_eq!(ask_concurrently(&service).await, 1);
    assert_eq!(service.signatures(), 3);
}

#[tokio::test]
async fn while_one_caller_renews_the_others_go_on_with_the_old() {
    let clock = TestClock::new();
    let service = service(&clock);
    let old = service.application().await.unwrap();
    clock.set_seconds(800);
    // A caller is renewing, and takes long.
    let renewing = service.0.refresh.lock().await;
    let meanwhile = service.application().await.unwrap();
    assert_eq!(meanwhile.expose_secret(), old.expose_secret());
    drop(renewing);
    let new = service.application().await.unwrap();
    assert_ne!(new.expose_secret(), old.expose_secret());
}

#[tokio::test]
async fn an_expired_jwt_is_never_handed_out() {
    let clock = TestClock::new();
    let service = service(&clock);
    for now in [0, 899, 900, 1799, 5000] {
        clock.set_seconds(now);
        let jwt = service.application().await.unwrap();
        assert!(jwt.expires_at() > clock.now(), "{now}");
    }
}

#[tokio::test]
async fn an_expired_jwt_is_not_handed_out_while_another_caller_renews_it() {
    let clock = TestClock::new();
    let service = service(&clock);
    service.application().await.unwrap();
    let renewing = service.0.refresh.lock().await;
    clock.set_seconds(899);
    assert!(service.application().now_or_never().is_some());
    clock.set_seconds(900);
    assert!(service.application().now_or_never().is_none());
    drop(renewing);
    let jwt = service.application().await.unwrap();
    assert_eq!(jwt.issued_at(), clock.now());
}

#[tokio::test]
async fn a_clock_that_was_set_back_gives_a_new_jwt() {
    let clock = TestClock::new();
    let service = service(&clock);
    service.application().await.unwrap();
    clock.set_seconds(-20);
    service.application().await.unwrap();
    assert_eq!(service.signatures(), 1, "a small step is nothing");
    clock.set_seconds(-3600);
    let jwt = service.application().await.unwrap();
    assert_eq!(jwt.issued_at(), clock.now());
    assert_eq!(service.signatures(), 2);
}

#[tokio::test]
async fn a_clock_before_1970_is_an_error_and_the_old_jwt_is_used_as_long_as_it_lives() {
    let clock = TestClock::new();
    clock.set_seconds(-i64::try_from(TestClock::START).unwrap() - 1);
    let service = service(&clock);
    let error = service.application().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert_eq!(service.signatures(), 0);
}

#[tokio::test]
async fn user_and_transfer_jwts_are_signed_each_time() {
    let service = service(&TestClock::new());
    let session = SessionId::new("s").unwrap();
    let state = TransferState::from_query(Some("state=abc")).unwrap();
    let first = service.transfer(&session, &state).await.unwrap();
    let second = service.transfer(&session, &state).await.unwrap();
    assert_ne!(
        first.expose_secret(),
        second.expose_secret(),
        "a jti of its own"
    );
    service.user(&session).await.unwrap();
    assert_eq!(service.signatures(), 3);
}

/// A secret that tests can replace and break.
#[derive(Clone, Debug, Default)]
struct Vault(Arc<StdMutex<Option<SecretVersions>>>);

impl Vault {
    fn set(&self, current: &'static [u8], previous: Option<&'static [u8]>) {
        let version = |key: &[u8]| SecretVersion {
            value: SecretValue::new(key),
            created: None,
            origin: None,
        };
        let mut versions = SecretVersions::only(version(current));
        versions.previous = previous.map(version);
        *self.0.lock().unwrap() = Some(versions);
    }

    fn break_down(&self) {
        *self.0.lock().unwrap() = None;
    }
}

impl SecretProvider for Vault {
    fn origin(&self) -> String {
        "the vault".into()
    }

    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
        let versions = self.0.lock().unwrap().clone();
        let versions = versions.ok_or(SecretError::Unavailable {
            origin: self.origin().into(),
            source: None,
        });
        Box::pin(async move { versions })
    }
}

async fn rotating(vault: &Vault, clock: &TestClock) -> KeyService {
    let keys = SigningKeys::load(
        Arc::new(vault.clone()),
        KeyRotation::default(),
        DemoKey::Refused,
        Arc::new(clock.clone()),
    );
    KeyService::new(
        keys.await.unwrap(),
        JwtProfile::default(),
        "https://tokenizer.example.com",
        Arc::new(clock.clone()),
    )
}

fn thumbprint(key: &[u8]) -> String {
    let key = SigningKey::parse(key, "test").unwrap();
    key.public_key().thumbprint().to_owned()
}

/// The `kid` of a JWT.
fn kid(jwt: &Jwt) -> String {
    let header = jwt.expose_secret().split('.').next().unwrap();
    let header = lunadefend_crypto::base64url_decode(header).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_key_set_lists_each_key_and_first_the_one_that_signs() {
    let (vault, clock) = (Vault::default(), TestClock::new());
    vault.set(NEW_KEY, Some(KEY));
    let service = rotating(&vault, &clock).await;
    let jwks = service.jwks().await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&jwks.body).unwrap();
    let keys = body["keys"].as_array().unwrap();
    // Under their thumbprints, and the first under the name that LunaSec looks for.
    assert_eq!(keys.len(), 3);
    assert_eq!(keys[0]["kid"], thumbprint(KEY));
    assert_eq!(keys[0]["n"], keys[2]["n"]);
    assert_eq!(keys[1]["kid"], thumbprint(NEW_KEY));
    assert!(!String::from_utf8_lossy(&jwks.body).contains("\"d\""));

    let published = service.published().await.unwrap();
    let shown: Vec<_> = published
        .iter()
        .map(|key| (key.role, key.signs, key.bits))
        .collect();
    assert_eq!(
        shown,
        [
            (KeyRole::Current, false, 2048),
            (KeyRole::Previous, true, 2048)
        ]
    );
}

#[tokio::test]
async fn a_cached_jwt_lives_on_until_a_key_is_retired() {
    let (vault, clock) = (Vault::default(), TestClock::new());
    vault.set(KEY, None);
    let service = rotating(&vault, &clock).await;
    let old = service.application().await.unwrap();
    assert_eq!(kid(&old), thumbprint(KEY));

    vault.set(NEW_KEY, Some(KEY));
    service.refresh().await.unwrap();
    let same = service.application().await.unwrap();
    assert_eq!(same.expose_secret(), old.expose_secret());

    service.retire_now().await.unwrap();
    let new = service.application().await.unwrap();
    assert_eq!(kid(&new), thumbprint(NEW_KEY));
    let jwks = service.jwks().await.unwrap();
    assert!(!String::from_utf8_lossy(&jwks.body).contains(&thumbprint(KEY)));

    // Without the secret nothing is retired.
    vault.break_down();
    let error = service.retire_now().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SecretUnavailable);
    assert_eq!(
        kid(&service.application().await.unwrap()),
        thumbprint(NEW_KEY)
    );
}

#[tokio::test]
async fn without_its_provider_a_key_is_used_for_a_day_and_then_refused() {
    let (vault, clock) = (Vault::default(), TestClock::new());
    vault.set(KEY, None);
    let service = rotating(&vault, &clock).await;
    vault.break_down();
    for seconds in (0..86_400).step_by(600) {
        clock.set_seconds(seconds);
        service.application().await.unwrap();
        service.jwks().await.unwrap();
    }
    clock.set_seconds(86_400);
    let error = service.application().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SecretUnavailable);
    assert_eq!(error.status(), 503);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("the vault"), "{cause}");
    let session = SessionId::new("s").unwrap();
    assert!(service.user(&session).await.is_err());
    assert!(service.jwks().await.is_err());

    vault.set(KEY, None);
    clock.set_seconds(86_500);
    service.application().await.unwrap();
}
