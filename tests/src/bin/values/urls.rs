//! URLs for other programs, such as curl.

use anyhow::{Context, Result};
use http::{HeaderMap, HeaderValue, Method, header};
use lunadefend::{LunaDefend, provider::Clock};
use lunadefend_crypto::SigningKey;
use lunadefend_http::{HttpClient, Request};
use lunadefend_jwt::SystemClock;
use lunadefend_tests::sign;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// A new token, and where its value goes.
pub(crate) async fn upload() -> Result<()> {
    let data = ask("/tokenize", "{}").await?;
    println!("token={}", text(&data, "tokenId")?);
    println!("url={}", text(&data, "uploadUrl")?);
    Ok(())
}

/// Where the value of a token is.
pub(crate) async fn download(token: &str) -> Result<()> {
    let body = json!({ "tokenId": token }).to_string();
    let data = ask("/detokenize", &body).await?;
    println!("url={}", text(&data, "downloadUrl")?);
    Ok(())
}

fn text<'a>(data: &'a Value, name: &str) -> Result<&'a str> {
    let text = data.get(name).and_then(Value::as_str);
    text.with_context(|| format!("no {name} in the response"))
}

/// A JWT of a user, as LunaSec's SDK signs them.
#[expect(
    clippy::disallowed_methods,
    reason = "a program, whose key its caller names in the environment"
)]
fn user_jwt() -> Result<String> {
    let pem = std::env::var("LUNASEC_SIGNING_KEY")?;
    let key = SigningKey::parse(pem.as_bytes(), "LUNASEC_SIGNING_KEY")?;
    let now = SystemClock.unix_millis().get() / 1000;
    let claims = json!({
        "session_id": "curl", "sub": "user", "iss": "node-sdk", "aud": "secure-frame",
        "iat": now, "exp": now + 900,
    });
    Ok(sign(
        &key,
        r#"{"alg":"RS256","typ":"JWT"}"#,
        &claims.to_string(),
    ))
}

/// A request of a user of the application, as the SDK makes them.
async fn ask(path: &str, body: &str) -> Result<Value> {
    let luna = LunaDefend::from_env().await?;
    let authorization = HeaderValue::from_str(&user_jwt()?)?;
    let request = Request {
        method: Method::POST,
        url: luna.client().tokenizer_url().join(path).into(),
        headers: HeaderMap::from_iter([
            (header::AUTHORIZATION, authorization),
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            ),
        ]),
        body: body.to_owned().into(),
        max_response: 64 * 1024,
        deadline: Instant::now() + Duration::from_secs(30),
    };
    let answer = HttpClient::builder()
        .tls(false)
        .build()?
        .send(request)
        .await?;
    let answer: Value = serde_json::from_slice(&answer.body)?;
    answer.get("data").cloned().context("the tokenizer refused")
}
