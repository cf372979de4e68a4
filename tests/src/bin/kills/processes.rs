//! The tokenizers, all at one public URL: requests to one of them, and what its answer says.

use crate::ledger::Outcome;
use anyhow::Result;
use fastrand::Rng;
use http::{HeaderMap, HeaderValue, Method, header};
use lunadefend::{Error, ErrorKind, JwtProfile, KeyService, LunaDefend};
use lunadefend_http::{HttpClient, HttpError, Request, Response};
use lunadefend_testing::browser::BrowserError;
use lunadefend_tests::{Browser, Page};
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use tokio::time::Instant;

/// How long a request may take. One to a process that was killed ends long before.
const DEADLINE: Duration = Duration::from_secs(20);
const MAX_RESPONSE: usize = 2 * 1024 * 1024;

/// One of them.
pub(crate) struct Process {
    address: SocketAddr,
    /// The SDK for it, which repeats nothing: each call is one request, of which something is known or not.
    pub(crate) luna: LunaDefend,
}

/// All of them.
pub(crate) struct Processes {
    all: Vec<Process>,
    /// Where browsers find them, without a slash at the end.
    pub(crate) public_url: String,
    http: HttpClient,
    browser: Browser,
    /// Signs JWTs as LunaSec does, which are for no particular state.
    pub(crate) lunasec_keys: KeyService,
}

impl Processes {
    pub(crate) async fn new(public_url: &str, addresses: &[SocketAddr]) -> Result<Self> {
        let builder = |url: String| {
            LunaDefend::builder(url)
                .public_tokenizer_url(public_url)
                .raw_session_ids()
                .require_level(2)
                .deadline(DEADLINE)
                .max_retries(0)
        };
        let mut all = Vec::new();
        for address in addresses {
            let luna = builder(format!("http://{address}")).build().await?;
            all.push(Process {
                address: *address,
                luna,
            });
        }
        let lunasec = builder(public_url.to_owned()).wire(JwtProfile::LunaSec);
        Ok(Self {
            all,
            public_url: public_url.to_owned(),
            http: HttpClient::builder().tls(false).build()?,
            browser: Browser::new()?.with_deadline(DEADLINE),
            lunasec_keys: lunasec.build().await?.client().keys().clone(),
        })
    }

    /// One of them.
    pub(crate) fn any(&self, rng: &mut Rng) -> &Process {
        &self.all[rng.usize(..self.all.len())]
    }

    /// Two different ones.
    pub(crate) fn two(&self, rng: &mut Rng) -> [&Process; 2] {
        let first = rng.usize(..self.all.len());
        let second = (first + rng.usize(1..self.all.len())) % self.all.len();
        [&self.all[first], &self.all[second]]
    }

    /// The keys of the application.
    pub(crate) fn keys(&self) -> &KeyService {
        self.all[0].luna.client().keys()
    }

    /// A browser of somebody new.
    pub(crate) fn browser(&self) -> Browser {
        self.browser.clone()
    }

    /// Posts JSON for a user. A refusal is wrong here: these routes refuse items of a request only.
    pub(crate) async fn post(
        &self,
        process: &Process,
        jwt: &str,
        path: &str,
        idempotency_key: Option<&str>,
        body: &Value,
    ) -> Outcome<Value> {
        let mut headers = HeaderMap::new();
        let texts = [
            (header::AUTHORIZATION, Some(jwt)),
            (header::CONTENT_TYPE, Some("application/json")),
            (
                header::HeaderName::from_static("idempotency-key"),
                idempotency_key,
            ),
        ];
        for (name, text) in texts {
            let value = text.and_then(|text| HeaderValue::from_str(text).ok());
            headers.extend(value.map(|value| (name, value)));
        }
        let sent = self.send(process, Method::POST, path, headers, body.to_string());
        match sent.await {
            Outcome::Refused => Outcome::Wrong(format!("{path} refuses what is right")),
            answer => answer.and_then(|answer| {
                let json = serde_json::from_slice::<Value>(&answer.body).ok();
                match json.and_then(|json| json.get("data").cloned()) {
                    Some(data) => Outcome::Done(data),
                    None => Outcome::Wrong(format!("{path} answers without data")),
                }
            }),
        }
    }

    /// Sends a value to its signed URL, at this process.
    pub(crate) async fn put(&self, process: &Process, url: &str, value: Vec<u8>) -> Outcome<()> {
        let Some(path) = url.strip_prefix(&self.public_url) else {
            return Outcome::Wrong("an upload URL leads elsewhere".to_owned());
        };
        let octets = HeaderValue::from_static("application/octet-stream");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, octets)]);
        match self.send(process, Method::PUT, path, headers, value).await {
            Outcome::Refused => Outcome::Wrong("an unused upload URL is refused".to_owned()),
            other => other.map(drop),
        }
    }

    /// Gets a value from its signed URL, at this process.
    pub(crate) async fn get(&self, process: &Process, url: &str) -> Outcome<Vec<u8>> {
        let Some(path) = url.strip_prefix(&self.public_url) else {
            return Outcome::Wrong("a download URL leads elsewhere".to_owned());
        };
        let headers = HeaderMap::new();
        let got = self.send(process, Method::GET, path, headers, Vec::new());
        got.await.map(|answer| answer.body.to_vec())
    }

    async fn send(
        &self,
        process: &Process,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: impl Into<Vec<u8>>,
    ) -> Outcome<Response> {
        let request = Request {
            method,
            url: format!("http://{}{path}", process.address).into(),
            headers,
            body: body.into().into(),
            max_response: MAX_RESPONSE,
            deadline: Instant::now() + DEADLINE,
        };
        match self.http.send(request).await {
            Ok(answer) => of_status(answer.status.as_u16(), answer),
            Err(error) => of_error(&error),
        }
    }

    /// Loads a page of the tokenizer, at this process, as a browser does without CORS.
    pub(crate) async fn load(
        &self,
        process: &Process,
        browser: &mut Browser,
        url: &str,
    ) -> Outcome<Page> {
        let headers = [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty")];
        self.lead_to(process, browser);
        match browser.send(Method::GET, url, &headers, b"").await {
            Ok(page) => of_status(page.status, page),
            Err(BrowserError::NoResponse(_, cause)) => of_cause(&*cause),
            Err(_) => Outcome::Unknown,
        }
    }

    /// Asks this process whether a browser has a session, as the frame does.
    pub(crate) async fn is_logged_in(
        &self,
        process: &Process,
        browser: &mut Browser,
    ) -> Outcome<()> {
        let url = format!("{}/session/verify", self.public_url);
        self.lead_to(process, browser);
        let page = match browser.get(&url).await {
            Ok(page) => of_status(page.status, page),
            Err(BrowserError::NoResponse(_, cause)) => of_cause(&*cause),
            Err(_) => Outcome::Unknown,
        };
        page.and_then(|page| match serde_json::from_slice::<Value>(&page.body) {
            Ok(said) if said["success"] == true => Outcome::Done(()),
            Ok(said) if said["success"] == false => Outcome::Refused,
            _ => Outcome::Wrong("nobody says whether there is a session".to_owned()),
        })
    }

    /// Lets a browser find this process at the public URL.
    fn lead_to(&self, process: &Process, browser: &mut Browser) {
        *browser = browser.clone().resolving(&self.public_url, process.address);
    }
}

/// What a status says. Where a redirect leads is for the caller to read.
fn of_status<T>(status: u16, answer: T) -> Outcome<T> {
    match status {
        200..400 => Outcome::Done(answer),
        408 | 429 | 502 | 503 | 504 => Outcome::Unknown,
        400..500 => Outcome::Refused,
        _ => Outcome::Wrong(format!("status {status}")),
    }
}

/// What it says that there is no whole answer.
const fn of_error<T>(error: &HttpError) -> Outcome<T> {
    match error.is_unprocessed() {
        true => Outcome::Unsent,
        false => Outcome::Unknown,
    }
}

/// The same, of a cause that is such an error most likely.
fn of_cause<T>(cause: &(dyn std::error::Error + 'static)) -> Outcome<T> {
    let error = cause.downcast_ref::<HttpError>();
    error.map_or(Outcome::Unknown, of_error)
}

/// What the SDK says.
pub(crate) fn of_sdk<T>(outcome: Result<T, Error>) -> Outcome<T> {
    let error = match outcome {
        Ok(value) => return Outcome::Done(value),
        Err(error) => error,
    };
    let source = std::error::Error::source(&error);
    match (error.kind(), source) {
        (ErrorKind::InvalidGrant, _) => Outcome::Refused,
        (ErrorKind::TokenizerUnavailable, Some(source)) => of_cause(source),
        (ErrorKind::TokenizerUnavailable, None) => Outcome::Unknown,
        // It broke off.
        (ErrorKind::BadTokenizerResponse, Some(source)) if source.is::<HttpError>() => {
            Outcome::Unknown
        }
        _ => Outcome::Wrong(format!("{}: {}", error.name(), error.message())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_it_was_done() {
        for (status, expected) in [
            (200, Outcome::Done(())),
            (302, Outcome::Done(())),
            (400, Outcome::Refused),
            (401, Outcome::Refused),
            (429, Outcome::Unknown),
            (503, Outcome::Unknown),
            (500, Outcome::Wrong("status 500".to_owned())),
        ] {
            assert_eq!(of_status(status, ()), expected);
        }
    }

    #[test]
    fn only_what_nobody_answered_is_unknown() {
        let of = |kind: ErrorKind| of_sdk::<()>(Err(Error::new(kind)));
        assert_eq!(of(ErrorKind::TokenizerUnavailable), Outcome::Unknown);
        assert_eq!(of(ErrorKind::InvalidGrant), Outcome::Refused);
        for kind in [
            ErrorKind::BadTokenizerResponse,
            ErrorKind::TokenizerUnauthorized,
        ] {
            assert!(matches!(of(kind), Outcome::Wrong(_)), "{kind:?}");
        }
        let cut = Error::new(ErrorKind::BadTokenizerResponse).with_source(HttpError::Timeout);
        assert_eq!(of_sdk::<()>(Err(cut)), Outcome::Unknown);
        let unsent = HttpError::Connect {
            source: "nobody listens".into(),
        };
        let unsent = Error::new(ErrorKind::TokenizerUnavailable).with_source(unsent);
        assert_eq!(of_sdk::<()>(Err(unsent)), Outcome::Unsent);
    }
}
