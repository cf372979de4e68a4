//! What script of the application's page must not reach, in real browsers.
//!
//! Each test lets a hostile script try something, looks for a secret in everything that the script can see, and
//! shows that the attack did run.

/// Declares each attack once for each browser, where application and tokenizer are of one site: there a browser
/// separates them least.
macro_rules! attacks {
    ($($name:ident),+ $(,)?) => {
        lunadefend_browser_tests::in_each_browser!(crate::attacks::scene::run: $($name),+);
    };
}

mod documents;
mod door;
mod questions;
mod reading;
mod requests;
mod scene;
mod screen;
mod sessions;
mod transfer;
