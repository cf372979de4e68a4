//! Requests with retries, within one deadline.

use crate::{
    observe,
    retry::{self, Answer, Left, Repeat},
    trace::{self, Traces},
};
use http::{HeaderMap, StatusCode};
use lunadefend_core::provider::Clock;
use lunadefend_http::{
    Connection, HttpClient, HttpError, Incoming, Request, Response, StreamRequest,
};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout_at},
};
use tracing::{Instrument, Span, debug_span, field};

#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) http: HttpClient,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) max_retries: u32,
    pub(crate) traces: Traces,
    /// Limits the concurrent requests, and so the connections.
    pub(crate) places: Arc<Semaphore>,
}

impl Transport {
    /// Sends a request until a final response arrives, the attempts are used up, or the next attempt would
    /// come after the deadline.
    pub(crate) async fn send(
        &self,
        route: &'static str,
        repeat: Repeat,
        request: Request,
    ) -> Result<Response, HttpError> {
        let same = || std::future::ready(Ok::<_, Infallible>(request.clone()));
        match self.send_each(route, repeat, same).await {
            Ok(outcome) => outcome,
            Err(never) => match never {},
        }
    }

    /// Sends a request as [`send`](Self::send) does, and makes it anew for each attempt.
    ///
    /// # Errors
    /// What `request` fails with.
    pub(crate) async fn send_each<E, F: Future<Output = Result<Request, E>>>(
        &self,
        route: &'static str,
        repeat: Repeat,
        request: impl FnMut() -> F,
    ) -> Result<Result<Response, HttpError>, E> {
        let outcome = self.attempts(route, repeat, &Whole, request).await?;
        Ok(outcome.map(|held| held.answer))
    }

    /// Sends a request as [`send`](Self::send) does, until the head of a final response arrives. Its body may
    /// rest for `stall` and keeps its place.
    pub(crate) async fn open(
        &self,
        route: &'static str,
        request: Request,
        stall: Duration,
    ) -> Result<Held<Incoming>, HttpError> {
        let same = || std::future::ready(Ok::<_, Infallible>(request.clone()));
        let head = Head { stall };
        match self.attempts(route, Repeat::Idempotent, &head, same).await {
            Ok(outcome) => outcome,
            Err(never) => match never {},
        }
    }

    /// Sends a request once whose body is a stream. It waits for its place until the deadline.
    pub(crate) async fn send_stream(
        &self,
        route: &'static str,
        request: StreamRequest,
        deadline: Instant,
    ) -> Result<Response, HttpError> {
        let span = span(route, 0);
        async {
            let outcome = match timeout_at(deadline, self.place()).await {
                Ok(_place) => self.http.send_stream(request).await,
                Err(_) => Err(HttpError::Timeout),
            };
            record(route, &outcome);
            outcome
        }
        .instrument(span.clone())
        .await
    }

    async fn attempts<X: Exchange, E, F: Future<Output = Result<Request, E>>>(
        &self,
        route: &'static str,
        repeat: Repeat,
        exchange: &X,
        mut request: impl FnMut() -> F,
    ) -> Result<Result<Held<X::Answer>, HttpError>, E> {
        let mut connection = Connection::Any;
        let mut attempt = 0;
        let trace = self.traces.begin();
        loop {
            let mut request = request().await?;
            let span = span(route, attempt);
            trace::tell(trace.as_ref(), attempt, &mut request.headers, &span);
            let deadline = request.deadline;
            let retries = self.max_retries.saturating_sub(attempt);
            // An open connection may be dead without a sign. A new one may use all remaining time.
            let is_patient =
                repeat == Repeat::IfUnsent || retries == 0 || connection == Connection::New;
            let outcome = self
                .attempt(route, exchange, request, connection, is_patient)
                .instrument(span)
                .await;
            let left = Left {
                retries,
                time: remaining(deadline),
            };
            let Some(again) = retry::again(&outcome, repeat, attempt, left, &*self.clock) else {
                return Ok(outcome);
            };
            observe::retry(route);
            // Nobody waits in a place.
            drop(outcome);
            sleep(again.pause).await;
            connection = again.connection;
            attempt += 1;
        }
    }

    async fn attempt<X: Exchange>(
        &self,
        route: &'static str,
        exchange: &X,
        request: Request,
        connection: Connection,
        is_patient: bool,
    ) -> Result<Held<X::Answer>, HttpError> {
        let outcome = match timeout_at(request.deadline, self.place()).await {
            Ok(place) => {
                let time = remaining(request.deadline);
                let head_by = Instant::now() + if is_patient { time } else { time / 2 };
                let sent = exchange.exchange(&self.http, connection, request, head_by);
                sent.await.map(|answer| Held { answer, place })
            }
            Err(_) => Err(HttpError::Timeout),
        };
        record(route, &outcome);
        outcome
    }

    /// Waits for a place. The semaphore is never closed, so that only the caller's deadline can be an error.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }
}

/// An answer that keeps the place of its connection.
#[derive(Debug)]
pub(crate) struct Held<A> {
    pub(crate) answer: A,
    pub(crate) place: Option<OwnedSemaphorePermit>,
}

impl<A: Answer> Answer for Held<A> {
    fn status(&self) -> StatusCode {
        self.answer.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }
}

/// What an attempt waits for.
trait Exchange: Sync {
    type Answer: Answer + Send;

    fn exchange(
        &self,
        http: &HttpClient,
        connection: Connection,
        request: Request,
        head_by: Instant,
    ) -> impl Future<Output = Result<Self::Answer, HttpError>> + Send;
}

/// All of the response.
struct Whole;

impl Exchange for Whole {
    type Answer = Response;

    async fn exchange(
        &self,
        http: &HttpClient,
        connection: Connection,
        request: Request,
        head_by: Instant,
    ) -> Result<Response, HttpError> {
        http.send_over(connection, request, head_by).await
    }
}

/// The head of the response, whose body is a stream.
struct Head {
    stall: Duration,
}

impl Exchange for Head {
    type Answer = Incoming;

    async fn exchange(
        &self,
        http: &HttpClient,
        connection: Connection,
        request: Request,
        head_by: Instant,
    ) -> Result<Incoming, HttpError> {
        http.open(connection, request, head_by, self.stall).await
    }
}

fn span(route: &'static str, attempt: u32) -> Span {
    debug_span!(
        "lunadefend.http",
        route,
        attempt,
        request_id = field::Empty,
        status = field::Empty,
        outcome = field::Empty
    )
}

/// Records the outcome of an attempt in the current span, and counts it.
fn record(route: &'static str, outcome: &Result<impl Answer, HttpError>) {
    observe::attempt(route, outcome.as_ref().map(Answer::status));
    let span = Span::current();
    match outcome {
        Ok(answer) => {
            span.record("status", answer.status().as_u16());
            span.record("outcome", "answered");
        }
        Err(error) => {
            if let Some(head) = error.head() {
                span.record("status", head.status.as_u16());
            }
            span.record("outcome", field::display(error));
        }
    }
}

fn remaining(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
