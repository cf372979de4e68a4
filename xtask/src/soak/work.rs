//! An application that stores, reads and verifies as much as it can, while something is done to its tokenizer.
//!
//! It is `tokens work` of `lunadefend-tests`.

use super::{MOMENT, Programs, keys::SigningKey, outcome::number, port::HeldPort};
use anyhow::{Result, ensure};
use lunadefend_process::Process;

/// A running application.
pub(super) struct Work(Process);

impl Work {
    /// Starts it on the tokens that a store was filled with, and waits until it works.
    pub(super) fn start(
        programs: &Programs,
        store: &str,
        port: &HeldPort,
        key: &SigningKey,
    ) -> Result<Self> {
        let application = [
            (
                "TOKENIZER_URL",
                format!("http://localhost:{}", port.number()),
            ),
            ("LUNASEC_SIGNING_KEY", key.private.clone()),
            ("LUNADEFEND_SESSION_IDS", "raw".to_owned()),
            // No call is repeated behind its back.
            ("LUNADEFEND_MAX_RETRIES", "0".to_owned()),
        ];
        let work = ["work", "--store", store];
        let work = Process::start(&programs.find("tokens")?, &work, &application)?;
        work.line("ready", MOMENT)?;
        Ok(Self(work))
    }

    /// Ends it, and returns what it has done: something, and without a failure.
    pub(super) fn end(mut self) -> Result<String> {
        self.0.tell("end")?;
        let worked = self.0.line("worked ", MOMENT)?;
        ensure!(self.0.end(MOMENT)?.success(), "the application failed");
        ensure!(number(&worked, "failed=")? == 0, "calls failed: {worked}");
        ensure!(
            number(&worked, "stored=")? > 0,
            "nothing was done: {worked}"
        );
        Ok(worked)
    }
}
