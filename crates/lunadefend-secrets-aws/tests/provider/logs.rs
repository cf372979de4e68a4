//! What is logged, by us and by the SDK, down to the last detail.

use crate::{
    fake::{Fake, refusal},
    texts::{CANARY, silent},
};
use lunadefend_core::provider::SecretProvider;
use std::{
    io,
    sync::{Arc, Mutex},
};
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Captures what this thread logs until the guard is dropped.
pub(crate) fn captured(level: LevelFilter) -> (Captured, tracing::subscriber::DefaultGuard) {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(captured.clone())
        .with_ansi(false)
        .finish();
    (captured, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn no_level_tells_a_secret() {
    let (log, _guard) = captured(LevelFilter::TRACE);
    let fake = Fake::with_value(CANARY).await;
    let secret = fake.secret().build().unwrap();
    secret.fetch().await.unwrap();
    fake.now_answer(|_| refusal(400, "AccessDeniedException", "no"));
    secret.fetch().await.unwrap_err();
    fake.now_answer(|_| axum::response::IntoResponse::into_response("canary"));
    secret.fetch().await.unwrap_err();
    let text = log.text();
    assert!(text.contains("GetSecretValue"), "{text}");
    for line in text.lines() {
        silent(line);
    }
}
