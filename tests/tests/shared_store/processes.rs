//! Tokenizers that share a store: each with connections, and a clock, of its own. The program that has these tests says
//! which store.

use crate::Shared;
use bytes::Bytes;
use futures_util::future::join_all;
use lunadefend_core::{
    SessionId,
    provider::{Clock, SecretValue, TokenId, UnixMillis},
    wire::{InlineValue, ReadId, Reads},
};
use lunadefend_crypto::random_bytes;
use lunadefend_testing::tokenizer::TestTimer;
use lunadefend_tests::TestClock;
use lunadefend_vault::{
    Found, Janitor, MasterKey, Owner, StateHolder, Tokenization, Tokenized, Transfer, Vault,
};
use secrecy::ExposeSecret;
use std::{sync::Arc, time::Duration};

const HOUR: Duration = Duration::from_secs(3600);

struct Processes {
    vaults: Vec<Vault>,
    clocks: Vec<TestClock>,
    until: UnixMillis,
    _shared: Shared,
}

impl Processes {
    /// They start together, on an empty store.
    async fn start() -> Option<Self> {
        let shared = Shared::start().await?;
        let (key, _) = MasterKey::generate().unwrap();
        let clocks: Vec<_> = (0..3)
            .map(|number| {
                let clock = TestClock::new();
                // As far apart as good clocks are.
                clock.advance(Duration::from_millis(500 * number));
                clock
            })
            .collect();
        let opened = clocks.iter().map(async |clock| {
            let store = shared.open().await;
            let clock = Arc::new(clock.clone());
            Vault::open(store, &key, clock).await.unwrap()
        });
        let vaults = join_all(opened).await;
        let until = UnixMillis::from(TestClock::new().now()) + HOUR;
        Some(Self {
            vaults,
            clocks,
            until,
            _shared: shared,
        })
    }

    async fn store(&self, session: &SessionId, value: &str, reads: Option<Reads>) -> TokenId {
        let value = InlineValue::new(SecretValue::new(value)).unwrap();
        let asked = Tokenization {
            value: Some(&value),
            reads,
            owner: Some(Owner {
                session,
                granted_until: self.until,
                quota: None,
            }),
            ..Tokenization::default()
        };
        match self.vaults[0].tokenize(&asked).await.unwrap() {
            Tokenized::Stored(token) => token,
            Tokenized::Waiting(new) => panic!("{new:?}"),
        }
    }

    /// Whether each of them grants the token to the session.
    async fn verify(&self, session: &SessionId, token: &TokenId) -> [bool; 3] {
        let mut verdicts = [false; 3];
        for (verdict, vault) in verdicts.iter_mut().zip(&self.vaults) {
            *verdict = vault.grant_expiry(session, token).await.unwrap().is_some();
        }
        verdicts
    }
}

fn ann() -> SessionId {
    SessionId::new("ann").unwrap()
}

async fn read(vault: &Vault, token: &TokenId) -> Option<Vec<u8>> {
    let (tokens, read) = ([token.clone()], ReadId::new(random_bytes().unwrap()));
    let found = vault.read_values(&ann(), &tokens, read, 1_000_000).await;
    match found.unwrap().pop().unwrap() {
        Found::Value { value, .. } => Some(value.expose_secret().to_vec()),
        Found::Refused => None,
        found @ Found::Download { .. } => panic!("{found:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_make_one_key_ring_and_read_what_another_stored() {
    let Some(processes) = Processes::start().await else {
        return;
    };
    let token = processes.store(&ann(), "078-05-1120", None).await;
    for vault in &processes.vaults {
        assert_eq!(read(vault, &token).await.unwrap(), b"078-05-1120");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_readers_of_a_one_time_value_one_gets_it() {
    let Some(processes) = Processes::start().await else {
        return;
    };
    for (reads, expected) in [(1, 1), (5, 5)] {
        let token = processes.store(&ann(), "once", Reads::new(reads)).await;
        let readers = (0..16).map(|number| {
            let (vault, token) = (processes.vaults[number % 3].clone(), token.clone());
            tokio::spawn(async move { read(&vault, &token).await })
        });
        let values = join_all(readers).await;
        let got = values.into_iter().filter_map(Result::unwrap);
        assert_eq!(got.count(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_seen_by_the_others_at_their_next_request() {
    let Some(processes) = Processes::start().await else {
        return;
    };
    let [first, second, third] = &processes.vaults[..] else {
        panic!("there are three");
    };
    for round in 0..20 {
        let token = processes.store(&ann(), "value", None).await;
        assert_eq!(processes.verify(&ann(), &token).await, [true; 3]);
        second.revoke_token(&token, processes.until).await.unwrap();
        assert_eq!(
            processes.verify(&ann(), &token).await,
            [false; 3],
            "{round}"
        );
        third.grant(&ann(), &token, processes.until).await.unwrap();
        assert_eq!(processes.verify(&ann(), &token).await, [true; 3]);
        first
            .delete_tokens(std::slice::from_ref(&token), processes.until)
            .await
            .unwrap();
        assert_eq!(processes.verify(&ann(), &token).await, [false; 3]);
        assert_eq!(read(second, &token).await, None);
    }
    let bob = SessionId::new("bob").unwrap();
    let token = processes.store(&bob, "value", None).await;
    second.end_session(&bob, processes.until).await.unwrap();
    third.grant(&bob, &token, processes.until).await.unwrap();
    assert_eq!(processes.verify(&bob, &token).await, [false; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_makes_one_session() {
    let Some(processes) = Processes::start().await else {
        return;
    };
    for _ in 0..10 {
        let issued = processes.vaults[0]
            .issue_state("main", StateHolder::Redirect)
            .unwrap();
        let state = issued.state.expose_secret();
        let tries = (0..9).map(|number| {
            let (vault, until) = (processes.vaults[number % 3].clone(), processes.until);
            let claims = vault.check_state(state).unwrap();
            tokio::spawn(async move {
                let jwt = random_bytes::<16>().unwrap();
                let made = vault.create_session(&claims, &jwt, until, &ann()).await;
                matches!(made.unwrap(), Transfer::Session(_))
            })
        });
        let made = join_all(tries).await.into_iter().map(Result::unwrap);
        assert_eq!(made.filter(|made| *made).count(), 1);
    }
}

/// A long value, stored by one and read by another, and of which nothing is left once it is deleted.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_value_is_read_by_another() {
    let Some(processes) = Processes::start().await else {
        return;
    };
    let [first, second, _] = &processes.vaults[..] else {
        panic!("there are three");
    };
    let ann = ann();
    let owner = Some((&ann, processes.until));
    let new = first.create_token(None, owner).await.unwrap();
    let mut upload = second.begin_upload(&new.upload, u64::MAX).await.unwrap();
    let chunk = Bytes::from(vec![7; 100_000]);
    for _ in 0..20 {
        upload.write(chunk.clone()).await.unwrap();
    }
    assert_eq!(upload.commit().await.unwrap(), 2_000_000);
    let ticket = first
        .issue_download(&ann, &new.token, processes.until)
        .await;
    let ticket = ticket.unwrap().unwrap();
    let mut download = second.open_download(&ticket).await.unwrap().unwrap();
    let mut length = 0;
    while let Some(bytes) = download.next_chunk().await.unwrap() {
        assert!(bytes.iter().all(|byte| *byte == 7));
        length += bytes.len();
    }
    assert_eq!(length, 2_000_000);
}

/// The keys are changed by one of them, while the others go on.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_keys_is_heard_by_all() {
    let Some(processes) = Processes::start().await else {
        return;
    };
    let [first, second, third] = &processes.vaults[..] else {
        panic!("there are three");
    };
    let early = processes.store(&ann(), "early", None).await;
    // Two at once: one is made.
    let added = join_all([first.add_wrapping_key(), second.add_wrapping_key()]).await;
    assert_eq!(
        added.iter().filter(|added| added.is_ok()).count(),
        1,
        "{added:?}"
    );
    let janitors = processes.vaults.iter().zip(&processes.clocks);
    let janitors: Vec<_> = janitors
        .map(|(vault, clock)| Janitor::new(vault.clone(), Arc::new(TestTimer(clock.clone()))))
        .collect();
    for minute in 0..8 {
        for (janitor, vault) in janitors.iter().zip(&processes.vaults) {
            janitor.round().await.unwrap();
            let keys = vault.wrapping_keys();
            assert_eq!(keys.len(), 2, "minute {minute}");
            let token = processes.store(&ann(), "value", None).await;
            for other in &processes.vaults {
                assert_eq!(read(other, &token).await.unwrap(), b"value");
            }
        }
        for clock in &processes.clocks {
            clock.advance(Duration::from_secs(60));
        }
    }
    assert!(third.wrapping_keys()[1].is_current);
    let (mut sealed, mut from) = (0, None);
    loop {
        let step = third.rewrap(from).await.unwrap();
        sealed += step.sealed;
        from = step.next;
        if from.is_none() {
            break;
        }
    }
    assert!(sealed > 0);
    for clock in &processes.clocks {
        clock.advance(Duration::from_secs(20 * 60));
    }
    second.retire_wrapping_key(1).await.unwrap();
    for vault in &processes.vaults {
        assert_eq!(read(vault, &early).await.unwrap(), b"early");
    }
}
