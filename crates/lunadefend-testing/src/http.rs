//! HTTP/1.1 by hand: for what a decent library would not send, and to see what was sent byte for byte.
//!
//! This is what LunaDefend's own tests are made of; it may change in any version. Every function panics when
//! something is not as a test needs it.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    missing_debug_implementations,
    reason = "a test that gets no message has failed"
)]

use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, ToSocketAddrs},
    time::timeout,
};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A request or an answer as it came.
#[derive(Clone)]
pub struct Message {
    /// The first line.
    pub start: String,
    /// The names of the headers as they were written, and their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Message {
    /// The method of a request.
    #[must_use]
    pub fn method(&self) -> &str {
        self.word(0)
    }

    /// The target of a request: path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        self.word(1)
    }

    /// The path of a request.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    /// The status of an answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.word(1).parse().unwrap()
    }

    /// The one header of that name, in any case; empty when it is not there.
    ///
    /// # Panics
    /// When it is there twice.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut found = self
            .headers
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name));
        let value = found.next().map_or("", |(_, value)| value);
        assert!(found.next().is_none(), "{name} is there twice");
        value
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn word(&self, index: usize) -> &str {
        self.start.split(' ').nth(index).unwrap_or_default()
    }

    /// The message with another value of one header, or that header more.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(found, _)| !found.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The bytes of the message.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

/// Reads one request; `None` when the connection ends before.
pub async fn read_request(stream: &mut TcpStream) -> Option<Message> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if let Some(message) = whole_request(&bytes) {
            return Some(message);
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

fn whole_request(bytes: &[u8]) -> Option<Message> {
    let mut message = head(bytes)?;
    let length = message.header("content-length").parse().unwrap_or(0);
    message.body = message.body.get(..length)?.to_vec();
    Some(message)
}

/// A message whose body is all that follows its head.
fn head(bytes: &[u8]) -> Option<Message> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let start = lines.next()?.to_owned();
    let headers = lines
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_owned(), value.trim().to_owned())
        })
        .collect();
    Some(Message {
        start,
        headers,
        body: bytes[end + 4..].to_vec(),
    })
}

/// Sends bytes on a connection of their own and reads the response to its end.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> Message {
    head(&exchange_parts(address, &[request]).await).unwrap()
}

/// Sends these parts, one after the other, on a connection of their own and reads all that comes back.
pub async fn exchange_parts(address: impl ToSocketAddrs, parts: &[&[u8]]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    for part in parts {
        // A server that has answered already may close before all is sent.
        if stream.write_all(part).await.is_err() {
            break;
        }
    }
    read_to_end(&mut stream).await
}

/// Reads what comes until the server closes the connection.
pub async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let read = read.expect("the server keeps the connection open");
    assert!(read.is_ok() || !answer.is_empty(), "{read:?}");
    answer
}

/// An answer with these headers (each line ended) and a body of known length.
#[must_use]
pub fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// An answer of JSON.
#[must_use]
pub fn json(status: u16, body: &str) -> Vec<u8> {
    answer(status, "content-type: application/json\r\n", body)
}
