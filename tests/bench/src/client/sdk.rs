//! Verifies by `LunaDefend`, as an application makes them.

use super::load::Caller;
use anyhow::Result;
use lunadefend::{
    LunaDefend, SessionId, UntrustedToken, VerifiedToken, provider::SecretValue,
    secrets::InlineSecret,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A handler of requests of the application.
pub(super) struct Handler {
    pub(super) luna: LunaDefend,
    pub(super) session: SessionId,
    pub(super) tokens: Arc<[String]>,
    pub(super) next: Arc<AtomicU64>,
    /// The length of the list; 1 is no list.
    pub(super) list: usize,
}

impl Caller for Handler {
    async fn call(&mut self) -> Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed) as usize;
        let token = |at: usize| UntrustedToken::parse(&self.tokens[at % self.tokens.len()]);
        if self.list == 1 {
            let token = token(number)?;
            // That there is no error is the verdict.
            let _: VerifiedToken = self.luna.grants().verify(&self.session, token).await?;
        } else {
            let tokens = (number..number + self.list).map(token);
            let tokens = tokens.collect::<Result<Vec<_>, _>>()?;
            let _: Vec<VerifiedToken> = self.luna.grants().verify(&self.session, tokens).await?;
        }
        Ok(())
    }
}

/// Makes an application, and grants it each token.
pub(super) async fn application(
    url: &str,
    key: &str,
    level: u64,
    session: &SessionId,
    tokens: &[String],
) -> Result<LunaDefend> {
    let key = InlineSecret::new(SecretValue::new(key.as_bytes()), "the key of the bench");
    let luna = LunaDefend::builder(url)
        .signing_key(key)
        .require_level(level)
        // A call that fails fails the run.
        .max_retries(0)
        .deadline(Duration::from_secs(30))
        .build()
        .await?;
    let tokens = tokens.iter().map(|token| VerifiedToken::assertion(token));
    for some in tokens.collect::<Result<Vec<_>, _>>()?.chunks(100) {
        luna.grants().grant(session, some.to_vec(), None).await?;
    }
    Ok(luna)
}
