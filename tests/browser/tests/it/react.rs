//! LunaSec's React SDK against the tokenizer, in real browsers: a page script of our own speaks its messages.

/// Declares each test once for each browser, where application and tokenizer are of one site.
macro_rules! in_browsers {
    ($($name:ident),+ $(,)?) => {
        lunadefend_browser_tests::in_each_browser!(crate::react::scene::run: $($name),+);
    };
}

mod fields;
mod files;
mod places;
mod refused;
mod scene;
