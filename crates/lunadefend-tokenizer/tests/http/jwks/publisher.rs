//! The application's side of a key set, and a cache in front of it.

use crate::{
    harness::{Harness, ORIGIN, base, builder, client},
    remembered::remembering,
};
use lunadefend_crypto::{PublicKey, SigningKey};
use lunadefend_jwt::jwks_document;
use lunadefend_tokenizer::{JwksSource, VerificationKeys};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// Answers every connection with the same bytes, and remembers who asked.
#[derive(Clone)]
pub(super) struct Publisher {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
    release: Arc<Notify>,
}

#[derive(Default)]
struct State {
    answer: Vec<u8>,
    /// What a cache in front answers with, unless it is told to ask.
    cached: Option<Vec<u8>>,
    /// While held back, answers wait for [`Publisher::release`]. It is decided when somebody connects,
    /// as is what the answer will be.
    held: bool,
    connections: usize,
    /// The head of each request.
    heads: Vec<String>,
}

impl Publisher {
    pub(super) async fn start(answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let publisher = Self {
            url: format!("http://{address}/.lunasec/jwks.json"),
            state: Arc::new(Mutex::new(State {
                answer,
                ..State::default()
            })),
            release: Arc::default(),
        };
        let serving = publisher.clone();
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(serving.clone().serve(connection, serving.connected()));
            }
        });
        publisher
    }

    pub(super) async fn of(keys: &[&SigningKey]) -> Self {
        Self::start(document(keys, "")).await
    }

    fn connected(&self) -> (Vec<u8>, Option<Vec<u8>>, bool) {
        let mut state = self.state.lock().unwrap();
        state.connections += 1;
        (state.answer.clone(), state.cached.clone(), state.held)
    }

    async fn serve(
        self,
        mut connection: TcpStream,
        (answer, cached, held): (Vec<u8>, Option<Vec<u8>>, bool),
    ) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match connection.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let asks = head.contains("\r\ncache-control: no-cache\r\n");
        self.state.lock().unwrap().heads.push(head);
        if held {
            self.release.notified().await;
        }
        let answer = cached.filter(|_| !asks).unwrap_or(answer);
        let _ = connection.write_all(&answer).await;
    }

    pub(super) fn publish(&self, answer: Vec<u8>) {
        self.state.lock().unwrap().answer = answer;
    }

    /// Puts a cache in front that goes on with what it has.
    pub(super) fn cache(&self, answer: Vec<u8>) {
        self.state.lock().unwrap().cached = Some(answer);
    }

    pub(super) fn hold(&self, held: bool) {
        self.state.lock().unwrap().held = held;
    }

    /// Lets one answer go that is held back.
    pub(super) fn release(&self) {
        self.release.notify_one();
    }

    pub(super) fn requests(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Waits until so many have asked.
    pub(super) async fn asked(&self, times: usize) {
        while self.requests() < times {
            tokio::task::yield_now().await;
        }
    }

    /// Whether each request so far had caches ask the application.
    pub(super) fn revalidations(&self) -> Vec<bool> {
        let state = self.state.lock().unwrap();
        let of = |head: &String| head.contains("\r\ncache-control: no-cache\r\n");
        state.heads.iter().map(of).collect()
    }

    pub(super) fn source(&self) -> JwksSource {
        JwksSource::new(base(&self.url), client()).unwrap()
    }

    pub(super) async fn tokenizer(&self) -> Harness {
        tokenizer(self.source()).await
    }

    /// A tokenizer that remembers so many JWTs to be signed.
    pub(super) async fn tokenizer_that_remembers(&self, jwts: usize) -> Harness {
        let limits = remembering(jwts);
        Harness::with(builder(ORIGIN, VerificationKeys::Jwks(self.source())).limits(limits)).await
    }
}

pub(super) async fn tokenizer(source: JwksSource) -> Harness {
    Harness::with(builder(ORIGIN, VerificationKeys::Jwks(source))).await
}

pub(super) fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(super) fn json(body: &[u8]) -> Vec<u8> {
    http("200 OK", "Content-Type: application/json\r\n", body)
}

pub(super) fn document(keys: &[&SigningKey], headers: &str) -> Vec<u8> {
    let keys: Vec<PublicKey> = keys.iter().map(|key| key.public_key().clone()).collect();
    let headers = format!("Content-Type: application/json\r\n{headers}");
    http("200 OK", &headers, &jwks_document(&keys).body)
}
