//! `lunadefend config check` and `lunadefend serve --config` as processes.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

#[path = "command/server.rs"]
#[expect(dead_code, reason = "shared with the other tests of the command")]
mod server;

use lunadefend_core::{
    ErrorKind, SessionId,
    provider::{GrantRequest, GrantService, TokenId},
};
use server::{Server, lunadefend};
use std::{os::unix::fs::PermissionsExt, path::Path};

const KEY: &str = include_str!("../testdata/signing-key.pem");

/// What it prints to stdout and stderr, and whether it ended with 0.
fn check(arguments: &[&str], environment: &[(&str, &str)]) -> (String, String, bool) {
    let mut command = lunadefend();
    command.args(["config", "check"]).args(arguments);
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(
        !format!("{stdout}{stderr}").contains("canary"),
        "{stdout}{stderr}"
    );
    (stdout, stderr, output.status.success())
}

/// The words of the line about a setting.
fn line<'a>(printed: &'a str, name: &str) -> Vec<&'a str> {
    let mut lines = printed
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.find(|words| words.first() == Some(&name)).unwrap()
}

fn write(folder: &Path, text: &str) -> String {
    let path = folder.join("settings.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_is_in_force_at_the_tokenizer() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("master.key");
    std::fs::write(&key, "0123456789abcdef".repeat(4)).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    let file = write(
        folder.path(),
        &format!(
            "auth_providers = \"http://localhost:3000?key=canary\"\nidle_timeout = \"2m\"\ncookies = \"cross-site\"\n[master_key]\nprovider = \"file\"\npath = {key:?}\n"
        ),
    );
    let environment = [
        ("SESSION_JWKS_URL", "http://localhost:3000/jwks.json"),
        ("LUNADEFEND_COOKIES", "same-site"),
        ("LUNADEFEND_MAX_VALUE", ""),
    ];
    let (printed, errors, ok) = check(&["--config", &file], &environment);
    assert!(ok && errors.is_empty(), "{errors}");
    for (name, value, origin) in [
        ("idle_timeout", "2m", &*file),
        ("LUNADEFEND_COOKIES", "same-site", "environment"),
        ("max_value", "64MiB", "default"),
    ] {
        assert_eq!(line(&printed, name), [name, value, origin]);
    }
    assert_eq!(
        line(&printed, "auth_providers"),
        ["auth_providers", "(not", "shown)", &file]
    );
    assert_eq!(
        line(&printed, "master_key"),
        ["master_key", "-", "file", key.to_str().unwrap()]
    );
    // And it starts by the same file.
    let mut serve = lunadefend();
    serve
        .args(["serve", "--config", &file, "--store"])
        .arg(folder.path().join("tokens.redb"))
        .env("SECUREFRAME_HTTP_ADDR", "127.0.0.1:0")
        .envs(environment);
    let server = Server::start_command(serve);
    assert!(!server.printed.contains("made the master key"));
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_reaches_the_tokenizer() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "grant_maximum_duration = \"20m\"\n");
    let mut serve = lunadefend();
    serve
        .args(["serve", "--config", &file, "--store"])
        .arg(folder.path().join("tokens.redb"))
        .envs(server::settings());
    let server = Server::start_command(serve);
    let token = TokenId::parse("lunasec-00000000-0000-4000-8000-000000000000").unwrap();
    let ask = GrantRequest::new(token, Some("21m".parse().unwrap()));
    let session = SessionId::new("ann").unwrap();
    let error = server.client().grant_all(&session, &[ask]).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::GrantDuration);
}

#[test]
fn every_wrong_setting_is_named_at_once() {
    let (_, errors, ok) = check(
        &[],
        &[
            ("LUNADEFEND_COOKIES", "canary"),
            ("LUNADEFEND_IDLE_TIMEOUT", "5 canaries"),
            ("LUNADEFEND_MASTER_KEY_PROVIDER", "canary"),
        ],
    );
    assert!(!ok);
    let lines: Vec<_> = errors.lines().collect();
    assert_eq!(lines.len(), 3, "{errors}");
    for name in ["COOKIES", "IDLE_TIMEOUT", "MASTER_KEY_PROVIDER"] {
        assert!(errors.contains(&format!("error: LUNADEFEND_{name} is wrong: ")));
    }
    // What is missing is found when each that is there is right.
    let (printed, errors, ok) = check(&[], &[]);
    assert!(!ok);
    assert_eq!(line(&printed, "AUTH_PROVIDERS")[1..], ["-", "not", "set"]);
    assert!(
        errors.starts_with("error: AUTH_PROVIDERS is not set"),
        "{errors}"
    );
    let (_, errors, ok) = check(&["--config", "/no/such.toml"], &[]);
    assert!(!ok);
    assert!(errors.contains("/no/such.toml cannot be read: there is no such file"));
}

#[test]
fn what_is_in_force_at_the_application() {
    let environment = [
        ("TOKENIZER_URL", "http://localhost:17766"),
        ("LUNASEC_SIGNING_KEY", KEY),
        ("LUNADEFEND_DEADLINE", "\"2s\""),
    ];
    let (printed, errors, ok) = check(&["--for", "application"], &environment);
    assert!(ok && errors.is_empty(), "{errors}");
    assert!(!printed.contains("BEGIN"));
    assert_eq!(
        line(&printed, "LUNASEC_SIGNING_KEY")[1..],
        ["-", "environment", "variable", "LUNASEC_SIGNING_KEY"]
    );
    assert_eq!(
        line(&printed, "LUNADEFEND_DEADLINE")[1..],
        ["2s", "environment"]
    );
    assert_eq!(
        line(&printed, "LUNADEFEND_WIRE")[1..],
        ["v1-extended", "default"]
    );

    let url = [("TOKENIZER_URL", "https://user:canary@tokenizer.example.com")];
    let (printed, errors, ok) = check(&["--for", "application"], &url);
    assert!(!ok);
    assert_eq!(line(&printed, "TOKENIZER_URL")[1..3], ["(not", "shown)"]);
    assert!(errors.contains("must not contain a user name"), "{errors}");
}
