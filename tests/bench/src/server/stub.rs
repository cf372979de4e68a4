//! A tokenizer that says yes to everybody, and stores nothing: what a client costs is seen on it.

use super::serve_bare;
use anyhow::{Result, bail};
use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::Full;
use lunadefend_core::{
    provider::{Clock, UnixMillis},
    wire::{
        BATCH, BATCHES, BatchAnswer, BatchOperation, BatchPlace, Binding, DISCOVERY_PATH,
        Discovery, Empty, GrantBatch, GrantVerified, GrantedItem, Success, VerifiedItem,
        from_slice, to_vec,
    },
};
use lunadefend_crypto::sha256;
use lunadefend_jwt::SystemClock;
use secrecy::ExposeSecret;
use serde::Serialize;
use std::time::Duration;
use tokio::net::TcpListener;

pub(super) async fn serve(listener: TcpListener, level: u64) -> Result<()> {
    let discovery = Discovery {
        level,
        origin: format!("http://localhost:{}", listener.local_addr()?.port()),
        max_items: GrantBatch::MAX_ITEMS as u64,
        max_value: 1024,
        features: vec![BATCHES.to_owned()],
    };
    let expires_at = SystemClock.unix_millis() + Duration::from_secs(60 * 60);
    let answer = move |path: &str, body: &[u8]| {
        let body = match path {
            "/grant/verify" => to_vec(&Success(GrantVerified { valid: true })),
            "/grant/set" => to_vec(&Success(Empty {})),
            DISCOVERY_PATH if level >= 2 => to_vec(&discovery),
            DISCOVERY_PATH => {
                let mut missing = Response::default();
                *missing.status_mut() = StatusCode::NOT_FOUND;
                return Ok(missing);
            }
            "/v2/grants/verify" => batch(body, expires_at, BatchOperation::Verify, |binding| {
                VerifiedItem {
                    binding,
                    expires_at: Some(expires_at),
                }
            })?,
            "/v2/grants/set" => batch(body, expires_at, BatchOperation::Set, |binding| {
                GrantedItem {
                    binding,
                    outcome: Ok(expires_at),
                }
            })?,
            _ => bail!("the stub has no such route"),
        };
        // What our tokenizer says beside the body.
        let response = Response::builder()
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header(header::CACHE_CONTROL, "no-store, no-transform")
            .header("x-content-type-options", "nosniff")
            .header("referrer-policy", "no-referrer");
        Ok(response.body(Full::new(Bytes::from(body)))?)
    };
    serve_bare(listener, answer).await
}

/// Says yes to each item of a batch.
fn batch<T: Serialize>(
    body: &[u8],
    expires_at: UnixMillis,
    operation: BatchOperation,
    yes: impl Fn(Binding) -> T,
) -> Result<Vec<u8>> {
    let asked: GrantBatch = from_slice(body, BATCH)?;
    let items = (0..).zip(&asked.items).map(|(index, item)| {
        let place = BatchPlace {
            operation,
            batch: asked.batch_id,
            index,
        };
        let session = item.session_id.expose_secret();
        let expires_at = Some(expires_at);
        let binding = Binding::of(place, session, &item.token_id, expires_at, sha256);
        yes(binding)
    });
    Ok(to_vec(&Success(BatchAnswer {
        batch_id: asked.batch_id,
        items: items.collect(),
    })))
}
