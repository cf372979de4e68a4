//! What all handlers and layers share.

use crate::{
    activity::Activity, assets::Assets, config::TokenizerConfig, deletions::Deletions, jwks::Keys,
    metrics::Metrics, rates::Rates, readiness::Readiness,
};
use lunadefend_core::provider::UnixMillis;
use lunadefend_vault::{Timer, Vault};
use std::sync::Arc;

/// The parts of a running tokenizer.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: TokenizerConfig,
    pub(crate) vault: Vault,
    pub(crate) keys: Keys,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) activity: Activity,
    pub(crate) readiness: Readiness,
    pub(crate) metrics: Metrics,
    pub(crate) deletions: Deletions,
    pub(crate) rates: Rates,
    pub(crate) assets: Assets,
}

impl Shared {
    /// Returns the time until which the store remembers an end that happens now.
    pub(crate) fn ends_are_remembered_until(&self) -> UnixMillis {
        self.vault.clock().unix_millis() + self.config.memory_of_ends()
    }
}
