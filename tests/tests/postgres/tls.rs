//! Whom the store takes for its server: TLS is verified, also on this machine when a certificate is named.

use lunadefend_tests::{PostgresServer, self_signed};
use lunadefend_vault::store::{Rows, Store};
use lunadefend_vault_postgres::{PostgresOptions, PostgresStore};
use std::{
    error::Error as _,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// What a client sends to ask for TLS: its length, and a number that is no version of the protocol.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// An address at which the server speaks TLS. PostgreSQL itself does so at no socket in a folder, and a port of its own may
/// be taken by another test.
struct Front {
    port: u16,
    task: JoinHandle<()>,
}

impl Front {
    /// Without an acceptor it has no TLS.
    async fn start(server: &PostgresServer, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = server.socket();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, socket) = (tls.clone(), socket.clone());
                tokio::spawn(async move {
                    // A client that is not content ends the connection.
                    let _ = pass(stream, tls, &socket).await;
                });
            }
        });
        Self { port, task }
    }

    fn options(&self, trusted: &Path) -> PostgresOptions {
        let url = format!("postgres://tokenizer@127.0.0.1:{}/postgres", self.port);
        let options = PostgresOptions::from_url(&url).unwrap();
        options.root_certificates(trusted)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(
    mut stream: TcpStream,
    tls: Option<TlsAcceptor>,
    socket: &Path,
) -> std::io::Result<()> {
    let mut asked = [0; 8];
    stream.read_exact(&mut asked).await?;
    assert_eq!(asked, SSL_REQUEST, "it sends nothing before TLS");
    let mut server = UnixStream::connect(socket).await?;
    if let Some(tls) = tls {
        stream.write_all(b"S").await?;
        let mut stream = tls.accept(stream).await?;
        copy_bidirectional(&mut stream, &mut server).await?;
    } else {
        stream.write_all(b"N").await?;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await?;
        assert!(rest.is_empty(), "it sends nothing without TLS");
    }
    Ok(())
}

/// A certificate for a name, and the file that a client has of it.
fn certificate(folder: &TempDir, file: &str, name: &str) -> (TlsAcceptor, PathBuf) {
    let (acceptor, pem) = self_signed(&[name]);
    let file = folder.path().join(file);
    fs::write(&file, pem).unwrap();
    (acceptor, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_server_with_the_right_certificate_is_talked_to() {
    let Some(server) = PostgresServer::migrated().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let (right, trusted) = certificate(&folder, "right.pem", "127.0.0.1");
    let (same_name, _) = certificate(&folder, "same.pem", "127.0.0.1");
    let (other_name, of_other) = certificate(&folder, "other.pem", "db.internal");

    let front = Front::start(&server, Some(right)).await;
    let store = PostgresStore::open(&front.options(&trusted)).await.unwrap();
    store.check().await.unwrap();
    assert!(store.time().await.unwrap().is_some());

    for (acceptor, trusted, words) in [
        (Some(same_name), &trusted, "BadSignature"),
        (Some(other_name), &of_other, "not valid for name"),
        (None, &trusted, "server does not support TLS"),
    ] {
        let front = Front::start(&server, acceptor).await;
        let refused = PostgresStore::open(&front.options(trusted)).await;
        let error = refused.unwrap_err();
        assert!(error.to_string().contains("TLS certificate"), "{error}");
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains(words), "{cause}");
    }
}
