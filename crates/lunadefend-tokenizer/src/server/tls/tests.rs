//! The times of a client inside TLS, by a clock that the test owns: nothing here leaves the process.

use crate::{
    config::Limits,
    server::{Listener, Peer, Places, run},
    tls::Tls,
};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use rcgen::generate_simple_self_signed;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use std::{convert::Infallible, future::pending, io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::{Mutex, mpsc},
    time::Instant,
};
use tokio_rustls::{TlsConnector, client};

/// Of a head, and of a handshake before it: the default.
const TIME: Duration = Duration::from_secs(10);

struct InMemory(Mutex<mpsc::Receiver<DuplexStream>>);

impl Listener for InMemory {
    type Stream = DuplexStream;

    async fn accept(&self) -> io::Result<(DuplexStream, Option<Peer>)> {
        match self.0.lock().await.recv().await {
            Some(stream) => Ok((stream, None)),
            None => pending().await,
        }
    }
}

/// A server, and who connects to it.
struct Server {
    connections: mpsc::Sender<DuplexStream>,
    connector: TlsConnector,
}

impl Server {
    fn start() -> Self {
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let tls = Tls::from_pem(pem.as_bytes(), key.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (connections, accepted) = mpsc::channel(1);
        tokio::spawn(async move {
            let service = tower::service_fn(|_| async {
                let body = Full::new(Bytes::from_static(b"served"));
                Ok::<_, Infallible>(Response::new(body))
            });
            let listener = InMemory(Mutex::new(accepted));
            let limits = Limits::default();
            let places = Places::new(1);
            run(listener, Some(tls), service, &places, &limits, pending()).await;
        });
        Self {
            connections,
            connector: TlsConnector::from(Arc::new(config)),
        }
    }

    async fn connect(&self) -> DuplexStream {
        let (client, server) = duplex(64 * 1024);
        self.connections.send(server).await.unwrap();
        client
    }

    async fn secure(&self) -> client::TlsStream<DuplexStream> {
        let name = ServerName::try_from("localhost").unwrap();
        let connected = self.connector.connect(name, self.connect().await);
        connected.await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_the_time_of_a_head_and_the_first_head_its_own() {
    let server = Server::start();
    // The first bytes of a ClientHello.
    let mut slow = server.connect().await;
    let before = Instant::now();
    slow.write_all(b"\x16\x03\x01\x02").await.unwrap();
    let mut came = Vec::new();
    slow.read_to_end(&mut came).await.unwrap();
    assert_eq!((before.elapsed(), came.len()), (TIME, 0));
    drop(slow);
    // It says nothing after the handshake.
    let mut silent = server.secure().await;
    let before = Instant::now();
    let _ = silent.read_to_end(&mut came).await;
    assert_eq!((before.elapsed(), came.len()), (TIME, 0));
}

/// After the first request too: TLS does not hide from the server that a client is slow.
#[tokio::test(start_paused = true)]
async fn a_head_inside_tls_has_its_time() {
    let server = Server::start();
    let mut stream = server.secure().await;
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"served") {
        answer.push(stream.read_u8().await.unwrap());
    }
    let before = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    assert_eq!(before.elapsed(), TIME);
}
