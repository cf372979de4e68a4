//! The trace that a request belongs to (W3C Trace Context).

use crate::headers::{TRACE_PARENT, single};
use http::HeaderMap;
use lunadefend_core::provider::TraceParent;
use tracing::Span;

/// Says in the span of a request which trace its caller has named.
///
/// # Security
/// Only for a caller with a JWT of the application: a browser must not write into the traces of others.
pub(crate) fn join(headers: &HeaderMap) {
    let sent = single(headers, &TRACE_PARENT).and_then(|value| value.to_str().ok());
    if let Some(parent) = sent.and_then(TraceParent::parse) {
        let span = Span::current();
        span.record("trace_id", parent.trace_id());
        span.record("parent_id", parent.span_id());
    }
}
