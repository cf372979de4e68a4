//! HTTP/2 (RFC 9113) by hand, over TLS: a library's server says GOAWAY only when it has finished.

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::{
    collections::HashSet,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The certificates of the HTTP client's own tests.
pub(crate) const ROOT: &[u8] =
    include_bytes!("../../../crates/lunadefend-http/src/client/testdata/root.der");
const LEAF: &[u8] =
    include_bytes!("../../../crates/lunadefend-http/src/client/testdata/localhost.der");
const LEAF_KEY: &[u8] =
    include_bytes!("../../../crates/lunadefend-http/src/client/testdata/localhost.key.der");

const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: u32 = 7;
const INTERNAL_ERROR: u32 = 2;

/// What a connection does not do for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Takes twenty requests. When one more is there it says GOAWAY, and goes on with the twenty.
    GoAway,
    /// Refuses each fifth stream.
    RefusedStream,
    /// Resets every stream when its request is complete.
    AfterTaking,
}

pub(crate) struct Server {
    pub(crate) url: String,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    taken: AtomicUsize,
    refused: AtomicUsize,
}

impl Server {
    /// Answers every request that it takes with the same data.
    pub(crate) async fn start(refusal: Refusal, data: &str) -> Self {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(LEAF_KEY));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(LEAF)], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let tls = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let counts = Arc::new(Counts::default());
        let answer = format!(r#"{{"success":true,"error":{{}},"data":{data}}}"#);
        let shared = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, counts, answer) = (tls.clone(), Arc::clone(&shared), answer.clone());
                tokio::spawn(async move {
                    // A client that has gone is no failure of the server.
                    if let Ok(stream) = tls.accept(stream).await {
                        let connection = Connection {
                            stream,
                            counts,
                            refusal,
                            answer,
                            seen: 0,
                            last: 0,
                            open: HashSet::new(),
                        };
                        let _ = connection.serve().await;
                    }
                });
            }
        });
        Self { url, counts }
    }

    /// How many requests were processed.
    pub(crate) fn taken(&self) -> usize {
        self.counts.taken.load(Ordering::SeqCst)
    }

    /// How many were refused.
    pub(crate) fn refused(&self) -> usize {
        self.counts.refused.load(Ordering::SeqCst)
    }
}

struct Connection {
    stream: TlsStream<TcpStream>,
    counts: Arc<Counts>,
    refusal: Refusal,
    answer: String,
    /// How many requests there were.
    seen: usize,
    /// The last stream that was taken.
    last: u32,
    /// The streams that were taken and not answered.
    open: HashSet<u32>,
}

impl Connection {
    async fn serve(mut self) -> io::Result<()> {
        self.stream.read_exact(&mut [0; PREFACE]).await?;
        self.send(SETTINGS, 0, 0, &[]).await?;
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await?;
            let [a, b, c, kind, flags, id @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.stream.read_exact(&mut payload).await?;
            let id = u32::from_be_bytes(id);
            match kind {
                SETTINGS | PING if flags & ACK == 0 => {
                    let back: &[u8] = if kind == PING { &payload } else { &[] };
                    self.send(kind, ACK, 0, back).await?;
                }
                HEADERS => self.begin(id).await?,
                DATA => {
                    let length = u32::try_from(payload.len()).unwrap();
                    if length > 0 {
                        self.send(WINDOW_UPDATE, 0, 0, &length.to_be_bytes())
                            .await?;
                    }
                    if flags & END_STREAM != 0 && self.open.remove(&id) {
                        self.finish(id).await?;
                    }
                }
                _ => {}
            }
            self.stream.flush().await?;
        }
    }

    async fn begin(&mut self, id: u32) -> io::Result<()> {
        self.seen += 1;
        match self.refusal {
            Refusal::GoAway if self.seen > 20 => {
                self.counts.refused.fetch_add(1, Ordering::SeqCst);
                if self.seen == 21 {
                    let no_error = [self.last.to_be_bytes(), 0_u32.to_be_bytes()].concat();
                    self.send(GOAWAY, 0, 0, &no_error).await?;
                }
            }
            Refusal::RefusedStream if self.seen.is_multiple_of(5) => {
                self.counts.refused.fetch_add(1, Ordering::SeqCst);
                self.reset(id, REFUSED_STREAM).await?;
            }
            _ => {
                self.last = id;
                self.open.insert(id);
            }
        }
        Ok(())
    }

    async fn finish(&mut self, id: u32) -> io::Result<()> {
        self.counts.taken.fetch_add(1, Ordering::SeqCst);
        if self.refusal == Refusal::AfterTaking {
            return self.reset(id, INTERNAL_ERROR).await;
        }
        // HPACK (RFC 7541): `:status: 200`, then `content-type` by its number and a value as it is.
        let media_type = b"application/json";
        let fields = [&[0x88, 0x0f, 0x10, media_type.len() as u8], &media_type[..]].concat();
        self.send(HEADERS, END_HEADERS, id, &fields).await?;
        let answer = std::mem::take(&mut self.answer);
        self.send(DATA, END_STREAM, id, answer.as_bytes()).await?;
        self.answer = answer;
        Ok(())
    }

    async fn reset(&mut self, id: u32, code: u32) -> io::Result<()> {
        self.send(RST_STREAM, 0, id, &code.to_be_bytes()).await
    }

    async fn send(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &id.to_be_bytes()[..]].concat();
        self.stream.write_all(&[&head, payload].concat()).await
    }
}
