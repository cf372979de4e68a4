//! A signing key that is replaced under load, with real processes and real time: the tokenizer, two
//! replicas of an application, and the file that has the key.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

#[path = "command/server.rs"]
#[expect(dead_code, reason = "shared with the other tests of the command")]
mod server;

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderMap, Method};
use lunadefend::{
    Error, GrantDuration, LunaDefend, SessionId, UntrustedToken, VerifiedToken,
    provider::{SecretError, SecretValue},
    secrets::{Environment, ProcessEnvironment, SecretFn},
};
use lunadefend_axum::Luna;
use lunadefend_crypto::{GeneratedKey, RsaBits};
use lunadefend_http::{HttpClient, Request};
use secrecy::ExposeSecret;
use server::Server;
use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    io::{BufRead, BufReader, Write},
    path::Path as FilePath,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinSet, time::Instant};

/// How a key is replaced.
#[derive(Clone, Copy)]
struct Rotation {
    /// `file`, or `timeless`: a provider of the application's own that does not know when a version was made.
    provider: &'static str,
    /// How often each of the replicas fetches.
    refresh: [&'static str; 2],
    /// For how long a new key is published only: short, so that the test takes seconds.
    new_key_delay: &'static str,
    /// How long after the start the key is replaced.
    after: Duration,
    /// Whether the old key is kept beside the new one.
    keeps_previous: bool,
    requests_per_second: u32,
}

/// What came of it.
#[derive(Debug)]
struct Outcome {
    answered: usize,
    took: Duration,
    /// From the rotation until both replicas signed with the new key.
    waited: Duration,
}

fn token(number: usize) -> String {
    format!("lunasec-00000000-0000-4000-8000-{number:012}")
}

fn session() -> SessionId {
    SessionId::new("the session of the load").unwrap()
}

async fn grant(State(luna): State<LunaDefend>, Path(number): Path<usize>) -> Result<(), String> {
    let token = VerifiedToken::assertion(&token(number)).unwrap();
    let hour: GrantDuration = "1h".parse().unwrap();
    let granted = luna.grants().grant(&session(), token, hour).await;
    granted.map(drop).map_err(|error: Error| error.to_string())
}

async fn verify(State(luna): State<LunaDefend>, Path(number): Path<usize>) -> Result<(), String> {
    let token = UntrustedToken::parse(&token(number)).unwrap();
    let verified = luna.grants().verify(&session(), token).await;
    verified.map(drop).map_err(|error: Error| error.to_string())
}

/// The key that signs now.
async fn kid(State(luna): State<LunaDefend>) -> String {
    let keys = luna.keys().published().await.unwrap();
    keys.into_iter().find(|key| key.signs).unwrap().kid
}

/// No test: one replica of the application, as the test below starts it.
#[tokio::test]
#[ignore = "the test of the rotation starts it as a process"]
async fn application() {
    if ProcessEnvironment.get("TOKENIZER_URL").is_none() {
        return;
    }
    let configuration = LunaDefend::configuration().secret_provider("timeless", |settings| {
        let path = settings.required("path", "the file")?;
        let origin = format!("file {path}");
        Ok(Arc::new(SecretFn::new(origin.clone(), move || {
            let outcome = std::fs::read(&path).map(|key| SecretValue::new(key).into());
            let outcome = outcome.map_err(|error| SecretError::Unavailable {
                origin: origin.clone().into(),
                source: Some(error.into()),
            });
            async move { outcome }
        })))
    });
    let luna = configuration.build().await.unwrap();
    let routes = Luna::new(luna.clone(), |_| async { Ok(None) }).routes();
    let app = Router::new()
        .route("/grant/{number}", post(grant))
        .route("/verify/{number}", post(verify))
        .route("/kid", get(kid))
        .with_state(luna)
        .merge(routes);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stdout = std::io::stdout();
    writeln!(stdout, "\nlistening on {}", listener.local_addr().unwrap()).unwrap();
    axum::serve(listener, app).await.unwrap();
}

/// A process of its own.
struct Replica {
    child: Child,
    url: String,
}

impl Replica {
    fn start(tokenizer: &str, key: &FilePath, rotation: &Rotation, refresh: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "application", "--nocapture"])
            .env_clear()
            .env("TOKENIZER_URL", tokenizer)
            .env("LUNADEFEND_SECRETS_PROVIDER", rotation.provider)
            .env("LUNADEFEND_SECRETS_PATH", key)
            .env("LUNADEFEND_SECRETS_REFRESH", refresh)
            .env("LUNADEFEND_SECRETS_NEW_KEY_DELAY", rotation.new_key_delay)
            .env("LUNADEFEND_DEADLINE", "30s")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            line.strip_prefix("listening on ").map(str::to_owned)
        });
        Self {
            child,
            url: format!("http://{}", address.unwrap()),
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status and the body.
async fn ask(http: &HttpClient, method: Method, url: String) -> (StatusCode, Bytes) {
    let answer = http.send(Request {
        method,
        url: url.into(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        max_response: 64 * 1024,
        deadline: Instant::now() + Duration::from_secs(30),
    });
    let answer = answer.await.unwrap();
    (answer.status, answer.body)
}

/// The address of the application as the tokenizer knows it: each request goes to the next replica.
#[derive(Clone)]
struct Balancer {
    http: HttpClient,
    replicas: Arc<[String]>,
    turn: Arc<AtomicUsize>,
}

impl Balancer {
    fn next(&self) -> &str {
        let turn = self.turn.fetch_add(1, Ordering::SeqCst);
        &self.replicas[turn % self.replicas.len()]
    }

    async fn jwks(State(this): State<Self>) -> ([(header::HeaderName, &'static str); 1], Bytes) {
        let url = format!("{}/.lunasec/jwks.json", this.next());
        let (_, body) = ask(&this.http, Method::GET, url).await;
        ([(header::CONTENT_TYPE, "application/json")], body)
    }

    /// The key that each replica signs with.
    async fn kids(&self) -> Vec<String> {
        let mut kids = Vec::new();
        for replica in &*self.replicas {
            let (_, kid) = ask(&self.http, Method::GET, format!("{replica}/kid")).await;
            kids.push(String::from_utf8(kid.to_vec()).unwrap());
        }
        kids
    }
}

fn write_key(path: &FilePath, key: &GeneratedKey) {
    use std::os::unix::fs::OpenOptionsExt;

    // As it should be done: written beside the old one, which it then replaces.
    let beside = path.with_extension("tmp");
    let mut options = std::fs::File::options();
    let file = options.write(true).create(true).truncate(true).mode(0o600);
    let pem = key.pem.expose_secret().as_bytes();
    file.open(&beside).unwrap().write_all(pem).unwrap();
    std::fs::rename(beside, path).unwrap();
}

fn thumbprint(key: &GeneratedKey) -> &str {
    key.key.public_key().thumbprint()
}

/// The path of the request with this number: half of them make grants, half ask for one that was made 100
/// grants before, or for the first, again and again.
fn path(request: usize) -> String {
    let number = request / 2;
    match request % 2 {
        0 => format!("/grant/{number}"),
        _ if number < 100 => "/kid".to_owned(),
        _ if number.is_multiple_of(4) => "/verify/0".to_owned(),
        _ => format!("/verify/{}", number - 100),
    }
}

/// Replaces the key under load. Every request must succeed, and no replica may sign with the old key again.
async fn rotate_under_load(old: &GeneratedKey, new: &GeneratedKey, rotation: Rotation) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let key_path = folder.path().join("signing-key");
    write_key(&key_path, old);

    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let jwks_url = format!("http://{}/.lunasec/jwks.json", front.local_addr().unwrap());
    let settings = [("SESSION_JWKS_URL", &*jwks_url), ("SESSION_PUBLIC_KEY", "")];
    let tokenizer = Server::start_with(folder.path(), &settings);
    let replicas = rotation
        .refresh
        .map(|refresh| Replica::start(&tokenizer.public_url(), &key_path, &rotation, refresh));
    let balancer = Balancer {
        http: HttpClient::builder().tls(false).build().unwrap(),
        replicas: replicas.iter().map(|replica| replica.url.clone()).collect(),
        turn: Arc::default(),
    };
    let app = Router::new()
        .route("/.lunasec/jwks.json", get(Balancer::jwks))
        .with_state(balancer.clone());
    tokio::spawn(async move { axum::serve(front, app).await });

    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rotation.requests_per_second);
    let mut running = JoinSet::new();
    let started = Instant::now();
    let mut rotated_at: Option<Instant> = None;
    let mut switched_at: Option<Instant> = None;
    let mut signing = [old, old].map(thumbprint).map(str::to_owned).to_vec();
    let mut sent = 0_usize;
    let mut answered = 0;
    while switched_at.is_none_or(|at| at.elapsed() < Duration::from_secs(3)) {
        ticks.tick().await;
        let path = path(sent);
        let method = if path == "/kid" {
            Method::GET
        } else {
            Method::POST
        };
        let (http, url) = (balancer.http.clone(), format!("{}{path}", balancer.next()));
        running.spawn(async move {
            let (status, body) = ask(&http, method, url).await;
            assert_eq!(status, StatusCode::OK, "{path}: {body:?}");
        });
        sent += 1;
        while let Some(done) = running.try_join_next() {
            done.unwrap();
            answered += 1;
        }
        if rotated_at.is_none() && started.elapsed() > rotation.after {
            assert_eq!(balancer.kids().await, signing);
            if rotation.keeps_previous {
                write_key(&key_path.with_extension("previous"), old);
            }
            write_key(&key_path, new);
            rotated_at = Some(Instant::now());
        }
        if sent.is_multiple_of(20) && rotated_at.is_some() {
            let kids = balancer.kids().await;
            for (before, now) in signing.iter().zip(&kids) {
                assert!(before == now || now == thumbprint(new), "it changed back");
            }
            signing = kids;
            if switched_at.is_none() && signing.iter().all(|kid| kid == thumbprint(new)) {
                switched_at = Some(Instant::now());
            }
            assert!(started.elapsed() < Duration::from_secs(120), "{signing:?}");
        }
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
        answered += 1;
    }
    assert_eq!(answered, sent);
    Outcome {
        answered,
        took: started.elapsed(),
        waited: switched_at.unwrap() - rotated_at.unwrap(),
    }
}

fn two_keys() -> [GeneratedKey; 2] {
    [(); 2].map(|()| GeneratedKey::generate(RsaBits::Rsa2048).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_no_request_fails_while_the_key_is_replaced() {
    let [old, new] = two_keys();
    let rotation = Rotation {
        provider: "file",
        refresh: ["1s"; 2],
        new_key_delay: "4s",
        after: Duration::from_secs(3),
        keeps_previous: true,
        requests_per_second: 100,
    };
    let Outcome {
        answered,
        took,
        waited,
    } = rotate_under_load(&old, &new, rotation).await;
    assert!(
        waited >= Duration::from_secs(3),
        "published first: {waited:?}"
    );
    println!(
        "{answered} requests in {:.1} s, none failed; both replicas signed with the new key after {:.1} s",
        took.as_secs_f64(),
        waited.as_secs_f64()
    );
}

/// Most of the keys that are replaced here are younger than the delay, and only the replicas remember them.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes ten minutes: `cargo test -p lunadefend-cli --test rotation -- --ignored --nocapture fifty`"]
async fn fifty_rotations_at_random_times_after_the_start() {
    let [old, new] = two_keys();
    for number in 0..50 {
        let random = RandomState::new().build_hasher().finish();
        let rotation = Rotation {
            provider: if number % 2 == 0 { "file" } else { "timeless" },
            refresh: ["1s", "3s"],
            new_key_delay: "6s",
            after: Duration::from_millis(random % 9_000),
            keeps_previous: false,
            requests_per_second: 50,
        };
        let outcome = rotate_under_load(&old, &new, rotation).await;
        println!(
            "rotation {number} of a {} {:.1} s after the start: {} requests, none failed; the new key signed after {:.1} s",
            rotation.provider,
            rotation.after.as_secs_f64(),
            outcome.answered,
            outcome.waited.as_secs_f64()
        );
    }
}
