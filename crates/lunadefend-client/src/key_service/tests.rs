use super::*;
use lunadefend_core::TransferState;
use std::sync::Mutex as StdMutex;

const KEY: &[u8] = include_bytes!("../../testdata/signing_key.der");
const START: u64 = 1_700_000_000;

#[derive(Debug)]
struct Virtual(StdMutex<SystemTime>);

impl Virtual {
    fn new() -> Arc<Self> {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(START);
        Arc::new(Self(StdMutex::new(start)))
    }

    fn set(&self, seconds: i64) {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(START);
        let step = Duration::from_secs(seconds.unsigned_abs());
        *self.0.lock().unwrap() = if seconds < 0 {
            start - step
        } else {
            start + step
        };
    }
}

impl Clock for Virtual {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

fn service(clock: &Arc<Virtual>) -> KeyService {
    let key = SigningKey::parse(KEY, "test").unwrap();
    KeyService::new(
        key.into(),
        WireLevel::default(),
        "https://tokenizer.example.com",
        Arc::<Virtual>::clone(clock),
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
    let clock = Virtual::new();
    let service = service(&clock);
    assert_eq!(ask_concurrently(&service).await, 1);
    assert_eq!(service.signatures(), 1);

    // Up to 80 % of its 15 minutes.
    clock.set(719);
    assert_eq!(ask_concurrently(&service).await, 1);
    assert_eq!(service.signatures(), 1);

    clock.set(720);
    ask_concurrently(&service).await;
    assert_eq!(service.signatures(), 2, "exactly one more");
    assert_eq!(ask_concurrently(&service).await, 1);

    // Nobody called for a day.
    clock.set(86_400);
    assert_eq!(ask_concurrently(&service).await, 1);
    assert_eq!(service.signatures(), 3);
}

#[tokio::test]
async fn while_one_caller_renews_the_others_go_on_with_the_old() {
    let clock = Virtual::new();
    let service = service(&clock);
    let old = service.application().await.unwrap();
    clock.set(800);
    // Somebody is renewing, and takes long.
    let renewing = service.0.refresh.lock().await;
    let meanwhile = service.application().await.unwrap();
    assert_eq!(meanwhile.expose_secret(), old.expose_secret());
    drop(renewing);
    let new = service.application().await.unwrap();
    assert_ne!(new.expose_secret(), old.expose_secret());
}

#[tokio::test]
async fn an_expired_jwt_is_never_handed_out() {
    let clock = Virtual::new();
    let service = service(&clock);
    for now in [0, 899, 900, 1799, 5000] {
        clock.set(now);
        let jwt = service.application().await.unwrap();
        assert!(jwt.expires_at() > clock.now(), "{now}");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_gives_a_new_jwt() {
    let clock = Virtual::new();
    let service = service(&clock);
    service.application().await.unwrap();
    clock.set(-20);
    service.application().await.unwrap();
    assert_eq!(service.signatures(), 1, "a small step is nothing");
    clock.set(-3600);
    let jwt = service.application().await.unwrap();
    assert_eq!(jwt.issued_at(), clock.now());
    assert_eq!(service.signatures(), 2);
}

#[tokio::test]
async fn a_clock_before_1970_is_an_error_and_the_old_jwt_is_used_as_long_as_it_lives() {
    let clock = Virtual::new();
    clock.set(-i64::try_from(START).unwrap() - 1);
    let service = service(&clock);
    let error = service.application().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert_eq!(service.signatures(), 0);
}

#[tokio::test]
async fn user_and_transfer_jwts_are_signed_each_time() {
    let service = service(&Virtual::new());
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

#[test]
fn every_key_is_published_once() {
    let key = SigningKey::parse(KEY, "test").unwrap();
    let public = key.public_key().clone();
    let ring = KeyRing::new(key).publish(public.clone()).publish(public);
    assert_eq!(ring.published.len(), 1);
    let service = KeyService::new(ring, WireLevel::V1, "https://t", Virtual::new());
    let jwks = service.jwks();
    let body: serde_json::Value = serde_json::from_slice(&jwks.body).unwrap();
    // Under its thumbprint and under the name that the original looks for.
    assert_eq!(body["keys"].as_array().unwrap().len(), 2);
    assert!(!String::from_utf8_lossy(&jwks.body).contains("\"d\""));
}
