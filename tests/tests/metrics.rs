//! The metrics of the SDK: what they count, and that docs/sdk-metrics.md has them all.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use lunadefend::{Metadata, SessionId, UntrustedToken};
use lunadefend_tests::{Fault, Settings, World};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Recorder,
    SharedString, Unit,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

type Values = Arc<Mutex<BTreeMap<String, f64>>>;

/// Adds up counters and what histograms got; of gauges it keeps the last.
#[derive(Default)]
struct Sums(Values);

struct Cell(Values, String);

impl Cell {
    fn add(&self, value: f64) {
        *self.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
    }

    fn set(&self, value: f64) {
        self.0.lock().unwrap().insert(self.1.clone(), value);
    }
}

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.add(value as f64);
    }

    fn absolute(&self, value: u64) {
        self.set(value as f64);
    }
}

impl GaugeFn for Cell {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, value: f64) {
        Self::set(self, value);
    }
}

impl HistogramFn for Cell {
    fn record(&self, value: f64) {
        self.add(value);
    }
}

impl Sums {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels = key
            .labels()
            .map(|label| format!(",{}={}", label.key(), label.value()));
        let name = format!("{}{}", key.name(), labels.collect::<String>());
        Arc::new(Cell(Arc::clone(&self.0), name))
    }

    fn of(&self, name: &str) -> f64 {
        self.0.lock().unwrap().get(name).copied().unwrap_or(0.0)
    }
}

impl Recorder for Sums {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &metrics::Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &metrics::Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, key: &Key, _: &metrics::Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}

/// All of it runs on this thread, which the recorder is of.
#[tokio::test]
async fn calls_are_counted_under_the_names_of_the_page() {
    const CANARY: &str = "canary-078-05-1120";
    let sums = Sums::default();
    let _recorder = metrics::set_default_local_recorder(&sums);
    let world = World::with(Settings {
        proxied: true,
        level: 2,
        retries: 1,
        ..Settings::default()
    })
    .await;
    let (luna, ann) = (world.luna(), world.application.log_in("canary-session"));
    let bob = SessionId::new("canary-bob").unwrap();
    let api = luna.tokenizer();
    luna.keys().refresh().await.unwrap();

    let token = api.tokenize_text(&ann, CANARY, &Metadata::string());
    let token = token.await.unwrap();
    let granted = luna.grants().grant(&bob, token.clone(), None).await;
    granted.unwrap();
    let eve = SessionId::new("canary-eve").unwrap();
    for (session, is_valid) in [(&ann, true), (&ann, true), (&eve, false)] {
        let untrusted = UntrustedToken::parse(token.expose_id()).unwrap();
        let verified = luna.grants().verify(session, untrusted).await;
        assert_eq!(verified.is_ok(), is_valid);
    }
    api.detokenize(&ann, &token).await.unwrap();
    // Once it gets no answer, and asks again.
    world.line_to_tokenizer().plan(|number, _| match number {
        0 => Fault::Instead(lunadefend_tests::Act::Send(
            b"HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n".to_vec(),
        )),
        _ => Fault::Pass,
    });
    api.describe(&ann, std::slice::from_ref(&token))
        .await
        .unwrap();
    // A call that nobody waits for.
    drop(tokio::time::timeout(std::time::Duration::ZERO, api.detokenize(&ann, &token)).await);
    luna.sessions().end(&ann).await.unwrap();

    for (name, value) in [
        ("lunadefend_calls_total,call=tokenize,outcome=done", 1.0),
        ("lunadefend_calls_total,call=grant,outcome=granted", 1.0),
        ("lunadefend_calls_total,call=verify,outcome=valid", 2.0),
        ("lunadefend_calls_total,call=verify,outcome=invalid", 1.0),
        ("lunadefend_calls_total,call=detokenize,outcome=done", 1.0),
        (
            "lunadefend_calls_total,call=detokenize,outcome=dropped",
            1.0,
        ),
        ("lunadefend_calls_total,call=describe,outcome=done", 1.0),
        ("lunadefend_calls_total,call=end_session,outcome=ended", 1.0),
        ("lunadefend_batch_items,route=/v2/grants/verify", 3.0),
        ("lunadefend_retries_total,route=/v2/tokens/describe", 1.0),
        (
            "lunadefend_requests_total,route=/v2/tokens/describe,outcome=5xx",
            1.0,
        ),
        (
            "lunadefend_requests_total,route=/v2/tokens/describe,outcome=2xx",
            1.0,
        ),
        ("lunadefend_secret_refreshes_total,outcome=ok", 1.0),
    ] {
        assert_eq!(sums.of(name), value, "{name}: {:#?}", sums.0);
    }
    assert!(sums.of("lunadefend_signatures_total") >= 3.0);
    assert!(sums.of("lunadefend_secret_fetched_timestamp_seconds") > 1e9);

    let seen = sums.0.lock().unwrap().keys().cloned().collect::<Vec<_>>();
    let all = seen.join("\n");
    for canary in ["canary", "078-05", token.expose_id(), ann.expose_id()] {
        assert!(!all.contains(canary), "{all}");
    }
    let page = include_str!("../../docs/sdk-metrics.md");
    let names: BTreeSet<_> = seen
        .iter()
        .map(|name| name.split(',').next().unwrap())
        .collect();
    let told: BTreeSet<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `lunadefend_")?.split('`').next())
        .map(|name| format!("lunadefend_{name}"))
        .collect();
    assert_eq!(names, told.iter().map(String::as_str).collect());
}
