//! From the start of the process to the first verified grant.

use super::Ground;
use crate::{
    client::record,
    job::Request,
    programs::{Counting, Server},
    report::{Fact, Group},
};
use anyhow::Result;
use std::time::Instant;
use tokio::runtime::Runtime;

/// How many tokens there are.
const TOKENS: usize = 1000;

const NOTE: &str = "A tokenizer on an embedded store of 1000 tokens, from the start of its process to the answer to its \
    first verify, over a new connection.";

pub(super) fn run(ground: &Ground<'_>) -> Result<Group> {
    let store = ground.store("start", ground.options.sized([10, TOKENS, TOKENS]))?;
    let runtime = Runtime::new()?;
    let first = |_| {
        let begun = Instant::now();
        let (programs, key) = (ground.programs, &ground.key);
        let tokenizer = programs.tokenizer(&store.path, key, Counting::Off)?;
        let asked = record(Request::Verify(1), tokenizer.address, key, &store.tokens);
        runtime.block_on(asked)?;
        let millis = begun.elapsed().as_secs_f64() * 1000.0;
        Server::stop(tokenizer)?;
        anyhow::Ok(millis)
    };
    let rounds = (0..ground.options.rounds).map(first);
    let fact = Fact {
        name: "start to first verified grant".to_owned(),
        rounds: rounds.collect::<Result<_>>()?,
        unit: "ms",
        at_most: None,
    };
    Ok(Group {
        facts: vec![fact],
        ..Group::new("start", NOTE.to_owned(), Vec::new(), Vec::new())
    })
}
