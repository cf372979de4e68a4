//! Servers of the bench's own, each in a process of its own.

mod bare;
mod file;
mod stub;
mod tokenizer;
mod upkeep;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use std::{io, path::PathBuf, process, sync::Arc, thread};
use tokio::{net::TcpListener, sync::mpsc};

/// What a server process is told to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Serving {
    /// hyper alone: it reads a request, and sends what was recorded for its path.
    Bare(Vec<Recorded>),
    /// Says yes to each verify as our tokenizer does, by this wire level and those below.
    Stub(u64),
    /// hyper alone: it sends a file.
    File(PathBuf),
    /// Our tokenizer as a library, so that its allocations are counted.
    Tokenizer {
        /// The file of its store.
        store: PathBuf,
        /// The application's public key, in PEM.
        key: String,
    },
}

/// An answer of the tokenizer, byte for byte.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Recorded {
    /// The path that it was the answer for.
    pub(crate) path: String,
    /// Its headers, but for those that hyper writes itself.
    pub(crate) headers: Vec<(String, String)>,
    /// Its body.
    pub(crate) body: String,
}

/// What a tokenizer does beside its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Upkeep {
    /// Rounds of the janitor, one after the other.
    Sweep,
    /// Backups into this folder, one after the other.
    Backup,
    /// Rows are sealed again, as many in a second as `lunadefend keys rewrap` does.
    Rewrap,
}

/// What is before an [`Upkeep`] in the line that begins it.
pub(crate) const BEGIN: &str = "begin ";

/// What a server says before its address.
pub(crate) const LISTENING: &str = "listening on ";

/// Takes what it is to be from the standard input, and serves until that ends. For the line
/// `allocations` it says how often this process has allocated.
pub(crate) async fn run(say: fn(&str), allocations: fn() -> Option<u64>) -> Result<()> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let serving = serde_json::from_str(&line).context("no server of this kind")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (others, further) = mpsc::unbounded_channel();
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            match &line[..] {
                "allocations" => say(&format!("allocations {}", allocations().unwrap_or(0))),
                // Only a tokenizer listens.
                _ => drop(others.send(line)),
            }
        }
        // Whoever started it has gone.
        process::exit(0);
    });
    say(&format!("{LISTENING}{address}"));
    match serving {
        Serving::Bare(answers) => bare::serve(listener, answers).await,
        Serving::File(path) => file::serve(listener, path).await,
        Serving::Stub(level) => stub::serve(listener, level).await,
        Serving::Tokenizer { store, key } => {
            tokenizer::run(listener, &store, &key, further, say).await
        }
    }
}

/// Serves with hyper alone: each request is read whole, and `answer` gets its path and its body.
async fn serve_bare<B>(
    listener: TcpListener,
    answer: impl Fn(&str, &[u8]) -> Result<Response<B>> + Send + Sync + 'static,
) -> Result<()>
where
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let answer = Arc::new(answer);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = answer.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = answer.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                answer(head.uri.path(), &body)
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
