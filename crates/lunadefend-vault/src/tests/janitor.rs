//! Expired rows are deleted by a clock that can be believed, or not at all.

use super::*;

const MINUTE: u64 = 60_000;

#[derive(Debug, Default)]
struct Monotonic(AtomicU64);

impl Timer for Monotonic {
    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        unreachable!("nobody waits here")
    }
}

struct Rounds {
    world: World,
    timer: Arc<Monotonic>,
    janitor: Janitor,
}

impl Rounds {
    async fn new() -> Self {
        let world = World::new().await;
        let timer = Arc::new(Monotonic::default());
        let janitor = Janitor::new(world.vault.clone(), Arc::<Monotonic>::clone(&timer));
        janitor.round().await.unwrap();
        Self {
            world,
            timer,
            janitor,
        }
    }

    /// The next round, when both clocks have gone on by a minute.
    async fn round(&self) -> usize {
        self.world.clock.advance(Duration::from_millis(MINUTE));
        self.timer.0.fetch_add(MINUTE, Ordering::SeqCst);
        self.janitor.round().await.unwrap().rows
    }

    async fn transfer(&self, state: &StateClaims, jti: &[u8]) -> Transfer {
        let ann = session("ann");
        let made = self
            .world
            .vault
            .create_session(state, jti, later(MINUTE), &ann);
        made.await.unwrap()
    }
}

/// Found in a review: use; clock forth; purge; clock back; and all that was used worked again.
#[tokio::test]
async fn a_clock_that_is_set_forth_and_back_brings_nothing_used_back() {
    for minutes in [1, 2, 10, 59] {
        let rounds = Rounds::new().await;
        let (_, state) = issue_state(&rounds.world.vault, "main");
        let made = rounds.transfer(&state, b"jti").await;
        assert!(matches!(made, Transfer::Session(_)));
        let now = rounds.world.vault.now();
        rounds
            .world
            .clock
            .advance(Duration::from_millis(10 * MINUTE));
        for _ in 0..minutes {
            assert_eq!(rounds.round().await, 0);
        }
        rounds.world.clock.set(now);
        let made = rounds.transfer(&state, b"other").await;
        assert!(matches!(made, Transfer::StateUsed), "{minutes}");
        let (_, fresh) = issue_state(&rounds.world.vault, "main");
        let made = rounds.transfer(&fresh, b"jti").await;
        assert!(matches!(made, Transfer::JwtUsed), "{minutes}");
    }
}

#[tokio::test]
async fn what_has_expired_is_deleted_when_the_clocks_agree() {
    let rounds = Rounds::new().await;
    let (_, state) = issue_state(&rounds.world.vault, "main");
    rounds.transfer(&state, b"jti").await;
    // JWT: a minute and a minute's margin; state: five and one; session: fifteen.
    let mut deleted = Vec::new();
    for _ in 0..15 {
        deleted.push(rounds.round().await);
    }
    assert_eq!(deleted, [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
}

#[tokio::test]
async fn small_corrections_of_the_clock_do_no_harm() {
    let rounds = Rounds::new().await;
    let (_, state) = issue_state(&rounds.world.vault, "main");
    rounds.transfer(&state, b"jti").await;
    rounds.world.clock.advance(Duration::from_millis(29_000));
    rounds.round().await;
    assert_eq!(rounds.round().await, 1);
}

#[tokio::test]
async fn after_an_hour_the_clock_is_believed_again() {
    for back in [false, true] {
        let rounds = Rounds::new().await;
        let now = rounds.world.vault.now();
        if back {
            rounds
                .world
                .clock
                .set(now.saturating_sub(Duration::from_millis(31_000)));
        } else {
            rounds.world.clock.advance(Duration::from_millis(31_000));
        }
        let (_, state) = issue_state(&rounds.world.vault, "main");
        rounds.transfer(&state, b"jti").await;
        for minute in 1..=60 {
            assert_eq!(rounds.round().await, 0, "{minute}");
        }
        assert_eq!(rounds.round().await, 3);
    }
}

#[tokio::test]
async fn the_first_round_has_nothing_to_compare_with() {
    let world = World::new().await;
    let (_, state) = issue_state(&world.vault, "main");
    let ann = session("ann");
    let made = world.vault.create_session(&state, b"jti", START, &ann);
    assert!(made.await.unwrap().handle().is_some());
    world.clock.advance(Duration::from_millis(60 * MINUTE));
    let timer = Arc::new(Monotonic::default());
    let janitor = Janitor::new(world.vault.clone(), timer);
    assert_eq!(janitor.round().await.unwrap().rows, 0);
    assert_eq!(janitor.round().await.unwrap().rows, 3);
}

/// Another machine's clock says that this one's is wrong, also when it has been from the start.
#[tokio::test]
async fn nothing_is_deleted_by_a_clock_that_differs_from_the_stores() {
    let rounds = Rounds::new().await;
    let (vault, store) = (&rounds.world.vault, &rounds.world.store);
    let (_, state) = issue_state(vault, "main");
    rounds.transfer(&state, b"jti").await;
    for off in [30_001, 10 * 365 * 24 * 60 * MINUTE] {
        let off = Duration::from_millis(off);
        for _ in 0..60 {
            store.set_time(vault.now().saturating_sub(off) + Duration::from_millis(MINUTE));
            assert_eq!(rounds.round().await, 0);
        }
        store.set_time(vault.now() + Duration::from_millis(MINUTE) + off);
        assert_eq!(rounds.round().await, 0);
    }
    // Good clocks are never equal.
    store.set_time(vault.now() + Duration::from_millis(MINUTE + 30_000));
    assert_eq!(rounds.round().await, 3);
}

/// Of several processes one deletes; when it has ended, another goes on within ten minutes.
#[tokio::test]
async fn one_process_deletes_for_all() {
    let rounds = Rounds::new().await;
    let other = rounds.world.reopen(&rounds.world.master).await.unwrap();
    let other = Janitor::new(other, Arc::<Monotonic>::clone(&rounds.timer));
    other.round().await.unwrap();
    let expires_soon = || async {
        let vault = &rounds.world.vault;
        let until = vault.now() + Duration::from_secs(1);
        let token = some_token();
        vault.grant(&session("ann"), &token, until).await.unwrap();
    };
    let lease = upkeep_rows(&rounds);
    assert!(lease.await.is_empty());
    // The one that is first keeps it.
    for _ in 0..20 {
        expires_soon().await;
        assert_eq!(rounds.round().await, 1);
        assert_eq!(other.round().await.unwrap(), Cleaned::default());
        assert_eq!(upkeep_rows(&rounds).await.len(), 1);
    }
    // It ends. The other takes over once the lease is over.
    let mut waited = 0;
    expires_soon().await;
    loop {
        rounds.world.clock.advance(Duration::from_millis(MINUTE));
        rounds.timer.0.fetch_add(MINUTE, Ordering::SeqCst);
        waited += 1;
        if other.round().await.unwrap().rows > 0 {
            break;
        }
    }
    assert!((5..=10).contains(&waited), "{waited} minutes");
    // The first comes back, and has nothing to do.
    expires_soon().await;
    assert_eq!(rounds.round().await, 0);
    assert!(other.round().await.unwrap().rows > 0);
}

/// A process whose clock was years ahead has taken it.
#[tokio::test]
async fn a_lease_that_no_right_clock_has_written_keeps_nobody_back() {
    let rounds = Rounds::new().await;
    let vault = &rounds.world.vault;
    let at = rows::upkeep::lease(&vault.ring());
    for (minutes, deletes) in [(12, false), (13, true), (1_000_000, true)] {
        let until = vault.now() + Duration::from_millis(minutes * MINUTE);
        let token = some_token();
        let soon = vault.now() + Duration::from_secs(1);
        vault.grant(&session("ann"), &token, soon).await.unwrap();
        // The clock goes on by a minute before it looks.
        rounds
            .world
            .store
            .put(at, rows::upkeep::leased(until))
            .await;
        assert_eq!(rounds.round().await == 1, deletes, "{minutes}");
    }
}

fn upkeep_rows(rounds: &Rounds) -> impl Future<Output = Vec<(RowAddress, Row)>> {
    rounds.world.store.rows(Table::Upkeep)
}
