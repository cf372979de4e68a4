//! Certificates, handshakes and the protocol that they agree on.

use super::*;

/// A certificate for `localhost` until the year 2120 and its root, for these tests alone.
mod tls_data {
    pub(super) const ROOT: &[u8] = include_bytes!("../testdata/root.der");
    pub(super) const LEAF: &[u8] = include_bytes!("../testdata/localhost.der");
    pub(super) const LEAF_KEY: &[u8] = include_bytes!("../testdata/localhost.key.der");
    /// What `openssl req -x509` makes: its own root, and a CA.
    pub(super) const SELF_SIGNED: &[u8] = include_bytes!("../testdata/selfsigned.der");
    pub(super) const SELF_SIGNED_KEY: &[u8] = include_bytes!("../testdata/selfsigned.key.der");
    /// What `openssl x509 -req` makes without a file of extensions, signed by that one.
    pub(super) const VERSION_1: &[u8] = include_bytes!("../testdata/version1.der");
    pub(super) const VERSION_1_KEY: &[u8] = include_bytes!("../testdata/version1.key.der");
}

/// Answers one connection over TLS 1.2 or 1.3 and returns the protocol that was agreed on.
fn tls_server(offers: &[&str]) -> (u16, std::thread::JoinHandle<Option<Vec<u8>>>) {
    tls_server_with(offers, tls_data::LEAF, tls_data::LEAF_KEY)
}

fn tls_server_with(
    offers: &[&str],
    certificate: &'static [u8],
    key: &'static [u8],
) -> (u16, std::thread::JoinHandle<Option<Vec<u8>>>) {
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // Made by hand: rustls refuses to serve what it would refuse as a client.
    let key = provider.key_provider.load_private_key(key).unwrap();
    let certificate = CertificateDer::from(certificate);
    let certified = rustls::sign::CertifiedKey::new(vec![certificate], key);
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)));
    config.alpn_protocols = offers.iter().map(|name| name.as_bytes().to_vec()).collect();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut connection = rustls::ServerConnection::new(config).unwrap();
        let mut stream = rustls::Stream::new(&mut connection, &mut socket);
        let mut buffer = [0; 4096];
        // One read is enough for the small request, and completes the handshake.
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        connection.alpn_protocol().map(<[u8]>::to_vec)
    });
    (port, thread)
}

#[tokio::test]
async fn an_added_root_is_trusted_and_http_1_is_spoken_where_it_is_offered() {
    let (port, server) = tls_server(&["http/1.1"]);
    let client = HttpClient::builder()
        .add_root_certificate_der(tls_data::ROOT)
        .build()
        .unwrap();
    let answer = client
        .send(request(&format!("https://localhost:{port}/")))
        .await
        .unwrap();
    assert_eq!(answer.body, "{}");
    assert_eq!(server.join().unwrap().unwrap(), b"http/1.1");
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn http_2_is_offered() {
    let (port, server) = tls_server(&["h2", "http/1.1"]);
    let client = HttpClient::builder()
        .add_root_certificate_der(tls_data::ROOT)
        .build()
        .unwrap();
    // The server speaks no HTTP/2; what matters is that it was chosen.
    let url = format!("https://localhost:{port}/canary");
    let error = client.send(request(&url)).await.unwrap_err();
    assert_clean(&error);
    assert_eq!(server.join().unwrap().unwrap(), b"h2");
}

#[tokio::test]
async fn a_foreign_certificate_is_a_tls_error() {
    let (port, server) = tls_server(&["http/1.1"]);
    let mut builder = HttpClient::builder().add_root_certificate_der(tls_data::ROOT);
    // Right root, wrong name.
    let error = builder
        .clone()
        .build()
        .unwrap()
        .send(request(&format!("https://127.0.0.1:{port}/canary")))
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Tls { .. }), "{error:?}");
    assert!(error.is_unprocessed());
    assert_clean(&error);
    drop(server.join());

    builder = builder.add_root_certificate_der(b"not a certificate".to_vec());
    assert!(matches!(builder.build(), Err(HttpError::Build { .. })));
}

/// Each with what everybody tries first.
#[tokio::test]
async fn a_handshake_that_fails_says_what_to_do() {
    use tls_data::{LEAF, LEAF_KEY, ROOT, SELF_SIGNED, SELF_SIGNED_KEY, VERSION_1, VERSION_1_KEY};

    for (certificate, key, root, host, advice) in [
        (
            LEAF,
            LEAF_KEY,
            SELF_SIGNED,
            "localhost",
            "the root certificate in SSL_CERT_FILE",
        ),
        (LEAF, LEAF_KEY, ROOT, "127.0.0.1", "for another name"),
        (
            SELF_SIGNED,
            SELF_SIGNED_KEY,
            SELF_SIGNED,
            "localhost",
            "make a CA, let it sign",
        ),
        (
            VERSION_1,
            VERSION_1_KEY,
            SELF_SIGNED,
            "localhost",
            "X.509 version 1",
        ),
    ] {
        let (port, server) = tls_server_with(&["http/1.1"], certificate, key);
        let client = HttpClient::builder().add_root_certificate_der(root).build();
        let url = format!("https://{host}:{port}/canary");
        let error = client.unwrap().send(request(&url)).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("the TLS handshake failed: ") && text.contains(advice),
            "{text}"
        );
        assert_clean(&error);
        drop(server.join());
    }
}

#[tokio::test]
async fn where_no_tls_is_spoken_the_handshake_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let (mut socket, _) = listener.accept().await.unwrap();
        let mut hello = [0; 1024];
        let _ = socket.read(&mut hello).await;
        let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        let _ = socket.write_all(answer).await;
    });
    let client = HttpClient::builder().add_root_certificate_der(tls_data::ROOT);
    let url = format!("https://localhost:{port}/canary");
    let error = client
        .build()
        .unwrap()
        .send(request(&url))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("no TLS is spoken there"),
        "{error}"
    );
    assert!(error.is_unprocessed());
    assert_clean(&error);
    server.await.unwrap();
}

/// A handshake is a part of connecting: until its end nothing was sent.
#[tokio::test]
async fn a_handshake_without_an_end_is_given_up_in_the_time_for_connecting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = HttpClient::builder()
        .add_root_certificate_der(tls_data::ROOT)
        .connect_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let error = client
        .send(request(&format!("https://localhost:{port}/canary")))
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");
    assert!(error.is_unprocessed());
    assert_clean(&error);
}
