//! Whether grants would work now, for the application's own diagnosis.

use crate::Client;
use lunadefend_core::{
    Error, ErrorKind, SessionId,
    provider::{GrantService, TokenId, Verdict},
};
use std::fmt;

/// A token that no tokenizer makes: a version 4 UUID is random.
const NO_TOKEN: &str = "lunasec-00000000-0000-4000-8000-000000000000";

/// What [`Client::check`] found. `Display` has a line for each part.
#[derive(Debug)]
#[non_exhaustive]
pub struct Check {
    /// Whether there is a key to sign JWTs with.
    pub signing_key: Result<(), Error>,
    /// Whether the tokenizer answers, accepts our JWTs, and says no to a token that it never made.
    pub tokenizer: Result<(), Error>,
}

impl Check {
    /// Returns whether grants would work.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.signing_key.is_ok() && self.tokenizer.is_ok()
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (part, found) in [
            ("signing key", &self.signing_key),
            ("tokenizer", &self.tokenizer),
        ] {
            match found {
                Ok(()) => writeln!(f, "{part}: ok")?,
                Err(error) => writeln!(f, "{part}: {error}")?,
            }
        }
        Ok(())
    }
}

impl Client {
    /// Checks the signing key and the tokenizer, by asking for the grant of a token that does not exist. It takes as long as
    /// a call at most, and changes nothing.
    ///
    /// For a page or a command of the operator. Do not make it the readiness probe of a server that serves the key set:
    /// the tokenizer needs the key set to say yes, so neither of the two would ever start.
    ///
    /// ```no_run
    /// # async fn diagnose(client: lunadefend_client::Client) {
    /// let check = client.check().await;
    /// if !check.is_ok() {
    ///     eprint!("{check}");
    /// }
    /// # }
    /// ```
    pub async fn check(&self) -> Check {
        Check {
            signing_key: self.0.keys.application().await.map(drop),
            tokenizer: self.ask_in_vain().await,
        }
    }

    async fn ask_in_vain(&self) -> Result<(), Error> {
        let session = SessionId::new("lunadefend check")?;
        let token = TokenId::parse(NO_TOKEN)?;
        let verdicts = self.verify_all(&session, &[token]).await?;
        match verdicts.as_slice() {
            [Verdict::Invalid] => Ok(()),
            _ => Err(Error::new(ErrorKind::BadTokenizerResponse)
                .with_message("the tokenizer says yes to a token that it never made")),
        }
    }
}
