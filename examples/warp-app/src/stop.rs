//! Graceful shutdown: when to stop, and how long requests may continue.

use std::{io, time::Duration};
use tokio::{sync::watch, time::sleep};

/// Without a bound one slow reader would keep the application for ever.
const DRAIN: Duration = Duration::from_secs(30);

/// Whether SIGTERM or Ctrl-C has told the application to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// From here on no signal ends the process by itself.
pub(crate) fn on_signals() -> io::Result<Stop> {
    let (sender, receiver) = watch::channel(false);
    let signalled = signals()?;
    tokio::spawn(async move {
        signalled.await;
        sender.send_replace(true);
    });
    Ok(Stop(receiver))
}

impl Stop {
    /// Waits until the application is told to stop.
    pub(crate) async fn requested(mut self) {
        // An error says that the process is ending anyway.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Waits until it has been told so, and requests have had their time.
    pub(crate) async fn overdue(self) {
        self.requested().await;
        sleep(DRAIN).await;
    }
}

#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signals() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
