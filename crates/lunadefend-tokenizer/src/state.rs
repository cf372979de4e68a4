//! What all handlers and layers share.

use crate::{activity::Activity, assets::Assets, config::TokenizerConfig, jwks::Keys};
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
    pub(crate) assets: Assets,
}
