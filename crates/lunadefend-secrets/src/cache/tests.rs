use super::*;
use crate::SecretFn;
use lunadefend_core::provider::SecretValue;
use lunadefend_testing::TestClock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A provider that a test can inspect and break, and the time.
#[derive(Debug, Default)]
struct World {
    clock: TestClock,
    fetches: AtomicUsize,
    fault: Mutex<Fault>,
    open: tokio::sync::Notify,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fault {
    #[default]
    None,
    Down,
    NotAKey,
    Panics,
    /// Responds when the test says so.
    Slow,
    Never,
}

impl World {
    fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    fn at(&self, seconds: i64) {
        self.clock.set_seconds(seconds);
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

const HALF_A_DAY: i64 = 12 * 3600;

type Cache = SecretCache<usize, SecretError>;

/// The value of the cache is the number of the fetch that it comes from.
async fn load(world: &Arc<World>, policy: RefreshPolicy) -> Result<Cache, SecretError> {
    world.at(0);
    let asked = Arc::clone(world);
    let provider = SecretFn::new("the vault", move || {
        let world = Arc::clone(&asked);
        async move {
            let number = world.fetches.fetch_add(1, Ordering::SeqCst) + 1;
            let fault = *world.fault.lock().unwrap();
            match fault {
                Fault::None => {}
                Fault::Slow => world.open.notified().await,
                Fault::Never => std::future::pending().await,
                Fault::Panics => panic!("canary"),
                Fault::NotAKey => return Ok(SecretValue::new("canary").into()),
                Fault::Down => {
                    return Err(SecretError::Unavailable {
                        origin: "the vault".into(),
                        source: None,
                    });
                }
            }
            Ok(SecretValue::new(number.to_string()).into())
        }
    });
    SecretCache::load(
        Arc::new(provider),
        policy,
        Arc::new(world.clock.clone()),
        |_, versions: SecretVersions, _| {
            std::str::from_utf8(versions.current.value.expose_secret())
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or(SecretError::Misconfigured {
                    origin: "the vault".into(),
                    advice: "write a number".into(),
                    source: None,
                })
        },
    )
    .await
}

/// Waits until a fetch without a waiting caller has ended.
async fn settled(cache: &Cache) {
    drop(cache.at_rest().await);
}

async fn value(cache: &Cache) -> usize {
    *cache.get().await.unwrap()
}

fn every(seconds: u64, max_age: u64) -> RefreshPolicy {
    RefreshPolicy::new(Duration::from_secs(seconds), Duration::from_secs(max_age)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_callers_at_start_are_one_fetch() {
    let world = Arc::new(World::default());
    let cache = load(&world, RefreshPolicy::default()).await.unwrap();
    let tasks: Vec<_> = (0..10_000)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { value(&cache).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1);
    }
    assert_eq!(world.fetches(), 1);

    // After a night: all of them wait for one fetch.
    world.at(30_000);
    world.set(Fault::Slow);
    let tasks: Vec<_> = (0..10_000)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { value(&cache).await })
        })
        .collect();
    while world.fetches() == 1 {
        tokio::task::yield_now().await;
    }
    world.open.notify_one();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 2);
    }
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn when_it_is_time_the_old_value_is_used_while_a_fetch_runs() {
    let world = Arc::new(World::default());
    let cache = load(&world, every(300, 3600)).await.unwrap();
    world.at(299);
    assert_eq!(value(&cache).await, 1);
    settled(&cache).await;
    assert_eq!(world.fetches(), 1, "not yet");

    // The latest time that the jitter allows.
    world.at(330);
    assert_eq!(value(&cache).await, 1);
    settled(&cache).await;
    assert_eq!(value(&cache).await, 2);
    assert_eq!(world.fetches(), 2);

    // No call for long: the returned value is still not older than allowed.
    world.at(330 + 331);
    assert_eq!(value(&cache).await, 3);
}

#[tokio::test]
async fn a_zero_time_asks_each_time() {
    let world = Arc::new(World::default());
    let cache = load(&world, every(0, 60)).await.unwrap();
    for number in 2..6 {
        assert_eq!(value(&cache).await, number);
    }
}

#[tokio::test]
async fn refresh_asks_at_once_and_not_together_with_an_older_fetch() {
    let world = Arc::new(World::default());
    let cache = load(&world, every(300, 3600)).await.unwrap();
    assert_eq!(*cache.refresh().await.unwrap(), 2);

    // One is under way that began earlier.
    world.set(Fault::Slow);
    world.at(331);
    assert_eq!(value(&cache).await, 2, "nobody waits yet");
    let refreshing = tokio::spawn({
        let cache = cache.clone();
        async move { *cache.refresh().await.unwrap() }
    });
    while world.fetches() < 3 {
        tokio::task::yield_now().await;
    }
    world.set(Fault::None);
    world.open.notify_one();
    assert_eq!(refreshing.await.unwrap(), 4);
}

#[tokio::test]
async fn while_the_provider_fails_the_last_value_is_used_until_it_is_too_old() {
    for fault in [Fault::Down, Fault::NotAKey, Fault::Panics] {
        let world = Arc::new(World::default());
        let cache = load(&world, every(300, 3600)).await.unwrap();
        world.set(fault);
        for seconds in (0..3600).step_by(10) {
            world.at(seconds);
            assert_eq!(value(&cache).await, 1, "{fault:?} {seconds}");
            settled(&cache).await;
        }
        let tried = world.fetches();
        assert!((100..=111).contains(&tried), "every 30 s: {tried}");

        world.at(3600);
        let error = cache.get().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the secret at the vault could not be refreshed for 3600 s and is not used any more; the log says why"
        );
        assert!(cache.refresh().await.is_err());

        // It comes back by itself.
        world.set(Fault::None);
        world.at(3640);
        let number = value(&cache).await;
        assert_eq!(number, world.fetches(), "{fault:?}");
        world.at(3650);
        assert_eq!(value(&cache).await, number);
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_holds_nobody_up() {
    let world = Arc::new(World::default());
    let cache = load(&world, every(300, 3600)).await.unwrap();
    world.set(Fault::Never);
    world.at(1000);
    let started = tokio::time::Instant::now();
    assert_eq!(value(&cache).await, 1);
    assert_eq!(started.elapsed(), PATIENCE);
    // It counts as failed after its deadline, and is left alone for a while.
    settled(&cache).await;
    assert_eq!(started.elapsed(), Duration::from_secs(15));
    assert_eq!(value(&cache).await, 1);
    assert_eq!(started.elapsed(), Duration::from_secs(15));

    world.at(4000);
    assert!(cache.get().await.is_err());
    assert_eq!(started.elapsed(), Duration::from_secs(30));

    world.set(Fault::Never);
    let error = load(&world, RefreshPolicy::default()).await.unwrap_err();
    assert!(matches!(error, SecretError::Unavailable { .. }));
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_end_the_fetch() {
    let world = Arc::new(World::default());
    let cache = load(&world, every(300, 3600)).await.unwrap();
    world.set(Fault::Slow);
    world.at(1000);
    let caller = tokio::spawn({
        let cache = cache.clone();
        async move { value(&cache).await }
    });
    while world.fetches() < 2 {
        tokio::task::yield_now().await;
    }
    caller.abort();
    let _ = caller.await;
    world.open.notify_one();
    settled(&cache).await;
    assert_eq!(value(&cache).await, 2);
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_stop_the_refreshing() {
    let world = Arc::new(World::default());
    let cache = load(&world, every(300, 3600)).await.unwrap();
    world
        .clock
        .set(SystemTime::UNIX_EPOCH + Duration::from_secs(5));
    assert_eq!(value(&cache).await, 1);
    settled(&cache).await;
    assert_eq!(value(&cache).await, 2);
    settled(&cache).await;
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn a_failed_fetch_and_a_clock_that_was_set_back_do_not_stop_the_refreshing() {
    let world = Arc::new(World::default());
    let cache = load(&world, every(300, 86_400)).await.unwrap();
    world.at(331);
    world.set(Fault::Down);
    assert_eq!(value(&cache).await, 1);
    assert_eq!(world.fetches(), 2, "the second failed");

    // Half a day back, and the provider works again.
    world.at(331 - HALF_A_DAY);
    world.set(Fault::None);
    value(&cache).await;
    settled(&cache).await;
    assert_eq!(value(&cache).await, 3);
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_value_last_longer_than_its_time() {
    let world = Arc::new(World::default());
    let cache = load(&world, every(300, 3600)).await.unwrap();
    world.set(Fault::Down);
    world.at(-HALF_A_DAY);
    for seconds in (0..3600).step_by(10) {
        world.at(seconds - HALF_A_DAY);
        assert_eq!(value(&cache).await, 1, "{seconds}");
        settled(&cache).await;
    }
    assert!(world.fetches() > 100, "asked again and again");
    world.at(3600 - HALF_A_DAY);
    assert!(cache.get().await.is_err());
}

#[tokio::test]
async fn a_value_can_be_changed_between_fetches() {
    let world = Arc::new(World::default());
    let cache = load(&world, every(300, 3600)).await.unwrap();
    cache.update(|value| value + 100).await;
    assert_eq!(value(&cache).await, 101);
    let shown = format!("{cache:?}");
    assert!(shown.contains("the vault"), "{shown}");
}

#[cfg(feature = "metrics")]
mod counted {
    use super::*;
    use metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };

    /// Counts by the labels of a counter.
    #[derive(Default)]
    struct Counters(Mutex<std::collections::BTreeMap<String, Arc<std::sync::atomic::AtomicU64>>>);

    impl Recorder for Counters {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            let labels = key
                .labels()
                .map(|label| format!("{{{}={}}}", label.key(), label.value()));
            let name = format!("{}{}", key.name(), labels.collect::<String>());
            let mut counters = self.0.lock().unwrap();
            Counter::from_arc(Arc::clone(counters.entry(name).or_default()))
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    /// All of it runs on this thread.
    #[tokio::test]
    async fn refreshes_are_counted_by_outcome() {
        let counters = Counters::default();
        let _recorder = metrics::set_default_local_recorder(&counters);
        let world = Arc::new(World::default());
        let cache = load(&world, every(300, 3600)).await.unwrap();
        cache.refresh().await.unwrap();
        world.set(Fault::Down);
        for _ in 0..2 {
            assert!(cache.refresh().await.is_err());
        }
        let counters = counters.0.lock().unwrap();
        let counted: Vec<_> = counters
            .iter()
            .map(|(name, count)| (name.as_str(), count.load(Ordering::SeqCst)))
            .collect();
        assert_eq!(
            counted,
            [
                ("lunadefend_secret_refreshes_total{outcome=failed}", 2),
                ("lunadefend_secret_refreshes_total{outcome=ok}", 1),
            ]
        );
    }
}
