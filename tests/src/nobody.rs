//! An address at which nothing listens.

use std::sync::OnceLock;
use tokio::net::TcpSocket;

/// The URL of an address at which nothing listens, without a slash at the end.
#[must_use]
pub fn nobody() -> &'static str {
    // Bound as long as the tests run, so that nobody else gets the port, and never listening.
    static PLACE: OnceLock<(TcpSocket, String)> = OnceLock::new();
    let (_, url) = PLACE.get_or_init(|| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        (socket, url)
    });
    url
}
