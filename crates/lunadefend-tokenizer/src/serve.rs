//! Serving a tokenizer to its clients.

use crate::{
    server::{self, Places, files},
    tls::Tls,
    tokenizer::Tokenizer,
};
use lunadefend_audit::Audit;
use std::{io, time::Duration};
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{Interval, MissedTickBehavior, interval},
};

/// The interval at which expired rows are deleted, and the longest time in which a line of the audit log can be cut off
/// without a head that shows it.
const EVERY: Duration = Duration::from_secs(60);
/// The maximum of connections to the address of the metrics. They are of the reserved files.
const MAX_SCRAPERS: u32 = 8;

/// Serves a tokenizer until `shutdown` completes, then lets running requests finish for
/// [`Limits::drain`](crate::Limits::drain).
///
/// HTTP/1.1 without TLS: put a proxy with TLS in front, or use [`serve_tls`]. Meanwhile it deletes expired rows
/// from the store once a minute.
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
    serve_with(listener, None, tokenizer, shutdown).await
}

/// Serves a tokenizer as [`serve`] does, inside TLS 1.2 or 1.3: HTTP/2, or HTTP/1.1 for clients that do not offer it.
/// Once a minute it looks whether there is another certificate ([`Tls::look_again`]).
///
/// # Errors
/// As for [`serve`]. A handshake that fails ends its connection alone.
///
/// # Security
/// As for [`serve`]. The handshake has the time of a request's head of its own, and counts as a connection.
///
/// A connection of HTTP/2 has [`Limits::MAX_STREAMS`](crate::Limits::MAX_STREAMS) requests at once, and 256 KiB of unread bodies. It
/// ends when none was served for [`Limits::idle`](crate::Limits::idle), whatever else its client sends.
pub async fn serve_tls(
    listener: TcpListener,
    tls: Tls,
    tokenizer: Tokenizer,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_with(listener, Some(tls), tokenizer, shutdown).await
}

async fn serve_with(
    listener: TcpListener,
    tls: Option<Tls>,
    tokenizer: Tokenizer,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.local_addr()?;
    let limits = *tokenizer.limits();
    let places = Places::new(files::connections(&limits)?);
    tokenizer.activity().serve_on(&places);
    let mut purging = JoinSet::new();
    purging.spawn(purge_regularly(tokenizer.clone()));
    if let Some(audit) = tokenizer.audit() {
        purging.spawn(publish_heads_regularly(audit.clone()));
    }
    if let Some(tls) = &tls {
        purging.spawn(look_regularly(tls.clone()));
    }
    server::run(listener, tls, tokenizer, &places, &limits, shutdown).await;
    purging.shutdown().await;
    Ok(())
}

fn each_minute() -> Interval {
    let mut time = interval(EVERY);
    time.set_missed_tick_behavior(MissedTickBehavior::Delay);
    time
}

/// Looks at the files of the certificate once a minute.
async fn look_regularly(tls: Tls) {
    let mut time = each_minute();
    loop {
        time.tick().await;
        let tls = tls.clone();
        // The files may be on a network. Without an answer no other look begins.
        let _ = tokio::task::spawn_blocking(move || tls.look_again()).await;
    }
}

/// Publishes the head of the audit log once a minute.
async fn publish_heads_regularly(audit: Audit) {
    let mut time = each_minute();
    loop {
        time.tick().await;
        audit.publish_head();
    }
}

async fn purge_regularly(tokenizer: Tokenizer) {
    let janitor = tokenizer.janitor();
    let mut time = each_minute();
    loop {
        time.tick().await;
        tokenizer.clean(&janitor).await;
    }
}

/// Serves `GET /metrics` of a tokenizer until `shutdown` completes, in the text format of OpenMetrics. The public server has no
/// such route, and this one no other.
///
/// # Security
/// Metrics have no token, session, address or key, but they tell how much is done and whether keys are there. Let only
/// Prometheus reach the listener.
pub async fn serve_metrics(
    listener: TcpListener,
    tokenizer: Tokenizer,
    shutdown: impl Future<Output = ()>,
) {
    let limits = *tokenizer.limits();
    let places = Places::new(MAX_SCRAPERS);
    server::run(
        listener,
        None,
        tokenizer.scraped(),
        &places,
        &limits,
        shutdown,
    )
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Look;
    use std::fs;
    use tokio::time::sleep;

    /// Writes a new certificate and its key; returns the paths.
    fn write(folder: &std::path::Path) -> [std::path::PathBuf; 2] {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let paths = ["tls.crt", "tls.key"].map(|name| folder.join(name));
        fs::write(&paths[0], made.cert.pem()).unwrap();
        fs::write(&paths[1], made.signing_key.serialize_pem()).unwrap();
        paths
    }

    #[tokio::test(start_paused = true)]
    async fn the_files_of_the_certificate_are_looked_at_each_minute() {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = write(folder.path());
        let tls = Tls::from_files(&certificate, &key).unwrap();
        let looking = tokio::spawn(look_regularly(tls.clone()));
        sleep(Duration::from_secs(1)).await;
        for _ in 0..3 {
            write(folder.path());
            sleep(EVERY).await;
            assert!(
                matches!(tls.look(), Look::Unchanged),
                "it was not looked at"
            );
        }
        looking.abort();
    }
}
