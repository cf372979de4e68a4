//! Requests with retries, within one deadline.

use crate::retry::{self, Left, Repeat};
use lunadefend_core::provider::Clock;
use lunadefend_http::{Connection, HttpClient, HttpError, Request, Response};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};
use tracing::{Instrument, debug_span, field};

#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) http: HttpClient,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) max_retries: u32,
    /// Limits the concurrent requests, and so the connections.
    pub(crate) places: Semaphore,
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
        mut request: impl FnMut() -> F,
    ) -> Result<Result<Response, HttpError>, E> {
        let mut connection = Connection::Any;
        let mut attempt = 0;
        loop {
            let request = request().await?;
            let retries = self.max_retries.saturating_sub(attempt);
            // An open connection may be dead without a sign. A new one may use all remaining time.
            let is_patient =
                repeat == Repeat::IfUnsent || retries == 0 || connection == Connection::New;
            let outcome = self
                .attempt(route, attempt, &request, connection, is_patient)
                .await;
            let left = Left {
                retries,
                time: remaining(&request),
            };
            let Some(again) = retry::again(&outcome, repeat, attempt, left, &*self.clock) else {
                return Ok(outcome);
            };
            sleep(again.pause).await;
            connection = again.connection;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        route: &'static str,
        attempt: u32,
        request: &Request,
        connection: Connection,
        is_patient: bool,
    ) -> Result<Response, HttpError> {
        let span = debug_span!(
            "lunadefend.http",
            route,
            attempt,
            status = field::Empty,
            outcome = field::Empty
        );
        async {
            // The semaphore is never closed, so that only the deadline can be an error.
            let place = timeout_at(request.deadline, self.places.acquire()).await;
            let outcome = match place {
                Ok(_place) => {
                    let time = remaining(request);
                    let head_by = Instant::now() + if is_patient { time } else { time / 2 };
                    self.http.send_over(connection, request, head_by).await
                }
                Err(_) => Err(HttpError::Timeout),
            };
            match &outcome {
                Ok(answer) => {
                    span.record("status", answer.status.as_u16());
                    span.record("outcome", "answered");
                }
                Err(error) => {
                    if let Some(head) = error.head() {
                        span.record("status", head.status.as_u16());
                    }
                    span.record("outcome", field::display(error));
                }
            }
            outcome
        }
        .instrument(span.clone())
        .await
    }
}

fn remaining(request: &Request) -> Duration {
    request.deadline.saturating_duration_since(Instant::now())
}
