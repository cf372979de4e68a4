//! TLS of the tokenizer's own, with the other commands beside it.

use crate::{
    refused,
    server::{Server, lunadefend},
};
use lunadefend_crypto::{GeneratedKey, RsaBits};
use lunadefend_http::{HttpClient, Request};
use secrecy::ExposeSecret;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Stdio,
    time::Duration,
};

const CERTIFICATE: &str = "LUNADEFEND_TLS_CERT_FILE";
const KEY: &str = "LUNADEFEND_TLS_KEY_FILE";

/// Writes a certificate for this machine, and its key; returns the paths and the certificate.
fn make(folder: &Path, name: &str) -> ([String; 2], Vec<u8>) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let paths = ["crt", "key"].map(|kind| folder.join(format!("{name}.{kind}")));
    fs::write(&paths[0], made.cert.pem()).unwrap();
    fs::write(&paths[1], made.signing_key.serialize_pem()).unwrap();
    let paths = paths.map(|path| path.to_str().unwrap().to_owned());
    (paths, made.cert.der().to_vec())
}

/// The status of `/live`, for a client that trusts this certificate.
async fn live(url: &str, certificate: Vec<u8>) -> u16 {
    let http = HttpClient::builder().add_root_certificate_der(certificate);
    let request = Request {
        method: http::Method::GET,
        url: format!("{url}/live").into(),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::new(),
        max_response: 64 * 1024,
        deadline: tokio::time::Instant::now() + Duration::from_secs(30),
    };
    let answer = http.build().unwrap().send(request).await.unwrap();
    answer.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tokenizer_with_tls_is_operated_as_one_without() {
    let folder = tempfile::tempdir().unwrap();
    let ([certificate_file, key_file], certificate) = make(folder.path(), "tls");
    let socket = folder.path().join("admin").to_str().unwrap().to_owned();
    let signing_key = GeneratedKey::generate(RsaBits::Rsa2048).unwrap();
    let public_key = signing_key.key.public_key().to_spki_pem();
    let server = Server::start_with(
        folder.path(),
        &[
            (CERTIFICATE, &certificate_file),
            (KEY, &key_file),
            ("LUNADEFEND_ADMIN_SOCKET", &socket),
            ("SESSION_PUBLIC_KEY", &public_key),
        ],
    );
    let url = server.public_url();
    assert!(url.starts_with("https://localhost:"), "{url}");
    assert_eq!(live(&url, certificate).await, 200);

    let mut status = lunadefend();
    let output = status
        .args(["status", "--socket", &socket])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("store        works")
    );

    // Without an application there is more that is wrong, but the tokenizer is reached and takes the key.
    let mut doctor = lunadefend();
    doctor
        .arg("doctor")
        .env("TOKENIZER_URL", &url)
        .env("SSL_CERT_FILE", &certificate_file)
        .env("LUNASEC_SIGNING_KEY", signing_key.pem.expose_secret());
    let printed = String::from_utf8(doctor.output().unwrap().stdout).unwrap();
    for subject in ["tokenizer", "clock", "trust"] {
        let mut lines = printed.lines();
        let ok = lines.any(|line| line.starts_with("ok ") && line.contains(subject));
        assert!(ok, "{subject}: {printed}");
    }
    assert!(server.stop());
}

/// A proxy in front that was told http:// keeps trying.
#[tokio::test(flavor = "multi_thread")]
async fn cleartext_is_named_in_the_log_once() {
    let folder = tempfile::tempdir().unwrap();
    let ([certificate, key], _) = make(folder.path(), "tls");
    let mut command = Server::serve(folder.path(), &[(CERTIFICATE, &certificate), (KEY, &key)]);
    command.stderr(Stdio::piped());
    let mut server = Server::start_command(command);
    let log = server.log();
    for _ in 0..3 {
        let address = server.public_url().replace("https://", "");
        let mut connection = TcpStream::connect(address).unwrap();
        connection
            .write_all(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        assert_eq!(answer.first(), Some(&21), "an alert");
    }
    assert!(server.stop());
    let lines: Vec<_> = log.map(Result::unwrap).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("without TLS to a tokenizer that has TLS"),
        "{lines:?}"
    );
}

#[test]
fn a_pair_that_cannot_be_used_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let ([certificate, key], _) = make(folder.path(), "one");
    let ([_, other], _) = make(folder.path(), "other");
    for (settings, words) in [
        (
            &[(CERTIFICATE, &*certificate), (KEY, &*other)][..],
            "the certificate and the key do not belong together",
        ),
        (
            &[(CERTIFICATE, &key), (KEY, &key)],
            "no certificate in the certificate's file",
        ),
        (
            &[(CERTIFICATE, &certificate), (KEY, "/no/such/key")],
            "/no/such/key cannot be read",
        ),
        (
            &[(CERTIFICATE, &certificate)],
            "LUNADEFEND_TLS_KEY_FILE is not set: set both it and LUNADEFEND_TLS_CERT_FILE",
        ),
        (
            &[(KEY, &key)],
            "LUNADEFEND_TLS_CERT_FILE is not set: set both it and LUNADEFEND_TLS_KEY_FILE",
        ),
    ] {
        let needed = crate::server::settings();
        let needed = needed.iter().map(|(name, value)| (*name, value.as_str()));
        let all: Vec<_> = needed.chain(settings.iter().copied()).collect();
        let text = refused(folder.path(), &all);
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tokenizer_for_development_has_a_certificate_to_trust() {
    let mut server = Server::dev_with(&["--tls"]);
    let printed = server.read_until("accept its certificate");
    let value = |name: &str| {
        let mut lines = printed.lines();
        let line = lines.find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {printed}"))
            .to_owned()
    };
    let url = value("TOKENIZER_URL=");
    assert!(url.starts_with("https://localhost:"), "{url}");
    // An application trusts it by the printed variable, as the doctor does.
    let mut doctor = lunadefend();
    doctor
        .arg("doctor")
        .env("TOKENIZER_URL", &url)
        .env("SSL_CERT_FILE", value("SSL_CERT_FILE="))
        .env("LUNASEC_SIGNING_KEY", value("LUNASEC_SIGNING_KEY="));
    let printed = String::from_utf8(doctor.output().unwrap().stdout).unwrap();
    let mut lines = printed.lines();
    let accepts = |line: &str| line.starts_with("ok ") && line.contains("accepts our JWTs");
    assert!(lines.any(accepts), "{printed}");
    assert!(server.stop());
}
