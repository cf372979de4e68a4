//! A loop around reqwest, as somebody writes it who has no SDK: a fixed JWT, one request, its answer read by serde.

use super::load::Caller;
use crate::job::READER;
use anyhow::{Result, ensure};
use rustls::{ClientConfig, RootCertStore};
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    session_id: &'a str,
    token_id: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    success: bool,
    data: Verdict,
}

#[derive(Deserialize)]
struct Verdict {
    valid: bool,
}

/// Makes the client of all loops: reqwest's own settings, but no proxy and no trust in any certificate, which no loop needs.
pub(super) fn client() -> Result<reqwest::Client> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder().no_proxy();
    Ok(client.tls_backend_preconfigured(tls).build()?)
}

/// One of the loops.
pub(super) struct PlainLoop {
    pub(super) client: reqwest::Client,
    pub(super) url: String,
    pub(super) jwt: Arc<str>,
    pub(super) tokens: Arc<[String]>,
    pub(super) next: Arc<AtomicU64>,
}

impl Caller for PlainLoop {
    async fn call(&mut self) -> Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed) as usize;
        let question = Question {
            session_id: READER,
            token_id: &self.tokens[number % self.tokens.len()],
        };
        let request = self
            .client
            .post(&self.url)
            .header("authorization", &*self.jwt)
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&question)?);
        let answer = request.send().await?;
        ensure!(answer.status() == 200, "status {}", answer.status());
        let answer: Answer = serde_json::from_slice(&answer.bytes().await?)?;
        ensure!(answer.success && answer.data.valid, "an unexpected answer");
        Ok(())
    }
}
