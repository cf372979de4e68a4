//! Metrics, by the recorder that the application installed.

use http::StatusCode;
use lunadefend_http::HttpError;
use metrics::{counter, histogram};
use tokio::time::Instant;

/// A call that is under way. When its future is dropped, it counts as `dropped`.
pub(super) struct Call {
    name: &'static str,
    began: Instant,
    has_ended: bool,
}

impl Call {
    pub(super) fn begin(name: &'static str) -> Self {
        Self {
            name,
            began: Instant::now(),
            has_ended: false,
        }
    }

    pub(super) fn end(mut self, outcome: &'static str) {
        self.has_ended = true;
        let seconds = self.began.elapsed().as_secs_f64();
        histogram!("lunadefend_call_seconds", "call" => self.name).record(seconds);
        counter!("lunadefend_calls_total", "call" => self.name, "outcome" => outcome).increment(1);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.has_ended {
            counter!("lunadefend_calls_total", "call" => self.name, "outcome" => "dropped")
                .increment(1);
        }
    }
}

/// Counts an attempt of a request.
pub(crate) fn attempt(route: &'static str, status: Result<StatusCode, &HttpError>) {
    let outcome = outcome(status);
    counter!("lunadefend_requests_total", "route" => route, "outcome" => outcome).increment(1);
}

/// Counts a request that is sent again.
pub(crate) fn retry(route: &'static str) {
    counter!("lunadefend_retries_total", "route" => route).increment(1);
}

/// Counts the items of a batch.
pub(crate) fn batch(route: &'static str, items: usize) {
    // As many as fit into a request.
    let items = u32::try_from(items).unwrap_or(u32::MAX);
    histogram!("lunadefend_batch_items", "route" => route).record(items);
}

/// Counts a JWT that was signed.
pub(crate) fn signature() {
    counter!("lunadefend_signatures_total").increment(1);
}

/// Names the outcome of a request: the class of its status, or why it has no response.
fn outcome(status: Result<StatusCode, &HttpError>) -> &'static str {
    match status {
        Ok(status) => match status.as_u16() / 100 {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "other",
        },
        Err(HttpError::Connect { .. } | HttpError::Tls { .. }) => "connect",
        Err(HttpError::Timeout | HttpError::Stalled { .. }) => "timeout",
        Err(_) => "broken",
    }
}
