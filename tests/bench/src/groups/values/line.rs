//! Long bodies over a socket, by a client that does nothing else.

use anyhow::{Context, Result, ensure};
use std::{
    io::{Read, Write},
    iter,
    net::{SocketAddr, TcpStream},
};

/// The length of the pieces in which values are sent, in bytes.
const PIECE: usize = 64 * 1024;
const MIB: usize = 1024 * 1024;

/// What each piece has.
static CONTENT: [u8; PIECE] = {
    let mut content = [0; PIECE];
    let mut at = 0;
    while at < PIECE {
        // 251 is prime: no shorter piece looks the same.
        content[at] = (at % 251) as u8;
        at += 1;
    }
    content
};

/// The pieces of a value.
pub(super) fn pieces(mib: usize) -> impl Iterator<Item = &'static [u8]> {
    iter::repeat_n(&CONTENT[..], mib * MIB / PIECE)
}

/// A connection.
pub(super) struct Line(TcpStream, SocketAddr);

impl Line {
    pub(super) fn open(address: SocketAddr) -> Result<Self> {
        Ok(Self(TcpStream::connect(address)?, address))
    }

    /// Puts a value to a URL, and waits for the answer.
    pub(super) fn upload(
        mut self,
        url: &str,
        headers: &serde_json::Value,
        mib: usize,
    ) -> Result<()> {
        let headers = headers.as_object().context("no headers")?;
        let headers = headers.iter().map(|(name, value)| {
            let value = value.as_str().context("a header that is no text")?;
            Ok(format!("{name}: {value}\r\n"))
        });
        let headers = headers.collect::<Result<String>>()?;
        let length = mib * MIB;
        self.head(
            "PUT",
            url,
            &format!("{headers}content-length: {length}\r\n"),
        )?;
        for piece in pieces(mib) {
            self.0.write_all(piece)?;
        }
        self.answer().map(drop)
    }

    /// Gets a value from a URL, and compares it.
    pub(super) fn download(mut self, url: &str, mib: usize) -> Result<()> {
        self.head("GET", url, "")?;
        let first = self.answer()?;
        ensure!(CONTENT.starts_with(&first), "another value came back");
        let (mut at, mut piece) = (first.len(), vec![0; PIECE]);
        while at < mib * MIB {
            let read = self.0.read(&mut piece)?;
            ensure!(read > 0, "a value was cut off");
            let mut rest = &piece[..read];
            while !rest.is_empty() {
                let from = at % PIECE;
                let length = rest.len().min(PIECE - from);
                let (now, later) = rest.split_at(length);
                ensure!(
                    CONTENT[from..from + length] == *now,
                    "another value came back"
                );
                (at, rest) = (at + length, later);
            }
        }
        ensure!(at == mib * MIB, "more than a value came back");
        Ok(())
    }

    fn head(&mut self, method: &str, url: &str, headers: &str) -> Result<()> {
        let path = match url.split_once("://") {
            Some((_, rest)) => &rest[rest.find('/').context("no path")?..],
            None => url,
        };
        let host = format!("localhost:{}", self.1.port());
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n");
        Ok(self.0.write_all(head.as_bytes())?)
    }

    /// Reads the head of a successful answer, and returns what came with it of its body.
    fn answer(&mut self) -> Result<Vec<u8>> {
        let mut answer = Vec::new();
        loop {
            let mut piece = [0; 1024];
            let read = self.0.read(&mut piece)?;
            ensure!(read > 0, "a connection was closed");
            answer.extend_from_slice(&piece[..read]);
            let mut headers = [httparse::EMPTY_HEADER; 32];
            let mut response = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(length) = response.parse(&answer)? {
                let status = response.code.unwrap_or_default();
                ensure!(matches!(status, 200..=299), "status {status}");
                return Ok(answer.split_off(length));
            }
        }
    }
}
