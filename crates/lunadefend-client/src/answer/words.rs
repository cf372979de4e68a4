//! Messages for refusals that differ from the usual meaning of their status.

use crate::message::TokenizerMessage;
use http::StatusCode;

const PAGE: &str = "what refuses this application is not the tokenizer: something in between (a proxy, a firewall, a log-in page) answers in its place; let the application through";
const SIZE: &str = "the request is too large for the tokenizer or for a proxy in front of it: raise the limit there (nginx: client_max_body_size, large_client_header_buffers)";
const METHOD: &str = "what answers at TOKENIZER_URL does not let POST through: a proxy in front of the tokenizer, or something else than the tokenizer";
const PROXY: &str =
    "a proxy in front of the tokenizer wants a log-in: let the application through without one";
const NAME: &str = "the tokenizer calls itself by another URL than this application calls it: PUBLIC_TOKENIZER_URL, or TOKENIZER_URL when that is not set, must be the TOKENIZER_URL of the tokenizer, letter by letter (localhost is not 127.0.0.1)";

/// Returns `None` where the usual message of the error's kind is right.
pub(super) fn of(
    status: StatusCode,
    body: &[u8],
    message: &TokenizerMessage,
) -> Option<&'static str> {
    let is_tokenizers = !message.text().is_empty();
    match status.as_u16() {
        401 if message.text().contains("another tokenizer") => Some(NAME),
        401 | 403 if !is_tokenizers && is_page(body) => Some(PAGE),
        413 | 414 | 431 => Some(SIZE),
        405 if !is_tokenizers => Some(METHOD),
        407 => Some(PROXY),
        _ => None,
    }
}

/// Returns whether the body is HTML, which no tokenizer sends.
fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}
