//! The application's signing key.

use super::{MOMENT, Programs, text};
use anyhow::{Result, ensure};
use lunadefend_process::Process;
use std::{fs, path::Path};

/// A key that `lunadefend keygen` made, as settings of both sides.
pub(super) struct SigningKey {
    /// For the application, which keeps it to itself.
    pub(super) private: String,
    /// For its tokenizers.
    pub(super) public: String,
}

impl SigningKey {
    /// Makes one, in a file of this folder.
    pub(super) fn make(programs: &Programs, folder: &Path) -> Result<Self> {
        let file = folder.join("signing-key.pem");
        let path = text(&file)?;
        let mut keygen = Process::start(&programs.find("lunadefend")?, &["keygen", path], &[])?;
        ensure!(
            keygen.end(MOMENT)?.success(),
            "lunadefend keygen made no key"
        );
        let printed = keygen.rest();
        let pem = printed
            .iter()
            .skip_while(|line| !line.starts_with("-----BEGIN"));
        Ok(Self {
            private: fs::read_to_string(&file)?,
            public: pem.cloned().collect::<Vec<_>>().join("\n"),
        })
    }
}
