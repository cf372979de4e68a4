//! The groups of contenders.

mod against;
mod build;
mod grants;
mod postgres;
mod sdk;
mod start;
mod tokenizer;
mod upkeep;
mod values;
mod writer;

use crate::{
    lineup::{Entrant, Lineup},
    options::{GroupName, Options},
    programs::{Counting, Programs, Server},
    report::{Contender, Fact, Group},
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
            GroupName::Grants => grants::run(self),
            GroupName::Upkeep => upkeep::run(self),
            GroupName::Values => values::run(self),
            GroupName::Start => start::run(self),
            GroupName::Postgres => postgres::run(self),
            GroupName::Writer => writer::run(self),
            GroupName::Build => build::run(self),
        }
    }

    /// Lets contenders take turns on servers of their group, and then counts what each allocates on servers that were
    /// started for that. `look` sees the servers after the turns.
    fn contest(
        &self,
        entrants: &[Entrant],
        serve: impl Fn(Counting) -> Result<Vec<Server>>,
        look: impl FnOnce(&[Server]) -> Result<Vec<Fact>>,
    ) -> Result<(Vec<Contender>, Vec<Fact>)> {
        let entrants = &self.options.chosen(entrants)[..];
        let mut servers = serve(Counting::Off)?;
        let mut lineup = Lineup::start(self, &servers, entrants, Counting::Off)?;
        let mut contenders = lineup.rounds(&mut servers, self.options)?;
        drop(lineup);
        let facts = look(&servers)?;
        servers.into_iter().try_for_each(Server::stop)?;
        let mut servers = serve(Counting::On)?;
        let mut lineup = Lineup::start(self, &servers, entrants, Counting::On)?;
        lineup.count(&mut servers, &mut contenders)?;
        drop(lineup);
        servers.into_iter().try_for_each(Server::stop)?;
        Ok((contenders, facts))
    }

    fn store(&self, name: &str, tokens: usize) -> Result<FilledStore> {
        Runtime::new()?.block_on(FilledStore::make(&self.folder, name, tokens))
    }
}
