//! `docs/openapi.json` says what the tokenizer does: schemathesis makes requests of it and judges the responses.
//!
//! `cargo xtask test` installs schemathesis and sets the variable. Without it there is nothing to run.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy takes the helpers of tests for production code"
)]

use lunadefend_core::provider::Clock;
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_tests::{Hosts, Settings, World, pem, signing_key};
use lunadefend_tokenizer::{Limits, TokenizerConfigBuilder};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// As many requests at least: fewer mean that whole operations were left out.
const CASES: u64 = 5_000;
/// The session of the user whom the requests are made for.
const SESSION: &str = "session-of-ann";

#[test]
fn the_document_is_one_of_openapi() {
    let Some(mut python) = python() else { return };
    let output = python
        .args(["-m", "openapi_spec_validator"])
        .arg(document())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tokenizer_does_what_its_document_says() {
    let Some(mut python) = python() else { return };
    let world = World::with(Settings {
        // Cookies have the names of the document.
        hosts: Hosts::SameSite,
        // The cookie and the JWTs have the same session.
        raw_session_ids: true,
        tokenizer: configured,
        ..Settings::default()
    })
    .await;
    let session = world.application.log_in_as("ann", SESSION);
    let browser = world.browser_in(&session).await;
    let cookies = browser.cookies(&world.tokenizer.url).unwrap();
    let (name, handle) = cookies.iter().next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen.json");
    python
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(oracle("schemathesis.toml"))
        .arg("run")
        .arg(document())
        .current_dir(folder.path())
        .env("HOOKS", oracle("hooks.py"))
        .env("NOW", (world.clock.unix_millis().get() / 1000).to_string())
        .env("SEEN", &seen)
        .env("SESSION", SESSION)
        .env("SESSION_COOKIE", format!("{name}={handle}"))
        .env("SIGNING_KEY", pem(signing_key()))
        .env(
            "TOKENIZER_ADDRESS",
            format!("http://{}", world.tokenizer.address),
        )
        .env("TOKENIZER_URL", &world.tokenizer.url);
    let running = tokio::task::spawn_blocking(move || python.output().unwrap());
    let output = running.await.unwrap();
    let text = text(&output);
    println!("{text}");
    let seen: Seen = serde_json::from_slice(&fs::read(seen).unwrap()).unwrap();
    println!("{seen:?}");
    assert!(output.status.success(), "{text}");
    judge(&seen);
}

/// How often each operation had a response of each status.
type Seen = BTreeMap<String, BTreeMap<u16, u64>>;

/// Checks that the requests came as far as they should: refusals alone would prove little.
fn judge(seen: &Seen) {
    let cases: u64 = seen.values().flat_map(BTreeMap::values).sum();
    assert!(cases >= CASES, "only {cases} cases");
    for operation in operations() {
        let statuses = &seen[&operation];
        let was_answered = statuses.keys().any(|status| *status < 400);
        // The names of the frame's files are hashes, which nobody guesses.
        let is_hidden = operation.ends_with("FrameFile");
        assert_eq!(was_answered, !is_hidden, "{operation}: {statuses:?}");
    }
    // The second upload to one URL.
    assert!(seen["putBlob"].contains_key(&409));
}

/// Returns the name of each operation of the document.
fn operations() -> Vec<String> {
    let text = fs::read_to_string(document()).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let items = document["paths"].as_object().unwrap().values();
    items
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| Some(operation.get("operationId")?.as_str()?.to_owned()))
        .collect()
}

/// Without the limits of a session and of the application, which would end the run and not a request; with an origin of
/// values, which a frame reads by CORS.
fn configured(config: TokenizerConfigBuilder) -> TokenizerConfigBuilder {
    let mut limits = Limits::default();
    limits.session_values = u32::MAX;
    limits.session_bytes = u64::MAX;
    limits.deletes_per_hour = u32::MAX;
    limits.session_requests = None;
    limits.session_reads = None;
    limits.reads = None;
    limits.refusals = None;
    let values = BaseUrl::parse("http://values.example.com", "BLOB_URL", Cleartext::Allowed);
    config.limits(limits).blob_url(values.unwrap())
}

fn oracle(file: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.join("oracles/openapi").join(file)
}

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json")
}

#[expect(
    clippy::disallowed_methods,
    reason = "how `cargo xtask test` tells where it installed schemathesis"
)]
fn python() -> Option<Command> {
    let python: Option<OsString> = std::env::var_os("LUNADEFEND_PYTHON");
    let Some(python) = python else {
        println!("skipped: LUNADEFEND_PYTHON is not set; `cargo xtask test` sets it");
        return None;
    };
    let mut command = Command::new(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    // Nothing goes anywhere but to this machine.
    command.env("NO_PROXY", "127.0.0.1");
    Some(command)
}

fn text(output: &Output) -> String {
    let of = |bytes| String::from_utf8_lossy(bytes).into_owned();
    of(&output.stdout) + &of(&output.stderr)
}
