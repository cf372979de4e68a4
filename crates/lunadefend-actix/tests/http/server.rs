//! A real server on a port of its own, and a client that says exactly what it is told.

use crate::fakes::{FakeGrants, token};
use actix_web::{
    App, HttpServer, Resource,
    dev::ServerHandle,
    web::{self, Data, PayloadConfig},
};
use lunadefend_actix::{Error, Granted, Granter, Luna, Session, Verified};
use lunadefend_core::{SessionId, VerifiedToken};
use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::yield_now,
};

/// How long a body `/store` reads.
pub(crate) const LIMIT: usize = 64 * 1024;

/// An application with every extractor, and both routes in three places.
pub(crate) struct Server {
    pub(crate) grants: FakeGrants,
    /// How often a handler ran.
    pub(crate) ran: Arc<AtomicUsize>,
    /// How often the session id provider was asked.
    pub(crate) asked: Arc<AtomicUsize>,
    address: SocketAddr,
    handle: ServerHandle,
}

impl Server {
    pub(crate) fn start() -> Self {
        let grants = FakeGrants::default();
        let ran = Arc::new(AtomicUsize::new(0));
        let asked = Arc::new(AtomicUsize::new(0));
        let luna = luna(&grants, &asked);
        let counter = Data::new(Arc::clone(&ran));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(counter.clone())
                .route("/send", web::get().to(send))
                .route("/whoami", web::get().to(whoami))
                .route("/lookup", web::get().to(lookup))
                .service(limited("/store", PayloadConfig::new(LIMIT)))
                .service(limited(
                    "/shared-limit",
                    Data::new(PayloadConfig::new(LIMIT)),
                ))
                .service(limited(
                    "/css",
                    PayloadConfig::new(LIMIT).mimetype("text/css".parse().unwrap()),
                ))
                .service(limited("/default-limit", ()))
                .configure(luna.routes())
                .configure(luna.routes_at("api/"))
                .service(web::scope("/nested").configure(luna.routes()))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            grants,
            ran,
            asked,
            address,
            handle,
        }
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, "").await
    }

    pub(crate) async fn store(&self, session: &str, body: &str) -> Answer {
        let headers = [("x-session", session), ("content-type", "application/json")];
        self.send("POST", "/store", &headers, body).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("content-length: {}\r\n\r\n{body}", body.len());
        self.raw(request.as_bytes()).await
    }

    /// Sends bytes as they are and reads until the server closes.
    pub(crate) async fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        Answer::parse(&answer)
    }

    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

/// An answer as it was on the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let text = str::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Self {
            status: status.parse().unwrap(),
            headers: headers.collect(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

async fn store(
    ran: Data<Arc<AtomicUsize>>,
    Session(_): Session,
    _: Granter,
    Verified(tokens): Verified<Vec<VerifiedToken>>,
) -> String {
    ran.fetch_add(1, Ordering::SeqCst);
    tokens.len().to_string()
}

fn limited(path: &str, config: impl Any) -> Resource {
    web::resource(path).app_data(config).to(store)
}

async fn lookup(Verified(query): Verified<HashMap<String, VerifiedToken>>) -> String {
    query.into_keys().collect()
}

async fn send(grants: Granter) -> Result<Granted<Vec<VerifiedToken>>, Error> {
    grants
        .grant(vec![VerifiedToken::assertion(&token(7))?])
        .await
}

async fn whoami(Session(session): Session<Option<SessionId>>) -> &'static str {
    if session.is_some() {
        "somebody"
    } else {
        "nobody"
    }
}

/// Takes the session from a header; some sessions make it misbehave.
pub(crate) fn luna(grants: &FakeGrants, asked: &Arc<AtomicUsize>) -> Luna {
    let asked = Arc::clone(asked);
    Luna::new(grants.backend(), move |request| {
        asked.fetch_add(1, Ordering::SeqCst);
        let id = request.headers().get("x-session");
        let id = id.map(|id| id.to_str().unwrap_or_default().to_owned());
        assert_ne!(id.as_deref(), Some("throw"), "canary");
        async move {
            // So that whoever asks at the same time finds it under way.
            yield_now().await;
            match id.as_deref() {
                Some("panic") => panic!("canary"),
                Some("fail") => Err(Error::session_provider("the store is down")),
                Some("nonsense") => SessionId::new("").map(Some),
                id => id.map(SessionId::new).transpose(),
            }
        }
    })
}
