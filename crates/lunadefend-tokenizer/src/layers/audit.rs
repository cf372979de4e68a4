//! The line of a request in the audit log: durable before its response goes on.

use crate::{
    context::RequestContext,
    error::ApiError,
    trail::{Noted, Trail},
};
use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode};
use lunadefend_audit::{Act, Audit, Record, Unrecorded};
use std::time::Duration;
use tokio::time::timeout;

/// What has a line written for each request of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Auditing {
    pub(crate) audit: Audit,
    pub(crate) act: Act,
    /// The time to wait for the log.
    pub(crate) limit: Duration,
}

/// Writes a line for each request whose caller is known, also for one that is refused or whose caller goes away. A
/// stranger gets none, and so fills no disk.
///
/// # Security
/// Without a required line the handler does not run, or its response is dropped. A handler that succeeds must have
/// noted what the request was about; otherwise the response is dropped too.
pub(crate) async fn record<F: Future<Output = Response>>(
    auditing: Option<&Auditing>,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    match auditing {
        None => next(request).await,
        Some(auditing) => {
            let recorded = recorded(auditing.clone(), request, next).await;
            recorded.unwrap_or_else(IntoResponse::into_response)
        }
    }
}

async fn recorded<F: Future<Output = Response>>(
    Auditing { audit, act, limit }: Auditing,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Result<Response, ApiError> {
    let context = RequestContext::of(&request);
    // What an act has changed stays changed, so it must not begin.
    in_time(limit, audit.check()).await?;
    let id = context.request_id().and_then(|id| id.to_str().ok());
    let pending = Pending {
        trail: Trail::new(audit.names().clone()),
        act: match *request.method() {
            // No value leaves.
            Method::HEAD => Act::Describe,
            _ => act,
        },
        request: id.map(ToOwned::to_owned),
        audit,
        has_line: false,
    };
    request.extensions_mut().insert(pending.trail.clone());
    let response = next(request).await;
    pending.end(response, limit).await
}

/// Waits for the log no longer than for a request: a disk that hangs must not hold connections for ever.
async fn in_time(
    limit: Duration,
    work: impl Future<Output = Result<(), Unrecorded>>,
) -> Result<(), ApiError> {
    match timeout(limit, work).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(ApiError::unavailable(
            "the tokenizer's audit log cannot be written",
        )),
    }
}

/// A request that has no line yet. Dropping it has one written: its caller went away, and what it asked for may have
/// been done.
struct Pending {
    audit: Audit,
    act: Act,
    request: Option<String>,
    trail: Trail,
    has_line: bool,
}

impl Pending {
    async fn end(mut self, response: Response, limit: Duration) -> Result<Response, ApiError> {
        let status = response.status();
        let noted = self.trail.noted();
        let is_complete = noted.by.is_some() && noted.items.is_some();
        if status.is_success() && !is_complete {
            tracing::error!(act = ?self.act, "a handler did not say what a request was about");
            return Err(ApiError::internal());
        }
        self.has_line = true;
        let Some(record) = self.record_of(noted, Some(status)) else {
            return Ok(response);
        };
        let audit = self.audit.clone();
        // A task of its own: when the caller goes away now, the line is still written.
        let written = tokio::spawn(async move { audit.record(record).await });
        let written = async { written.await.unwrap_or(Err(Unrecorded)) };
        in_time(limit, written).await.map(|()| response)
    }

    fn record_of(&mut self, noted: Noted, status: Option<StatusCode>) -> Option<Record> {
        let (by, session) = noted.by?;
        Some(Record {
            act: self.act,
            by,
            session,
            status: status.map(|status| status.as_u16()),
            request: self.request.take(),
            items: noted.items.unwrap_or_default(),
        })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.has_line
            && let Some(record) = self.record_of(self.trail.noted(), None)
        {
            self.audit.note(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{layers::context, trusted_proxies::TrustedProxies};
    use axum::{
        Extension, Router,
        body::{Body, to_bytes},
        middleware::{Next, from_fn},
        routing::get,
    };
    use lunadefend_audit::{AuditKey, Destination, Options, Tail, Who};
    use lunadefend_core::provider::SecretValue;
    use lunadefend_testing::TestClock;
    use std::{io, sync::Arc};
    use tower::ServiceExt;

    const LIMIT: Duration = Duration::from_secs(30);

    struct Nowhere;

    impl Destination for Nowhere {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A handler that notes this, with a log there.
    fn router(destination: impl Destination, note: fn(&Trail)) -> Router {
        let key = AuditKey::from_secret(&SecretValue::new("5f0c".repeat(16)), "TEST_KEY");
        let options = Options {
            required: true,
            clock: Arc::new(TestClock::new()),
            heads: Box::new(|_| ()),
        };
        let audit = Audit::start(key.unwrap(), destination, Tail::default(), options).unwrap();
        let handler = move |Extension(trail): Extension<Trail>| async move {
            note(&trail);
            "value"
        };
        let auditing = Auditing {
            audit,
            act: Act::Detokenize,
            limit: LIMIT,
        };
        let layer = from_fn(move |request: Request, next: Next| {
            let auditing = auditing.clone();
            async move {
                let run = |request| record(Some(&auditing), request, |request| next.run(request));
                context::provide(&TrustedProxies::default(), request, run).await
            }
        });
        Router::new().route("/", get(handler)).layer(layer)
    }

    /// The status and the body of a request to it.
    async fn ask(note: fn(&Trail)) -> (StatusCode, String) {
        let router = router(Nowhere, note);
        let request = http::Request::get("/").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1024).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// A disk that hangs after the first line until the sender is gone.
    struct Hanging {
        has_begun: bool,
        until: std::sync::mpsc::Receiver<()>,
    }

    impl Destination for Hanging {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn sync(&mut self) -> io::Result<()> {
            if std::mem::replace(&mut self.has_begun, true) {
                let _ = self.until.recv();
            }
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_holds_no_request_beyond_its_time() {
        let (hangs, until) = std::sync::mpsc::channel();
        let has_begun = false;
        let router = router(Hanging { has_begun, until }, |trail| {
            trail.by(Who::Frame, None);
            trail.about_tokens(&[]);
        });
        let begun = tokio::time::Instant::now();
        let request = http::Request::get("/").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(begun.elapsed(), LIMIT);
        drop(hangs);
    }

    #[tokio::test]
    async fn a_handler_that_forgets_to_say_what_it_did_gets_no_value_out() {
        for forgets in [
            (|_: &Trail| ()) as fn(&Trail),
            |trail| trail.by(Who::Frame, None),
            |trail| trail.about_tokens(&[]),
        ] {
            let (status, body) = ask(forgets).await;
            assert_eq!(status, 500);
            assert!(!body.contains("value"));
        }
        let (status, body) = ask(|trail| {
            trail.by(Who::Frame, None);
            trail.about_tokens(&[]);
        })
        .await;
        assert_eq!((status.as_u16(), &*body), (200, "value"));
    }
}
