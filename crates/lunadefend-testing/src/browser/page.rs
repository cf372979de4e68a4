//! A response, and what was asked for.

use http::{HeaderMap, Method};
use serde_json::Value;
use std::fmt;
use url::Url;

/// A response, and what was asked for. Its `Debug` shows no body, no header and no query.
#[derive(Clone)]
pub struct Page {
    /// The method of the request.
    pub method: Method,
    /// The URL of the request.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("path", &self.url.path())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Page {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    #[track_caller]
    #[expect(clippy::panic, reason = "a test that reads something else has failed")]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{self:?} is not JSON: {}", self.text()))
    }

    /// A header's first value; empty when there is none or it is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Whether its status is 200.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == 200
    }

    /// Whether it is an error with this status and name, in the form that the adapters give every error.
    #[must_use]
    pub fn is_error(&self, status: u16, name: &str) -> bool {
        let body = self.lenient_json();
        self.status == status
            && body["success"] == false
            && body["error"]["name"] == name
            && body["error"]["code"].as_str() == Some(&self.status.to_string())
            && body["error"]["message"].is_string()
    }

    /// The status, and what an error says.
    #[must_use]
    pub fn outcome(&self) -> String {
        let error = &self.lenient_json()["error"];
        match (error["name"].as_str(), error["message"].as_str()) {
            (Some(name), Some(message)) => format!("{} {name}: {message}", self.status),
            _ => self.status.to_string(),
        }
    }

    /// Whether no page of another origin may read it.
    #[must_use]
    pub fn has_no_cors(&self) -> bool {
        let mut names = self.headers.keys();
        names.all(|name| !name.as_str().starts_with("access-control-"))
    }

    /// `null` when it is something else: a proxy's error is HTML.
    fn lenient_json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
