//! One request over the admin socket.

use anyhow::{Context, Result, ensure};
use http::{HeaderMap, Method, StatusCode};
use lunadefend_core::wire;
use lunadefend_http::{HttpClient, HttpError, Request};
use lunadefend_tokenizer::Status;
use std::{error::Error as _, io, path::Path, time::Duration};
use tokio::time::Instant;

/// The deadline, longer than the tokenizer waits for its store.
const DEADLINE: Duration = Duration::from_secs(5);

/// Requests the status of the tokenizer behind a socket.
pub(super) async fn status(socket: &Path) -> Result<Status> {
    let client = HttpClient::builder()
        .tls(false)
        .unix_socket(socket)
        .build()?;
    let answer = client
        .send(Request {
            method: Method::GET,
            // The host is not looked up.
            url: "http://localhost/status".to_owned(),
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
            max_response: wire::RESPONSE.bytes,
            deadline: Instant::now() + DEADLINE,
        })
        .await
        .map_err(|error| {
            let advice = advice(&error);
            anyhow::Error::new(error).context(format!(
                "no tokenizer answers at {}: {advice}",
                socket.display()
            ))
        })?;
    ensure!(
        answer.status == StatusCode::OK,
        "what listens at {} is no tokenizer of this version",
        socket.display()
    );
    let wire::Success(status) = wire::from_slice(&answer.body, wire::RESPONSE)
        .with_context(|| format!("cannot read the status from {}", socket.display()))?;
    Ok(status)
}

/// Returns advice for a request without a response.
fn advice(error: &HttpError) -> &'static str {
    match io_kind(error) {
        Some(io::ErrorKind::NotFound) => {
            "the socket is not there; is `lunadefend serve` running, with this LUNADEFEND_ADMIN_SOCKET?"
        }
        Some(io::ErrorKind::ConnectionRefused) => {
            "its process has ended; start `lunadefend serve` again"
        }
        Some(io::ErrorKind::PermissionDenied) => "run this as the user that runs the tokenizer",
        _ => "look at its log",
    }
}

/// Returns the kind of the I/O error among the causes.
fn io_kind(error: &HttpError) -> Option<io::ErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        cause = error.source();
    }
    None
}
