//! A tokenizer that says yes to everything. It is not counted.

use crate::counted::Apart;
use anyhow::{Context as _, Result};
use lunadefend_core::{
    provider::UnixMillis,
    wire::{
        self, BATCH, BATCHES, BatchAnswer, BatchOperation, BatchPlace, Binding, Discovery,
        GrantBatch, GrantVerified, Success, VerifiedItem,
    },
};
use lunadefend_crypto::sha256;
use serde::Serialize;
use std::net::{Ipv4Addr, TcpListener};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) struct Stub {
    pub(crate) url: String,
}

impl Stub {
    pub(crate) fn start(has_batches: bool) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let origin = has_batches.then(|| url.clone());
        tokio::spawn(Apart(Box::pin(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Without it small answers would wait for an acknowledgement.
                let _ = stream.set_nodelay(true);
                let served = serve(stream, origin.clone());
                tokio::spawn(Apart(Box::pin(served)));
            }
        })));
        Ok(Self { url })
    }
}

async fn serve(mut stream: TcpStream, origin: Option<String>) -> Result<()> {
    let mut read = Vec::new();
    loop {
        let Some((head, body)) = whole(&read)? else {
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let response = answer(head, body, origin.as_deref())?;
        read.clear();
        stream.write_all(&response).await?;
    }
}

/// The head and the body of a request, once all of it is there.
fn whole(read: &[u8]) -> Result<Option<(&str, &[u8])>> {
    let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, body) = (std::str::from_utf8(&read[..end])?, &read[end + 4..]);
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.unwrap_or("0").parse()?;
    Ok((body.len() == length).then_some((head, body)))
}

fn answer(head: &str, body: &[u8], origin: Option<&str>) -> Result<Vec<u8>> {
    let path = head.split(' ').nth(1).context("a request has a path")?;
    match (path, origin) {
        ("/grant/verify", _) => ok(&Success(GrantVerified { valid: true })),
        ("/v2/grants/verify", Some(_)) => ok(&Success(verified(wire::from_slice(body, BATCH)?))),
        (wire::DISCOVERY_PATH, Some(origin)) => ok(&Discovery {
            level: 2,
            origin: origin.to_owned(),
            max_items: 100,
            max_value: 1024,
            features: vec![BATCHES.to_owned()],
        }),
        _ => Ok(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()),
    }
}

fn ok(body: &impl Serialize) -> Result<Vec<u8>> {
    let body = serde_json::to_string(body)?;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n";
    Ok(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into())
}

/// Says yes to each item of a batch.
pub(crate) fn verified(batch: GrantBatch) -> BatchAnswer<VerifiedItem> {
    let GrantBatch { batch_id, items } = batch;
    let expires_at = Some(UnixMillis::new(1_900_000_000_000));
    let item = |(index, item): (u32, &wire::GrantItem)| {
        let (session, token) = item.ids()?;
        let place = BatchPlace {
            operation: BatchOperation::Verify,
            batch: batch_id,
            index,
        };
        let (session, token) = (session.expose_id(), token.expose_id());
        Some(VerifiedItem {
            binding: Binding::of(place, session, token, expires_at, sha256),
            expires_at,
        })
    };
    BatchAnswer {
        batch_id,
        items: (0..).zip(&items).filter_map(item).collect(),
    }
}
