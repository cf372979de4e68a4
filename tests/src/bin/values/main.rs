//! Long values for `cargo xtask soak`: an application's side of uploads and downloads, as a process of its own, so
//! that its memory is what is measured. The tokenizer's is measured by who started both.
//!
//! It says on its standard output what became of it:
//!
//! - `round --bytes N`: `uploaded millis=N`, `downloaded millis=N`, `peak_kib=N`: a value of that length up and
//!   down by the SDK, compared byte for byte;
//! - `slow --bytes N --seconds N`: the same, where the upload takes that long;
//! - `cut --bytes N`: `sent` when so much of a longer value was sent; then it waits to be killed;
//! - `upload-url`: `url=..` and `token=..` for an upload by another program; `download-url --token T`: `url=..`;
//! - `syncs --count N`: `ready`, and after each line that it is sent one of `stored`, `read`, `counted`, `put`, `got`:
//!   so many small values stored and read in a request, read where reads are counted, and stored and read by URL;
//! - `count --store PATH`: `rows=N parts=N` that a store has after what has expired was swept. No other process may
//!   have it open.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "that is how it talks to what started it"
)]

mod pattern;
mod remains;
mod syncs;
mod urls;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use clap::{Parser, Subcommand};
use futures_util::{Stream, StreamExt, stream};
use lunadefend::{LunaDefend, Metadata, SessionId, StreamBody, VerifiedToken};
use pattern::Pattern;
use std::{convert::Infallible, path::PathBuf, process::ExitCode, time::Duration};
use tokio::time::{Instant, sleep_until};

/// The length of the pieces in which the application makes a value, in bytes.
const PIECE: u64 = 64 * 1024;

/// Store and read long values. Started by `cargo xtask soak`.
#[derive(Parser)]
#[command(name = "values")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A value up and down.
    Round {
        #[arg(long)]
        bytes: u64,
    },
    /// The same over a slow line.
    Slow {
        #[arg(long)]
        bytes: u64,
        #[arg(long)]
        seconds: u64,
    },
    /// A value that is never finished.
    Cut {
        #[arg(long)]
        bytes: u64,
    },
    /// A new token and where its value goes.
    UploadUrl,
    /// Where a value is.
    DownloadUrl {
        #[arg(long)]
        token: String,
    },
    /// Calls whose syncs to the disk are counted.
    Syncs {
        #[arg(long)]
        count: u64,
    },
    /// What a store still has.
    Count {
        #[arg(long)]
        store: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().what).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(what: What) -> Result<()> {
    match what {
        What::Round { bytes } => round(bytes, Duration::ZERO).await,
        What::Slow { bytes, seconds } => round(bytes, Duration::from_secs(seconds)).await,
        What::Cut { bytes } => cut(bytes).await,
        What::UploadUrl => urls::upload().await,
        What::DownloadUrl { token } => urls::download(&token).await,
        What::Syncs { count } => syncs::run(count).await,
        What::Count { store } => remains::count(&store).await,
    }
}

fn session() -> Result<SessionId> {
    Ok(SessionId::new("the session of the soak")?)
}

/// The pieces of a value, over a line that takes `time` for all of them.
fn pieces(bytes: u64, time: Duration) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let began = Instant::now();
    let mut pattern = Pattern::new();
    let count = bytes.div_ceil(PIECE);
    stream::iter(0..count).then(move |number| {
        let length = PIECE.min(bytes - number * PIECE);
        let piece = pattern.take(length);
        let share = (number + 1) as f64 / count as f64;
        async move {
            sleep_until(began + time.mul_f64(share)).await;
            Ok(piece)
        }
    })
}

async fn round(bytes: u64, time: Duration) -> Result<()> {
    let luna = LunaDefend::from_env().await?;
    let (api, session) = (luna.tokenizer(), session()?);
    let began = Instant::now();
    let body = StreamBody::new(pieces(bytes, time));
    let token = api.upload(&session, body, &Metadata::string()).await?;
    println!("uploaded millis={}", began.elapsed().as_millis());
    let began = Instant::now();
    compare(&luna, &session, &token, bytes).await?;
    println!("downloaded millis={}", began.elapsed().as_millis());
    println!("peak_kib={}", peak_kib()?);
    Ok(())
}

/// Reads a value, and compares it with what was sent.
async fn compare(
    luna: &LunaDefend,
    session: &SessionId,
    token: &VerifiedToken,
    bytes: u64,
) -> Result<()> {
    let mut value = luna.tokenizer().download(session, token).await?;
    ensure!(value.length() == Some(bytes), "another length is announced");
    let mut pattern = Pattern::new();
    let mut read = 0;
    while let Some(chunk) = value.next_chunk().await? {
        read += chunk.len() as u64;
        ensure!(
            pattern.take(chunk.len() as u64) == chunk,
            "other bytes came back"
        );
    }
    ensure!(read == bytes, "{read} bytes came back of {bytes}");
    Ok(())
}

async fn cut(bytes: u64) -> Result<()> {
    let luna = LunaDefend::from_env().await?;
    let rest = stream::once(async {
        println!("sent");
        std::future::pending().await
    });
    let body = StreamBody::new(pieces(bytes, Duration::ZERO).chain(rest));
    let api = luna.tokenizer();
    let outcome = api.upload(&session()?, body, &Metadata::string()).await;
    let error = outcome.err().context("a value without an end was stored")?;
    Err(error.into())
}

/// The most memory that this process ever had.
fn peak_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.context("no VmHWM")?.parse()?)
}
