//! HTTP/1.1 by hand: to send what a correct client would not send, and to see the exact bytes.
//!
//! LunaDefend's own tests use it; it may change in any version. Every function panics on unexpected input.
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

/// How long any step may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A request or a response as received.
#[derive(Clone)]
pub struct Message {
    /// The first line.
    pub start: String,
    /// The names of the headers as written, and their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Message {
    /// Returns the method of a request.
    #[must_use]
    pub fn method(&self) -> &str {
        self.word(0)
    }

    /// Returns the target of a request: path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        self.word(1)
    }

    /// Returns the path of a request.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    /// Returns the status of a response.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.word(1).parse().unwrap()
    }

    /// Returns the only header of this name, in any case; empty when it is missing.
    ///
    /// # Panics
    /// When the header is duplicated.
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

    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Returns the body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn word(&self, index: usize) -> &str {
        self.start.split(' ').nth(index).unwrap_or_default()
    }

    /// Returns the message with this header added, or its value replaced.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(found, _)| !found.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the bytes of the message.
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

/// Reads one request; `None` when the connection ends before that.
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

/// Parses a message whose body is everything after its head.
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

/// Sends bytes on a new connection and reads the whole response.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> Message {
    head(&exchange_parts(address, &[request]).await).unwrap()
}

/// Sends these parts, one after the other, on a new connection and reads the whole response.
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

/// Reads until the server closes the connection.
pub async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let read = read.expect("the server keeps the connection open");
    assert!(read.is_ok() || !answer.is_empty(), "{read:?}");
    answer
}

/// Makes a response with these headers (each line ended) and a body of known length.
#[must_use]
pub fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Makes a JSON response.
#[must_use]
pub fn json(status: u16, body: &str) -> Vec<u8> {
    answer(status, "content-type: application/json\r\n", body)
}
