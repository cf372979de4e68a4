//! What a tokenizer on this machine says of itself.

use super::MOMENT;
use anyhow::{Result, ensure};
use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    thread::sleep,
    time::{Duration, Instant},
};

/// Waits until `/ready` says yes.
pub(crate) fn until_ready(port: u16) -> Result<()> {
    let begun = Instant::now();
    while status(port, "/ready") != Some(200) {
        ensure!(begun.elapsed() < MOMENT, "nobody is ready at port {port}");
        sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// The status of a GET on this machine; `None` while nobody answers.
pub(crate) fn status(port: u16, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    .ok()?;
    let mut said = String::new();
    stream.read_to_string(&mut said).ok()?;
    said.split(' ').nth(1)?.parse().ok()
}
