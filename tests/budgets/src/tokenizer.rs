//! A request at the tokenizer: from what the server read of a connection to what it writes there.

use crate::{counted::repeated, keys::signing_key, runtime, vault, wire::grant_batch};
use anyhow::{Result, ensure};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use lunadefend_core::{
    provider::Clock,
    wire::{self, GrantVerify},
};
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_jwt::{JwtProfile, JwtSigner, SystemClock};
use lunadefend_tokenizer::{AuthProviders, Tokenizer, TokenizerConfig, VerificationKeys};
use lunadefend_vault::Vault;
use std::time::Duration;
use tower::ServiceExt as _;

/// One grant, by wire level 1.
pub(crate) fn verify(times: u32) -> Result<()> {
    let batch = grant_batch()?;
    let (session_id, token_id) = batch.items[0].ids().ok_or(anyhow::anyhow!("ids"))?;
    let body = wire::to_vec(&GrantVerify {
        session_id,
        token_id,
    });
    request("/grant/verify", &body.into(), times)
}

/// 100 grants, by wire level 2.
pub(crate) fn verify_batch(times: u32) -> Result<()> {
    request(
        "/v2/grants/verify",
        &wire::to_vec(&grant_batch()?).into(),
        times,
    )
}

fn request(path: &str, body: &Bytes, times: u32) -> Result<()> {
    let runtime = runtime()?;
    let _entered = runtime.enter();
    let origin = "http://localhost:37766";
    let vault = runtime.block_on(vault_with_grants())?;
    let tokenizer = tokenizer(origin, vault)?;
    let jwt = JwtSigner::new(signing_key()?, JwtProfile::default(), origin);
    let jwt = jwt.application(SystemClock.now())?;
    let call = async || {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, jwt.expose_secret())
            .body(Full::new(body.clone()))?;
        let response = tokenizer.clone().oneshot(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?;
        ensure!(status == StatusCode::OK, "{status}");
        ensure!(body.to_bytes().starts_with(br#"{"success":true"#), "a yes");
        Ok(())
    };
    repeated(&runtime, 3, times, call)
}

fn tokenizer(origin: &str, vault: Vault) -> Result<Tokenizer> {
    let url = BaseUrl::parse(origin, "TOKENIZER_URL", Cleartext::LoopbackOnly)?;
    let application = "http://localhost:3000";
    let providers = AuthProviders::parse(application, "AUTH_PROVIDERS", Cleartext::LoopbackOnly)?;
    let keys = VerificationKeys::Public(signing_key()?.public_key().clone());
    let config = TokenizerConfig::builder(url, keys, providers).build()?;
    Ok(Tokenizer::new(config, vault))
}

/// A vault with a grant for each item of the batch.
async fn vault_with_grants() -> Result<Vault> {
    let vault = vault::in_memory().await?;
    let soon = SystemClock.unix_millis() + Duration::from_secs(900);
    for (session, token) in grant_batch()?.items.iter().filter_map(wire::GrantItem::ids) {
        vault.grant(&session, &token, soon).await?;
    }
    Ok(vault)
}
