//! The line of a process to PostgreSQL, which loses requests and answers.
//!
//! A request is lost on its way, and the server never sees it, or its answer is, and the server has done what it was
//! asked. After some answers the line stays broken until a client has got an error. What is lost depends on how many
//! requests there were, and on no chance.

use lunadefend_tests::PostgresServer;
use lunadefend_vault_postgres::PostgresOptions;
use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};

/// The question whether the server has TLS; `N` is no.
const TLS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A line to a server.
pub(crate) struct Line {
    folder: TempDir,
    state: Arc<State>,
}

struct State {
    server: PathBuf,
    faults: Mutex<Faults>,
}

#[derive(Default)]
struct Faults {
    /// The requests so far that may write.
    writes: usize,
    lost: usize,
    is_broken: bool,
}

/// What becomes of a request.
enum Fate {
    Answered,
    /// The server never sees it.
    Lost,
    /// The server does it, and the client never hears of it.
    AnswerLost,
}

impl Faults {
    const fn fate(&mut self, may_write: bool) -> Fate {
        if self.is_broken {
            return Fate::Lost;
        }
        if !may_write {
            return Fate::Answered;
        }
        self.writes += 1;
        match self.writes % 15 {
            5 => Fate::Lost,
            0 | 10 => {
                self.is_broken = self.writes.is_multiple_of(15);
                // Before the client can notice.
                self.lost += 1;
                Fate::AnswerLost
            }
            _ => Fate::Answered,
        }
    }
}

impl Line {
    /// Listens for a process. A socket has the name that clients of PostgreSQL expect.
    pub(crate) fn to(server: &PostgresServer) -> Self {
        let folder = TempDir::new().unwrap();
        let server = server.socket();
        let listener = UnixListener::bind(folder.path().join(server.file_name().unwrap())).unwrap();
        let state = Arc::new(State {
            server,
            faults: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                // Its end, for whatever reason, ends both sides.
                tokio::spawn(async move { state.pass(client).await });
            }
        });
        Self { folder, state }
    }

    /// The server, by this line.
    pub(crate) fn options(&self) -> PostgresOptions {
        PostgresServer::options_at(self.folder.path())
    }

    /// How many answers were lost so far: each to a request that may have been done.
    pub(crate) fn lost(&self) -> usize {
        self.state.faults().lost
    }

    /// Ends what an answer that was lost began.
    pub(crate) fn mend(&self) {
        self.state.faults().is_broken = false;
    }
}

impl State {
    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap()
    }

    /// Passes on requests and answers, one after the other: the store has no more than one on a connection.
    async fn pass(&self, mut client: UnixStream) -> io::Result<()> {
        // Before the first message, which has no kind, clients ask for TLS.
        let mut startup = message(&mut client, 0).await?;
        if startup == TLS {
            client.write_all(b"N").await?;
            startup = message(&mut client, 0).await?;
        }
        if self.faults().is_broken {
            return Ok(());
        }
        let mut server = UnixStream::connect(&self.server).await?;
        server.write_all(&startup).await?;
        client.write_all(&answer(&mut server).await?).await?;
        loop {
            let request = message(&mut client, 1).await?;
            // Only a query and the end of a message are answered. What reads begins by asking for the primary.
            let is_query = request[0] == b'Q';
            let may_write = is_query && !contains(&request, b"lunadefend_primary()");
            let fate = self.faults().fate(may_write);
            if matches!(fate, Fate::Lost) {
                return Ok(());
            }
            server.write_all(&request).await?;
            if !is_query && request[0] != b'S' {
                continue;
            }
            // As a whole or not at all: half of one may tell the client too early that there will be none.
            let answer = answer(&mut server).await;
            if matches!(fate, Fate::AnswerLost) {
                return Ok(());
            }
            if answer.is_err() {
                self.faults().lost += 1;
            }
            client.write_all(&answer?).await?;
        }
    }
}

/// Reads the messages of the server until it is ready for a query.
async fn answer(server: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    loop {
        let next = message(server, 1).await?;
        let is_last = next[0] == b'Z';
        answer.extend(next);
        if is_last {
            return Ok(answer);
        }
    }
}

/// Reads a message: `kind` bytes, its length in four bytes that count themselves, and the rest.
async fn message(from: &mut (impl AsyncRead + Unpin), kind: usize) -> io::Result<Vec<u8>> {
    let mut message = vec![0; kind + 4];
    from.read_exact(&mut message).await?;
    let length = u32::from_be_bytes(message[kind..].try_into().unwrap());
    message.resize(kind + length as usize, 0);
    from.read_exact(&mut message[kind + 4..]).await?;
    Ok(message)
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
