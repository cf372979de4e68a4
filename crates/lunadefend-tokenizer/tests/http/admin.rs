//! The admin socket: who reaches it, what is on it, and what is nowhere else.

use crate::{
    harness::{Harness, ORIGIN, SESSION},
    metrics::Scraper,
};
use http::{HeaderMap, HeaderValue, Method, header};
use lunadefend_http::{HttpClient, Request, Response};
use lunadefend_tokenizer::{
    AdminSocket, AdminSocketError, KeysStatus, Status, StoreStatus, serve_admin,
};
use serde_json::Value;
use std::{
    fs,
    os::unix::{fs::PermissionsExt, net::UnixListener},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::Instant,
};

/// The admin socket of a tokenizer, and its operator.
pub(crate) struct Admin {
    folder: tempfile::TempDir,
    server: JoinHandle<()>,
    client: HttpClient,
}

impl Admin {
    pub(crate) async fn of(harness: &Harness) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin");
        let socket = AdminSocket::bind(&path).await.unwrap();
        let tokenizer = harness.tokenizer.clone();
        let client = HttpClient::builder().tls(false).unix_socket(path);
        Self {
            folder,
            server: tokio::spawn(serve_admin(socket, tokenizer, std::future::pending())),
            client: client.build().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("admin")
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path).await
    }

    async fn send(&self, method: Method, path: &str) -> Response {
        self.send_body(method, path, String::new()).await
    }

    /// Posts JSON; the status, and `data` or the message.
    pub(crate) async fn post(&self, path: &str, body: impl Into<String>) -> (u16, Value) {
        let answer = self.send_body(Method::POST, path, body.into()).await;
        let mut json: Value = serde_json::from_slice(&answer.body).unwrap();
        let told = if answer.status == 200 {
            "data"
        } else {
            "error"
        };
        (answer.status.as_u16(), json[told].take())
    }

    async fn send_body(&self, method: Method, path: &str, body: String) -> Response {
        let json = HeaderValue::from_static("application/json");
        let request = Request {
            method,
            url: format!("http://localhost{path}").into(),
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]),
            body: body.into(),
            max_response: 1 << 20,
            deadline: Instant::now() + Duration::from_secs(10),
        };
        self.client.send(request).await.unwrap()
    }

    pub(crate) async fn status(&self) -> Status {
        let answer = self.send(Method::GET, "/status").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["cache-control"], "no-store");
        let json: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(json["success"], true);
        serde_json::from_value(json["data"].clone()).unwrap()
    }
}

#[tokio::test]
async fn the_operator_sees_how_the_tokenizer_is() {
    let harness = Harness::start().await;
    let admin = Admin::of(&harness).await;
    let status = admin.status().await;
    assert_eq!(status.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(status.uptime_seconds, 0);
    assert_eq!(status.store, StoreStatus::Ok);
    assert_eq!(status.keys, KeysStatus::Configured);
    assert_eq!(status.uploads, 0);
    let connections = status.connections.unwrap();
    assert_eq!(
        connections.used, 0,
        "that of the operator is none of clients"
    );
    assert!((1..=1024).contains(&connections.maximum));

    harness.clock.advance(Duration::from_secs(90));
    // One connection stays open, with an upload that has not ended.
    let user = harness.user(SESSION);
    let reply = harness.post_as(&user, "/tokenize", "{}").await;
    let url = reply.json()["data"]["uploadUrl"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = url.strip_prefix(ORIGIN).unwrap();
    let before = admin.status().await.connections.unwrap().used;
    let mut stream = TcpStream::connect(harness.address).await.unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // It is asked for its body: the upload is running.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    let status = admin.status().await;
    assert_eq!(status.uptime_seconds, 90);
    assert_eq!(status.uploads, 1);
    assert_eq!(status.connections.unwrap().used, before + 1);
}

#[tokio::test]
async fn what_is_for_the_operator_is_on_the_socket_alone_and_alone_there() {
    let harness = Harness::start().await;
    let admin = Admin::of(&harness).await;
    for base in ["", "/admin", "//"] {
        let reply = harness.get(&format!("{base}/status"), &[]).await;
        assert_eq!(reply.status, 404, "{base}");
    }
    let application = harness.application();
    let reply = harness
        .get("/status", &[("authorization", &application)])
        .await;
    assert_eq!(reply.status, 404);
    for (method, path) in [
        (Method::POST, "/grant/set"),
        (Method::POST, "/grant/verify"),
        (Method::POST, "/v2/sessions/revoke"),
        (Method::POST, "/v2/grants/set"),
        (Method::POST, "/v2/grants/verify"),
        (Method::POST, "/metadata/set"),
        (Method::POST, "/v2/tokenize"),
        (Method::POST, "/v2/detokenize"),
        (Method::POST, "/v2/tokens/describe"),
        (Method::POST, "/v2/grants/revoke"),
        (Method::POST, "/v2/tokens/delete"),
        (Method::POST, "/tokenize"),
        (Method::POST, "/detokenize"),
        (Method::POST, "/metadata/get"),
        (Method::GET, "/session/ensure"),
        (Method::GET, "/session/create"),
        (Method::GET, "/session/verify"),
        (Method::POST, "/session/end"),
        (Method::GET, "/blob/x"),
        (Method::PUT, "/blob/x"),
        (Method::GET, "/health"),
        (Method::GET, "/.well-known/lunadefend-tokenizer"),
    ] {
        let answer = admin.send(method, path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let answer = admin.send(Method::POST, "/status").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.headers["allow"], "GET");
}

#[tokio::test]
async fn only_its_own_user_may_connect_and_the_file_goes_with_the_server() {
    let harness = Harness::start().await;
    let admin = Admin::of(&harness).await;
    let mode = fs::metadata(admin.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    admin.server.abort();
    while !admin.server.is_finished() {
        tokio::task::yield_now().await;
    }
    assert!(!admin.path().exists());
}

#[tokio::test]
async fn a_dead_socket_is_replaced_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin");
    // Its process ends, and its file stays.
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let alive = AdminSocket::bind(&path).await.unwrap();

    let in_use = AdminSocket::bind(&path).await.unwrap_err();
    assert!(matches!(in_use, AdminSocketError::InUse { .. }));
    assert!(in_use.to_string().contains("LUNADEFEND_ADMIN_SOCKET"));

    // A successor that somebody put there is not taken away.
    fs::remove_file(&path).unwrap();
    let successor = UnixListener::bind(&path).unwrap();
    drop(alive);
    assert!(path.exists());
    drop(successor);

    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    let refused = AdminSocket::bind(&file).await.unwrap_err();
    assert!(matches!(refused, AdminSocketError::NotASocket { .. }));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");

    let nowhere = AdminSocket::bind(Path::new("/no/such/folder/admin")).await;
    assert!(matches!(nowhere, Err(AdminSocketError::Io { .. })));
}

#[tokio::test]
async fn the_operator_changes_the_wrapping_key() {
    let harness = Harness::start().await;
    let admin = Admin::of(&harness).await;
    let user = harness.user(SESSION);
    let made = harness.post_as(&user, "/tokenize", "{}").await;
    assert_eq!(made.status, 200);
    let retire = || admin.post("/keys/retire", r#"{"version":1}"#);
    let (status, why) = retire().await;
    assert_eq!(status, 409, "{why}");

    assert_eq!(admin.post("/keys/add", "{}").await.1["version"], 2);
    let scraper = Scraper::of(&harness).await;
    assert_eq!(scraper.value("lunadefend_key_versions").await, 2.0);
    let (status, why) = admin.post("/keys/add", "{}").await;
    assert!(
        status == 409 && why["message"].as_str().unwrap().contains("three minutes"),
        "{why}"
    );
    harness.clock.advance(Duration::from_secs(180));
    harness.purge().await;
    let listed = admin.send(Method::GET, "/keys").await;
    let listed: Value = serde_json::from_slice(&listed.body).unwrap();
    let current: Vec<_> = listed["data"]["keys"].as_array().unwrap().iter().collect();
    assert_eq!(current.len(), 2);
    assert_eq!(
        (&current[0]["isCurrent"], &current[1]["isCurrent"]),
        (&Value::Bool(false), &Value::Bool(true))
    );

    // Nothing is retired while rows need it.
    harness.clock.advance(Duration::from_secs(20 * 60));
    let (status, why) = retire().await;
    assert!(
        status == 409 && why["message"].as_str().unwrap().contains("rewrap"),
        "{why}"
    );
    let mut step = "{}".to_owned();
    let mut sealed = 0;
    loop {
        let (status, done) = admin.post("/keys/rewrap", &*step).await;
        assert_eq!(status, 200, "{done}");
        sealed += done["sealed"].as_u64().unwrap();
        match done["next"].as_str() {
            Some(next) => step = serde_json::json!({ "from": next }).to_string(),
            None => break,
        }
    }
    assert!(sealed > 0);
    // What has expired is never sealed again, and must go first.
    harness.purge().await;
    assert_eq!(retire().await.0, 200);
    let listed = admin.send(Method::GET, "/keys").await;
    let listed: Value = serde_json::from_slice(&listed.body).unwrap();
    assert_eq!(listed["data"]["keys"].as_array().unwrap().len(), 1);

    for wrong in ["x", "1.", "5.zz"] {
        let body = serde_json::json!({ "from": wrong }).to_string();
        assert_eq!(admin.post("/keys/rewrap", body).await.0, 400);
    }
    let (status, why) = admin.post("/keys/master", "{}").await;
    let advice = why["message"].as_str().unwrap().to_owned();
    assert!(
        status == 409 && advice.contains("LUNADEFEND_NEXT_MASTER_KEY"),
        "{advice}"
    );
}
