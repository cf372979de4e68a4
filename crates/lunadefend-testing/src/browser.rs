//! A browser's part in a request: it adds the host's cookies, names the requesting page, and follows
//! redirects. It hides nothing from the test.
//!
//! ```no_run
//! # async fn test() -> Result<(), lunadefend_testing::browser::BrowserError> {
//! use lunadefend_testing::browser::Browser;
//!
//! let (app, tokenizer) = ("http://localhost:3000", "http://localhost:17766");
//! let mut ann = Browser::new()?;
//! ann.post(&format!("{app}/login"), r#"{"user":"ann"}"#).await?;
//! ann.transfer_session(tokenizer).await?;
//!
//! let token = ann.tokenize(tokenizer, "078-05-1120").await?;
//! let body = format!(r#"{{"ssn_token":"{token}"}}"#);
//! assert!(ann.post(&format!("{app}/set-ssn"), &body).await?.is_ok());
//! assert_eq!(ann.detokenize(tokenizer, &token).await?.text(), "078-05-1120");
//!
//! // Another user has seen the token, and gets nothing for it.
//! let mut bob = ann.stranger();
//! bob.post(&format!("{app}/login"), r#"{"user":"bob"}"#).await?;
//! let stolen = bob.post(&format!("{app}/set-ssn"), &body).await?;
//! assert!(stolen.is_error(401, "invalidGrant"));
//! # Ok(())
//! # }
//! ```

mod cookies;
mod error;
mod frame;
mod origin;
mod page;

pub use error::BrowserError;
pub use page::Page;

use cookies::Jar;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use lunadefend_core::wire::{PAGE_SESSION, PageSession};
use lunadefend_http::{HttpClient, Request};
use origin::{fetch_site, origin};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    net::SocketAddr,
    time::Duration,
};
use tokio::time::Instant;
use url::{Position, Url};

const MAX_RESPONSE: usize = 2 * 1024 * 1024;
const MAX_REDIRECTS: usize = 6;

/// One user's browser. A clone starts with a copy of the cookies; later changes are not shared.
///
/// It does what LunaDefend's rules depend on: cookies by host (not by port), `Origin`, `Sec-Fetch-*` and
/// redirects. It ignores a cookie's `Path`, `Domain`, `Secure` and `SameSite`. It reads responses that CORS
/// would hide from a page, so that a test can assert on the headers.
#[derive(Clone)]
pub struct Browser {
    http: HttpClient,
    deadline: Duration,
    /// The addresses that replace those of origins.
    addresses: HashMap<String, SocketAddr>,
    jar: Jar,
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Browser(..)")
    }
}

impl Browser {
    /// Makes a browser without cookies that speaks `http` only.
    ///
    /// # Errors
    /// [`BrowserError::Client`].
    pub fn new() -> Result<Self, BrowserError> {
        Self::build(false)
    }

    /// Makes a browser that speaks `https` too, and trusts the system's root certificates.
    ///
    /// # Errors
    /// [`BrowserError::Client`], when the system's root certificates cannot be read.
    pub fn with_tls() -> Result<Self, BrowserError> {
        Self::build(true)
    }

    fn build(tls: bool) -> Result<Self, BrowserError> {
        let http = HttpClient::builder().tls(tls).build();
        Ok(Self {
            http: http.map_err(|cause| BrowserError::Client(cause.into()))?,
            deadline: Duration::from_secs(30),
            addresses: HashMap::new(),
            jar: Jar::default(),
        })
    }

    /// Returns another user's browser: without cookies, over the same connections.
    #[must_use]
    pub fn stranger(&self) -> Self {
        Self {
            jar: Jar::default(),
            ..self.clone()
        }
    }

    /// Sets how long one request may take; the default is 30 s.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Sends requests for an origin, such as `http://app.example.com`, to this address.
    #[must_use]
    pub fn resolving(mut self, origin: &str, address: SocketAddr) -> Self {
        self.addresses.insert(origin.to_owned(), address);
        self
    }

    /// Sets a cookie, as a log-in would.
    ///
    /// # Errors
    /// [`BrowserError::Url`].
    pub fn set_cookie(&mut self, url: &str, name: &str, value: &str) -> Result<(), BrowserError> {
        self.jar.set(&parse(url)?, name, value);
        Ok(())
    }

    /// Returns the cookies of a URL's host, by name.
    ///
    /// # Errors
    /// [`BrowserError::Url`].
    pub fn cookies(&self, url: &str) -> Result<BTreeMap<String, String>, BrowserError> {
        Ok(self.jar.of(&parse(url)?))
    }

    /// Gets a URL, as a script on a page of the URL's own origin does.
    ///
    /// # Errors
    /// When the request gets no response.
    pub async fn get(&mut self, url: &str) -> Result<Page, BrowserError> {
        self.fetch(url, Method::GET, url, "").await
    }

    /// Posts JSON, as a script on a page of the URL's own origin does.
    ///
    /// # Errors
    /// When the request gets no response.
    pub async fn post(&mut self, url: &str, json: &str) -> Result<Page, BrowserError> {
        self.fetch(url, Method::POST, url, json).await
    }

    /// Sends the request of `fetch(url, {method, body, credentials: "include"})` in a script of the page at
    /// `page`. A body is sent as JSON.
    ///
    /// # Errors
    /// When the request gets no response.
    pub async fn fetch(
        &mut self,
        page: &str,
        method: Method,
        url: &str,
        body: &str,
    ) -> Result<Page, BrowserError> {
        let (from, to) = (parse(page)?, parse(url)?);
        let mut headers = vec![
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-dest", "empty"),
            ("sec-fetch-site", fetch_site(&[&from, &to])),
        ];
        let page_session = PAGE_SESSION;
        let from = origin(&from);
        let is_same_origin = from == origin(&to);
        if method != Method::GET || !is_same_origin {
            headers.push(("origin", &from));
        }
        if is_same_origin {
            // As the frame does for a page of any session; an application ignores it.
            headers.push((page_session.as_str(), PageSession::NONE));
        }
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, url, &headers, body.as_bytes()).await
    }

    /// Sends the CORS preflight request for a `fetch` with this method, without cookies.
    ///
    /// # Errors
    /// When the request gets no response.
    pub async fn preflight(
        &self,
        page: &str,
        method: &Method,
        url: &str,
    ) -> Result<Page, BrowserError> {
        let (from, to) = (parse(page)?, parse(url)?);
        let headers = [
            ("origin", origin(&from)),
            ("access-control-request-method", method.to_string()),
            ("access-control-request-headers", "content-type".to_owned()),
            ("sec-fetch-mode", "cors".to_owned()),
            ("sec-fetch-dest", "empty".to_owned()),
            ("sec-fetch-site", fetch_site(&[&from, &to]).to_owned()),
        ];
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let mut stranger = self.stranger();
        stranger.send(Method::OPTIONS, url, &headers, b"").await
    }

    /// Sends the request of `fetch(url, {mode: "no-cors", credentials: "include"})` in a script of the page
    /// at `page`. Returns each response of the redirect chain in order.
    ///
    /// # Errors
    /// When a request gets no response, or there are too many redirects.
    pub async fn load_no_cors(&mut self, page: &str, url: &str) -> Result<Vec<Page>, BrowserError> {
        self.follow(page, url, "no-cors", "empty").await
    }

    /// Gets a URL and follows redirects, with this `Sec-Fetch-Mode` and `Sec-Fetch-Dest`. Returns each
    /// response of the redirect chain in order.
    ///
    /// # Errors
    /// When a request gets no response, or there are too many redirects.
    pub async fn follow(
        &mut self,
        page: &str,
        url: &str,
        mode: &str,
        dest: &str,
    ) -> Result<Vec<Page>, BrowserError> {
        let mut next = parse(url)?;
        let mut way = vec![parse(page)?];
        let mut trail = Vec::new();
        while trail.len() <= MAX_REDIRECTS {
            way.push(next.clone());
            let headers = [
                ("sec-fetch-mode", mode),
                ("sec-fetch-dest", dest),
                (
                    "sec-fetch-site",
                    fetch_site(&way.iter().collect::<Vec<_>>()),
                ),
            ];
            let response = self.send(Method::GET, next.as_str(), &headers, b"").await?;
            let location = match response.status {
                300..400 => Some(response.header("location").to_owned()),
                _ => None,
            };
            trail.push(response);
            match location.as_deref() {
                None => return Ok(trail),
                Some("") => return Err(BrowserError::NoLocation),
                Some(location) => next = next.join(location).map_err(BrowserError::Url)?,
            }
        }
        Err(BrowserError::TooManyRedirects)
    }

    /// Sends one request with these headers and the cookies of its host. It does not follow redirects.
    ///
    /// # Errors
    /// When the request gets no response.
    pub async fn send(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Page, BrowserError> {
        let url = parse(url)?;
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            sent.insert(name.parse::<HeaderName>()?, HeaderValue::from_str(value)?);
        }
        if let Some(cookies) = self.jar.header(&url) {
            sent.insert(header::COOKIE, HeaderValue::from_str(&cookies)?);
        }
        let request = Request {
            method: method.clone(),
            url: self.real_url(&url).into(),
            headers: sent,
            body: body.to_vec().into(),
            max_response: MAX_RESPONSE,
            deadline: Instant::now() + self.deadline,
        };
        let answer = self.http.send(request).await;
        let answer =
            answer.map_err(|cause| BrowserError::NoResponse(origin(&url), cause.into()))?;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            self.jar
                .remember(&url, &String::from_utf8_lossy(cookie.as_bytes()));
        }
        Ok(Page {
            method,
            url,
            status: answer.status.as_u16(),
            headers: answer.headers,
            body: answer.body.into(),
        })
    }

    fn real_url(&self, url: &Url) -> String {
        match self.addresses.get(&origin(url)) {
            Some(address) => format!("http://{address}{}", &url[Position::BeforePath..]),
            None => url.as_str().to_owned(),
        }
    }
}

fn parse(url: &str) -> Result<Url, BrowserError> {
    Url::parse(url).map_err(BrowserError::Url)
}
