//! The quickstart as its users start it: a process, its exit code and what it prints.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

#[path = "quickstart/process.rs"]
mod process;

use process::{Keys, Quickstart, exchange, post};
use std::process::Command;

fn once(environment: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command
        .arg("--once")
        .env_remove("TOKENIZER_URL")
        .env_remove("LUNASEC_SIGNING_KEY");
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn every_step_goes_as_it_must_and_no_secret_is_printed_in_full() {
    let (went_well, printed) = once(&[]);
    assert!(went_well, "{printed}");
    assert_eq!(printed.matches("[ok]").count(), 10, "{printed}");
    assert!(!printed.contains("078-05-1120"), "{printed}");
    for word in printed.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        assert!(
            !word.starts_with("lunasec-") || word.len() < 20,
            "{printed}"
        );
        assert!(!word.starts_with("eyJ"), "{printed}");
    }
}

#[test]
fn a_key_in_every_format_is_used() {
    let keys = Keys::new();
    for (format, key) in keys.good() {
        let (went_well, printed) = once(&[("LUNASEC_SIGNING_KEY", &key)]);
        assert!(went_well, "{format}: {printed}");
    }
}

#[test]
fn a_wrong_key_ends_the_start_with_its_own_words() {
    let keys = Keys::new();
    let mut texts = Vec::new();
    for (what, key, words) in keys.bad() {
        let (went_well, printed) = once(&[("LUNASEC_SIGNING_KEY", &key)]);
        assert!(!went_well, "{what}");
        assert!(
            printed.contains("environment variable LUNASEC_SIGNING_KEY"),
            "{what}: {printed}"
        );
        assert!(printed.contains(words), "{what}: {printed}");
        assert!(!printed.contains("panicked"), "{what}: {printed}");
        texts.push(printed);
    }
    let distinct: std::collections::BTreeSet<_> = texts.iter().collect();
    assert_eq!(
        distinct.len(),
        texts.len(),
        "each kind has its own words: {texts:#?}"
    );
}

#[test]
fn an_empty_variable_is_not_set() {
    let empty = [("LUNASEC_SIGNING_KEY", ""), ("TOKENIZER_URL", "")];
    let (went_well, printed) = once(&empty);
    assert!(went_well, "{printed}");
}

#[test]
fn a_tokenizer_url_that_cannot_be_used_is_named() {
    for url in [
        "tokenizer",
        "http://tokenizer.example.com",
        "https://u:canary@t.example",
        "http://localhost/?q=canary",
    ] {
        let (went_well, printed) = once(&[("TOKENIZER_URL", url)]);
        assert!(
            !went_well && printed.contains("TOKENIZER_URL"),
            "{url}: {printed}"
        );
        assert!(!printed.contains("canary"), "{printed}");
    }
}

#[test]
fn the_kept_store_and_its_key_survive_and_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("kept.redb");
    let start = |expect: bool| {
        let output = Command::new(env!("CARGO_BIN_EXE_quickstart"))
            .args(["--once", "--store"])
            .arg(&store)
            .env_remove("TOKENIZER_URL")
            .output()
            .unwrap();
        assert_eq!(output.status.success(), expect, "{output:?}");
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    start(true);
    start(true);
    let key = folder.path().join("kept.redb.key");
    let saved = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let printed = start(false);
    assert!(printed.contains("kept.redb.key"), "{printed}");
    std::fs::write(&key, saved.to_ascii_uppercase().repeat(2)).unwrap();
    let printed = start(false);
    assert!(printed.contains("kept.redb.key"), "{printed}");
}

#[test]
fn every_error_of_the_application_has_the_same_form() {
    let quickstart = Quickstart::serve(&[]);
    let cookie = quickstart.log_in("user-1");
    let token = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
    for (name, expected, request) in [
        (
            "badToken",
            400,
            post("/set-ssn", &cookie, "{\"ssn_token\":null}"),
        ),
        (
            "badToken",
            400,
            post("/set-ssn", &cookie, "{\"ssn_token\":4111}"),
        ),
        (
            "badToken",
            400,
            post("/set-ssn", &cookie, "{\"ssn_token\":[\"4111\"]}"),
        ),
        (
            "badToken",
            400,
            post("/set-ssn", &cookie, "{\"ssn_token\":\"\"}"),
        ),
        ("badRequest", 400, post("/set-ssn", &cookie, "{}")),
        ("badRequest", 400, post("/set-ssn", &cookie, "4111")),
        ("badRequest", 400, post("/login", "", "{\"user\":4111}")),
        (
            "invalidGrant",
            401,
            post(
                "/set-ssn",
                &cookie,
                &format!("{{\"ssn_token\":\"{token}\"}}"),
            ),
        ),
        (
            "sessionError",
            401,
            post("/set-ssn", "", &format!("{{\"ssn_token\":\"{token}\"}}")),
        ),
        (
            "sessionError",
            401,
            "GET /get-ssn HTTP/1.1\r\n\r\n".to_owned(),
        ),
        (
            "sessionError",
            401,
            "GET /.lunasec/secure-frame?state=a HTTP/1.1\r\n\r\n".to_owned(),
        ),
        (
            "badRequest",
            400,
            "GET /.lunasec/secure-frame HTTP/1.1\r\n\r\n".to_owned(),
        ),
        ("notFound", 404, "GET /4111 HTTP/1.1\r\n\r\n".to_owned()),
        (
            "methodNotAllowed",
            405,
            "GET /set-ssn HTTP/1.1\r\n\r\n".to_owned(),
        ),
    ] {
        let (status, _, body) = exchange(&quickstart.app, &request);
        assert_eq!(status, expected, "{request}: {body}");
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(json["success"], false, "{body}");
        assert_eq!(json["error"]["name"], name, "{body}");
        assert_eq!(json["error"]["code"], expected.to_string(), "{body}");
        assert!(
            !body.contains("4111") && !body.contains("0a1b2c3d"),
            "{body}"
        );
    }
}

#[test]
fn with_everything_logged_and_an_error_of_each_kind_no_secret_is() {
    let keys = Keys::new();
    let (_, key) = keys.good().remove(0);
    let mut quickstart = Quickstart::serve(&[("RUST_LOG", "trace"), ("LUNASEC_SIGNING_KEY", &key)]);
    let secrets = quickstart.make_traffic_with_every_error();
    let logged = quickstart.stop_and_read_log();
    assert!(logged.len() > 1000, "everything is logged: {logged}");
    for (what, secret) in secrets.iter().chain(&[("the signing key", key)]) {
        assert!(secret.len() > 7, "{what} is too short to look for");
        assert!(
            !logged.contains(secret.as_str()),
            "{what} is in the log:\n{}",
            around(&logged, secret)
        );
    }
    assert!(
        !logged.contains("eyJ"),
        "a JWT is in the log:\n{}",
        around(&logged, "eyJ")
    );
}

fn around<'a>(text: &'a str, word: &str) -> &'a str {
    text.lines()
        .find(|line| line.contains(word))
        .unwrap_or_default()
}
