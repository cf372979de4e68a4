//! What the network of the proof has: a name server, and the application's key set.

use anyhow::{Context as _, Result};
use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// The port of the application.
const APPLICATION: u16 = 3000;
/// The length of the head of a message (RFC 1035, section 4.1.1).
const HEAD: usize = 12;
const A: u16 = 1;

/// A name server for one name, which is this machine.
pub(super) struct Names(Arc<AtomicU64>);

impl Names {
    pub(super) fn serve(name: &'static str) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).context("port 53")?;
        let asked = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&asked);
        thread::spawn(move || {
            let mut message = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut message) {
                count.fetch_add(1, Ordering::SeqCst);
                if let Some(answer) = answer(&message[..length], name) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Ok(Self(asked))
    }

    /// How many questions came so far.
    pub(super) fn asked(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The answer to a question; `None` when it is none.
fn answer(message: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut asked = Vec::new();
    let mut rest = message.get(HEAD..)?;
    loop {
        let (length, behind) = rest.split_first()?;
        let (label, behind) = behind.split_at_checked(usize::from(*length))?;
        rest = behind;
        if label.is_empty() {
            break;
        }
        asked.push(std::str::from_utf8(label).ok()?);
    }
    let kind = u16::from_be_bytes([*rest.first()?, *rest.get(1)?]);
    let question = &message[HEAD..message.len() - rest.len() + 4];
    let is_known = asked.join(".").eq_ignore_ascii_case(name);
    let is_address = is_known && kind == A;
    // A response that was recursive, and whether the name is there.
    let mut answer = message[..2].to_vec();
    answer.extend([0x81, if is_known { 0x80 } else { 0x83 }]);
    answer.extend([0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
    answer.extend(question);
    if is_address {
        // The name of the question, an address, for no time.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(Ipv4Addr::LOCALHOST.octets());
    }
    Some(answer)
}

/// The application's key set, by HTTP.
pub(super) struct KeySet(Arc<AtomicU64>);

impl KeySet {
    pub(super) fn serve(set: String) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, APPLICATION))?;
        let fetched = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&fetched);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let _ = respond(&mut stream, &set);
            }
        });
        Ok(Self(fetched))
    }

    pub(super) fn url(&self, host: &str) -> String {
        format!("http://{host}:{APPLICATION}/.lunasec/jwks.json")
    }

    /// How often it was fetched.
    pub(super) fn fetched(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

fn respond(stream: &mut TcpStream, set: &str) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut part)? {
            0 => return Ok(()),
            length => head.extend_from_slice(&part[..length]),
        }
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{set}",
        set.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(kind: u8) -> Vec<u8> {
        let mut message = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        message.extend(b"\x01a\x04Test\x00");
        message.extend([0, kind, 0, 1]);
        message
    }

    #[test]
    fn a_name_server_knows_one_name_by_one_kind_of_address() {
        let known = answer(&question(1), "a.test").unwrap();
        assert_eq!(known[..8], [7, 9, 0x81, 0x80, 0, 1, 0, 1]);
        assert_eq!(known[12..24], question(1)[12..]);
        assert_eq!(known[known.len() - 4..], [127, 0, 0, 1]);
        // IPv6: the name is there, without such an address.
        let none = answer(&question(28), "a.test").unwrap();
        assert_eq!(none[2..8], [0x81, 0x80, 0, 1, 0, 0]);
        let unknown = answer(&question(1), "b.test").unwrap();
        assert_eq!(unknown[2..8], [0x81, 0x83, 0, 1, 0, 0]);
        for length in 0..question(1).len() - 3 {
            assert!(answer(&question(1)[..length], "a.test").is_none());
        }
    }
}
