//! Requests with retries, within one deadline.

use crate::retry::{self, Repeat};
use lunadefend_core::Clock;
use lunadefend_http::{Answer, HttpClient, HttpError, Request};
use std::sync::Arc;
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
    /// How many requests are under way at once, and so how many connections there are.
    pub(crate) places: Semaphore,
}

impl Transport {
    /// Sends a request until there is an answer that is worth looking at, the attempts are used up, or
    /// the next one would come after the deadline.
    pub(crate) async fn send(
        &self,
        route: &'static str,
        repeat: Repeat,
        request: Request,
    ) -> Result<Answer, HttpError> {
        let deadline = request.deadline;
        let mut attempt = 0;
        loop {
            let outcome = self.attempt(route, attempt, &request).await;
            if attempt >= self.max_retries {
                return outcome;
            }
            let Some(pause) = retry::pause(&outcome, repeat, attempt, &*self.clock) else {
                return outcome;
            };
            match Instant::now().checked_add(pause) {
                Some(next) if next < deadline => sleep(pause).await,
                _ => return outcome,
            }
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        route: &'static str,
        attempt: u32,
        request: &Request,
    ) -> Result<Answer, HttpError> {
        let span = debug_span!(
            "lunadefend.http",
            route,
            attempt,
            status = field::Empty,
            outcome = field::Empty
        );
        async {
            // Never closed, so that only the deadline can be an error.
            let place = timeout_at(request.deadline, self.places.acquire()).await;
            let outcome = match place {
                Ok(_place) => self.http.send(request).await,
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
