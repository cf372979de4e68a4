//! Calls whose syncs to the disk of the tokenizer are counted by who started both. One after the other: calls at
//! once share a sync.

use crate::session;
use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::stream;
use lunadefend::{LunaDefend, Metadata, StreamBody};
use std::convert::Infallible;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};

const VALUE: &[u8] = b"078-05-1120";
/// Longer than what comes in a response.
const LONG: usize = 20_000;

pub(crate) async fn run(count: u64) -> Result<()> {
    let luna = LunaDefend::from_env().await?;
    let (api, session, metadata) = (luna.tokenizer(), session()?, Metadata::string());
    // What this side knows of the tokenizer it learns before.
    let token = api.tokenize(&session, VALUE, &metadata).await?;
    api.detokenize(&session, &token).await?;
    let reads = u32::try_from(count)?;
    let counted = api
        .tokenize(&session, VALUE, &metadata)
        .reads(reads)
        .await?;
    let long = api.tokenize(&session, &[7; LONG], &metadata).await?;
    let mut lines = BufReader::new(stdin()).lines();
    println!("ready");

    go(&mut lines).await?;
    for _ in 0..count {
        api.tokenize(&session, VALUE, &metadata).await?;
    }
    println!("stored");
    go(&mut lines).await?;
    for _ in 0..count {
        api.detokenize(&session, &token).await?;
    }
    println!("read");
    go(&mut lines).await?;
    for _ in 0..count {
        api.detokenize(&session, &counted).await?;
    }
    println!("counted");
    go(&mut lines).await?;
    for _ in 0..count {
        let body = StreamBody::new(stream::iter([Ok::<_, Infallible>(Bytes::from_static(
            VALUE,
        ))]));
        api.upload(&session, body, &metadata).await?;
    }
    println!("put");
    go(&mut lines).await?;
    for _ in 0..count {
        api.detokenize(&session, &long).await?;
    }
    println!("got");
    Ok(())
}

async fn go(lines: &mut Lines<BufReader<Stdin>>) -> Result<()> {
    lines.next_line().await?.context("nobody counts")?;
    Ok(())
}
