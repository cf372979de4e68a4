//! What a browser does with requests: it adds cookies whoever asks, says where the request comes from,
//! and follows redirects. It does not hide anything from the test.

use crate::http1::PATIENCE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use lunadefend_http::{HttpClient, Request};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
};
use tokio::time::Instant;
use url::{Origin, Url};

/// One user's browser.
#[derive(Clone)]
pub struct Browser {
    http: HttpClient,
    /// Where the origins really are.
    addresses: Arc<HashMap<String, SocketAddr>>,
    /// By host, then by name. A browser does not tell ports apart.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

/// An answer, and what was asked for.
pub struct Page {
    /// The URL of the request.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Page {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A header; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Whether no page of another origin may read it.
    #[must_use]
    pub fn has_no_cors(&self) -> bool {
        let mut names = self.headers.keys();
        names.all(|name| !name.as_str().starts_with("access-control-"))
    }
}

impl Browser {
    pub(crate) fn new(addresses: Arc<HashMap<String, SocketAddr>>) -> Self {
        Self {
            http: HttpClient::builder().tls(false).build().unwrap(),
            addresses,
            cookies: BTreeMap::new(),
        }
    }

    /// Puts a cookie into the jar.
    pub fn set_cookie(&mut self, url: &str, name: &str, value: &str) {
        let jar = self.cookies.entry(host(&parse(url))).or_default();
        jar.insert(name.to_owned(), value.to_owned());
    }

    /// The cookies of a host, by name.
    #[must_use]
    pub fn cookies(&self, url: &str) -> BTreeMap<String, String> {
        let jar = self.cookies.get(&host(&parse(url)));
        jar.cloned().unwrap_or_default()
    }

    /// `fetch(url, {method, body, credentials: "include"})` by script of a page, with JSON.
    pub async fn fetch(&mut self, page: &str, method: Method, url: &str, body: &str) -> Page {
        let mut headers = vec![
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-dest", "empty"),
            ("sec-fetch-site", site(&[&parse(page), &parse(url)])),
        ];
        let origin = parse(page).origin().ascii_serialization();
        if method != Method::GET || parse(page).origin() != parse(url).origin() {
            headers.push(("origin", &origin));
        }
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, url, &headers, body.as_bytes()).await
    }

    /// What the browser asks before it lets script of a page send such a request.
    pub async fn preflight(&mut self, page: &str, method: &Method, url: &str) -> Page {
        let origin = parse(page).origin().ascii_serialization();
        let headers = [
            ("origin", origin.as_str()),
            ("access-control-request-method", method.as_str()),
            ("access-control-request-headers", "content-type"),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-dest", "empty"),
            ("sec-fetch-site", site(&[&parse(page), &parse(url)])),
        ];
        // Without cookies, as a preflight always is.
        let mut stranger = Self {
            cookies: BTreeMap::new(),
            ..self.clone()
        };
        stranger.send(Method::OPTIONS, url, &headers, b"").await
    }

    /// A no-cors request by a page, as for the moving of a session: every answer on the way.
    pub async fn load_no_cors(&mut self, page: &str, url: &str) -> Vec<Page> {
        self.follow(page, url, "no-cors", "empty").await
    }

    /// Follows redirects with this `Sec-Fetch-Mode` and `Sec-Fetch-Dest`.
    pub async fn follow(&mut self, page: &str, url: &str, mode: &str, dest: &str) -> Vec<Page> {
        let mut way = vec![parse(page), parse(url)];
        let mut trail = Vec::new();
        loop {
            let site = site(&way.iter().collect::<Vec<_>>());
            let headers = [
                ("sec-fetch-mode", mode),
                ("sec-fetch-dest", dest),
                ("sec-fetch-site", site),
            ];
            let next = way[way.len() - 1].clone();
            let answer = self.send(Method::GET, next.as_str(), &headers, b"").await;
            let redirect = (300..400).contains(&answer.status);
            if redirect {
                way.push(next.join(answer.header("location")).unwrap());
            }
            trail.push(answer);
            assert!(trail.len() < 7, "redirected too often");
            if !redirect {
                return trail;
            }
        }
    }

    /// One request with these headers and the cookies of its host; redirects are not followed.
    pub async fn send(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Page {
        let url = parse(url);
        let mut sent: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                let name: HeaderName = name.parse().unwrap();
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect();
        let cookies: Vec<String> = self
            .cookies(url.as_str())
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            sent.insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        let answer = self
            .http
            .send(Request {
                method,
                url: self.real_url(&url),
                headers: sent,
                body: body.to_vec().into(),
                max_answer: 2 * 1024 * 1024,
                deadline: Instant::now() + PATIENCE,
            })
            .await
            .unwrap();
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            self.remember(&host(&url), cookie.to_str().unwrap());
        }
        Page {
            url,
            status: answer.status.as_u16(),
            headers: answer.headers,
            body: answer.body.into(),
        }
    }

    fn real_url(&self, url: &Url) -> String {
        let address = self.addresses[&url.origin().ascii_serialization()];
        let rest = &url[url::Position::BeforePath..];
        format!("http://{address}{rest}")
    }

    fn remember(&mut self, host: &str, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let gone = parts.any(|attribute| attribute.eq_ignore_ascii_case("max-age=0"));
        let jar = self.cookies.entry(host.to_owned()).or_default();
        if gone {
            jar.remove(name);
        } else {
            jar.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn parse(url: &str) -> Url {
    Url::parse(url).unwrap()
}

fn host(url: &Url) -> String {
    url.host_str().unwrap().to_owned()
}

/// `Sec-Fetch-Site` of a request that took this way, from the page that asked.
fn site(way: &[&Url]) -> &'static str {
    let page = way[0];
    let origins: Vec<Origin> = way.iter().map(|url| url.origin()).collect();
    if origins.iter().all(|origin| *origin == origins[0]) {
        "same-origin"
    } else if way.iter().all(|url| registrable(url) == registrable(page)) {
        "same-site"
    } else {
        "cross-site"
    }
}

/// The host without its first label; addresses are sites of their own.
fn registrable(url: &Url) -> String {
    let host = host(url);
    match host.split_once('.') {
        Some((_, rest)) if url.domain().is_some() => rest.to_owned(),
        _ => host,
    }
}
