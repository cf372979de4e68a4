//! An application at work while something is done to the store.

use crate::{listed, session, value};
use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use lunadefend::{LunaDefend, Metadata, UntrustedToken, VerifiedToken};
use lunadefend_core::provider::TokenId;
use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::task::JoinSet;

/// How many calls it makes at a time.
const WORKERS: usize = 6;

#[derive(Default)]
struct Counts {
    read: AtomicU64,
    stored: AtomicU64,
    verified: AtomicU64,
    failed: AtomicU64,
}

/// What was acknowledged: a line for each token, with its value.
struct Stored(Mutex<File>);

impl Stored {
    fn add(&self, token: &VerifiedToken, value: &str) -> Result<()> {
        let line = format!("{} {value}\n", token.expose_id());
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(file.write_all(line.as_bytes())?)
    }
}

/// Works until it is told to end.
pub(super) async fn run(store: &Path) -> Result<()> {
    let luna = LunaDefend::from_env().await?;
    let tokens = Arc::new(listed(store)?);
    let (counts, stop) = (
        Arc::new(Counts::default()),
        Arc::new(AtomicBool::new(false)),
    );
    let stored = File::create(store.with_added_extension("stored"))?;
    let stored = Arc::new(Stored(Mutex::new(stored)));
    let mut working = JoinSet::new();
    for _ in 0..WORKERS {
        let (luna, tokens) = (luna.clone(), tokens.clone());
        let (counts, stop, stored) = (counts.clone(), stop.clone(), stored.clone());
        working.spawn(async move {
            let mut rng = Rng::new();
            while !stop.load(Ordering::Relaxed) {
                if let Err(error) = one(&luna, &tokens, &mut rng, &counts, &stored).await {
                    counts.failed.fetch_add(1, Ordering::Relaxed);
                    eprintln!("error: {error:#}");
                }
            }
        });
    }
    println!("ready");
    let read = || std::io::stdin().lines().next().transpose();
    let line = tokio::task::spawn_blocking(read).await??;
    ensure!(line.as_deref() == Some("end"), "expected `end`");
    stop.store(true, Ordering::Relaxed);
    while let Some(worker) = working.join_next().await {
        worker?;
    }
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "worked read={} stored={} verified={} failed={}",
        count(&counts.read),
        count(&counts.stored),
        count(&counts.verified),
        count(&counts.failed)
    );
    Ok(())
}

/// Reads a token of the store, verifies it, and stores another.
async fn one(
    luna: &LunaDefend,
    tokens: &[TokenId],
    rng: &mut Rng,
    counts: &Counts,
    stored: &Stored,
) -> Result<()> {
    let ann = session()?;
    let number = rng.usize(..tokens.len());
    let id = tokens[number].expose_id();
    let untrusted = UntrustedToken::parse(id)?;
    let token = luna.grants().verify(&ann, untrusted).await;
    let token: VerifiedToken = token.context("a grant is not there")?;
    counts.verified.fetch_add(1, Ordering::Relaxed);

    let api = luna.tokenizer();
    let read = api.detokenize(&ann, &token).await;
    let read = read.with_context(|| format!("number {number} is not read"))?;
    ensure!(
        read.expose_secret() == value(number),
        "number {number} has another value"
    );
    counts.read.fetch_add(1, Ordering::Relaxed);

    let text = format!("made meanwhile {}", rng.u64(..));
    let made = api.tokenize_text(&ann, &text, &Metadata::string()).await;
    let made = made.context("a value is not stored")?;
    let read = api.detokenize(&ann, &made).await;
    let read = read.context("a new value is not read")?;
    ensure!(
        read.expose_secret() == text.as_bytes(),
        "a new value is another one"
    );
    stored.add(&made, &text)?;
    counts.stored.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
