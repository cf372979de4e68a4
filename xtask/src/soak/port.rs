//! Ports that a program is told before it has them.

use anyhow::{Context as _, Result};
use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr};

/// A port of loopback, bound and not listened on: nobody else gets it, and a program that we start can
/// listen on it, now and again after a restart (both sides set `SO_REUSEADDR`).
pub(super) struct HeldPort {
    addr: SocketAddr,
    _socket: Socket,
}

impl HeldPort {
    pub(super) fn any() -> Result<Self> {
        let held = || -> std::io::Result<Self> {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.set_reuse_address(true)?;
            socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
            let addr = socket.local_addr()?.as_socket();
            let addr = addr.ok_or(std::io::ErrorKind::AddrNotAvailable)?;
            Ok(Self {
                addr,
                _socket: socket,
            })
        };
        held().context("there is no free port")
    }

    /// `127.0.0.1:P`.
    pub(super) fn addr(&self) -> String {
        self.addr.to_string()
    }

    pub(super) fn number(&self) -> u16 {
        self.addr.port()
    }

    /// How many connections there are to it, by those who made them.
    pub(super) fn connections(&self) -> Result<usize> {
        let table =
            std::fs::read_to_string("/proc/net/tcp").context("cannot read /proc/net/tcp")?;
        Ok(established(&table, self.number()))
    }
}

/// Lines of `/proc/net/tcp` (proc(5)) whose remote port is this one, in state 1.
fn established(table: &str, port: u16) -> usize {
    let port = format!(":{port:04X}");
    let is_one = |line: &&str| {
        let mut words = line.split_whitespace().skip(2);
        let (remote, state) = (words.next(), words.next());
        remote.is_some_and(|remote| remote.ends_with(&port)) && state == Some("01")
    };
    table.lines().filter(is_one).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn whoever_is_told_may_listen_on_it_more_than_once() {
        let held = HeldPort::any().unwrap();
        assert!(
            TcpStream::connect(held.addr()).is_err(),
            "nobody listens yet"
        );
        for _ in 0..2 {
            let listener = TcpListener::bind(held.addr()).unwrap();
            assert_eq!(listener.local_addr().unwrap().port(), held.number());
            let _connection = TcpStream::connect(held.addr()).unwrap();
            if cfg!(target_os = "linux") {
                assert_eq!(held.connections().unwrap(), 1);
            }
        }
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_ne!(other.local_addr().unwrap().port(), held.number());
    }
}
