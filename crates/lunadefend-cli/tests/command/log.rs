//! One line of the log for each request, in both formats.

use crate::{
    refused,
    server::{Server, settings},
};
use http::Method;
use lunadefend_http::{HttpClient, Request};
use std::{
    process::{Command, Stdio},
    time::Duration,
};

const CANARY: &str = "canary";
const CLIENT: &str = "198.51.100.77";

/// Logs at info while requests come; returns what was logged about them.
async fn logged(format: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lunadefend"));
    command
        .env_clear()
        .args(["serve", "--store"])
        .arg(folder.path().join("tokens.redb"))
        .envs(settings())
        .env("RUST_LOG", "info")
        .env("LUNADEFEND_TRUSTED_PROXIES", "127.0.0.1")
        .env("LUNADEFEND_LOG_FORMAT", format)
        .stderr(Stdio::piped());
    let mut server = Server::start_command(command);
    let http = HttpClient::builder().tls(false).build().unwrap();
    for (method, path) in [
        (Method::GET, "/health"),
        (Method::GET, "/live"),
        (Method::GET, "/ready"),
        (Method::POST, "/grant/set"),
        (Method::GET, "/canary?canary"),
        (Method::GET, "/blob/canary?signature=canary"),
    ] {
        let mut headers = http::HeaderMap::new();
        for name in ["authorization", "cookie", "user-agent", "referer"] {
            headers.insert(name, CANARY.parse().unwrap());
        }
        headers.insert("x-forwarded-for", CLIENT.parse().unwrap());
        headers.insert("x-request-id", "of-the-proxy.1".parse().unwrap());
        let answer = http.send(Request {
            method,
            url: format!("http://{}{path}", server.address()).into(),
            headers,
            body: bytes::Bytes::from_static(b"{\"canary\":1}"),
            max_response: 64 * 1024,
            deadline: tokio::time::Instant::now() + Duration::from_secs(30),
        });
        answer.await.unwrap();
    }
    let log = server.log();
    assert!(server.stop());
    let lines: Vec<_> = log.map(Result::unwrap).collect();
    for line in &lines {
        assert!(!line.to_ascii_lowercase().contains(CANARY), "{line}");
        for addr in ["127.0.0.1", CLIENT] {
            assert!(!line.contains(addr), "{line}");
        }
    }
    let answered = lines.into_iter().filter(|line| line.contains("answered"));
    answered.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_one_line_of_text() {
    let lines = logged("text").await;
    assert_eq!(lines.len(), 3, "a probe is no line: {lines:?}");
    for (line, (route, status)) in
        lines
            .iter()
            .zip([("/grant/set", 401), ("unknown", 404), ("/blob", 403)])
    {
        assert!(
            line.contains(&format!("route=\"{route}\" status={status} elapsed_us=")),
            "{line}"
        );
        assert!(line.ends_with(" request_id=\"of-the-proxy.1\""), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_one_object() {
    let lines = logged("json").await;
    assert_eq!(lines.len(), 3, "{lines:?}");
    let lines: Vec<serde_json::Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut fields = lines[0]["fields"].as_object().unwrap().clone();
    assert!(fields.remove("elapsed_us").unwrap().is_u64());
    assert_eq!(
        serde_json::Value::from(fields),
        serde_json::json!({
            "message": "answered",
            "request_id": "of-the-proxy.1",
            "route": "/grant/set",
            "status": 401,
        })
    );
    assert_eq!(lines[0]["level"], "INFO");
    assert_eq!(lines[1]["fields"]["route"], "unknown");
    assert_eq!(lines[2]["fields"]["route"], "/blob");
}

#[test]
fn a_format_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = refused(folder.path(), &[("LUNADEFEND_LOG_FORMAT", "xml")]);
    assert!(text.contains("LUNADEFEND_LOG_FORMAT"), "{text}");
    assert!(text.contains("write text or json"), "{text}");
}
