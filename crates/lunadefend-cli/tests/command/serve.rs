//! What `lunadefend serve` does beside answering: signals, the limit of open files, its log.

use crate::server::{Server, key, lunadefend, settings};
use axum::{Router, extract::State, http::HeaderMap, routing::get};
use lunadefend_client::{Client, SessionIds};
use lunadefend_core::{
    ErrorKind, SessionId,
    provider::{GrantService, TokenId, Verdict},
};
use lunadefend_crypto::{GeneratedKey, PublicKey, RsaBits, SigningKey};
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_jwt::jwks_document;
use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixDatagram,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;

/// An application that publishes keys.
#[derive(Clone)]
struct Publisher {
    keys: Arc<Mutex<Vec<PublicKey>>>,
    /// What each request said about caches.
    cache_control: Arc<Mutex<Vec<String>>>,
    url: String,
}

impl Publisher {
    async fn start(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let this = Self {
            keys: Arc::default(),
            cache_control: Arc::default(),
            url: format!("http://{}/jwks.json", listener.local_addr().unwrap()),
        };
        this.publish(keys);
        let app = Router::new()
            .route("/jwks.json", get(Self::answer))
            .with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        this
    }

    async fn answer(
        State(this): State<Self>,
        headers: HeaderMap,
    ) -> ([(&'static str, &'static str); 1], Vec<u8>) {
        let said = headers.get("cache-control");
        let said = said.map_or("", |value| value.to_str().unwrap()).to_owned();
        this.cache_control.lock().unwrap().push(said);
        let document = jwks_document(&this.keys.lock().unwrap());
        (
            [("content-type", "application/json")],
            document.body.to_vec(),
        )
    }

    fn publish(&self, keys: &[&SigningKey]) {
        *self.keys.lock().unwrap() = keys.iter().map(|key| key.public_key().clone()).collect();
    }

    fn settings(&self) -> [(&str, &str); 2] {
        [("SESSION_JWKS_URL", &self.url), ("SESSION_PUBLIC_KEY", "")]
    }
}

/// An application that signs with a key.
fn client(server: &Server, key: &SigningKey) -> Client {
    let url = BaseUrl::parse(
        &server.public_url(),
        "TOKENIZER_URL",
        Cleartext::LoopbackOnly,
    );
    Client::builder(url.unwrap(), key.clone())
        .session_ids(SessionIds::Hashed)
        .max_retries(0)
        .deadline(Duration::from_secs(30))
        .build()
        .unwrap()
}

async fn verdict(client: &Client) -> Result<Verdict, ErrorKind> {
    let session = SessionId::new("ann").unwrap();
    let token = TokenId::parse("lunasec-00000000-0000-4000-8000-000000000000").unwrap();
    match client.verify_all(&session, &[token]).await {
        Ok(verdicts) => Ok(verdicts[0]),
        Err(error) => Err(error.kind()),
    }
}

/// The command with its log as a pipe, by way of a shell that sets a limit of open files.
fn logged(folder: &std::path::Path, limit: &str, more: &[(&str, &str)]) -> Command {
    let mut command = Command::new("/bin/sh");
    let program = lunadefend().get_program().to_owned();
    command
        .env_clear()
        .arg("-c")
        .arg(format!(
            "ulimit {limit} && exec \"$0\" serve --store \"$1\""
        ))
        .arg(program)
        .arg(folder.join("tokens.redb"))
        .envs(settings())
        .envs(more.iter().copied())
        .stderr(Stdio::piped());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_makes_it_drop_its_key_set() {
    let old = GeneratedKey::generate(RsaBits::Rsa2048).unwrap().key;
    // The new key is known before it signs: nothing else would make the tokenizer ask.
    let publisher = Publisher::start(&[&old, key()]).await;
    let folder = tempfile::tempdir().unwrap();
    let command = logged(folder.path(), "-n", &publisher.settings());
    let mut server = Server::start_command(command);
    let (old, new) = (client(&server, &old), client(&server, key()));
    assert_eq!(verdict(&old).await, Ok(Verdict::Invalid));
    publisher.publish(&[key()]);
    assert_eq!(verdict(&new).await, Ok(Verdict::Invalid));
    assert_eq!(verdict(&old).await, Ok(Verdict::Invalid));
    assert_eq!(*publisher.cache_control.lock().unwrap(), [""]);

    let mut log = server.log();
    server.signal("-HUP");
    let said = log.find(|line| line.as_ref().unwrap().contains("the key set was dropped"));
    assert!(said.is_some());
    assert_eq!(verdict(&old).await, Err(ErrorKind::TokenizerUnauthorized));
    assert_eq!(verdict(&new).await, Ok(Verdict::Invalid));
    assert_eq!(*publisher.cache_control.lock().unwrap(), ["", "no-cache"]);
    assert!(server.stop(), "it goes on, and ends well");
}

/// Asks for `/health` and reads the answer; the connection stays.
fn ask(connection: &mut TcpStream) {
    connection
        .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(br#""error":{}}"#) {
        let mut byte = [0];
        connection.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
}

fn health(address: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).unwrap();
    ask(&mut connection);
    connection
}

/// More clients than the process may have open files: half of them have asked something once.
#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_leave_files_for_the_key_set_and_for_others() {
    let publisher = Publisher::start(&[key()]).await;
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start_command(logged(folder.path(), "-n 128", &publisher.settings()));
    let mut log = server.log();
    let line = log.next().unwrap().unwrap();
    assert!(
        line.contains("the limit of open files caps the connections"),
        "{line}"
    );
    assert!(
        line.contains("connections=64") && line.contains("open_files=128"),
        "{line}"
    );

    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(health(server.address()));
        idle.push(TcpStream::connect(server.address()).unwrap());
    }
    // The first JWT: the key set is fetched now.
    assert_eq!(verdict(&client(&server, key())).await, Ok(Verdict::Invalid));
    assert_eq!(publisher.cache_control.lock().unwrap().len(), 1);
    drop(health(server.address()));
    assert!(server.stop());
    // Nor did it run out of files meanwhile.
    assert!(log.next().is_none());
}

/// The usual soft limit is low, and the hard one is not.
#[tokio::test(flavor = "multi_thread")]
async fn the_soft_limit_of_open_files_is_raised_as_far_as_needed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_command(logged(folder.path(), "-S -n 128", &[]));
    let mut connections: Vec<_> = (0..200).map(|_| health(server.address())).collect();
    // None of them had to make room.
    for connection in &mut connections {
        ask(connection);
    }
    assert!(server.stop());
}

#[test]
fn too_few_open_files_are_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let output = logged(folder.path(), "-n 48", &[])
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("ulimit -n") && text.contains("LimitNOFILE"),
        "{text}"
    );
}

/// Envoy and Cloud Run speak it to what is behind them, when they are told to.
#[tokio::test(flavor = "multi_thread")]
async fn http2_without_tls_is_named_in_the_log_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start_command(logged(folder.path(), "-n", &[]));
    let log = server.log();
    for _ in 0..3 {
        let mut connection = TcpStream::connect(server.address()).unwrap();
        connection
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .unwrap();
        let mut rest = Vec::new();
        connection.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    }
    assert!(server.stop());
    let lines: Vec<_> = log.map(Result::unwrap).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("HTTP/2 without TLS, and the tokenizer HTTP/1.1 only"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_meant_is_said_at_the_start() {
    let providers = r#"{"shop":{"url":"http://localhost:3000","default":true},"desk":{"url":"http://localhost:3001"}}"#;
    for (settings, words) in [
        (&[][..], &[][..]),
        (
            &[("APPLICATION_FRONT_END", ""), ("AUTH_PROVIDERS", providers)][..],
            &["there is no /frame", "one tokenizer is one trust domain"][..],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::start_command(logged(folder.path(), "-n", settings));
        let log = server.log();
        assert!(server.stop());
        let lines: Vec<_> = log.map(Result::unwrap).collect();
        assert_eq!(lines.len(), words.len(), "{lines:?}");
        for (line, words) in lines.iter().zip(words) {
            assert!(line.contains("WARN") && line.contains(words), "{line}");
        }
    }
}

/// Script of the application would read every value.
#[test]
fn a_front_end_at_the_tokenizers_origin_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = lunadefend();
    command
        .args(["serve", "--store"])
        .arg(folder.path().join("t"));
    command.envs(settings()).envs([
        ("SECUREFRAME_HTTP_ADDR", "127.0.0.1:0"),
        ("TOKENIZER_URL", "https://example.com/tokenizer"),
        ("APPLICATION_FRONT_END", "https://example.com"),
    ]);
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("APPLICATION_FRONT_END has the origin of TOKENIZER_URL"),
        "{text}"
    );
}

/// Where a service manager listens.
#[cfg(unix)]
fn service_manager(folder: &tempfile::TempDir) -> (std::path::PathBuf, UnixDatagram) {
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    (path, manager)
}

/// What it is told next.
#[cfg(unix)]
fn told(manager: &UnixDatagram) -> String {
    let mut state = [0; 64];
    let length = manager.recv(&mut state).unwrap();
    String::from_utf8(state[..length].to_vec()).unwrap()
}

/// `Type=notify` of systemd.
#[cfg(unix)]
#[test]
fn the_service_manager_is_told_when_it_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let (path, manager) = service_manager(&folder);
    let told = || told(&manager);
    let path = path.to_str().unwrap();
    let server = Server::start_with(folder.path(), &[("NOTIFY_SOCKET", path)]);
    assert_eq!(told(), "READY=1");
    // It is true: a connection is answered.
    drop(health(server.address()));
    // Nothing else is said until it stops.
    manager.set_nonblocking(true).unwrap();
    assert!(manager.recv(&mut [0; 64]).is_err());
    manager.set_nonblocking(false).unwrap();
    assert!(server.stop());
    assert_eq!(told(), "STOPPING=1");
}

/// `WatchdogSec` of systemd.
#[cfg(unix)]
#[test]
fn the_watchdog_hears_that_the_tokenizer_answers() {
    let folder = tempfile::tempdir().unwrap();
    let (path, manager) = service_manager(&folder);
    let told = || told(&manager);
    let variables = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "200000"),
    ];
    let server = Server::start_with(folder.path(), &variables);
    assert_eq!(told(), "READY=1");
    for _ in 0..3 {
        assert_eq!(told(), "WATCHDOG=1");
    }
    assert!(server.stop());
}

#[cfg(unix)]
#[test]
fn a_service_manager_that_cannot_be_told_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let mut command = lunadefend();
    command
        .args(["serve", "--store"])
        .arg(folder.path().join("tokens.redb"));
    command.envs(settings()).env("NOTIFY_SOCKET", nowhere);
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("unset NOTIFY_SOCKET"), "{text}");
}
