//! The load of `cargo xtask soak --long kills`, where nobody is killed: what it finds, and what it does not.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_jwt::SystemClock;
use lunadefend_testing::tokenizer::{BoundTokenizer, RunningTokenizer};
use lunadefend_tests::{pem, signing_key};
use lunadefend_tokenizer::{AuthProviders, TokenizerConfig, VerificationKeys};
use lunadefend_vault::{MasterKey, SystemTimer, Vault, store::MemoryStore};
use std::{
    io::Write,
    process::{Command, Stdio},
    sync::Arc,
};

/// Each worker makes the same choices each time.
const SEED: &str = "7";

async fn vault() -> Vault {
    let (master, _) = MasterKey::generate().unwrap();
    let store = Arc::new(MemoryStore::default());
    let opened = Vault::open(store, &master, Arc::new(SystemClock)).await;
    opened.unwrap()
}

fn serve(bound: BoundTokenizer, public_url: &str, vault: Vault) -> RunningTokenizer {
    let url = |text: &str| BaseUrl::parse(text, "TEST_URL", Cleartext::LoopbackOnly).unwrap();
    let app = "http://localhost:3000";
    let config = TokenizerConfig::builder(
        url(public_url),
        VerificationKeys::Public(signing_key().key.public_key().clone()),
        AuthProviders::parse(app, "AUTH_PROVIDERS", Cleartext::LoopbackOnly).unwrap(),
    );
    let timer = Arc::new(SystemTimer::default());
    bound.serve_with(config, vault, timer).unwrap()
}

/// What the load says of two tokenizers that keep what they have in these.
async fn checked(vaults: [Vault; 2]) -> String {
    let bound = [
        BoundTokenizer::bind().await.unwrap(),
        BoundTokenizer::bind().await.unwrap(),
    ];
    let public_url = bound[0].url().to_owned();
    let mut load = Command::new(env!("CARGO_BIN_EXE_kills"));
    load.args([
        "--seed",
        SEED,
        "--workers",
        "8",
        "--public-url",
        &public_url,
    ])
    .env("LUNASEC_SIGNING_KEY", pem(signing_key()))
    .stdin(Stdio::piped())
    .stdout(Stdio::piped());
    for one in &bound {
        load.args(["--tokenizer", &one.address().to_string()]);
    }
    let running: Vec<_> = bound
        .into_iter()
        .zip(vaults)
        .map(|(bound, vault)| serve(bound, &public_url, vault))
        .collect();
    let ended = tokio::task::spawn_blocking(move || {
        let mut load = load.spawn().unwrap();
        // As soon as it is ready.
        let mut words = load.stdin.take().unwrap();
        words.write_all(b"check\n").unwrap();
        load.wait_with_output().unwrap()
    });
    let output = ended.await.unwrap();
    drop(running);
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let checked = said.strip_prefix("ready\nchecked ");
    checked.unwrap_or_else(|| panic!("{said}")).to_owned()
}

fn number(line: &str, name: &str) -> u64 {
    let mut words = line.split_whitespace();
    let found = words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    found.unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_share_all_lose_nothing_and_do_nothing_twice() {
    let shared = vault().await;
    let line = checked([shared.clone(), shared]).await;
    for nothing in ["unsent", "unknown", "wrong", "lost", "twice"] {
        assert_eq!(number(&line, nothing), 0, "{line}");
    }
    for something in ["values", "grants", "one_time", "transfers"] {
        assert!(number(&line, something) > 0, "{line}");
    }
    assert_eq!(
        number(&line, "requests"),
        number(&line, "acknowledged"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_share_nothing_are_found_out() {
    let line = checked([vault().await, vault().await]).await;
    for something in ["lost", "twice"] {
        assert!(number(&line, something) > 0, "{line}");
    }
}
