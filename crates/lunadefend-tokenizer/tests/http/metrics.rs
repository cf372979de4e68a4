//! The address of the metrics: what moves, what is in no label, and that nobody can make series.

use crate::{
    harness::{ANY_PAGE, Harness, ORIGIN, OTHER_SESSION, SESSION, TOKEN, builder, client, path_of},
    jwt::APPLICATION_KEY,
};
use http::{HeaderMap, Method};
use lunadefend_core::provider::Clock;
use lunadefend_http::{HttpClient, Request};
use lunadefend_tokenizer::{VerificationKeys, serve_metrics};
use lunadefend_vault::store::{
    Blob, BlobId, Blobs,
    faults::{FailingStore, Fault, Operation},
};
use lunadefend_vault_redb::EmbeddedStore;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpListener, task::JoinHandle, time::Instant};

/// Prometheus beside a tokenizer.
pub(crate) struct Scraper {
    url: String,
    client: HttpClient,
    server: JoinHandle<()>,
}

impl Scraper {
    pub(crate) async fn of(harness: &Harness) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = serve_metrics(listener, harness.tokenizer.clone(), std::future::pending());
        Self {
            url,
            client: client(),
            server: tokio::spawn(serving),
        }
    }

    async fn get(&self, path: &str) -> (u16, HeaderMap, String) {
        let answer = self.client.send(Request {
            method: Method::GET,
            url: format!("{}{path}", self.url).into(),
            headers: HeaderMap::new(),
            body: "".into(),
            max_response: 1024 * 1024,
            deadline: Instant::now() + Duration::from_secs(30),
        });
        let answer = answer.await.unwrap();
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        (answer.status.as_u16(), answer.headers, text)
    }

    pub(crate) async fn text(&self) -> String {
        let (status, headers, text) = self.get("/metrics").await;
        assert_eq!(status, 200);
        assert_eq!(
            headers["content-type"],
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        );
        assert_eq!(headers["cache-control"], "no-store");
        assert!(text.ends_with("# EOF\n"), "{text}");
        text
    }

    /// All series with their values.
    pub(crate) async fn series(&self) -> BTreeMap<String, f64> {
        let text = self.text().await;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| {
                let (series, value) = line.rsplit_once(' ').unwrap();
                (series.to_owned(), value.parse().unwrap())
            })
            .collect()
    }

    pub(crate) async fn value(&self, series: &str) -> f64 {
        let series_with_values = self.series().await;
        let value = series_with_values.get(series).copied();
        value.unwrap_or_else(|| panic!("{series} is not in {series_with_values:?}"))
    }
}

impl Drop for Scraper {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let harness = Harness::start().await;
    let scraper = Scraper::of(&harness).await;
    assert_eq!(harness.grant(SESSION, TOKEN, None).await.status, 200);
    assert_eq!(harness.grant(SESSION, TOKEN, None).await.status, 200);
    assert_eq!(harness.post("/grant/set", &[], "{}").await.status, 401);
    assert_eq!(harness.get("/no/such/path", &[]).await.status, 404);
    assert_eq!(harness.get("/grant/set", &[]).await.status, 405);
    let series = scraper.series().await;
    for (labels, count) in [
        (r#"route="/grant/set",status="200""#, 2.0),
        (r#"route="/grant/set",status="401""#, 1.0),
        (r#"route="/grant/set",status="405""#, 1.0),
        (r#"route="unknown",status="404""#, 1.0),
    ] {
        let name = format!("lunadefend_requests_total{{{labels}}}");
        assert_eq!(series.get(&name), Some(&count), "{name}: {series:?}");
    }
    let all = r#"lunadefend_request_duration_seconds_bucket{le="+Inf",route="/grant/set"}"#;
    assert_eq!(series.get(all), Some(&4.0), "{series:?}");
    let sum = r#"lunadefend_request_duration_seconds_sum{route="/grant/set"}"#;
    assert!(series[sum] > 0.0);
}

#[tokio::test]
async fn the_state_of_store_drain_and_time_is_shown() {
    let store = Arc::new(FailingStore::new(EmbeddedStore::in_memory().unwrap()));
    let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
    let faulty = Arc::<FailingStore<_>>::clone(&store);
    let harness = Harness::with_store(builder(ORIGIN, keys), faulty).await;
    let scraper = Scraper::of(&harness).await;
    assert_eq!(scraper.value("lunadefend_store_works").await, 1.0);
    assert_eq!(scraper.value("lunadefend_store_has_room").await, 1.0);
    assert_eq!(scraper.value("lunadefend_draining").await, 0.0);
    assert_eq!(scraper.value("lunadefend_keys_known").await, 1.0);
    assert_eq!(scraper.value("lunadefend_key_versions").await, 1.0);
    assert_eq!(scraper.value("lunadefend_uptime_seconds").await, 0.0);
    assert!(scraper.value("lunadefend_connection_places").await > 0.0);

    store.plan_all(Operation::CheckRoom, Fault::Full);
    assert_eq!(scraper.value("lunadefend_store_has_room").await, 0.0);
    assert_eq!(scraper.value("lunadefend_store_works").await, 1.0);
    store.plan_all(Operation::Check, Fault::Before);
    assert_eq!(scraper.value("lunadefend_store_works").await, 0.0);
    harness.tokenizer.begin_drain();
    assert_eq!(scraper.value("lunadefend_draining").await, 1.0);
    harness.clock.advance(Duration::from_secs(90));
    assert_eq!(scraper.value("lunadefend_uptime_seconds").await, 90.0);
    let connection = harness.connect().await;
    while scraper.value("lunadefend_connections").await < 1.0 {}
    drop(connection);
}

/// The first round runs at the start. It deletes what an upload has left, and no row before it has seen the clock twice.
#[tokio::test]
async fn sweeps_are_counted() {
    let store = Arc::new(EmbeddedStore::in_memory().unwrap());
    let blob = Blob {
        id: BlobId::new([7; 32]),
        part_bytes: 1024,
    };
    let mut left = store.create(blob).await.unwrap();
    left.write(vec![1; 100].into()).await.unwrap();
    left.finish().await.unwrap();
    let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
    let harness = Harness::with_store(builder(ORIGIN, keys), store).await;
    let scraper = Scraper::of(&harness).await;
    let last = "lunadefend_last_sweep_timestamp_seconds";
    while scraper.value(last).await < 1.0 {}
    assert_eq!(scraper.value(last).await, harness.now() as f64);
    assert_eq!(scraper.value("lunadefend_swept_blobs_total").await, 1.0);
    assert_eq!(scraper.value("lunadefend_failed_sweeps_total").await, 0.0);
}

#[tokio::test]
async fn the_metrics_are_on_their_address_alone_and_alone_there() {
    let harness = Harness::start().await;
    let scraper = Scraper::of(&harness).await;
    assert_eq!(harness.get("/metrics", &[]).await.status, 404);
    for path in ["/", "/health", "/status", "/grant/set", "/frame"] {
        assert_eq!(scraper.get(path).await.0, 404, "{path}");
    }
}

/// A day in steps of a minute, with requests that nobody has sent before.
#[tokio::test]
async fn a_day_of_strange_requests_makes_no_series() {
    const CANARY: &str = "canary";
    let harness = Harness::start().await;
    let scraper = Scraper::of(&harness).await;
    let mut warm = None;
    for minute in 0..24 * 60 {
        let odd = format!("{CANARY}-{minute}");
        let path = match minute % 6 {
            0 => format!("/{odd}"),
            1 => format!("/blob/{odd}"),
            2 => format!("/frame/{odd}"),
            3 => format!("/health?{odd}"),
            4 => format!("/elements/{odd}"),
            _ => format!("/session/create?state={odd}&openid_token={odd}"),
        };
        let method = match minute % 5 {
            0 => Method::GET,
            1 => Method::POST,
            2 => Method::PUT,
            3 => Method::HEAD,
            _ => odd.to_ascii_uppercase().parse().unwrap(),
        };
        let headers = [
            ("authorization", odd.as_str()),
            ("user-agent", &odd),
            ("x-request-id", &odd),
            ("cookie", &odd),
            ANY_PAGE,
        ];
        harness.send(method, &path, &headers, "").await;
        let session = format!("{SESSION}{minute}");
        assert_eq!(harness.grant(&session, TOKEN, None).await.status, 200);
        harness.clock.advance(Duration::from_secs(60));
        // Each path has met each method, and the scraper itself is counted.
        if minute == 60 {
            scraper.text().await;
            warm = Some(scraper.series().await.into_keys().collect::<Vec<_>>());
        }
    }
    let text = scraper.text().await;
    for secret in [CANARY, SESSION, TOKEN, "127.0.0.1"] {
        assert!(
            !text.to_ascii_lowercase().contains(secret),
            "{secret}: {text}"
        );
    }
    let series = scraper.series().await.into_keys().collect::<Vec<_>>();
    assert_eq!(warm, Some(series));
}

/// docs/metrics.md has a row for each metric, with its type and labels, and no other.
#[tokio::test]
async fn the_documentation_names_all_metrics() {
    let harness = Harness::start().await;
    let scraper = Scraper::of(&harness).await;
    harness.get("/health", &[]).await;
    let text = scraper.text().await;
    let mut real: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, kind)| {
            let labels = text
                .lines()
                .find_map(|line| line.strip_prefix(name)?.split_once('{'))
                .map_or("", |(_, labels)| labels.split_once('}').unwrap().0);
            let labels: Vec<_> = labels
                .split(',')
                .filter_map(|label| label.split_once('='))
                .map(|(label, _)| label)
                .filter(|label| *label != "le")
                .collect();
            format!("{name} {kind} {}", labels.join(" "))
        })
        .collect();
    let documented = include_str!("../../../../docs/metrics.md");
    let mut rows: Vec<_> = documented
        .lines()
        .filter_map(|line| line.strip_prefix("| `lunadefend_"))
        .map(|row| {
            let cells: Vec<_> = row.split('|').map(|cell| cell.replace('`', "")).collect();
            let name = cells[0].trim().trim_end_matches("_total");
            format!("lunadefend_{name} {} {}", cells[1].trim(), cells[2].trim())
        })
        .collect();
    real.sort();
    rows.sort();
    assert!(!real.is_empty());
    assert_eq!(rows, real);
}

#[tokio::test]
async fn grants_verdicts_values_and_commits_are_counted() {
    let harness = Harness::start().await;
    let scraper = Scraper::of(&harness).await;
    let before = scraper.series().await;
    harness.grant(SESSION, TOKEN, None).await;
    assert!(harness.is_granted(SESSION, TOKEN).await);
    assert!(!harness.is_granted(OTHER_SESSION, TOKEN).await);
    let long = harness.store_value(SESSION, vec![7; 20_000]).await;
    let user = harness.user(SESSION);
    let body = r#"{"value":"c2hvcnQ=","kind":"text"}"#;
    let stored = harness.post_as(&user, "/v2/tokenize", body).await;
    assert_eq!(stored.status, 200, "{}", stored.text());
    let short = stored.json()["data"]["tokenId"].clone();
    let body =
        format!(r#"{{"tokenIds":["{long}",{short},"{TOKEN}"],"readId":"AAAAAAAAAAAAAAAAAAAAAA"}}"#);
    let read = harness.post_as(&user, "/v2/detokenize", &body).await;
    let download = &read.json()["data"]["items"][0]["download"]["url"];
    let download = path_of(download.as_str().unwrap());
    harness.send(Method::HEAD, &download, &[], "").await;
    assert_eq!(harness.get(&download, &[]).await.body.len(), 20_000);
    let after = scraper.series().await;
    let moved = |series: &str| after[series] - before[series];
    for (series, by) in [
        ("lunadefend_grants_total", 1.0),
        (r#"lunadefend_verdicts_total{valid="true"}"#, 1.0),
        (r#"lunadefend_verdicts_total{valid="false"}"#, 1.0),
        (r#"lunadefend_values_total{direction="in"}"#, 2.0),
        (r#"lunadefend_values_total{direction="out"}"#, 2.0),
        (r#"lunadefend_value_bytes_total{direction="in"}"#, 20_005.0),
        (r#"lunadefend_value_bytes_total{direction="out"}"#, 20_005.0),
        ("lunadefend_store_errors_total", 0.0),
    ] {
        assert_eq!(moved(series), by, "{series}");
    }
    assert!(moved("lunadefend_commits_total") >= 3.0);
    assert!(moved("lunadefend_commit_writes_total") >= moved("lunadefend_commits_total"));
    assert_eq!(after["lunadefend_reads_limit"], 1_000_000.0);
}

#[tokio::test]
async fn failures_of_the_store_its_clock_and_sweeps_are_counted() {
    let store = Arc::new(FailingStore::new(EmbeddedStore::in_memory().unwrap()));
    let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
    store.plan_all(Operation::List, Fault::Before);
    let faulty = Arc::<FailingStore<_>>::clone(&store);
    let harness = Harness::with_store(builder(ORIGIN, keys), faulty).await;
    let scraper = Scraper::of(&harness).await;
    while scraper.value("lunadefend_failed_sweeps_total").await < 1.0 {}
    let apart = "lunadefend_store_clock_difference_seconds";
    assert_eq!(scraper.value(apart).await, 0.0);
    store.set_time(harness.clock.unix_millis() + Duration::from_millis(7_500));
    assert_eq!(scraper.value(apart).await, 7.5);
    store.plan_all(Operation::RaiseExpiry, Fault::Before);
    assert_eq!(harness.grant(SESSION, TOKEN, None).await.status, 503);
    assert_eq!(scraper.value("lunadefend_store_errors_total").await, 1.0);
    assert_eq!(scraper.value("lunadefend_grants_total").await, 0.0);
}

#[tokio::test]
async fn a_running_upload_is_counted() {
    let harness = Harness::start().await;
    let scraper = Scraper::of(&harness).await;
    let (_, url) = harness.tokenize(SESSION).await;
    let mut connection = harness.connect().await;
    let head = format!("PUT {url} HTTP/1.1\r\nhost: t\r\ncontent-length: 5\r\n\r\nval");
    connection.write_all(head.as_bytes()).await.unwrap();
    while scraper.value("lunadefend_uploads").await < 1.0 {}
    connection.write_all(b"ue").await.unwrap();
    while scraper.value("lunadefend_uploads").await > 0.0 {}
}
