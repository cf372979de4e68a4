//! The steps of a walk, and whether each went as it must.
#![expect(clippy::print_stdout, reason = "a walk tells its user what it does")]

use super::Visit;
use lunadefend_testing::browser::Page;
use std::fmt::Write as _;

/// The lines of a walk. No token, no value and no session is in it.
#[derive(Debug, Default)]
pub struct Report {
    steps: usize,
    right: usize,
    text: String,
}

impl Report {
    pub(super) fn step(&mut self, what: &str, visit: &Visit, as_it_must: bool) {
        self.say(what, visit, &visit.outcome(), as_it_must);
    }

    pub(super) fn refused(&mut self, what: &str, visit: &Visit, status: u16, name: &str) {
        self.step(what, visit, visit.is_error(status, name));
    }

    pub(super) fn say(&mut self, what: &str, visit: &Visit, said: &str, as_it_must: bool) {
        self.steps += 1;
        self.right += usize::from(as_it_must);
        let verdict = if as_it_must { "ok" } else { "WRONG" };
        let line = format!(
            "{:>2}. {what}: {} -> {said} [{verdict}]",
            self.steps, visit.request
        );
        println!("{line}");
        let _ = writeln!(self.text, "{line}");
    }

    /// How many steps went as they must.
    #[must_use]
    pub fn right(&self) -> usize {
        self.right
    }

    /// Whether all did.
    #[must_use]
    pub fn went_well(&self) -> bool {
        self.right == self.steps
    }

    /// The lines.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// `{"success":true}`.
pub(super) fn is_success(page: &Page) -> bool {
    page.is_ok() && page.json() == serde_json::json!({ "success": true })
}
