//! The trace that a call belongs to, told to the tokenizer.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use lunadefend_core::provider::TraceParent;
use lunadefend_crypto::random_bytes;
use std::{fmt, sync::Arc};
use tracing::Span;

const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where the trace of a call comes from.
#[derive(Clone, Default)]
pub(crate) struct Traces(Option<Arc<dyn Fn() -> Option<TraceParent> + Send + Sync>>);

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = self.0.as_ref().map_or("our own", |_| "the application's");
        f.debug_tuple("Traces").field(&whose).finish()
    }
}

impl Traces {
    /// Asks the application for the present trace.
    pub(crate) fn of(current: impl Fn() -> Option<TraceParent> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(current)))
    }

    /// Returns the trace of a call that begins now: the application's, or a new one that nobody records.
    pub(crate) fn begin(&self) -> Option<Trace> {
        let current = self.0.as_ref().and_then(|current| current());
        current.map(Trace::Around).or_else(Trace::new)
    }
}

/// The trace of a call.
pub(crate) enum Trace {
    /// The call is in this span of the application.
    Around(TraceParent),
    /// The trace is the call's own: this is the span of its first attempt.
    Own(TraceParent),
}

impl Trace {
    /// Without randomness a call has no trace; its JWT fails with a better error.
    fn new() -> Option<Self> {
        // At once: each call of the system's generator takes as long as all else here.
        let [trace_id @ .., a, b, c, d, e, f, g, h] = random_bytes::<24>().ok()?;
        TraceParent::new(trace_id, [a, b, c, d, e, f, g, h], false).map(Self::Own)
    }

    /// Returns the span of an attempt, counted from 0.
    fn attempt(&self, attempt: u32) -> Option<TraceParent> {
        match (self, attempt) {
            (Self::Own(first), 0) => Some(*first),
            (Self::Own(other) | Self::Around(other), _) => other.with_span(random_bytes().ok()?),
        }
    }
}

/// Gives an attempt a span of the call's trace, and a request id that names both. The current span gets it too.
///
/// # Security
/// Only a request with a JWT gets them: an upload or a download may go to the server of a bucket.
pub(crate) fn tell(trace: Option<&Trace>, attempt: u32, headers: &mut HeaderMap, span: &Span) {
    if !headers.contains_key(header::AUTHORIZATION) {
        return;
    }
    let attempt = trace.and_then(|trace| trace.attempt(attempt));
    let Some(attempt) = attempt else { return };
    let parent = attempt.to_string();
    // Without version and flags.
    let id = &parent[3..52];
    span.record("request_id", id);
    for (name, text) in [(TRACE_PARENT, &*parent), (REQUEST_ID, id)] {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(traces: &Traces, headers: HeaderMap) -> HeaderMap {
        let mut headers = headers;
        tell(traces.begin().as_ref(), 0, &mut headers, &Span::none());
        headers
    }

    fn authorized() -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static("a.b.c"))])
    }

    fn parent(headers: &HeaderMap) -> TraceParent {
        TraceParent::parse(headers[TRACE_PARENT].to_str().unwrap()).unwrap()
    }

    #[test]
    fn an_attempt_is_a_span_of_the_applications_trace() {
        let current = TraceParent::new([1; 16], [2; 8], true).unwrap();
        let headers = told(&Traces::of(move || Some(current)), authorized());
        let told = parent(&headers);
        assert_eq!(told.trace_id(), current.trace_id());
        assert_ne!(told.span_id(), current.span_id());
        assert!(told.to_string().ends_with("-01"), "sampled as it was");
        let id = format!("{}-{}", told.trace_id(), told.span_id());
        assert_eq!(headers[REQUEST_ID], id);
    }

    #[test]
    fn without_one_each_call_is_a_trace_of_its_own() {
        for traces in [Traces::default(), Traces::of(|| None)] {
            let [one, other] = [(); 2].map(|()| parent(&told(&traces, authorized())));
            assert_ne!(one.trace_id(), other.trace_id());
            assert!(one.to_string().ends_with("-00"));
        }
    }

    #[test]
    fn a_bucket_is_told_nothing() {
        assert!(told(&Traces::default(), HeaderMap::new()).is_empty());
    }
}
