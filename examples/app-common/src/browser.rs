//! As much of a browser as the check and the load need: cookies, and redirects.

use anyhow::{Context, Result, ensure};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use lunadefend_http::{HttpClient, Request};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    time::Duration,
};
use tokio::time::Instant;
use url::Url;

const MAX_ANSWER: usize = 1024 * 1024;
const MAX_REDIRECTS: usize = 4;

/// The headers of a request that script in a page makes to where the page came from.
const FETCH: [(&str, &str); 3] = [
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-dest", "empty"),
];
/// And of the one by which a page transfers a session.
const NO_CORS: [(&str, &str); 2] = [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty")];

/// One user's browser.
pub struct Browser {
    http: HttpClient,
    deadline: Duration,
    /// By host, then by name. A browser does not tell ports apart either.
    cookies: HashMap<String, BTreeMap<String, String>>,
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Browser(..)")
    }
}

/// What came back.
pub struct Page {
    /// What was asked for: the method, and the paths that it came by, without queries.
    pub request: String,
    /// The status.
    pub status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("request", &self.request)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Page {
    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether it is a 200.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == StatusCode::OK
    }

    /// Whether it is an error with this status and name, in the form that all errors have.
    #[must_use]
    pub fn is_error(&self, status: u16, name: &str) -> bool {
        let body = self.json();
        self.status == status
            && body["success"] == false
            && body["error"]["name"] == name
            && body["error"]["code"] == self.status.as_str()
            && body["error"]["message"].is_string()
    }

    /// The status, and what an error says.
    #[must_use]
    pub fn outcome(&self) -> String {
        let status = self.status.as_u16();
        let error = &self.json()["error"];
        match (error["name"].as_str(), error["message"].as_str()) {
            (Some(name), Some(message)) => format!("{status} {name}: {message}"),
            _ => status.to_string(),
        }
    }
}

impl Browser {
    /// A browser without cookies, whose requests take `deadline` at most. Browsers may share connections.
    #[must_use]
    pub fn new(http: HttpClient, deadline: Duration) -> Self {
        Self {
            http,
            deadline,
            cookies: HashMap::new(),
        }
    }

    /// Asks for something as script in the page does.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&mut self, url: &str) -> Result<Page> {
        self.send(Method::GET, &Url::parse(url)?, &FETCH, None)
            .await
    }

    /// Posts JSON as script in the page or frame at `url`'s own origin does.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post(&mut self, url: &str, body: &Value) -> Result<Page> {
        let url = Url::parse(url)?;
        let origin = url.origin().ascii_serialization();
        let mut headers = vec![("content-type", "application/json"), ("origin", &origin)];
        headers.extend(FETCH);
        let body = Some(body.to_string().into_bytes());
        self.send(Method::POST, &url, &headers, body).await
    }

    /// Sends a value to an upload URL.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn put(&mut self, url: &str, value: &str) -> Result<Page> {
        let headers = [("content-type", "text/plain")];
        let body = Some(value.to_owned().into_bytes());
        self.send(Method::PUT, &Url::parse(url)?, &headers, body)
            .await
    }

    /// Asks as `fetch(url, {mode: "no-cors", credentials: "include"})` does, following redirects. The page's
    /// request names all paths that it came by.
    ///
    /// # Errors
    /// When no answer comes, or too many redirects do.
    pub async fn fetch_no_cors(&mut self, url: &str) -> Result<Page> {
        let mut url = Url::parse(url)?;
        let mut trail = String::new();
        for _ in 0..=MAX_REDIRECTS {
            let mut page = self.send(Method::GET, &url, &NO_CORS, None).await?;
            trail = match trail.as_str() {
                "" => page.request,
                _ => format!("{trail} -> {}", url.path()),
            };
            if !page.status.is_redirection() {
                page.request = trail;
                return Ok(page);
            }
            let location = page.headers.get(header::LOCATION);
            url = url.join(location.context("a redirect to nowhere")?.to_str()?)?;
        }
        anyhow::bail!("redirected too often: {trail}")
    }

    async fn send(
        &mut self,
        method: Method,
        url: &Url,
        headers: &[(&'static str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Page> {
        let host = url.host_str().context("a URL without a host")?;
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            sent.insert(*name, HeaderValue::from_str(value)?);
        }
        if let Some(cookies) = self.cookies(host) {
            sent.insert(header::COOKIE, HeaderValue::from_str(&cookies)?);
        }
        let request = format!("{method} {}", url.path());
        let answer = self
            .http
            .send(Request {
                method,
                url: url.as_str().to_owned(),
                headers: sent,
                body: body.unwrap_or_default().into(),
                max_answer: MAX_ANSWER,
                deadline: Instant::now() + self.deadline,
            })
            .await
            .with_context(|| format!("no answer from {}", url.origin().ascii_serialization()))?;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            self.remember(host, cookie.to_str()?)?;
        }
        Ok(Page {
            request,
            status: answer.status,
            headers: answer.headers,
            body: answer.body.into(),
        })
    }

    fn cookies(&self, host: &str) -> Option<String> {
        let jar = self.cookies.get(host).filter(|jar| !jar.is_empty())?;
        let pairs: Vec<_> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Some(pairs.join("; "))
    }

    fn remember(&mut self, host: &str, cookie: &str) -> Result<()> {
        let mut parts = cookie.split(';').map(str::trim);
        let pair = parts.next().and_then(|pair| pair.split_once('='));
        let (name, value) = pair.context("a cookie without a name")?;
        let attributes: Vec<_> = parts.map(str::to_ascii_lowercase).collect();
        let has = |attribute: &str| attributes.iter().any(|found| found == attribute);
        let jar = self.cookies.entry(host.to_owned()).or_default();
        if value.is_empty() || has("max-age=0") {
            jar.remove(name);
        } else {
            ensure!(has("httponly"), "the cookie {name} can be read by script");
            jar.insert(name.to_owned(), value.to_owned());
        }
        Ok(())
    }
}
