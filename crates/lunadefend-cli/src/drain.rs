//! The time between the signal to stop and the end of the listener.

use crate::listen::StopSignals;
use lunadefend_tokenizer::Tokenizer;
use std::time::Duration;
use tokio::time::sleep;

/// Waits for a signal, and then for `delay` or the next signal. Meanwhile `/ready` says no, and all else is served: a
/// balancer learns that it must send no more, before anything is refused. `begins` is called at the first signal.
pub(crate) async fn drain(
    mut signals: StopSignals,
    tokenizer: Tokenizer,
    delay: Duration,
    begins: impl FnOnce(),
) {
    signals.next().await;
    begins();
    tokenizer.begin_drain();
    tokio::select! {
        () = sleep(delay) => {}
        () = signals.next() => {}
    }
}
