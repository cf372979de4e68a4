//! The `lunadefend` command as a process.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

#[path = "command/audit.rs"]
mod audit;
#[path = "command/backup.rs"]
mod backup;
#[path = "command/drain.rs"]
mod drain;
#[path = "command/log.rs"]
mod log;
#[path = "command/metrics.rs"]
mod metrics;
#[path = "command/operator.rs"]
mod operator;
#[path = "command/serve.rs"]
mod serve;
#[path = "command/server.rs"]
mod server;
#[path = "command/status.rs"]
mod status;
#[path = "command/tls.rs"]
mod tls;

use lunadefend_core::{
    ErrorKind, SessionId,
    provider::{GrantRequest, GrantService, TokenId, Verdict},
    wire::Metadata,
};
use server::{Server, lunadefend};
use std::{
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
};

fn refused(folder: &std::path::Path, environment: &[(&str, &str)]) -> String {
    let output = lunadefend()
        .args(["serve", "--store"])
        .arg(folder.join("tokens.redb"))
        // Where nothing else says where to listen: its usual port may be taken on this machine.
        .env("SECUREFRAME_HTTP_ADDR", "127.0.0.1:0")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    error_of(output)
}

fn error_of(output: std::process::Output) -> String {
    assert!(!output.status.success());
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(
        text.contains("error: ") && !text.contains("panicked"),
        "{text}"
    );
    text
}

#[test]
fn what_is_missing_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let text = refused(
        folder.path(),
        &[("SESSION_JWKS_URL", "http://localhost:3000/jwks.json")],
    );
    assert!(text.contains("AUTH_PROVIDERS is not set"), "{text}");
    let text = refused(
        folder.path(),
        &[("AUTH_PROVIDERS", "http://localhost:3000")],
    );
    assert!(text.contains("SESSION_JWKS_URL is not set"), "{text}");
    assert!(
        std::fs::read_dir(folder.path()).unwrap().next().is_none(),
        "nothing was made"
    );
}

/// Whoever has the port of the first server has it for as long as this runs.
#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    // A wrong setting comes first: the port would only hide it.
    let text = refused(folder.path(), &[("SECUREFRAME_HTTP_ADDR", &addr)]);
    assert!(text.contains("is not set"), "{text}");
    let text = refused(
        folder.path(),
        &[
            ("SECUREFRAME_HTTP_ADDR", &addr),
            ("SESSION_JWKS_URL", "http://localhost:3000/jwks.json"),
            ("AUTH_PROVIDERS", "http://localhost:3000"),
        ],
    );
    assert!(
        text.contains(&format!(
            "cannot listen on {addr}: choose another address with SECUREFRAME_HTTP_ADDR"
        )),
        "{text}"
    );
}

/// A folder, a folder that is not there, another program's file, a folder for the key.
#[test]
fn a_path_of_the_wrong_kind_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("folder")).unwrap();
    std::fs::create_dir(at("keyed.redb.key")).unwrap();
    std::fs::write(at("dump.sql"), "create table users;\n").unwrap();
    let folder_path = at("folder");
    let settings = |more: &[(&'static str, &str)]| {
        let all = [
            ("SECUREFRAME_HTTP_ADDR", "127.0.0.1:0"),
            (
                "SESSION_JWKS_URL",
                "http://localhost:3000/.lunasec/jwks.json",
            ),
            ("AUTH_PROVIDERS", "http://localhost:3000"),
        ];
        let all = all.iter().chain(more).copied();
        all.map(|(name, value)| (name, value.to_owned()))
            .collect::<Vec<_>>()
    };
    let key_folder = [
        ("LUNADEFEND_MASTER_KEY_PROVIDER", "file"),
        ("LUNADEFEND_MASTER_KEY_PATH", folder_path.to_str().unwrap()),
    ];
    for (store, more, words) in [
        (
            "folder",
            &[][..],
            "it is a folder: name the file of the store in it",
        ),
        (
            "no/such/tokens.redb",
            &[],
            "the folder of the store is not there: make it",
        ),
        ("dump.sql", &[], "the file of another program"),
        (
            "keyed.redb",
            &[],
            "a folder where the key file of the store should be",
        ),
        ("new.redb", &key_folder, "it is a folder, not a file"),
    ] {
        let mut serve = lunadefend();
        serve
            .args(["serve", "--store"])
            .arg(at(store))
            .envs(settings(more));
        let text = error_of(serve.output().unwrap());
        assert!(text.contains(words), "{store}: {text}");
    }
    for (path, words) in [
        ("folder", "is a folder: name the file to make in it"),
        ("no/such/key.pem", "its folder is not there"),
        ("dump.sql", "is there already, and is never overwritten"),
    ] {
        let text = error_of(lunadefend().arg("keygen").arg(at(path)).output().unwrap());
        assert!(text.contains(words), "{path}: {text}");
    }
    let doctor = lunadefend()
        .args(["doctor", "--config"])
        .arg(at("folder"))
        .output();
    let text = String::from_utf8(doctor.unwrap().stdout).unwrap();
    assert!(
        text.contains("it is a folder, name the file in it"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_its_key_or_with_another_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert!(server.printed.contains("back it up"), "{}", server.printed);
    let environment = server.environment();
    let environment: Vec<_> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let text = refused(folder.path(), &environment);
    assert!(
        text.contains("another process"),
        "one process at a time: {text}"
    );
    server.stop();

    let key_file = folder.path().join("tokens.redb.key");
    assert_eq!(
        std::fs::metadata(&key_file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let key = std::fs::read_to_string(&key_file).unwrap();
    std::fs::remove_file(&key_file).unwrap();
    let text = refused(folder.path(), &environment);
    assert!(text.contains("tokens.redb.key"), "missing: {text}");

    std::fs::write(&key_file, "0".repeat(64)).unwrap();
    std::fs::set_permissions(&key_file, PermissionsExt::from_mode(0o600)).unwrap();
    let text = refused(folder.path(), &environment);
    assert!(text.contains("master key"), "wrong: {text}");
    assert!(!text.contains(key.trim()), "{text}");

    std::fs::write(&key_file, &key).unwrap();
    drop(Server::start(folder.path()));
}

/// Every grant and token that was acknowledged is there after a kill under load.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let client = server.client();
    let session = SessionId::new("ann").unwrap();
    let acknowledged = Arc::new(Mutex::new((Vec::new(), Vec::new())));

    let mut load = tokio::task::JoinSet::new();
    for worker in 0..16_u32 {
        let (client, session, acknowledged) =
            (client.clone(), session.clone(), Arc::clone(&acknowledged));
        load.spawn(async move {
            for number in 0_u32.. {
                let id = format!("lunasec-{worker:08x}-0000-4000-8000-{number:012x}");
                let grant = GrantRequest::new(TokenId::parse(&id).unwrap(), None);
                if client
                    .grant_all(&session, std::slice::from_ref(&grant))
                    .await
                    .is_err()
                {
                    return;
                }
                acknowledged.lock().unwrap().0.push(grant.token().clone());
                if number % 4 == 0 {
                    let value = format!("value of {id}");
                    match client
                        .tokenizer()
                        .tokenize(&session, value.as_bytes(), &Metadata::string())
                        .await
                    {
                        Ok(token) => acknowledged.lock().unwrap().1.push((token, value)),
                        Err(_) => return,
                    }
                }
            }
        });
    }
    // Killed in the middle of it: after some hundred acknowledgements, with 16 requests under way.
    while acknowledged.lock().unwrap().0.len() < 400 {
        assert!(
            load.try_join_next().is_none(),
            "a request failed before the kill"
        );
        tokio::task::yield_now().await;
    }
    server.kill_9();
    while load.join_next().await.is_some() {}

    let server = Server::start(folder.path());
    let client = server.client();
    let (grants, values) = std::mem::take(&mut *acknowledged.lock().unwrap());
    assert!(
        grants.len() >= 400 && values.len() >= 16,
        "{} {}",
        grants.len(),
        values.len()
    );
    let verdicts = client.verify_all(&session, &grants).await.unwrap();
    assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Valid));
    for (token, value) in values {
        let read = client
            .tokenizer()
            .detokenize(&session, &token)
            .await
            .unwrap();
        assert_eq!(read.expose_secret(), value.as_bytes());
    }
    let never = TokenId::parse("lunasec-ffffffff-0000-4000-8000-000000000000").unwrap();
    assert_eq!(
        client.verify_all(&session, &[never]).await.unwrap(),
        [Verdict::Invalid]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_reach_the_tokenizer_and_sigterm_ends_it_well() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &[("GRANT_MAXIMUM_DURATION", "20m")]);
    let token = TokenId::parse("lunasec-00000000-0000-4000-8000-000000000000").unwrap();
    let ask = GrantRequest::new(token, Some("21m".parse().unwrap()));
    let session = SessionId::new("ann").unwrap();
    let error = server
        .client()
        .grant_all(&session, &[ask])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::GrantDuration);
    assert!(server.stop(), "SIGTERM ends it with 0");
}

#[test]
fn dev_prints_what_to_put_into_the_environment() {
    let mut dev = Server::dev();
    let lines = dev.read_until("Open the application at exactly");
    assert!(lines.contains("TOKENIZER_URL=http://localhost:"), "{lines}");
    assert!(lines.contains("LUNASEC_SIGNING_KEY="), "{lines}");
    assert!(
        lines.contains("exactly http://localhost:3000: a browser does not send cookies of localhost to 127.0.0.1"),
        "{lines}"
    );
    let output = lunadefend()
        .args(["dev", "--addr", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("loopback only")
    );
}

#[test]
fn keygen_writes_a_private_file_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signing-key.pem");
    let output = lunadefend().arg("keygen").arg(&path).output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("3072 bits") && printed.contains("BEGIN PUBLIC KEY"),
        "{printed}"
    );
    // What is printed makes a .env that is as private, whatever the umask.
    let recipe = printed
        .lines()
        .find_map(|line| line.strip_prefix("for a .env file: "));
    let recipe = recipe
        .unwrap()
        .split(";")
        .take(2)
        .collect::<Vec<_>>()
        .join(";");
    let made = std::process::Command::new("sh")
        .args(["-c", &format!("umask 022; {recipe}")])
        .current_dir(folder.path())
        .status();
    assert!(made.unwrap().success(), "{recipe}");
    let env_file = folder.path().join(".env");
    let mode = std::fs::metadata(&env_file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{recipe}");
    let line = std::fs::read_to_string(&env_file).unwrap();
    let key = line.strip_prefix("LUNASEC_SIGNING_KEY=").unwrap();
    lunadefend_crypto::SigningKey::parse(key.as_bytes(), "the .env").unwrap();

    let pem = std::fs::read(&path).unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let key = lunadefend_crypto::SigningKey::parse(&pem, "the file").unwrap();
    assert!(printed.contains(key.public_key().thumbprint()));
    let jwk = printed
        .lines()
        .find_map(|line| line.strip_prefix("public key as a JWK (RFC 7517): "))
        .unwrap();
    let jwk: serde_json::Value = serde_json::from_str(jwk).unwrap();
    assert_eq!(jwk["kid"], key.public_key().thumbprint());
    assert!(jwk.get("d").is_none());

    let again = lunadefend().arg("keygen").arg(&path).output().unwrap();
    assert!(!again.status.success());
    assert_eq!(std::fs::read(&path).unwrap(), pem, "never overwritten");
}

/// The longest value that the settings allow by default goes in and out by the SDK's own defaults, and
/// one byte more is refused by name.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_64_mib_goes_in_and_out() {
    const LONGEST: usize = 64 * 1024 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let api = server.client().tokenizer();
    let ann = SessionId::new("ann").unwrap();
    let mut value: Vec<u8> = (0..LONGEST).map(|at| (at % 251) as u8).collect();
    let token = api.tokenize(&ann, &value, &Metadata::string()).await;
    let read = api.detokenize(&ann, &token.unwrap()).await.unwrap();
    assert!(read.expose_secret() == value);
    value.push(0);
    let error = api.tokenize(&ann, &value, &Metadata::string()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::PayloadTooLarge);
}

/// No restart: the disk has no room, also not for the log, `/health` says so, and then it has.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_needs_no_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_logging(folder.path());
    let api = server.client().tokenizer();
    let ann = SessionId::new("ann").unwrap();
    let token = api
        .tokenize(&ann, b"078-05-1120", &Metadata::string())
        .await;
    let token = token.unwrap();
    assert_eq!(server.get("/health").await.0, 200);

    server.limit_files(Some(0));
    for _ in 0..3 {
        let error = api.tokenize(&ann, b"another", &Metadata::string()).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TokenizerUnavailable);
        let (status, body) = server.get("/health").await;
        assert_eq!(status, 503);
        assert!(
            body.contains("its disk cannot be written or read"),
            "{body}"
        );
    }

    server.limit_files(None);
    // It looks again when its pause is over.
    while server.get("/health").await.0 != 200 {}
    let read = api.detokenize(&ann, &token).await.unwrap();
    assert_eq!(read.expose_secret(), b"078-05-1120");
    let another = api.tokenize(&ann, b"another", &Metadata::string()).await;
    let read = api.detokenize(&ann, &another.unwrap()).await.unwrap();
    assert_eq!(read.expose_secret(), b"another");
}

/// Below the reserve no value is taken; grants are.
#[tokio::test(flavor = "multi_thread")]
async fn below_the_reserve_of_the_disk_grants_are_still_made() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ann = SessionId::new("ann").unwrap();
    let token = server
        .client()
        .tokenizer()
        .tokenize(&ann, b"078-05-1120", &Metadata::string())
        .await
        .unwrap();
    assert!(server.stop());

    let reserve = [("LUNADEFEND_DISK_RESERVE", "1000000GiB")];
    let server = Server::start_with(folder.path(), &reserve);
    let client = server.client();
    let error = client
        .tokenizer()
        .tokenize(&ann, b"another", &Metadata::string())
        .await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::TokenizerUnavailable);
    let bob = SessionId::new("bob").unwrap();
    let id = TokenId::parse(token.expose_id()).unwrap();
    let grant = GrantRequest::new(id, None);
    client.grant_all(&bob, &[grant]).await.unwrap();
    let read = client.tokenizer().detokenize(&bob, &token).await.unwrap();
    assert_eq!(read.expose_secret(), b"078-05-1120");
    assert_eq!(server.get("/health").await.0, 200);
}
