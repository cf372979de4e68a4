//! The report: one line for each check.

use std::{
    fmt,
    io::{self, Write},
};

/// The results, printed as they are found.
#[derive(Debug, Default)]
pub(super) struct Report {
    failed: usize,
    warned: usize,
}

impl Report {
    pub(super) fn ok(&self, subject: &str, text: impl AsRef<str>) {
        print("ok", subject, text.as_ref());
    }

    /// Reports a subject that works, but could be better or may stop working.
    pub(super) fn warn(&mut self, subject: &str, text: impl AsRef<str>) {
        self.warned += 1;
        print("warn", subject, text.as_ref());
    }

    pub(super) fn fail(&mut self, subject: &str, text: impl AsRef<str>) {
        self.failed += 1;
        print("FAIL", subject, text.as_ref());
    }

    /// Prints the closing line; returns whether nothing failed.
    pub(super) fn finish(self) -> bool {
        let plural = |number: usize| if number == 1 { "" } else { "s" };
        let (failed, warned) = (self.failed, self.warned);
        line(format_args!(
            "{failed} failure{}, {warned} warning{}",
            plural(failed),
            plural(warned)
        ));
        self.failed == 0
    }
}

fn print(verdict: &str, subject: &str, text: &str) {
    line(format_args!("{verdict:<4}  {subject:<13}  {text}"));
}

/// Prints a line. A closed pipe, as by `head`, is no failure.
fn line(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{text}");
}
