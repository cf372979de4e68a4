//! What an operator sees of a client: a span for each call with its outcome, and metrics by the `metrics` facade.
//!
//! docs/sdk-metrics.md has all names; a test compares them.

#[cfg(feature = "metrics")]
mod counted;
#[cfg(not(feature = "metrics"))]
mod uncounted;

#[cfg(feature = "metrics")]
pub(crate) use counted::{attempt, batch, retry, signature};
#[cfg(not(feature = "metrics"))]
pub(crate) use uncounted::{attempt, batch, retry, signature};

#[cfg(feature = "metrics")]
use counted::Call;
use lunadefend_core::Error;
use tracing::{Instrument, Span};
#[cfg(not(feature = "metrics"))]
use uncounted::Call;

/// Makes a call of the application in its span, records its outcome there, and counts it. `done` names a success.
///
/// # Security
/// Names are fixed words: no label and no field holds anything of a request.
pub(crate) async fn call<T>(
    name: &'static str,
    span: Span,
    done: impl FnOnce(&T) -> &'static str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let counted = Call::begin(name);
    let outcome = work.instrument(span.clone()).await;
    let told = outcome.as_ref().map_or_else(Error::name, done);
    span.record("outcome", told);
    counted.end(told);
    outcome
}
