//! `lunadefend doctor` as a process, beside a tokenizer and an application that are right, and in five
//! set-ups that are not: what it prints is what `docs/doctor.md` shows.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

#[path = "command/server.rs"]
#[expect(dead_code, reason = "shared with the other tests of the command")]
mod server;

use axum::{Router, routing::get};
use lunadefend::{LunaDefend, provider::SecretValue, secrets::InlineSecret};
use lunadefend_axum::Luna;
use lunadefend_crypto::SigningKey;
use server::{Server, lunadefend};
use std::path::Path;
use tokio::net::{TcpListener, TcpSocket};

const KEY: &str = include_str!("../testdata/signing-key.pem");
const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doctor.md");

fn public_key() -> String {
    let key = SigningKey::parse(KEY.as_bytes(), "test").unwrap();
    key.public_key().to_spki_pem()
}

/// A free port, held until an application is served on it, and the URL.
async fn address() -> (TcpListener, u16, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port, format!("http://localhost:{port}"))
}

/// A tokenizer that trusts the key, or has these settings instead.
fn tokenizer(folder: &Path, settings: &[(&str, &str)]) -> Server {
    let public_key = public_key();
    let usual = [("SESSION_PUBLIC_KEY", public_key.as_str())];
    let all: Vec<_> = usual.iter().chain(settings).copied().collect();
    Server::start_with(folder, &all)
}

/// An application with the routes of LunaDefend, that answers until the test ends.
async fn application(listener: TcpListener, tokenizer: &str) {
    let key = InlineSecret::new(SecretValue::new(KEY), "test");
    let luna = LunaDefend::builder(tokenizer).signing_key(key);
    let luna = Luna::new(luna.build().await.unwrap(), |_| async { Ok(None) });
    let app = Router::<()>::new()
        .route("/", get(|| async { "hello" }))
        .merge(luna.routes());
    tokio::spawn(async move { axum::serve(listener, app).await });
}

/// What it prints, with ports and errors of the operating system as the documentation has them, and
/// whether it ended with 0.
async fn doctor(
    arguments: &[&str],
    environment: &[(&str, &str)],
    ports: &[(u16, &str)],
) -> (String, bool) {
    let mut command = lunadefend();
    command.arg("doctor").args(arguments);
    command.envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert!(output.stderr.is_empty(), "{:?}", output.stderr);
    let mut text = String::from_utf8(output.stdout).unwrap();
    for (port, shown) in ports {
        text = text.replace(&format!(":{port}"), shown);
    }
    (text, output.status.success())
}

/// The documentation shows this output, each line as it was printed.
fn assert_documented(printed: &str) {
    let docs = std::fs::read_to_string(DOCS).unwrap();
    let block = format!("```text\n{printed}```\n");
    assert!(
        docs.contains(&block),
        "docs/doctor.md does not show:\n{printed}"
    );
}

fn port_of(url: &str) -> u16 {
    url.rsplit_once(':').unwrap().1.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, app_port, app) = address().await;
    let settings = [("AUTH_PROVIDERS", &*app), ("APPLICATION_FRONT_END", &app)];
    let tokenizer = tokenizer(folder.path(), &settings);
    let url = tokenizer.public_url();
    application(listener, &url).await;
    let ports = [(port_of(&url), ":17766"), (app_port, ":3000")];
    let environment = [
        ("TOKENIZER_URL", url.as_str()),
        ("LUNASEC_SIGNING_KEY", KEY),
    ];
    let (printed, ok) = doctor(&["--app", &app], &environment, &ports).await;
    assert!(ok, "{printed}");
    assert_documented(&printed);

    // The same from a file.
    let toml = folder.path().join("lunadefend.toml");
    let text = format!(
        "tokenizer_url = \"{url}\"\n[auth.secrets]\nprovider = \"inline\"\nvalue = '''{KEY}'''\n"
    );
    std::fs::write(&toml, text).unwrap();
    let (from_file, ok) = doctor(&["--config", toml.to_str().unwrap()], &[], &ports).await;
    assert!(ok, "{from_file}");
    let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&from_file), lines(&printed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_key_in_place_of_the_private_one() {
    let environment = [
        ("TOKENIZER_URL", "http://localhost:17766"),
        ("LUNASEC_SIGNING_KEY", &*public_key()),
    ];
    let (printed, ok) = doctor(&[], &environment, &[]).await;
    assert!(!ok);
    assert_documented(&printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tokenizer() {
    // Held, so that no other process gets it, and nothing listens there.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let url = format!("http://localhost:{port}");
    let environment = [
        ("TOKENIZER_URL", url.as_str()),
        ("LUNASEC_SIGNING_KEY", KEY),
    ];
    let (printed, ok) = doctor(&[], &environment, &[(port, ":17766")]).await;
    assert!(!ok);
    assert_documented(&printed);
}

/// It has the key set of another application.
#[tokio::test(flavor = "multi_thread")]
async fn a_tokenizer_that_trusts_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, app_port, app) = address().await;
    // The key of the shared harness, which is made anew for each run.
    let settings = [("AUTH_PROVIDERS", &*app), ("APPLICATION_FRONT_END", &app)];
    let tokenizer = Server::start_with(folder.path(), &settings);
    let url = tokenizer.public_url();
    application(listener, &url).await;
    let environment = [
        ("TOKENIZER_URL", url.as_str()),
        ("LUNASEC_SIGNING_KEY", KEY),
    ];
    let ports = [(port_of(&url), ":17766"), (app_port, ":3000")];
    let (printed, ok) = doctor(&[], &environment, &ports).await;
    assert!(!ok);
    assert_documented(&printed);
}

/// The application has its routes below `/`, and the tokenizer sends browsers below `/api`.
#[tokio::test(flavor = "multi_thread")]
async fn another_base_path() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, app_port, app) = address().await;
    let provider = format!("http://localhost:{app_port}/api/.lunasec/secure-frame");
    let settings = [
        ("AUTH_PROVIDERS", &*provider),
        ("APPLICATION_FRONT_END", &app),
    ];
    let tokenizer = tokenizer(folder.path(), &settings);
    let url = tokenizer.public_url();
    application(listener, &url).await;
    let environment = [
        ("TOKENIZER_URL", url.as_str()),
        ("LUNASEC_SIGNING_KEY", KEY),
    ];
    let ports = [(port_of(&url), ":17766"), (app_port, ":3000")];
    let (printed, ok) = doctor(&[], &environment, &ports).await;
    assert!(!ok);
    assert_documented(&printed);

    let (printed, ok) = doctor(&["--app", &app], &environment, &ports).await;
    assert!(!ok);
    assert!(
        printed.contains(
            "browsers are sent to http://localhost:3000/api, not to http://localhost:3000:"
        ),
        "{printed}"
    );
}

/// Two sites, and one of them without TLS: no browser keeps the cookie.
#[tokio::test(flavor = "multi_thread")]
async fn cookies_that_browsers_drop() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("AUTH_PROVIDERS", "http://app.invalid"),
        ("APPLICATION_FRONT_END", "http://app.invalid"),
        ("LUNADEFEND_ALLOW_CLEARTEXT", "true"),
    ];
    let tokenizer = tokenizer(folder.path(), &settings);
    let url = tokenizer.public_url();
    let environment = [
        ("TOKENIZER_URL", url.as_str()),
        ("LUNASEC_SIGNING_KEY", KEY),
    ];
    let (printed, ok) = doctor(&[], &environment, &[(port_of(&url), ":17766")]).await;
    assert!(!ok);
    // How a name that does not exist is put depends on the resolver.
    let resolver = printed
        .lines()
        .find(|line| line.contains("app.invalid/.lunasec/jwks"))
        .unwrap();
    assert!(resolver.starts_with("warn  application"), "{resolver}");
    let (start, end) = printed.split_once(resolver).unwrap();
    let cause = "cannot connect (failed to lookup address information: Name or service not known)";
    let resolver = format!(
        "{}: {cause}; start the application and ask again",
        resolver.split_once(": ").unwrap().0
    );
    assert_documented(&format!("{start}{resolver}{end}"));
}

/// Nothing of it stops an application that has no secure fields, so it is a warning.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_can_have_no_secure_fields() {
    let providers = r#"{"shop":{"url":"http://localhost:3000","default":true},"desk":{"url":"http://localhost:3001"}}"#;
    let other = "http://localhost:3001,https://desk.example.com";
    for (settings, subject, words) in [
        (
            &[("APPLICATION_FRONT_END", "")][..],
            "frame",
            "there is none at http://localhost:17766/frame, so no page can have secure fields: set the tokenizer's APPLICATION_FRONT_END",
        ),
        (
            &[("APPLICATION_FRONT_END", other)][..],
            "frame",
            "pages of http://localhost:3001 and https://desk.example.com can have secure fields, those of http://localhost:3000 cannot",
        ),
        (
            &[
                ("AUTH_PROVIDERS", providers),
                ("APPLICATION_FRONT_END", "http://localhost:3000"),
            ][..],
            "trust domain",
            "the tokenizer's AUTH_PROVIDERS has 2 auth providers: their applications must trust each other",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let tokenizer = tokenizer(folder.path(), settings);
        let url = tokenizer.public_url();
        let environment = [
            ("TOKENIZER_URL", url.as_str()),
            ("LUNASEC_SIGNING_KEY", KEY),
        ];
        let (printed, _) = doctor(&[], &environment, &[(port_of(&url), ":17766")]).await;
        let line = format!("warn  {subject:<13}  {words}");
        assert!(printed.contains(&line), "{printed}");
        assert!(!printed.contains("FAIL  frame"), "{printed}");
    }
}

/// Two sites without TLS on one machine: there is no cookie that every browser keeps.
#[tokio::test(flavor = "multi_thread")]
async fn safari_keeps_no_secure_cookie_from_http() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, app_port, _) = address().await;
    let app = format!("http://127.0.0.1:{app_port}");
    let tokenizer = tokenizer(folder.path(), &[("AUTH_PROVIDERS", &app)]);
    let url = tokenizer.public_url();
    assert!(url.starts_with("http://localhost:"), "{url}");
    application(listener, &url).await;
    let environment = [
        ("TOKENIZER_URL", url.as_str()),
        ("LUNASEC_SIGNING_KEY", KEY),
    ];
    let (printed, ok) = doctor(&["--app", &app], &environment, &[]).await;
    assert!(ok, "{printed}");
    let line = printed
        .lines()
        .find(|line| line.contains("  cookies  "))
        .unwrap();
    assert!(
        line.starts_with("warn") && line.contains("Safari"),
        "{line}"
    );
    assert!(line.contains("call both by one name, such as localhost"));
}
