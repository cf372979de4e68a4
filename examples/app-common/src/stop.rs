//! When to stop.

use anyhow::{Context, Result};
use tokio::sync::watch;

/// Completes when the application is to stop: on SIGTERM, on Ctrl-C, or when its check is over.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// Stops the application.
pub(crate) struct Stopper(watch::Sender<bool>);

/// From here on no signal ends the process by itself.
pub(crate) fn on_signals() -> Result<(Stopper, Stop)> {
    let (sender, receiver) = watch::channel(false);
    let signalled = signals().context("cannot wait for signals")?;
    let by_signal = sender.clone();
    tokio::spawn(async move {
        signalled.await;
        by_signal.send_replace(true);
    });
    Ok((Stopper(sender), Stop(receiver)))
}

impl Stopper {
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Waits for it.
    pub async fn requested(mut self) {
        // An error says that nobody is left who could ask for it: the process is ending.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

#[cfg(unix)]
fn signals() -> std::io::Result<impl Future<Output = ()>> {
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
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
