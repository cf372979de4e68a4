//! The text of an error, and that it contains no secret.

use lunadefend_core::provider::SecretError;
use std::error::Error;

/// In every secret, and in every credential that must not be told.
pub(crate) const CANARY: &str = "canary";

/// An error and its causes as a log shows them.
pub(crate) fn told(error: &SecretError) -> String {
    let mut text = error.to_string();
    let mut debug = format!("{error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        debug = format!("{debug} {error:?}");
        cause = error.source();
    }
    silent(&text);
    silent(&debug);
    text
}

/// Fails for a text with a secret in it.
pub(crate) fn silent(text: &str) {
    assert!(!text.to_lowercase().contains(CANARY), "{text}");
}
