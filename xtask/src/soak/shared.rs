//! What tokenizers share.

mod moto;
mod postgres;

pub(crate) use postgres::PostgresServer;

use crate::{soak::Programs, workspace::Workspace};
use anyhow::Result;
use moto::Moto;

/// A store that several processes have at once, ready for them. It ends when it is dropped.
pub(crate) trait SharedStore {
    /// What `serve --store` is told.
    fn name(&self) -> &'static str;

    /// The settings of each tokenizer that are about its store.
    fn settings(&self) -> Vec<(&'static str, String)>;
}

/// Starts a store.
type Start = fn(&Workspace, &Programs) -> Result<Box<dyn SharedStore>>;

/// The stores, each of which gets the kills. Another one is another row.
pub(super) const STORES: &[Start] = &[
    |workspace, programs| Ok(Box::new(PostgresServer::start(workspace, programs)?)),
    |workspace, programs| Ok(Box::new(Moto::start(workspace, programs)?)),
];
