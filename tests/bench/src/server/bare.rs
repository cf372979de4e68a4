//! hyper alone, with recorded answers.

use super::{Recorded, serve_bare};
use anyhow::{Context, Result};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body_util::Full;
use std::collections::HashMap;
use tokio::net::TcpListener;

pub(super) async fn serve(listener: TcpListener, answers: Vec<Recorded>) -> Result<()> {
    let answers = answers.into_iter().map(|answer| {
        let headers = answer.headers.iter().map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            anyhow::Ok((name, HeaderValue::from_str(value)?))
        });
        let headers: HeaderMap = headers.collect::<Result<_>>()?;
        anyhow::Ok((answer.path, (headers, Bytes::from(answer.body))))
    });
    let answers: HashMap<String, _> = answers.collect::<Result<_>>()?;
    let answer = move |path: &str, _: &[u8]| {
        let (headers, body) = answers.get(path).context("nothing was recorded for it")?;
        let mut response = Response::new(Full::new(body.clone()));
        response.headers_mut().clone_from(headers);
        Ok(response)
    };
    serve_bare(listener, answer).await
}
