//! What a browser does with requests: it keeps cookies, by host and not by port, and follows redirects.

use anyhow::{Context, Result, ensure};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use lunadefend_http::{HttpClient, Request};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;
use url::Url;

const DEADLINE: Duration = Duration::from_secs(10);
const MAX_ANSWER: usize = 2 * 1024 * 1024;

/// One user's browser.
pub(crate) struct Browser {
    http: HttpClient,
    /// By host, then by name. A browser does not tell ports apart either.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Page {
    pub(crate) fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.body).context("the answer is not JSON")
    }
}

impl Browser {
    pub(crate) fn new(tls: bool) -> Result<Self> {
        let http = HttpClient::builder().tls(tls).build()?;
        Ok(Self {
            http,
            cookies: BTreeMap::new(),
        })
    }

    /// One request with the cookies of its host; remembers those that come back.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Page> {
        let url = Url::parse(url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let server = url.origin().ascii_serialization();
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            sent.insert(
                HeaderName::from_bytes(name.as_bytes())?,
                HeaderValue::from_str(value)?,
            );
        }
        if let Some(cookies) = self
            .cookies
            .get(&host)
            .filter(|cookies| !cookies.is_empty())
        {
            let cookies: Vec<_> = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            sent.insert(header::COOKIE, HeaderValue::from_str(&cookies.join("; "))?);
        }
        let answer = self
            .http
            .send(Request {
                method,
                url: url.into(),
                headers: sent,
                body: body.into(),
                max_answer: MAX_ANSWER,
                deadline: Instant::now() + DEADLINE,
            })
            .await
            .with_context(|| format!("no answer from {server}: is it running there?"))?;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            self.remember(&host, cookie.to_str()?);
        }
        Ok(Page {
            status: answer.status,
            headers: answer.headers,
            body: answer.body.into(),
        })
    }

    fn remember(&mut self, host: &str, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let gone = parts.any(|attribute| attribute.eq_ignore_ascii_case("max-age=0"));
        let jar = self.cookies.entry(host.to_owned()).or_default();
        if gone || value.is_empty() {
            jar.remove(name);
        } else {
            jar.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Sends JSON as the page or frame at `origin` does.
    pub(crate) async fn post(
        &mut self,
        origin: &str,
        url: &str,
        body: &serde_json::Value,
    ) -> Result<Page> {
        let headers = [
            ("content-type", "application/json"),
            ("origin", origin),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-dest", "empty"),
        ];
        self.send(Method::POST, url, &headers, body.to_string().into_bytes())
            .await
    }

    /// Fetches without CORS as a page's script does, following redirects. Gives the paths that it came by,
    /// without their queries, and the last page.
    pub(crate) async fn fetch_no_cors(&mut self, url: &str) -> Result<(Vec<String>, Page)> {
        let mut next = url.to_owned();
        let mut trail = Vec::new();
        loop {
            ensure!(trail.len() < 5, "redirected too often");
            let headers = [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty")];
            let page = self.send(Method::GET, &next, &headers, Vec::new()).await?;
            trail.push(Url::parse(&next)?.path().to_owned());
            if !page.status.is_redirection() {
                return Ok((trail, page));
            }
            let location = page
                .headers
                .get(header::LOCATION)
                .context("a redirect to nowhere")?;
            next = Url::parse(&next)?.join(location.to_str()?)?.into();
        }
    }
}
