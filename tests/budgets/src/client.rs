//! The client's way of a verify: from the handle of an application to the socket and back.

use crate::{
    counted::repeated,
    keys::{signing_key, tokens},
    runtime,
    stub::Stub,
};
use anyhow::{Result, ensure};
use http::header;
use lunadefend_client::Client;
use lunadefend_core::{
    Grants, SessionId, UntrustedToken,
    provider::{Clock, TokenId},
    wire::GrantVerify,
};
use lunadefend_http::{BaseUrl, Cleartext, HttpClient};
use lunadefend_jwt::{JwtProfile, JwtSigner, SystemClock};
use rustls::{ClientConfig, RootCertStore};
use std::{sync::Arc, time::Duration};

/// The same request by reqwest alone, with a fixed JWT: what a call must cost anyway.
pub(crate) fn plain(times: u32) -> Result<()> {
    let runtime = runtime()?;
    let _entered = runtime.enter();
    let stub = Stub::start(false)?;
    let url = format!("{}/grant/verify", stub.url);
    let jwt = JwtSigner::new(signing_key()?, JwtProfile::default(), &stub.url);
    let jwt = jwt.application(SystemClock.now())?;
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(without_trust()?)
        .no_proxy()
        .build()?;
    let body = GrantVerify {
        session_id: SessionId::new("94AgCStMEksB27IX7v1Ep9SyUmSgsJV3cePAnDO2MjE")?,
        token_id: TokenId::parse(&tokens(1).concat())?,
    };
    let call = async || {
        let request = client
            .post(&url)
            .header(header::AUTHORIZATION, jwt.expose_secret())
            .header(header::CONTENT_TYPE, "application/json")
            .body(serde_json::to_vec(&body)?);
        let answer = request.send().await?.bytes().await?;
        let answer: serde_json::Value = serde_json::from_slice(&answer)?;
        ensure!(answer["data"]["valid"] == true, "the token is verified");
        Ok(())
    };
    repeated(&runtime, 5, times, call)
}

/// The piece needs no TLS, and reqwest insists on a configuration.
fn without_trust() -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// Verifies `count` tokens with each call. One token goes by wire level 1, more by level 2.
pub(crate) fn verify(count: usize, times: u32) -> Result<()> {
    let runtime = runtime()?;
    let _entered = runtime.enter();
    let stub = Stub::start(count > 1)?;
    let url = BaseUrl::parse(&stub.url, "the stub's URL", Cleartext::LoopbackOnly)?;
    let builder = Client::builder(url, signing_key()?);
    // Valgrind is fifty times slower, and the machine may be busy.
    let builder = builder
        .http_client(HttpClient::builder().tls(false).build()?)
        .deadline(Duration::from_secs(60));
    let client = match count {
        1 => builder,
        _ => builder.require_level(2),
    };
    let grants = Grants::new(client.build()?);
    let session = SessionId::new("3f6c0f6e-a-session-of-the-application")?;
    let tokens = tokens(count);
    let call = async || {
        let tokens: Result<Vec<_>, _> = tokens
            .iter()
            .map(|token| UntrustedToken::parse(token))
            .collect();
        let verified = grants.verify(&session, tokens?).await?;
        ensure!(verified.len() == count, "each token is verified");
        Ok(())
    };
    repeated(&runtime, 5, times, call)
}
