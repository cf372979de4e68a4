//! A response and its request.

use http::{HeaderMap, Method};
use serde_json::Value;
use std::fmt;
use url::Url;

/// A response and its request. Its `Debug` shows no body, no header and no query.
#[derive(Clone)]
pub struct Page {
    /// The method of the request.
    pub method: Method,
    /// The URL of the request.
    pub url: Url,
    /// The status of the response.
    pub status: u16,
    /// The headers of the response.
    pub headers: HeaderMap,
    /// The body of the response.
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
    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    /// When the body is not JSON.
    #[must_use]
    #[track_caller]
    #[expect(clippy::panic, reason = "a test that reads something else has failed")]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{self:?} is not JSON: {}", self.text()))
    }

    /// Returns a header's first value; empty when the header is missing or its value is not text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Returns whether the status is 200.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == 200
    }

    /// Returns whether the response is an error with this status and name, in the JSON that the adapters
    /// send.
    #[must_use]
    pub fn is_error(&self, status: u16, name: &str) -> bool {
        let body = self.lenient_json();
        self.status == status
            && body["success"] == false
            && body["error"]["name"] == name
            && body["error"]["code"].as_str() == Some(&self.status.to_string())
            && body["error"]["message"].is_string()
    }

    /// Returns the status, with the error's name and message if the response is an error.
    #[must_use]
    pub fn outcome(&self) -> String {
        let error = &self.lenient_json()["error"];
        match (error["name"].as_str(), error["message"].as_str()) {
            (Some(name), Some(message)) => format!("{} {name}: {message}", self.status),
            _ => self.status.to_string(),
        }
    }

    /// Returns whether the response has no CORS header, so that no page of another origin may read it.
    #[must_use]
    pub fn has_no_cors(&self) -> bool {
        let mut names = self.headers.keys();
        names.all(|name| !name.as_str().starts_with("access-control-"))
    }

    /// Returns `null` for a body that is not JSON: a proxy's error is HTML.
    fn lenient_json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
