//! What stands between real browsers and a server: it takes off TLS where the test wants https, and keeps what
//! the browsers send.

use crate::tls::self_signed;
use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex, OnceLock},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

/// The certificate of all fronts, which no browser trusts unless told to.
static TLS: LazyLock<TlsAcceptor> =
    LazyLock::new(|| self_signed(&["*.shop.localhost", "*.other.localhost"]).0);

/// How many bytes wait in a connection that is held, at most, beside those that its sender keeps.
const WAITING: u32 = 256 * 1024;

/// Listens for browsers; it ends when it is dropped.
pub struct Front {
    port: u16,
    https: bool,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    upstream: OnceLock<SocketAddr>,
    /// What came over each connection.
    sent: Mutex<Vec<Vec<u8>>>,
    line: watch::Sender<Line>,
    /// How many bytes may still come until the line is so.
    left: Mutex<Option<(usize, Line)>>,
}

/// What becomes of the bytes of browsers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    /// They are passed on.
    #[default]
    Open,
    /// They wait.
    Held,
    /// Every connection is closed.
    Cut,
}

impl State {
    /// Counts bytes that came, and returns what becomes of them.
    fn spend(&self, length: usize) -> Line {
        let mut left = self.left.lock().unwrap();
        if let Some((most, then)) = *left {
            *left = most.checked_sub(length).map(|most| (most, then));
            if left.is_none() {
                self.line.send_replace(then);
            }
        }
        *self.line.borrow()
    }
}

impl Front {
    /// Listens. Until [`Front::lead_to`] says where to, connections are closed.
    pub(crate) async fn start(https: bool) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(WAITING).unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let listener = socket.listen(1024).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                connections.spawn(async move {
                    if !https {
                        pass(stream, &state).await;
                    } else if let Ok(stream) = TLS.accept(stream).await {
                        pass(stream, &state).await;
                    }
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Self {
            port,
            https,
            state,
            task,
        }
    }

    /// Sets where requests are passed on to.
    pub(crate) fn lead_to(&self, upstream: SocketAddr) {
        self.state.upstream.set(upstream).unwrap();
    }

    /// Its URL by one of its names, without a slash at the end.
    pub(crate) fn url(&self, name: &str) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{name}:{}", self.port)
    }

    /// Closes all connections and every new one, as when the server or the network is gone.
    pub fn cut(&self) {
        self.state.line.send_replace(Line::Cut);
    }

    /// The same once more bytes than these have come, so that it happens in the middle of a request.
    pub fn cut_after(&self, bytes: usize) {
        *self.state.left.lock().unwrap() = Some((bytes, Line::Cut));
    }

    /// Passes nothing on once more bytes than these have come, as on a line that is very slow. At most a few
    /// megabytes more are on their way then.
    pub fn hold_after(&self, bytes: usize) {
        *self.state.left.lock().unwrap() = Some((bytes, Line::Held));
    }

    /// Ends that.
    pub fn mend(&self) {
        self.state.line.send_replace(Line::Open);
    }

    /// How many requests came that begin so, such as `GET /session/verify`.
    #[must_use]
    pub fn count(&self, request: &str) -> usize {
        let sent = self.sent();
        let text = String::from_utf8_lossy(&sent);
        // A request may follow the body of the one before without a new line.
        let lines = text.lines().filter(|line| line.ends_with(" HTTP/1.1"));
        lines.filter(|line| line.contains(request)).count()
    }

    /// All that came, one connection after the other.
    #[must_use]
    pub fn sent(&self) -> Vec<u8> {
        self.state.sent.lock().unwrap().join(&b'\n')
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes on both ways until both sides are done.
async fn pass(browser: impl AsyncRead + AsyncWrite, state: &State) {
    let (mut held, mut cut) = (state.line.subscribe(), state.line.subscribe());
    let Some(upstream) = state.upstream.get() else {
        return;
    };
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        return;
    };
    let connection = {
        let mut sent = state.sent.lock().unwrap();
        sent.push(Vec::new());
        sent.len() - 1
    };
    let (mut from_browser, mut to_browser) = tokio::io::split(browser);
    let (mut from_server, mut to_server) = server.split();
    let up = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from_browser.read(&mut buffer).await {
            let bytes = &buffer[..length];
            if state.spend(length) == Line::Cut {
                // Not one byte more, in either direction: below, the line's end comes first.
                std::future::pending::<()>().await;
            }
            state.sent.lock().unwrap()[connection].extend_from_slice(bytes);
            let _ = held.wait_for(|line| *line != Line::Held).await;
            if to_server.write_all(bytes).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    };
    let down = async {
        let _ = tokio::io::copy(&mut from_server, &mut to_browser).await;
        let _ = to_browser.shutdown().await;
    };
    // A browser may try again over a new connection, which must not reach the server before it is closed.
    tokio::select! {
        biased;
        _ = cut.wait_for(|line| *line == Line::Cut) => {}
        _ = async { tokio::join!(up, down) } => {}
    }
}
