//! Floods of HTTP/2 for `cargo xtask soak --long floods`, and beside them some who want what everybody wants.
//!
//! It says on its standard output `served others=N cut=N`: requests of others that were answered meanwhile, and connections
//! of flooding clients that were cut off.
#![expect(
    clippy::print_stdout,
    reason = "that is how it talks to what started it"
)]

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use clap::Parser;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{
    future::poll_fn,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncWriteExt, copy, sink, split},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Clients of each flood, and requests of others, some at a time.
const FLOODING: usize = 5;
const OTHERS: usize = 400;
const AT_ONCE: usize = 20;
/// As many streams as a connection has at once.
const STREAMS: u32 = 100;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Flood a tokenizer by HTTP/2. Started by `cargo xtask soak`.
#[derive(Parser)]
#[command(name = "floods")]
struct Cli {
    #[arg(long, value_name = "ADDR")]
    tokenizer: SocketAddr,
    /// The certificate of the tokenizer, in PEM.
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
}

/// What a client sends over and over again, after what it sends first.
#[derive(Clone)]
struct Flood {
    first: Vec<u8>,
    again: Vec<u8>,
    /// Whether the client reads what comes.
    reads: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let tls = Tls::new(&cli)?;
    let cut = Arc::new(AtomicUsize::new(0));
    let mut flooding = JoinSet::new();
    for flood in floods() {
        for _ in 0..FLOODING {
            flooding.spawn(keep_flooding(tls.clone(), flood.clone(), Arc::clone(&cut)));
        }
    }
    let mut others = JoinSet::new();
    for _ in 0..AT_ONCE {
        let tls = tls.clone();
        others.spawn(async move { ask(&tls, OTHERS / AT_ONCE).await });
    }
    let mut answered = 0;
    while let Some(done) = others.join_next().await {
        answered += done??;
    }
    ensure!(flooding.try_join_next().is_none(), "a flood has ended");
    flooding.shutdown().await;
    println!(
        "served others={answered} cut={}",
        cut.load(Ordering::Relaxed)
    );
    Ok(())
}

/// Requests that are taken back at once, settings, pings with and without a reader, a head without an end, and responses
/// for which there is no window.
fn floods() -> Vec<Flood> {
    let taken_back = (0..1000).flat_map(|number| {
        let stream = 2 * number + 1;
        [get(stream), frame(3, 0, stream, &[0, 0, 0, 8])].concat()
    });
    let unread = (0..STREAMS).flat_map(|number| get(2 * number + 1));
    let no_window = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let reset = frame(3, 0, 1, &[0, 0, 0, 8]);
    let ping = frame(6, 0, 0, b"pingping");
    [
        (Vec::new(), taken_back.collect(), true),
        (Vec::new(), frame(4, 0, 0, &[]).repeat(100), true),
        (Vec::new(), ping.repeat(100), true),
        (Vec::new(), ping.repeat(100), false),
        (
            frame(1, 1, 1, b"\x82\x87"),
            frame(9, 0, 1, b"").repeat(100),
            true,
        ),
        (no_window.into_iter().chain(unread).collect(), ping, true),
        (get(1), reset.repeat(100), true),
    ]
    .map(|(first, again, reads)| Flood {
        first: [PREFACE, &first].concat(),
        again,
        reads,
    })
    .to_vec()
}

/// A frame of this type and with these flags (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    // None of them has more.
    let length = u8::try_from(payload.len()).unwrap_or(u8::MAX);
    let head = [0, 0, length, kind, flags];
    [&head[..], &stream.to_be_bytes(), payload].concat()
}

/// The head of `GET /live`, all of the request.
fn get(stream: u32) -> Vec<u8> {
    frame(1, 5, stream, b"\x82\x87\x01\x01x\x04\x05/live")
}

/// Floods, by a new connection when one was cut off.
async fn keep_flooding(tls: Tls, flood: Flood, cut: Arc<AtomicUsize>) -> Result<()> {
    loop {
        let (mut reader, mut writer) = split(tls.connect().await?);
        let reading = async {
            if flood.reads {
                let _ = copy(&mut reader, &mut sink()).await;
            } else {
                std::future::pending().await
            }
        };
        let writing = async {
            let mut goes_on = writer.write_all(&flood.first).await.is_ok();
            while goes_on {
                goes_on = writer.write_all(&flood.again).await.is_ok();
            }
        };
        tokio::select! {
            () = reading => {}
            () = writing => {}
        }
        cut.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asks so many times whether the process lives, half of it by one connection and half by connections of its own.
async fn ask(tls: &Tls, times: usize) -> Result<usize> {
    for time in 0..times / 2 {
        let (mut client, connection) = h2::client::handshake(tls.connect().await?).await?;
        let connection = tokio::spawn(connection);
        let requests = if time == 0 { times - times / 2 + 1 } else { 1 };
        for _ in 0..requests {
            client = client.ready().await?;
            let request = http::Request::get("https://localhost/live").body(())?;
            let (response, _) = client.send_request(request, true)?;
            let response = response.await?;
            ensure!(response.status() == 200, "a refusal");
            let mut body = response.into_body();
            while let Some(data) = poll_fn(|context| body.poll_data(context)).await {
                let data: Bytes = data?;
                body.flow_control().release_capacity(data.len())?;
            }
        }
        drop(client);
        connection.await??;
    }
    Ok(times)
}

#[derive(Clone)]
struct Tls {
    connector: TlsConnector,
    addr: SocketAddr,
}

impl Tls {
    fn new(cli: &Cli) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&cli.certificate)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            addr: cli.tokenizer,
        })
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.addr).await?;
        let connected = self
            .connector
            .connect(ServerName::try_from("localhost")?, stream);
        connected.await.context("a handshake")
    }
}
