//! The settings of the application: those of the process, completed for an embedded tokenizer.

use anyhow::{Result, bail};
use lunadefend::{
    SecretValue,
    secrets::{Environment, FixedEnvironment, ProcessEnvironment},
};
use lunadefend_crypto::{GeneratedKey, RsaBits};
use secrecy::ExposeSecret;
use std::sync::Arc;

pub(crate) const TOKENIZER_URL: &str = "TOKENIZER_URL";
const SIGNING_KEY: &str = "LUNASEC_SIGNING_KEY";
const PROVIDER: &str = "LUNADEFEND_SECRETS_PROVIDER";

/// The URL of the tokenizer that is configured, if one is.
pub(crate) fn tokenizer_url() -> Result<Option<String>> {
    let Some(url) = ProcessEnvironment.text(TOKENIZER_URL)? else {
        return Ok(None);
    };
    if url.trim().is_empty() {
        bail!("{TOKENIZER_URL} is set but empty: unset it, and the application starts a tokenizer");
    }
    Ok(Some(url.trim_end_matches('/').to_owned()))
}

/// The environment of the process with the URL of the embedded tokenizer, and with a new signing key
/// when it has none.
pub(crate) fn with_embedded(tokenizer_url: &str) -> Result<Arc<dyn Environment>> {
    let mut missing = vec![(TOKENIZER_URL, tokenizer_url.as_bytes().to_vec())];
    let has = |name| ProcessEnvironment.get(name).is_some();
    if !has(SIGNING_KEY) && !has(PROVIDER) {
        let generated = GeneratedKey::generate(RsaBits::Rsa2048)?;
        missing.push((
            SIGNING_KEY,
            generated.pem.expose_secret().as_bytes().to_vec(),
        ));
    }
    Ok(Arc::new(Completed(FixedEnvironment::from_iter(missing))))
}

/// The environment of the process, and what it lacks.
#[derive(Debug)]
struct Completed(FixedEnvironment);

impl Environment for Completed {
    fn get(&self, name: &str) -> Option<SecretValue> {
        ProcessEnvironment.get(name).or_else(|| self.0.get(name))
    }
}
