//! A signing key that is replaced while everything goes on: application and tokenizer on one clock.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use lunadefend::{
    Error, ErrorKind, KeyRole, LunaDefend, Metadata, SessionId, VerifiedToken,
    provider::{SecretError, SecretValue, SecretVersion, SecretVersions},
    secrets::SecretFn,
};
use lunadefend_core::provider::Clock;
use lunadefend_crypto::{GeneratedKey, RsaBits};
use lunadefend_tests::{TestClock, World, other_key, signing_key};
use secrecy::ExposeSecret;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

const MINUTE: Duration = Duration::from_secs(60);

/// A secret store that keeps versions, as AWS Secrets Manager does.
struct Vault {
    clock: TestClock,
    /// Each version with the time from which it is current, the newest last.
    versions: Mutex<Vec<(SystemTime, SecretVersion)>>,
    down: Mutex<bool>,
    fetches: AtomicUsize,
}

impl Vault {
    fn new(clock: &TestClock, key: &GeneratedKey) -> Arc<Self> {
        let long_ago = clock.now() - 1000 * MINUTE;
        Arc::new(Self {
            clock: clock.clone(),
            versions: Mutex::new(vec![(long_ago, version(key, long_ago))]),
            down: Mutex::new(false),
            fetches: AtomicUsize::new(0),
        })
    }

    fn rotate(&self, key: &GeneratedKey) {
        let now = self.clock.now();
        self.versions.lock().unwrap().push((now, version(key, now)));
    }

    fn set_down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }

    /// What a replica is told that hears of changes so much later.
    fn fetch(&self, late: Duration) -> Result<SecretVersions, SecretError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        if *self.down.lock().unwrap() {
            return Err(SecretError::Unavailable {
                origin: "the vault".into(),
                source: None,
            });
        }
        let seen = self.clock.now() - late;
        let versions = self.versions.lock().unwrap();
        let mut seen = versions.iter().rev().filter(|(since, _)| *since <= seen);
        let mut next = || seen.next().map(|(_, version)| version.clone());
        let mut answer = SecretVersions::only(next().unwrap());
        answer.previous = next();
        Ok(answer)
    }

    /// An application's replica that signs with the keys of this store.
    async fn replica(self: &Arc<Self>, world: &World, late: Duration) -> LunaDefend {
        let vault = Arc::clone(self);
        let secret = SecretFn::new("the vault", move || {
            let outcome = vault.fetch(late);
            async move { outcome }
        });
        let builder = world.builder(signing_key()).signing_key(secret);
        builder.build().await.unwrap()
    }
}

async fn tokenize(luna: &LunaDefend, session: &SessionId) -> Result<VerifiedToken, Error> {
    let (tokenizer, metadata) = (luna.tokenizer(), Metadata::string());
    tokenizer.tokenize_text(session, "value", &metadata).await
}

fn version(key: &GeneratedKey, created: SystemTime) -> SecretVersion {
    SecretVersion {
        value: SecretValue::new(key.pem.expose_secret()),
        created: Some(created),
        origin: None,
    }
}

/// The `kid`s that are published, first the one that signs.
async fn kids(luna: &LunaDefend) -> Vec<String> {
    let jwks = luna.keys().jwks().await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&jwks.body).unwrap();
    let keys = body["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

/// A grant that was made, to be asked for later.
struct Grant {
    session: SessionId,
    token: VerifiedToken,
    made_at: SystemTime,
}

/// Three replicas behind one address, which hear of the new keys at different times. Each minute of
/// three hours every replica makes grants, asks for grants that others made up to 50 minutes before, and
/// one of them moves a browser's session; the tokenizer gets the key set from whichever replica has the
/// address then.
#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_go_through_two_rotations_without_one_failure() {
    let world = World::start().await;
    let third_key = GeneratedKey::generate(RsaBits::Rsa2048).unwrap();
    let vault = Vault::new(&world.clock, signing_key());
    let mut replicas = Vec::new();
    // Their fetches fall into different minutes, too.
    for late in [0, 10, 25] {
        let late = Duration::from_secs(late);
        replicas.push(vault.replica(&world, late).await);
        world.clock.advance(Duration::from_secs(100));
    }

    let mut grants: VecDeque<Grant> = VecDeque::new();
    let mut published: VecDeque<Vec<Vec<String>>> = VecDeque::new();
    let mut signers = Vec::new();
    for minute in 0..180_usize {
        match minute {
            30 => vault.rotate(other_key()),
            100 => vault.rotate(&third_key),
            _ => {}
        }
        // The address moves on, out of step with everything else.
        world
            .application
            .restart(replicas[(minute * 7 / 5) % 3].clone());

        let mut now = Vec::new();
        for replica in &replicas {
            now.push(kids(replica).await);
        }
        published.push_back(now.clone());
        // What caches may have: five minutes old, and the cache of a cache.
        if published.len() > 11 {
            published.pop_front();
        }
        for keys in &now {
            for then in published.iter().flatten() {
                assert!(
                    then.contains(&keys[0]),
                    "minute {minute}: signed with {}, and published were {then:?}",
                    keys[0]
                );
            }
        }
        signers.push(now[0][0].clone());

        for (number, replica) in replicas.iter().enumerate() {
            let session = world.application.log_in(&format!("ann-{minute}-{number}"));
            // An automatic grant for the session, and one that the application makes.
            let token = tokenize(replica, &session).await.unwrap();
            let other = world.application.log_in(&format!("bob-{minute}-{number}"));
            let ttl = "1h".parse().unwrap();
            replica
                .grants()
                .grant(&other, &token, Some(ttl))
                .await
                .unwrap();
            for session in [session, other] {
                let made_at = world.clock.now();
                grants.push_back(Grant {
                    session,
                    token: token.clone(),
                    made_at,
                });
            }
        }
        // Each by a replica that did not make it. The automatic ones live for 15 minutes.
        let asked = grants.iter().enumerate().step_by(7);
        for (number, grant) in asked {
            let age = world.clock.now().duration_since(grant.made_at).unwrap();
            let is_automatic = number % 2 == 0;
            if is_automatic && age >= 15 * MINUTE {
                continue;
            }
            let replica = &replicas[(number + minute) % 3];
            let token = lunadefend::UntrustedToken::parse(grant.token.expose_id()).unwrap();
            let verified = replica.grants().verify(&grant.session, token).await;
            verified.unwrap_or_else(|error| panic!("minute {minute}, {age:?} old: {error}"));
        }
        while grants.front().is_some_and(|grant| {
            world.clock.now().duration_since(grant.made_at).unwrap() > 50 * MINUTE
        }) {
            // Two at a time, so that the automatic ones stay the even ones.
            grants.pop_front();
            grants.pop_front();
        }

        if minute % 5 == 0 {
            let session = world.application.log_in("cid");
            drop(world.browser_in(&session).await);
        }
        world.clock.advance(MINUTE);
    }

    // All three keys signed, in their order, each from the minute that the rule says: a version is 16
    // and a half minutes old.
    signers.dedup();
    let expected = [signing_key(), other_key(), &third_key];
    let expected: Vec<_> = expected
        .iter()
        .map(|key| key.key.public_key().thumbprint())
        .collect();
    assert_eq!(signers, expected);
    // And the first is gone.
    for replica in &replicas {
        assert!(!kids(replica).await.contains(&signers[0]));
    }
}

/// The old key is in wrong hands.
#[tokio::test(flavor = "multi_thread")]
async fn in_an_emergency_the_old_key_is_worth_nothing_at_once() {
    let world = World::start().await;
    let vault = Vault::new(&world.clock, signing_key());
    let luna = vault.replica(&world, Duration::ZERO).await;
    world.application.restart(luna.clone());
    let session = world.application.log_in("ann");
    let stolen = luna.keys().application().await.unwrap();
    let make = async || tokenize(&luna, &session).await;
    make().await.unwrap();

    world.clock.advance(MINUTE);
    vault.rotate(other_key());
    luna.keys().retire_now().await.unwrap();
    let published = luna.keys().published().await.unwrap();
    assert_eq!(published.len(), 1);
    assert_eq!(
        (published[0].role, published[0].signs),
        (KeyRole::Current, true)
    );
    // The tokenizer has never seen the new key.
    make().await.unwrap();
    let status = world
        .browser()
        .send(
            http::Method::POST,
            &format!("{}/grant/verify", world.tokenizer.url),
            &[
                ("authorization", stolen.expose_secret()),
                ("content-type", "application/json"),
            ],
            b"{\"sessionId\":\"s\",\"tokenId\":\"lunasec-11111111-1111-4111-8111-111111111111\"}",
        )
        .await
        .unwrap()
        .status;
    assert_eq!(status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_secret_store_everything_goes_on_for_a_day() {
    let world = World::start().await;
    let vault = Vault::new(&world.clock, signing_key());
    let luna = vault.replica(&world, Duration::ZERO).await;
    world.application.restart(luna.clone());
    let session = world.application.log_in("ann");
    let make = async || tokenize(&luna, &session).await;
    vault.set_down(true);
    for minute in 0..60 {
        make().await.unwrap();
        if minute % 5 == 0 {
            drop(world.browser_in(&session).await);
        }
        world.clock.advance(MINUTE);
    }
    world.clock.advance(23 * 60 * MINUTE);
    let error = make().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SecretUnavailable);
    let page = world
        .browser()
        .send(
            http::Method::GET,
            &format!("{}/.lunasec/jwks.json", world.application.url),
            &[],
            b"",
        )
        .await
        .unwrap();
    assert_eq!(page.status, 503);
    assert_eq!(page.json()["error"]["name"], "secretUnavailable");

    vault.set_down(false);
    world.clock.advance(MINUTE);
    make().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_calls_at_the_start_are_one_fetch() {
    let world = World::start().await;
    let vault = Vault::new(&world.clock, signing_key());
    let luna = vault.replica(&world, Duration::ZERO).await;
    let calls: Vec<_> = (0..10_000)
        .map(|number| {
            let luna = luna.clone();
            tokio::spawn(async move {
                if number % 2 == 0 {
                    luna.keys().application().await.map(drop)
                } else {
                    luna.keys().jwks().await.map(drop)
                }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(vault.fetches.load(Ordering::SeqCst), 1);
    assert_eq!(luna.keys().signatures(), 1);
}
