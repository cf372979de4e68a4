//! Processes on one store whose clocks are half a minute apart, which is as far as they may be.

use super::*;

const APART: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);

/// One whose clock is right and one whose clock is fast.
struct Two {
    world: World,
    fast: Vault,
    fast_clock: TestClock,
}

impl Two {
    async fn new() -> Self {
        let world = World::new().await;
        let fast_clock = at_start();
        fast_clock.advance(APART);
        let clock = Arc::new(fast_clock.clone());
        let fast = Vault::open(world.store.clone(), &world.master, clock).await;
        Self {
            world,
            fast: fast.unwrap(),
            fast_clock,
        }
    }

    fn vaults(&self) -> [&Vault; 2] {
        [&self.world.vault, &self.fast]
    }

    fn wait(&self, time: Duration) {
        self.world.clock.advance(time);
        self.fast_clock.advance(time);
    }

    async fn counts(&self, id: &str, token: &TokenId) -> [bool; 2] {
        let mut verdicts = [false; 2];
        for (verdict, vault) in verdicts.iter_mut().zip(self.vaults()) {
            let held = vault.grant_expiry(&session(id), token).await.unwrap();
            *verdict = held.is_some();
        }
        verdicts
    }
}

#[tokio::test]
async fn an_end_is_one_for_both_whichever_made_it() {
    let two = Two::new().await;
    let until = later(3_600_000);
    for (grants, ends) in [(0, 1), (1, 0)] {
        let (grants, ends) = (two.vaults()[grants], two.vaults()[ends]);
        let token = two.world.token(b"value").await;
        grants.grant(&session("ann"), &token, until).await.unwrap();
        assert_eq!(two.counts("ann", &token).await, [true; 2]);
        ends.revoke_token(&token, until).await.unwrap();
        assert_eq!(two.counts("ann", &token).await, [false; 2]);

        grants.grant(&session("ann"), &token, until).await.unwrap();
        ends.delete_tokens(std::slice::from_ref(&token), until)
            .await
            .unwrap();
        grants.grant(&session("ann"), &token, until).await.unwrap();
        assert_eq!(two.counts("ann", &token).await, [false; 2]);
    }
    let token = two.world.token(b"value").await;
    two.fast.end_session(&session("bob"), until).await.unwrap();
    let slow = &two.world.vault;
    slow.grant(&session("bob"), &token, until).await.unwrap();
    assert_eq!(two.counts("bob", &token).await, [false; 2]);
}

/// The fast one deletes by its clock what has expired: nothing of it may matter to the other.
#[tokio::test]
async fn what_one_deletes_as_expired_is_over_for_the_other_too() {
    let two = Two::new().await;
    let slow = &two.world.vault;
    let ann = session("ann");
    let lifetime = ValueLifetime::new(MINUTE * 5).unwrap();
    let value = inline("value");
    let asked = Tokenization {
        value: Some(&value),
        expires_in: Some(lifetime),
        owner: Some(Owner {
            session: &ann,
            granted_until: later(3_600_000),
            quota: None,
        }),
        ..Tokenization::default()
    };
    let Tokenized::Stored(token) = slow.tokenize(&asked).await.unwrap() else {
        panic!("it has its value");
    };
    let (_, state) = issue_state(slow, "main");
    let made = slow
        .create_session(&state, b"jti", later(300_000), &ann)
        .await;
    assert!(matches!(made.unwrap(), Transfer::Session(_)));
    for minute in 0..10 {
        two.fast.purge_expired().await.unwrap();
        let read = slow
            .read_values(
                &ann,
                std::slice::from_ref(&token),
                ReadId::new([1; 16]),
                100,
            )
            .await;
        let is_read = matches!(read.unwrap()[..], [Found::Value { .. }]);
        assert_eq!(is_read, minute < 5, "minute {minute}");
        // Expired it would be refused before it is looked for.
        if slow.now() < state.expires_at {
            let made = slow
                .create_session(&state, b"other", later(300_000), &ann)
                .await;
            assert!(
                matches!(made.unwrap(), Transfer::StateUsed),
                "minute {minute}"
            );
        }
        two.wait(MINUTE);
    }
}

/// The store has a clock of its own, and the process one that is off by as much.
#[tokio::test]
async fn a_process_whose_clock_is_not_the_stores_is_not_healthy() {
    let world = World::new().await;
    let now = world.vault.now();
    let second = Duration::from_secs(1);
    for (off, is_healthy) in [(0, true), (6, true), (30, true), (31, false), (3600, false)] {
        for of_store in [now + off * second, now.saturating_sub(off * second)] {
            world.store.set_time(of_store);
            let health = world.vault.check_health().await;
            assert_eq!(health.is_ok(), is_healthy, "{off} s");
            if let Err(error) = health {
                assert!(matches!(error, VaultError::OtherClock), "{error:?}");
            }
        }
    }
}
