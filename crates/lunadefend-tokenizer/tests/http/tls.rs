//! TLS of the server's own, spoken with by a client that shows what becomes of a connection.

use crate::{
    harness::{Harness, builder},
    jwt::APPLICATION_KEY,
};
use lunadefend_testing::http::PATIENCE;
use lunadefend_tokenizer::{Limits, Tls, VerificationKeys, serve_tls};
use rcgen::generate_simple_self_signed;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion,
    client::Resumption,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};
use std::{
    fs,
    io::{self, Read, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

const LIVE: &[u8] = b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n";
pub(crate) const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// A certificate with its key, and the files of one that a server has.
pub(crate) struct Made {
    pub(crate) certificate: CertificateDer<'static>,
    pem: String,
    key: String,
}

pub(crate) fn made() -> Made {
    let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Made {
        certificate: made.cert.der().clone(),
        pem: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
    }
}

pub(crate) struct Server {
    pub(crate) harness: Harness,
    pub(crate) address: SocketAddr,
    tls: Tls,
    folder: TempDir,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) served: JoinHandle<io::Result<()>>,
}

impl Server {
    pub(crate) async fn start(made: &Made) -> Self {
        Self::limited(made, |_| ()).await
    }

    pub(crate) async fn limited(made: &Made, change: fn(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
        let builder = builder(crate::harness::ORIGIN, keys).limits(limits);
        let harness = Harness::with(builder).await;
        let tokenizer = harness.tokenizer.clone();
        let folder = tempfile::tempdir().unwrap();
        write(&folder, &made.pem, &made.key);
        let paths = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
        let tls = Tls::from_files(&paths[0], &paths[1]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve_tls(listener, tls.clone(), tokenizer, async {
            let _ = stopped.await;
        }));
        Self {
            harness,
            address,
            tls,
            folder,
            stop,
            served,
        }
    }

    pub(crate) fn exchange(&self, made: &Made) {
        write(&self.folder, &made.pem, &made.key);
        self.tls.look_again();
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

fn write(folder: &TempDir, pem: &str, key: &str) {
    fs::write(folder.path().join("tls.crt"), pem).unwrap();
    fs::write(folder.path().join("tls.key"), key).unwrap();
}

pub(crate) fn client(
    trusted: &[&Made],
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for made in trusted {
        roots.add(made.certificate.clone()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// A client that resumes no session, and so asks for the certificate each time.
pub(crate) fn fresh(trusted: &[&Made]) -> Arc<ClientConfig> {
    let mut config = client(trusted, BOTH);
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

pub(crate) async fn handshake(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::clone(config));
    timeout(PATIENCE, connector.connect(name, stream))
        .await
        .unwrap()
}

/// The certificate with which the server has proved itself.
pub(crate) fn certificate(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    let (_, tls) = stream.get_ref();
    tls.peer_certificates().unwrap()[0].clone().into_owned()
}

/// One request of many on a connection.
async fn live(stream: &mut TlsStream<TcpStream>) {
    let asking = async {
        stream.write_all(LIVE).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(answer).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let (_, length) = head.split_once("\r\ncontent-length: ").unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        stream.read_exact(&mut vec![0; length]).await.unwrap();
    };
    timeout(PATIENCE, asking).await.expect("no answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_exchanged_under_load_and_no_request_fails() {
    const CLIENTS: usize = 4;
    let (first, second) = (made(), made());
    let server = Server::start(&first).await;
    // Sessions go on with their certificate when they are resumed, so that the load has both.
    let resuming = Arc::new(client(&[&first, &second], BOTH));
    let config = fresh(&[&first, &second]);
    // What was connected before stays.
    let mut old = handshake(server.address, &config).await.unwrap();
    live(&mut old).await;

    let (over, _) = watch::channel(false);
    let (answered, mut answers) = mpsc::channel(1);
    let mut load = JoinSet::new();
    for number in 0..CLIENTS {
        let config = Arc::clone([&config, &resuming][number % 2]);
        let (address, over, answered) = (server.address, over.subscribe(), answered.clone());
        load.spawn(async move {
            while !*over.borrow() {
                let mut stream = handshake(address, &config).await.unwrap();
                for _ in 0..3 {
                    live(&mut stream).await;
                    let _ = answered.send(()).await;
                }
            }
        });
    }
    for made in [&second, &first].repeat(5) {
        for _ in 0..10 {
            answers.recv().await.unwrap();
        }
        server.exchange(made);
        live(&mut old).await;
        let new = handshake(server.address, &config).await.unwrap();
        assert_eq!(certificate(&new), made.certificate);
    }
    over.send_replace(true);
    drop((answered, answers));
    while let Some(done) = load.join_next().await {
        done.unwrap();
    }
    assert_eq!(certificate(&old), first.certificate);
}

#[tokio::test]
async fn a_half_written_pair_is_not_taken() {
    let (first, second) = (made(), made());
    let server = Server::start(&first).await;
    write(&server.folder, &second.pem, &first.key);
    server.tls.look_again();
    let config = Arc::new(client(&[&first, &second], BOTH));
    let mut stream = handshake(server.address, &config).await.unwrap();
    assert_eq!(certificate(&stream), first.certificate);
    live(&mut stream).await;
}

#[tokio::test]
async fn a_slow_handshake_holds_nobody_up() {
    let made = made();
    let server = Server::limited(&made, |limits| {
        limits.max_connections = 40;
        limits.header_read = Duration::from_secs(3600);
    })
    .await;
    let mut slow = Vec::new();
    for number in 0..32 {
        let mut stream = server.connect().await;
        if number % 2 == 0 {
            // The first bytes of a ClientHello.
            stream.write_all(b"\x16\x03\x01\x02").await.unwrap();
        }
        slow.push(stream);
    }
    let config = Arc::new(client(&[&made], BOTH));
    for _ in 0..3 {
        live(&mut handshake(server.address, &config).await.unwrap()).await;
    }
    for stream in &mut slow {
        let read = timeout(Duration::ZERO, stream.read_u8()).await;
        assert!(read.is_err(), "it was closed, and has its time");
    }
}

/// The end of the handshake and the start of a request come at once, and the place is needed.
#[tokio::test]
async fn a_request_that_has_begun_with_the_handshake_is_not_cut_off() {
    let made = made();
    let server = Server::limited(&made, |limits| limits.max_connections = 1).await;
    let name = ServerName::try_from("localhost").unwrap();
    let config = Arc::new(client(&[&made], &[&TLS13]));
    let mut tls = ClientConnection::new(config, name).unwrap();
    let mut stream = server.connect().await;
    let send = |tls: &mut ClientConnection| {
        let mut bytes = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut bytes).unwrap();
        }
        bytes
    };
    stream.write_all(&send(&mut tls)).await.unwrap();
    while tls.is_handshaking() {
        let mut bytes = [0; 4096];
        let read = stream.read(&mut bytes).await.unwrap();
        tls.read_tls(&mut &bytes[..read]).unwrap();
        tls.process_new_packets().unwrap();
    }
    tls.writer().write_all(&LIVE[..10]).unwrap();
    stream.write_all(&send(&mut tls)).await.unwrap();
    // It waits for the only place.
    let mut other = server.connect().await;
    other.write_all(b"\x16").await.unwrap();
    tls.writer().write_all(&LIVE[10..]).unwrap();
    stream.write_all(&send(&mut tls)).await.unwrap();
    let mut answer = Vec::new();
    while !answer.starts_with(b"HTTP/1.1 200 ") {
        let mut bytes = [0; 4096];
        let read = timeout(PATIENCE, stream.read(&mut bytes))
            .await
            .unwrap()
            .unwrap();
        assert!(read > 0, "it was cut off");
        tls.read_tls(&mut &bytes[..read]).unwrap();
        let state = tls.process_new_packets().unwrap();
        answer.resize(state.plaintext_bytes_to_read(), 0);
        tls.reader().read_exact(&mut answer).unwrap();
    }
}

/// Its body is still on its way when it has its answer.
#[tokio::test]
async fn a_refusal_inside_tls_reaches_a_client_that_still_sends() {
    let made = made();
    let server = Server::start(&made).await;
    let config = Arc::new(client(&[&made], BOTH));
    let mut stream = handshake(server.address, &config).await.unwrap();
    let body = vec![b'x'; 8 * 1024 * 1024];
    let head = format!(
        "POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let exchange = async {
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = timeout(PATIENCE, exchange).await.expect("no answer");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

/// Those that have connected and say nothing, before the handshake and after it.
#[tokio::test]
async fn whoever_says_nothing_makes_room_and_hears_of_it() {
    let made = made();
    let server = Server::limited(&made, |limits| {
        limits.max_connections = 2;
        limits.header_read = Duration::from_secs(3600);
    })
    .await;
    let config = Arc::new(client(&[&made], BOTH));
    let mut used = handshake(server.address, &config).await.unwrap();
    live(&mut used).await;
    let mut silent = handshake(server.address, &config).await.unwrap();
    for _ in 0..5 {
        let _unsaid = server.connect().await;
        let mut next = handshake(server.address, &config).await.unwrap();
        live(&mut next).await;
    }
    for stream in [&mut used, &mut silent] {
        let mut rest = Vec::new();
        // With TLS's goodbye: without it this is an error.
        timeout(PATIENCE, stream.read_to_end(&mut rest))
            .await
            .unwrap()
            .unwrap();
        assert!(rest.is_empty());
    }
}

#[tokio::test]
async fn tls_1_2_is_the_oldest() {
    let made = made();
    let server = Server::start(&made).await;
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let config = Arc::new(client(&[&made], versions));
        live(&mut handshake(server.address, &config).await.unwrap()).await;
    }
    // The same message is answered, or refused for its version alone.
    let answer = hello(&server, [3, 3]).await;
    assert_eq!(answer.first(), Some(&22), "a message of the handshake");
    let answer = hello(&server, [3, 2]).await;
    // A fatal alert, protocol_version.
    assert_eq!((answer[0], &answer[5..]), (21, &[2, 70][..]), "{answer:?}");
}

/// The answer to a ClientHello whose latest version is this.
async fn hello(server: &Server, version: [u8; 2]) -> Vec<u8> {
    const EXTENSIONS: [u8; 22] = [
        0, 10, 0, 4, 0, 2, 0, 23, // supported_groups: P-256
        0, 11, 0, 2, 1, 0, // ec_point_formats: uncompressed
        0, 13, 0, 4, 0, 2, 4, 3, // signature_algorithms: ECDSA on P-256 with SHA-256
    ];
    let random = [7; 32];
    // No session, ECDHE_ECDSA with AES_128_GCM_SHA256, no compression.
    let chosen = [0, 0, 2, 0xc0, 0x2b, 1, 0, 0, 22];
    let hello = [&version[..], &random, &chosen, &EXTENSIONS].concat();
    let length = u8::try_from(hello.len()).unwrap();
    let start = [22, 3, 1, 0, length + 4, 1, 0, 0, length];
    let mut stream = server.connect().await;
    stream
        .write_all(&[&start[..], &hello].concat())
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    answer
}

#[tokio::test]
async fn cleartext_is_closed_without_a_reset() {
    let server = Server::start(&made()).await;
    let mut stream = server.connect().await;
    stream.write_all(LIVE).await.unwrap();
    stream.write_all(&[b'x'; 100_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer.first(), Some(&21), "an alert");
}

#[tokio::test]
async fn the_protocol_is_what_both_speak() {
    let made = made();
    let server = Server::start(&made).await;
    let mut config = client(&[&made], BOTH);
    let (http2, http1) = (&b"h2"[..], &b"http/1.1"[..]);
    for (offered, agreed) in [
        (&[http1, http2][..], Some(http2)),
        (&[http2], Some(http2)),
        (&[http1], Some(http1)),
        (&[b"spdy/3", http1], Some(http1)),
        (&[], None),
    ] {
        config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
        let config = Arc::new(config.clone());
        let mut stream = handshake(server.address, &config).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), agreed);
        if agreed != Some(http2) {
            live(&mut stream).await;
        }
    }
    config.alpn_protocols = vec![b"spdy/3".to_vec()];
    assert!(handshake(server.address, &Arc::new(config)).await.is_err());
}

#[tokio::test]
async fn a_stop_waits_for_no_handshake_and_says_goodbye() {
    let made = made();
    let server = Server::limited(&made, |limits| {
        limits.header_read = Duration::from_secs(3600);
        limits.drain = Duration::from_secs(3600);
    })
    .await;
    let mut slow = server.connect().await;
    slow.write_all(b"\x16\x03\x01\x02").await.unwrap();
    let config = Arc::new(client(&[&made], BOTH));
    let mut idle = handshake(server.address, &config).await.unwrap();
    live(&mut idle).await;
    server.stop.send(()).unwrap();
    timeout(PATIENCE, server.served)
        .await
        .expect("it still drains")
        .unwrap()
        .unwrap();
    idle.read_to_end(&mut Vec::new()).await.unwrap();
}
