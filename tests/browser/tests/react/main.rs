//! LunaSec's React SDK against the tokenizer, in real browsers: a page script of our own speaks its messages.

#![expect(
    clippy::unwrap_used,
    reason = "the lint knows test functions, not the helpers of an integration test"
)]

/// Declares each test once for each browser.
macro_rules! in_browsers {
    ($($name:ident),+ $(,)?) => {
        mod chromium {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                crate::scene::run(stringify!($name), lunadefend_browser_tests::Engine::Chromium, super::$name).await;
            })+
        }
        mod firefox {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                crate::scene::run(stringify!($name), lunadefend_browser_tests::Engine::Firefox, super::$name).await;
            })+
        }
    };
}

mod fields;
mod files;
mod refused;
mod scene;
