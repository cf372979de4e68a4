//! The address of the metrics.

use crate::{refused, server::Server};
use std::{
    io::{Read, Write},
    net::TcpStream,
};

#[test]
fn metrics_are_on_an_address_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(
        folder.path(),
        &[("LUNADEFEND_METRICS_LISTEN", "127.0.0.1:0")],
    );
    let line = server
        .printed
        .lines()
        .find_map(|line| line.strip_prefix("metrics at http://"));
    let address = line.unwrap().strip_suffix("/metrics").unwrap();
    assert_ne!(address, server.address());
    let mut connection = TcpStream::connect(address).unwrap();
    connection
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.contains("\nlunadefend_store_works 1\n"), "{text}");
    assert!(server.stop());
}

#[test]
fn an_address_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = refused(
        folder.path(),
        &[
            ("SESSION_JWKS_URL", "http://localhost:3000/jwks.json"),
            ("AUTH_PROVIDERS", "http://localhost:3000"),
            ("LUNADEFEND_METRICS_LISTEN", "9464"),
        ],
    );
    assert!(text.contains("LUNADEFEND_METRICS_LISTEN"), "{text}");
    assert!(text.contains("such as 127.0.0.1:9464"), "{text}");
}
