//! Everything that anybody logs, by `tracing` and by `log`, at every level.

use std::{
    io,
    sync::{Mutex, OnceLock},
};
use tracing_subscriber::fmt::format::FmtSpan;

static TEXT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Both loggers write here.
#[derive(Clone, Copy)]
struct Sink;

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        TEXT.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl log::Log for Sink {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("log {} {}\n", record.target(), record.args());
        TEXT.lock().unwrap().extend_from_slice(line.as_bytes());
    }

    fn flush(&self) {}
}

/// From now on everything is kept.
pub(crate) fn start() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(|| Sink)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log::set_logger(&Sink).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// All that was logged so far.
pub(crate) fn text() -> String {
    String::from_utf8(TEXT.lock().unwrap().clone()).unwrap()
}
