//! Wrong settings are found when the client is built, and named.

use crate::support::{base, client_of};
use lunadefend_client::BuildError;
use lunadefend_http::HttpClient;
use std::time::Duration;

#[test]
fn settings_out_of_range() {
    let client = || client_of("http://127.0.0.1:1");
    for (builder, setting) in [
        (client().deadline(Duration::ZERO), "deadline"),
        (client().deadline(Duration::MAX), "deadline"),
        (client().connect_timeout(Duration::ZERO), "connect_timeout"),
        (client().max_retries(11), "max_retries"),
        (client().require_level(0), "require_level"),
        (client().require_level(3), "require_level"),
        (client().max_in_flight(0), "max_in_flight"),
        (client().max_in_flight(1025), "max_in_flight"),
        (client().max_connections(0), "max_connections"),
        (client().max_connections(65_537), "max_connections"),
        (client().max_value_len(0), "max_value_len"),
    ] {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, BuildError::Setting(_)));
        assert!(error.to_string().starts_with(setting), "{error}");
    }
    assert!(client().deadline(Duration::from_secs(3600)).build().is_ok());
}

#[test]
fn a_client_without_tls_for_an_https_url() {
    let plain = HttpClient::builder().tls(false).build().unwrap();
    let https = || base("https://example.com");
    for (builder, setting) in [
        (client_of("https://example.com"), "tokenizer_url"),
        (
            client_of("http://127.0.0.1:1").public_tokenizer_url(https()),
            "public_tokenizer_url",
        ),
        (
            client_of("http://127.0.0.1:1").blob_origins(vec![https()]),
            "blob_origins",
        ),
    ] {
        let error = builder.http_client(plain.clone()).build().unwrap_err();
        assert!(error.to_string().contains("without TLS"), "{error}");
        assert!(error.to_string().starts_with(setting), "{error}");
    }
    let loopback = client_of("http://127.0.0.1:1").http_client(plain);
    assert!(loopback.build().is_ok());
}
