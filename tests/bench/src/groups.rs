//! The groups of contenders.

mod sdk;
mod tokenizer;

use crate::{
    options::{GroupName, Options},
    programs::Programs,
    report::Group,
    store::{FilledStore, Key},
};
use anyhow::Result;
use std::{fs, path::PathBuf};
use tokio::runtime::Runtime;

/// What a group needs to run.
pub(crate) struct Ground<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) options: &'a Options,
    pub(crate) key: Key,
    folder: PathBuf,
}

impl<'a> Ground<'a> {
    /// Takes an empty folder for stores, in place of what an earlier run left.
    pub(crate) fn new(programs: &'a Programs, options: &'a Options) -> Result<Self> {
        let folder = options.out.join("run");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self {
            programs,
            options,
            key: Key::generate()?,
            folder,
        })
    }

    pub(crate) fn run(&self, group: GroupName) -> Result<Group> {
        match group {
            GroupName::Sdk => sdk::run(self),
            GroupName::Tokenizer => tokenizer::run(self),
        }
    }

    fn store(&self, name: &str, tokens: usize) -> Result<FilledStore> {
        Runtime::new()?.block_on(FilledStore::make(&self.folder, name, tokens))
    }
}
