//! The two routes of the auth plugin, shared by all framework adapters.

use crate::{
    Error, ErrorKind, SessionId,
    adapter::{log_and_render, resolve_session},
    provider::BoxFuture,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use std::{
    fmt::{self, Debug},
    future::Future,
    sync::Arc,
    time::Duration,
};

const MAX_STATE: usize = 256;
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// The `state` of a session transfer: 1 to 256 of `A-Z a-z 0-9 . _ ~ -`.
#[derive(Clone)]
pub struct TransferState(SecretString);

impl TransferState {
    /// Reads the one `state` parameter of a query.
    ///
    /// # Errors
    /// [`ErrorKind::BadRequest`] when `state` is missing, empty, repeated, too long, or contains other
    /// characters.
    pub fn from_query(query: Option<&str>) -> Result<Self, Error> {
        let mut states =
            query
                .unwrap_or_default()
                .split('&')
                .filter_map(|pair| match pair.split_once('=') {
                    Some(("state", value)) => Some(value),
                    None if pair == "state" => Some(""),
                    _ => None,
                });
        // The permitted characters are never percent-encoded, so no decoding is needed.
        match (states.next(), states.next()) {
            (Some(state), None) if is_state(state) => Ok(Self(SecretString::from(state))),
            _ => Err(Error::new(ErrorKind::BadRequest).with_message("state is not set in request")),
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl Debug for TransferState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransferState(..)")
    }
}

fn is_state(text: &str) -> bool {
    (1..=MAX_STATE).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
}

/// The redirect target for the browser: the tokenizer's `/session/create` with a transfer JWT in the query.
#[derive(Clone)]
pub struct TransferUrl(SecretString);

impl TransferUrl {
    /// Wraps a URL that carries a JWT.
    pub fn new(url: impl Into<String>) -> Self {
        Self(SecretString::from(url.into()))
    }

    /// Returns the URL.
    ///
    /// # Security
    /// Never log it.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl Debug for TransferUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransferUrl(..)")
    }
}

/// A JSON Web Key Set (RFC 7517) as served, with its strong entity tag.
#[derive(Clone, Debug)]
pub struct JwksDocument {
    /// The JSON text: public members only.
    pub body: Bytes,
    /// The entity tag with its quotes, such as `"9f86d081"`.
    pub etag: HeaderValue,
}

/// Transfers a session of the application to the tokenizer's domain. The client implements it.
pub trait SessionTransfer: Debug + Send + Sync + 'static {
    /// Signs a transfer JWT for the session, bound to the state.
    fn transfer<'a>(
        &'a self,
        state: &'a TransferState,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<TransferUrl, Error>>;

    /// Returns the public keys with which the tokenizer verifies the application's JWTs.
    fn jwks(&self) -> BoxFuture<'_, Result<JwksDocument, Error>>;
}

/// Serves `/.lunasec/secure-frame` and `/.lunasec/jwks.json`.
///
/// An adapter converts its framework's request into the arguments of the two methods, and converts their
/// responses back. The responses are the same under every framework.
#[derive(Clone, Debug)]
pub struct AuthPlugin(Arc<dyn SessionTransfer>);

impl AuthPlugin {
    /// The path of the route that transfers a session, below the plugin's base path.
    pub const SECURE_FRAME_PATH: &'static str = "/.lunasec/secure-frame";
    /// The path of the key set, below the plugin's base path.
    pub const JWKS_PATH: &'static str = "/.lunasec/jwks.json";

    /// How long clients may cache the key set, as sent in its `Cache-Control`.
    pub const JWKS_MAX_AGE: Duration = Duration::from_secs(300);

    /// Wraps the service that signs the transfer JWTs.
    pub fn new(transfer: impl SessionTransfer) -> Self {
        Self(Arc::new(transfer))
    }

    /// `GET /.lunasec/secure-frame?state=S`: redirects the browser to the tokenizer with a JWT for the
    /// session that `session` finds, or returns an error response.
    ///
    /// `session` is called only when the request is otherwise valid. If it panics, the response is a 500 and
    /// the process continues.
    ///
    /// # Security
    /// Serves only a no-cors fetch, as far as the browser states the kind of request: script in a page can
    /// read where any other request was redirected. Such a fetch from another origin may receive every
    /// response (`Cross-Origin-Resource-Policy`), but no script can read it.
    pub async fn secure_frame<F>(
        &self,
        method: &Method,
        query: Option<&str>,
        headers: &HeaderMap,
        session: impl FnOnce() -> F,
    ) -> Response<Bytes>
    where
        F: Future<Output = Result<Option<SessionId>, Error>>,
    {
        if !is_read(method) {
            return within_reach(method_not_allowed());
        }
        match self.redirect(query, headers, session).await {
            Ok(response) => within_reach(response),
            Err(error) => Self::secure_frame_refusal(&error),
        }
    }

    /// Returns the error response of the same route, for a request that the adapter could not convert.
    #[must_use]
    pub fn secure_frame_refusal(error: &Error) -> Response<Bytes> {
        within_reach(log_and_render(error))
    }

    async fn redirect<F>(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
        session: impl FnOnce() -> F,
    ) -> Result<Response<Bytes>, Error>
    where
        F: Future<Output = Result<Option<SessionId>, Error>>,
    {
        require_no_cors_fetch(headers)?;
        let state = TransferState::from_query(query)?;
        let session = resolve_session(session).await?;
        let url = self.0.transfer(&state, &session).await?;
        let mut location = HeaderValue::from_str(url.expose_secret())
            .map_err(|cause| Error::new(ErrorKind::Internal).with_source(cause))?;
        location.set_sensitive(true);

        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::FOUND;
        let headers = response.headers_mut();
        headers.insert(header::LOCATION, location);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        );
        Ok(response)
    }

    /// `GET /.lunasec/jwks.json`: returns the public keys, cacheable for five minutes.
    pub async fn jwks(&self, method: &Method, headers: &HeaderMap) -> Response<Bytes> {
        if !is_read(method) {
            return method_not_allowed();
        }
        let document = match self.0.jwks().await {
            Ok(document) => document,
            Err(error) => return log_and_render(&error),
        };
        let mut response = Response::new(Bytes::new());
        if matches_etag(headers, &document.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            *response.body_mut() = document.body;
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        let headers = response.headers_mut();
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=300"),
        );
        headers.insert(header::ETAG, document.etag);
        response
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn method_not_allowed() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// Lets the page's no-cors fetch receive the response. With `same-origin`, that fetch would see a network
/// error, even for an error response.
fn within_reach(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(
        CROSS_ORIGIN_RESOURCE_POLICY,
        HeaderValue::from_static("cross-origin"),
    );
    response
}

/// Requires the fetch metadata of a no-cors fetch, each header once: the response to such a fetch is opaque
/// to the script that sent it. A navigated frame, in contrast, shows script its final address.
/// `Sec-Fetch-Site` is ignored: browsers differ in its value after a redirect.
fn require_no_cors_fetch(headers: &HeaderMap) -> Result<(), Error> {
    let is_right = |name, right: &str| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            // An old browser, or a client that is not a browser.
            (None, _) => true,
            (Some(value), None) => value == right,
            _ => false,
        }
    };
    if is_right(SEC_FETCH_MODE, "no-cors") && is_right(SEC_FETCH_DEST, "empty") {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::Forbidden)
            .with_message("a session transfer must be a no-cors fetch, not a navigation"))
    }
}

/// `If-None-Match` of RFC 9110 section 13.1.2: the weak comparison.
fn matches_etag(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(|tag| tag.trim())
        .any(|tag| {
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes()
        })
}

#[cfg(test)]
mod tests;
