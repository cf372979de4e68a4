//! A tokenizer on a free port, a clock that the test owns, and a client that shows all of a response.

use crate::jwt::{self, APPLICATION_KEY};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use lunadefend_audit::Audit;
use lunadefend_core::provider::Clock;
use lunadefend_http::{BaseUrl, Cleartext, HttpClient, Request};
use lunadefend_testing::{TestClock, http::exchange_parts, tokenizer::TestTimer};
use lunadefend_tokenizer::{
    AuthProviders, Origin, Tokenizer, TokenizerConfig, TokenizerConfigBuilder, VerificationKeys,
    serve,
};
use lunadefend_vault::{Janitor, MasterKey, Vault, store::Store};
use lunadefend_vault_redb::EmbeddedStore;
use serde_json::Value;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::Instant,
};

/// Where browsers believe the tokenizer to be. The server itself is on loopback and must not care.
pub(crate) const ORIGIN: &str = "https://tokenizer.example.com";
pub(crate) const APP_ORIGIN: &str = "https://app.example.com";
/// The header of a frame for a page of whichever session.
pub(crate) const ANY_PAGE: (&str, &str) = ("lunadefend-page-session", "none");
/// The cookie of the default provider.
pub(crate) const SESSION_COOKIE: &str = "__Host-access_token-shop";
pub(crate) const SESSION: &str = "5d3c1f0e-8a52-4a30-9f7e-0d5b6c2f1a11";
pub(crate) const OTHER_SESSION: &str = "b1e0a7c4-2f2f-4c59-8a0c-9d2d1b7e4f22";
pub(crate) const TOKEN: &str = "lunasec-11111111-1111-4111-8111-111111111111";

pub(crate) struct Harness {
    pub(crate) clock: TestClock,
    pub(crate) address: SocketAddr,
    vault: Vault,
    pub(crate) tokenizer: Tokenizer,
    client: HttpClient,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<io::Result<()>>,
}

pub(crate) fn base(url: &str) -> BaseUrl {
    BaseUrl::parse(url, "TEST_URL", Cleartext::Allowed).unwrap()
}

pub(crate) fn builder(public_url: &str, keys: VerificationKeys) -> TokenizerConfigBuilder {
    let providers = AuthProviders::parse(
        r#"{"shop":{"url":"https://app.example.com","default":true},
            "desk":{"url":"https://desk.example.com/cb?tenant=1"}}"#,
        "AUTH_PROVIDERS",
        Cleartext::LoopbackOnly,
    )
    .unwrap();
    TokenizerConfig::builder(base(public_url), keys, providers)
        .application_origin(Origin::parse(APP_ORIGIN, "APPLICATION_FRONT_END").unwrap())
}

pub(crate) fn client() -> HttpClient {
    HttpClient::builder().tls(false).build().unwrap()
}

impl Harness {
    pub(crate) async fn start() -> Self {
        Self::configured(|builder| builder).await
    }

    pub(crate) async fn configured(
        change: impl FnOnce(TokenizerConfigBuilder) -> TokenizerConfigBuilder,
    ) -> Self {
        let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
        Self::with(change(builder(ORIGIN, keys))).await
    }

    pub(crate) async fn with(builder: TokenizerConfigBuilder) -> Self {
        let store = Arc::new(EmbeddedStore::in_memory().unwrap());
        Self::with_store(builder, store).await
    }

    pub(crate) async fn with_store(builder: TokenizerConfigBuilder, store: Arc<dyn Store>) -> Self {
        let clock = TestClock::new();
        let (master, _) = MasterKey::generate().unwrap();
        let vault = Vault::open(store, &master, Arc::new(clock.clone()))
            .await
            .unwrap();
        Self::on(builder.build().unwrap(), vault, clock).await
    }

    /// A tokenizer with an audit log.
    pub(crate) async fn audited(audit: Audit) -> Self {
        let clock = TestClock::new();
        let (master, _) = MasterKey::generate().unwrap();
        let store = Arc::new(EmbeddedStore::in_memory().unwrap());
        let vault = Vault::open(store, &master, Arc::new(clock.clone()));
        let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
        let config = builder(ORIGIN, keys).build().unwrap().with_audit(audit);
        Self::on(config, vault.await.unwrap(), clock).await
    }

    /// One tokenizer with its settings before and after a change.
    pub(crate) async fn changed(
        before: TokenizerConfigBuilder,
        after: TokenizerConfigBuilder,
    ) -> (Self, Self) {
        let clock = TestClock::new();
        let (master, _) = MasterKey::generate().unwrap();
        let store = Arc::new(EmbeddedStore::in_memory().unwrap());
        let vault = Vault::open(store, &master, Arc::new(clock.clone()))
            .await
            .unwrap();
        (
            Self::on(before.build().unwrap(), vault.clone(), clock.clone()).await,
            Self::on(after.build().unwrap(), vault, clock).await,
        )
    }

    pub(crate) async fn on(config: TokenizerConfig, vault: Vault, clock: TestClock) -> Self {
        let timer = Arc::new(TestTimer(clock.clone()));
        let tokenizer = Tokenizer::with_timer(config, vault.clone(), timer);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(listener, tokenizer.clone(), async {
            let _ = stopped.await;
        }));
        Self {
            clock,
            address,
            vault,
            tokenizer,
            client: client(),
            stop: Some(stop),
            server,
        }
    }

    /// Deletes what has expired, as if the clock had gone on by itself.
    pub(crate) async fn purge(&self) {
        let timer = Arc::new(TestTimer(self.clock.clone()));
        let janitor = Janitor::new(self.vault.clone(), timer);
        janitor.round().await.unwrap();
        janitor.round().await.unwrap();
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.unix_millis().get() / 1000
    }

    pub(crate) fn application(&self) -> String {
        jwt::application(self.now())
    }

    pub(crate) fn user(&self, session: &str) -> String {
        jwt::user(self.now(), session)
    }

    /// Tells the server to stop; gives back what waits for it.
    pub(crate) fn stop(mut self) -> JoinHandle<io::Result<()>> {
        self.stop.take().unwrap().send(()).unwrap();
        self.server
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<HeaderName>().unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect::<HeaderMap>();
        let answer = self
            .client
            .send(Request {
                method,
                url: format!("http://{}{path}", self.address).into(),
                headers,
                body: body.into(),
                max_response: 64 * 1024 * 1024,
                deadline: Instant::now() + Duration::from_secs(30),
            })
            .await
            .unwrap();
        Reply {
            status: answer.status.as_u16(),
            headers: answer.headers,
            body: answer.body,
        }
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(Method::GET, path, headers, "").await
    }

    /// A JSON POST.
    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/json"));
        self.send(Method::POST, path, &headers, body.to_owned())
            .await
    }

    pub(crate) async fn post_as(&self, jwt: &str, path: &str, body: &str) -> Reply {
        self.post(path, &[("authorization", jwt)], body).await
    }

    pub(crate) async fn grant(&self, session: &str, token: &str, duration: Option<&str>) -> Reply {
        let duration =
            duration.map_or_else(String::new, |text| format!(r#","customDuration":{text}"#));
        let body = format!(r#"{{"sessionId":"{session}","tokenId":"{token}"{duration}}}"#);
        self.post_as(&self.application(), "/grant/set", &body).await
    }

    pub(crate) async fn is_granted(&self, session: &str, token: &str) -> bool {
        let body = format!(r#"{{"sessionId":"{session}","tokenId":"{token}"}}"#);
        let reply = self
            .post_as(&self.application(), "/grant/verify", &body)
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["data"]["valid"].as_bool().unwrap()
    }

    /// Goes through a session transfer as a browser does; returns the session cookie.
    pub(crate) async fn log_in(&self, session: &str, jti: &str) -> String {
        let transfer = self.ensure().await;
        let jwt = jwt::transfer(self.now(), session, &transfer.state, jti);
        let reply = self.create(&transfer.state, &jwt, &transfer.cookie).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.cookie(&format!("{SESSION_COOKIE}="))
    }

    pub(crate) async fn ensure(&self) -> Transfer {
        self.ensure_at("/session/ensure").await
    }

    pub(crate) async fn ensure_at(&self, path: &str) -> Transfer {
        Transfer::of(&self.get(path, &[]).await)
    }

    /// Ends a session as the application does.
    pub(crate) async fn revoke(&self, session: &str) -> Reply {
        let body = format!(r#"{{"sessionId":"{session}"}}"#);
        let jwt = self.application();
        self.post_as(&jwt, "/v2/sessions/revoke", &body).await
    }

    pub(crate) async fn create(&self, state: &str, jwt: &str, cookie: &str) -> Reply {
        let path = format!("/session/create?state={state}&openid_token={jwt}");
        self.get(&path, &[("cookie", cookie)]).await
    }

    /// Tokenizes and uploads a value for a session; returns the token.
    pub(crate) async fn store_value(&self, session: &str, value: impl Into<Bytes>) -> String {
        let (token, upload) = self.tokenize(session).await;
        let reply = self.send(Method::PUT, &upload, &[], value).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        token
    }

    /// A new token and the path of its upload URL.
    pub(crate) async fn tokenize(&self, session: &str) -> (String, String) {
        let reply = self
            .post_as(
                &self.user(session),
                "/tokenize",
                r#"{"metadata":{"dataType":"string"}}"#,
            )
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let data = &reply.json()["data"];
        (
            data["tokenId"].as_str().unwrap().to_owned(),
            path_of(data["uploadUrl"].as_str().unwrap()),
        )
    }

    /// The path of a download URL.
    pub(crate) async fn detokenize(&self, session: &str, token: &str) -> String {
        let reply = self
            .post_as(
                &self.user(session),
                "/detokenize",
                &format!(r#"{{"tokenId":"{token}"}}"#),
            )
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        path_of(reply.json()["data"]["downloadUrl"].as_str().unwrap())
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes as they are on their own connection, then reads to its end.
    pub(crate) async fn raw(&self, request: &[u8]) -> String {
        let response = exchange_parts(self.address, &[request]).await;
        String::from_utf8_lossy(&response).into_owned()
    }
}

pub(crate) async fn read_to_end(connection: &mut TcpStream) -> String {
    let response = lunadefend_testing::http::read_to_end(connection).await;
    String::from_utf8_lossy(&response).into_owned()
}

pub(crate) fn path_of(url: &str) -> String {
    let path = url.strip_prefix(ORIGIN);
    path.unwrap_or_else(|| panic!("not at the public URL"))
        .to_owned()
}

pub(crate) struct Transfer {
    pub(crate) state: String,
    pub(crate) cookie: String,
}

impl Transfer {
    /// As a browser is led on by a response of `/session/ensure`.
    pub(crate) fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 302, "{}", reply.text());
        let (_, state) = reply.header("location").split_once("state=").unwrap();
        Self {
            state: state.to_owned(),
            cookie: reply.cookie("__Host-state-"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The message of a failure, in all the places where it must be.
    pub(crate) fn message(&self) -> String {
        self.message_of("TokenizerError")
    }

    /// The same of a failure with a name of its own.
    pub(crate) fn message_of(&self, name: &str) -> String {
        assert_eq!(self.header("content-type"), "application/json");
        let json = self.json();
        assert_eq!(json["success"], false);
        let error = &json["error"];
        assert_eq!(error["errorName"], name);
        assert_eq!(error["name"], name);
        assert_eq!(error["errorMessage"], error["message"]);
        error["errorMessage"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn set_cookies(&self) -> Vec<String> {
        self.headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }

    /// `name=value` of the cookie that is set whose name begins so.
    pub(crate) fn cookie(&self, prefix: &str) -> String {
        let cookies = self.set_cookies();
        let cookie = cookies
            .iter()
            .find(|cookie| cookie.starts_with(prefix))
            .unwrap_or_else(|| panic!("no such cookie is set"));
        cookie.split(';').next().unwrap().to_owned()
    }

    pub(crate) fn has_no_cors(&self) -> bool {
        self.headers
            .keys()
            .all(|name| !name.as_str().starts_with("access-control-"))
    }
}
