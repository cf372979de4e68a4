//! The tokenizer's message about a failure, scrubbed for logs.

use http::StatusCode;
use lunadefend_core::wire::{Failure, RESPONSE, from_slice};
use std::fmt;

/// The longest text that is kept, in characters.
const MAX_TEXT: usize = 200;
/// Longer words are left out: they may be a token, a JWT, a hash or a URL.
const MAX_WORD: usize = 16;
/// Words with this many digits are left out: they may be a piece of such a thing, or a card number.
const MAX_DIGITS: usize = 3;
const LEFT_OUT: &str = "[..]";

/// The status of a tokenizer's response and its message about a failure: the
/// [`source`](std::error::Error::source) of an error.
///
/// # Security
/// A tokenizer may be hostile or echo the request. The text is cut at 200 characters. Words that are long,
/// have four or more digits, or contain anything but printable ASCII are replaced by `[..]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TokenizerMessage {
    status: u16,
    text: String,
}

impl TokenizerMessage {
    pub(crate) fn new(status: StatusCode, body: &[u8]) -> Self {
        // LunaSec sends its errors as JSON in text/plain too, so the content type is ignored.
        let text = from_slice::<Failure>(body, RESPONSE)
            .map(|failure| scrub(&failure.message))
            .unwrap_or_default();
        Self {
            status: status.as_u16(),
            text,
        }
    }

    /// Returns the status of the response.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Returns the tokenizer's message, scrubbed; empty when the response had none.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether the message is about the duration of a grant: "Grant duration parse failed" and "Grant
    /// duration set longer than configured maximum time" in LunaSec.
    pub(crate) fn is_about_duration(&self) -> bool {
        self.text.contains("rant duration")
    }
}

impl fmt::Display for TokenizerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the tokenizer answered {}", self.status)?;
        if !self.text.is_empty() {
            write!(f, ": {}", self.text)?;
        }
        Ok(())
    }
}

fn scrub(text: &str) -> String {
    let mut scrubbed = String::new();
    // Every word has a character, so that more of them cannot be part of the result.
    for word in text.split_whitespace().take(MAX_TEXT) {
        let word = if is_harmless(word) { word } else { LEFT_OUT };
        let space = usize::from(!scrubbed.is_empty());
        if scrubbed.len() + space + word.len() > MAX_TEXT {
            break;
        }
        if space == 1 {
            scrubbed.push(' ');
        }
        scrubbed.push_str(word);
    }
    scrubbed
}

fn is_harmless(word: &str) -> bool {
    word.len() <= MAX_WORD
        && word.bytes().all(|byte| byte.is_ascii_graphic())
        && word.bytes().filter(u8::is_ascii_digit).count() <= MAX_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str) -> TokenizerMessage {
        let failure = Failure {
            name: "TokenizerError".into(),
            message: text.into(),
        };
        TokenizerMessage::new(
            StatusCode::BAD_REQUEST,
            &lunadefend_core::wire::to_vec(&failure),
        )
    }

    #[test]
    fn the_originals_texts_are_kept() {
        for text in [
            "Grant duration set longer than configured maximum time",
            "unable to locate metadata for token",
            "session does not have valid token grant available to detokenize",
        ] {
            assert_eq!(message(text).text(), text);
        }
        assert!(message("Grant duration parse failed").is_about_duration());
        assert!(!message("no").is_about_duration());
        assert_eq!(
            message("no such thing").to_string(),
            "the tokenizer answered 400: no such thing"
        );
    }

    #[test]
    fn what_may_be_a_secret_is_left_out() {
        for (text, kept) in [
            (
                "token lunasec-0a1b2c3d-1111-4222-8333-444455556666 unknown",
                "token [..] unknown",
            ),
            ("jwt eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "jwt [..]"),
            ("card 4111 1111 1111 1111", "card [..] [..] [..] [..]"),
            ("session s\u{200b}e\u{200b}s", "session [..]"),
            ("a\u{1b}[31mred\u{7}", "[..]"),
            ("\u{202e}evil", "[..]"),
            ("line\nbreak\ttab", "line break tab"),
            // Digits count even in ordinary text.
            (
                "a duration like 30m or 1h20m10s",
                "a duration like 30m or [..]",
            ),
        ] {
            assert_eq!(message(text).text(), kept);
        }
    }

    #[test]
    fn bodies_that_are_no_failure_have_no_text() {
        for body in [
            "",
            "Unauthorized\n",
            "<html>",
            "[]",
            "null",
            "{\"error\":\"boom\"}",
        ] {
            let message = TokenizerMessage::new(StatusCode::UNAUTHORIZED, body.as_bytes());
            assert_eq!(message.text(), "");
            assert_eq!(message.to_string(), "the tokenizer answered 401");
        }
    }

    proptest! {
        #[test]
        fn nothing_long_or_numeric_gets_through(text in "(\\PC{0,30}[ \n]){0,60}") {
            let scrubbed = scrub(&text);
            prop_assert!(scrubbed.len() <= MAX_TEXT);
            prop_assert!(scrubbed.chars().all(|c| c == ' ' || c.is_ascii_graphic()));
            prop_assert!(scrubbed.split(' ').all(|word| word.len() <= MAX_WORD));
        }
    }
}
