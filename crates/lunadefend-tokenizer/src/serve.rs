//! Serving a tokenizer to its clients.

use crate::{
    server::{self, Places, files},
    tokenizer::Tokenizer,
};
use lunadefend_audit::Audit;
use lunadefend_vault::Janitor;
use std::{io, time::Duration};
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

/// The interval at which expired rows are deleted.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// How long a line of the audit log can be cut off without a head that shows it, at most.
const PUBLISH_HEADS_EVERY: Duration = Duration::from_secs(60);

/// Serves a tokenizer until `shutdown` completes, then lets running requests finish for
/// [`Limits::drain`](crate::Limits::drain).
///
/// HTTP/1.1 without TLS: put a proxy with TLS in front. Meanwhile it deletes expired rows from the store once
/// a minute.
///
/// # Errors
/// When the listener is unusable, or the process may not open
/// [`Limits::RESERVED_FILES`](crate::Limits::RESERVED_FILES) files and a connection. A failing connection
/// does not affect others.
///
/// # Security
/// The head of a request may have 32 KiB, 100 headers and
/// [`Limits::header_read`](crate::Limits::header_read). The server takes
/// [`Limits::max_connections`](crate::Limits::max_connections) at most, and fewer when the limit of open
/// files is lower, so that a fetch of keys always has some. When all places are taken, the connection that
/// has idled longest makes room. While none idles, a new one waits, and every other ends after its next
/// response.
pub async fn serve(
    listener: TcpListener,
    tokenizer: Tokenizer,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.local_addr()?;
    let limits = *tokenizer.limits();
    let places = Places::new(files::connections(&limits)?);
    tokenizer.activity().serve_on(&places);
    let mut purging = JoinSet::new();
    purging.spawn(purge_regularly(tokenizer.janitor()));
    if let Some(audit) = tokenizer.audit() {
        purging.spawn(publish_heads_regularly(audit.clone()));
    }
    server::run(listener, tokenizer, &places, &limits, shutdown).await;
    purging.shutdown().await;
    Ok(())
}

/// Publishes the head of the audit log once a minute.
async fn publish_heads_regularly(audit: Audit) {
    let mut time = interval(PUBLISH_HEADS_EVERY);
    time.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        time.tick().await;
        audit.publish_head();
    }
}

async fn purge_regularly(janitor: Janitor) {
    let mut time = interval(PURGE_EVERY);
    time.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        time.tick().await;
        match janitor.round().await {
            Ok(cleaned) => tracing::debug!(?cleaned, "deleted what has expired"),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what has expired was not deleted"
            ),
        }
    }
}
