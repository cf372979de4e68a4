//! The client, and the state that its parts share.

use crate::{
    ClientBuilder, KeyService, SessionIds, SigningKeys, TokenizerClient,
    answer::{self, Route, Routes},
    discovery::Discovery,
    grants::Queues,
    tokenizer::Call,
    transport::Transport,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use lunadefend_core::{
    Error, ErrorKind,
    wire::{self, Destroys, Empty, IdempotencyKey, RESPONSE},
};
use lunadefend_http::{BaseUrl, HttpError, Request, Response};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt, future::ready, sync::Arc, time::Duration};
use tokio::time::Instant;

/// A client of one tokenizer, for one application. Cheap to clone; clones share connections and the cached
/// JWT.
///
/// It implements [`GrantService`](lunadefend_core::provider::GrantService),
/// [`SessionService`](lunadefend_core::provider::SessionService) and
/// [`SessionTransfer`](lunadefend_core::provider::SessionTransfer). It needs a tokio runtime with I/O and
/// time.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) tokenizer: BaseUrl,
    pub(crate) routes: Routes,
    pub(crate) public_tokenizer: Option<BaseUrl>,
    pub(crate) blob_origins: Vec<BaseUrl>,
    pub(crate) keys: KeyService,
    pub(crate) session_ids: SessionIds,
    pub(crate) transport: Transport,
    pub(crate) discovery: Discovery,
    pub(crate) queues: Queues,
    pub(crate) deadline: Duration,
    pub(crate) max_in_flight: usize,
    pub(crate) max_value_len: usize,
    pub(crate) max_stream_len: u64,
    pub(crate) stall_timeout: Duration,
}

impl Client {
    /// Returns a builder for a client of the tokenizer at this URL, which signs with these keys.
    pub fn builder(tokenizer: BaseUrl, keys: impl Into<SigningKeys>) -> ClientBuilder {
        ClientBuilder::new(tokenizer, keys.into())
    }

    /// Returns the tokenizer API for sessions: tokenize, detokenize, metadata.
    #[must_use]
    pub fn tokenizer(&self) -> TokenizerClient {
        TokenizerClient::new(self.clone())
    }

    /// Returns the URL at which this client reaches the tokenizer.
    #[must_use]
    pub fn tokenizer_url(&self) -> &BaseUrl {
        &self.0.tokenizer
    }

    /// Returns the URL at which browsers reach the tokenizer.
    #[must_use]
    pub fn public_tokenizer_url(&self) -> &BaseUrl {
        self.0.public_tokenizer()
    }

    /// Returns the service that signs the JWTs.
    #[must_use]
    pub fn keys(&self) -> &KeyService {
        &self.0.keys
    }
}

impl Inner {
    /// Returns the deadline of a call that starts now.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.deadline
    }

    /// Returns the key service's result, or an error when the call's deadline passes first.
    pub(crate) async fn authorized<T>(
        work: impl Future<Output = Result<T, Error>>,
        deadline: Instant,
    ) -> Result<T, Error> {
        let outcome = tokio::time::timeout_at(deadline, work).await;
        outcome.unwrap_or_else(|elapsed| {
            Err(Error::new(ErrorKind::SecretUnavailable).with_source(elapsed))
        })
    }

    /// Returns the URL at which browsers reach the tokenizer.
    pub(crate) fn public_tokenizer(&self) -> &BaseUrl {
        self.public_tokenizer.as_ref().unwrap_or(&self.tokenizer)
    }

    /// Makes one call of a route of the tokenizer.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        route: Route,
        authorization: HeaderValue,
        body: &impl Serialize,
        deadline: Instant,
    ) -> Result<T, Error> {
        let body = Bytes::from(wire::to_vec(body));
        let same = || Ok(body.clone());
        let outcome = self.send(route, authorization, deadline, same).await?;
        answer::read(route, outcome)
    }

    /// Sends a call of a route; `body` makes the JSON of each attempt.
    pub(crate) async fn send(
        &self,
        route: Route,
        authorization: HeaderValue,
        deadline: Instant,
        mut body: impl FnMut() -> Result<Bytes, Error>,
    ) -> Result<Result<Response, HttpError>, Error> {
        let request = || {
            let body = body();
            ready(body.map(|body| self.request(route, authorization.clone(), body, deadline)))
        };
        self.transport
            .send_each(route.path(), route.repeat(), request)
            .await
    }

    /// Sends a call that a key makes repeatable.
    pub(crate) async fn send_once(
        &self,
        route: Route,
        call: &Call,
        key: IdempotencyKey,
        body: Bytes,
    ) -> Result<Result<Response, HttpError>, Error> {
        let mut request = self.request(route, call.authorization.clone(), body, call.deadline);
        let mut key = HeaderValue::from_str(&key.to_text())
            .map_err(|error| Error::new(ErrorKind::Internal).with_source(error))?;
        key.set_sensitive(true);
        let name = HeaderName::from_static("idempotency-key");
        request.headers.insert(name, key);
        let sent = self.transport.send(route.path(), route.repeat(), request);
        Ok(sent.await)
    }

    /// Makes one call that destroys. Each attempt has a JWT of its own, for this body alone: the tokenizer
    /// takes none twice.
    pub(crate) async fn destroy<T: Destroys + Sync>(
        &self,
        route: Route,
        body: &T,
        deadline: Instant,
    ) -> Result<(), Error> {
        self.discovery.level(deadline).await?;
        let body = Bytes::from(wire::to_vec(body));
        let request = || async {
            let authorization = self.keys.destroy_authorization(T::ROUTE, &body);
            let authorization = Self::authorized(authorization, deadline).await?;
            Ok::<_, Error>(self.request(route, authorization, body.clone(), deadline))
        };
        let outcome = self
            .transport
            .send_each(route.path(), route.repeat(), request)
            .await?;
        answer::read(route, outcome).map(|Empty {}| ())
    }

    fn request(
        &self,
        route: Route,
        authorization: HeaderValue,
        body: Bytes,
        deadline: Instant,
    ) -> Request {
        let json = HeaderValue::from_static("application/json");
        // With those that others add: the trace's, those of `lunadefend-http` and hyper's.
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::ACCEPT, json.clone());
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::AUTHORIZATION, authorization);
        Request {
            method: Method::POST,
            url: self.routes.of(route),
            headers,
            body,
            max_response: RESPONSE.bytes,
            deadline,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("tokenizer", &self.0.tokenizer)
            .field("session_ids", &self.0.session_ids)
            .field("keys", &self.0.keys)
            .field("deadline", &self.0.deadline)
            .finish_non_exhaustive()
    }
}
