//! The tokenizer on PostgreSQL.

use super::Ground;
use crate::{
    client::record,
    job::{Request, Work},
    lineup::{Entrant, Lineup},
    programs::{Counting, Programs, Server, without_limits},
    report::{Group, Id},
};
use anyhow::{Context, Result};
use std::{fs, path::Path};
use tokio::runtime::Runtime;

const NOTE: &str = "The tokenizer on a PostgreSQL of this machine that keeps its promises (`fsync` is on), reached by a \
    socket. The server's processor time is that of the tokenizer alone. No ratio is promised here: it is to be read beside \
    the embedded store of the same run.";

const IN_FLIGHT: [usize; 2] = [1, 64];
/// How many tokens there are.
const TOKENS: usize = 200;

const POSTGRES: usize = 0;
const EMBEDDED: usize = 1;

const WORKS: [(&str, usize, Request); 8] = [
    ("verify", POSTGRES, Request::Verify(1)),
    ("set", POSTGRES, Request::Set(1)),
    ("tokenize inline", POSTGRES, Request::Tokenize),
    ("detokenize inline", POSTGRES, Request::Detokenize),
    ("embedded: verify", EMBEDDED, Request::Verify(1)),
    ("embedded: set", EMBEDDED, Request::Set(1)),
    ("embedded: tokenize inline", EMBEDDED, Request::Tokenize),
    ("embedded: detokenize inline", EMBEDDED, Request::Detokenize),
];

pub(super) fn run(ground: &Ground<'_>) -> Result<Group> {
    let Ground { programs, key, .. } = ground;
    let url = ground.options.postgres.clone();
    let url =
        url.context("`cargo xtask bench postgres` starts PostgreSQL, and says where it is")?;
    let lunadefend = programs.lunadefend.as_ref().context("no `lunadefend`")?;
    let mut settings = without_limits();
    settings.push(("LUNADEFEND_POSTGRES_URL", url));
    settings.push(("LUNADEFEND_MASTER_KEY", "5f0c".repeat(16)));
    let store = ground.store("embedded", TOKENS)?;
    let mut servers = vec![
        Programs::serve(lunadefend, Path::new("postgres"), key, &settings)?,
        programs.tokenizer(&store.path, key, Counting::Off)?,
    ];
    let tokens = ground.folder.join("postgres.tokens");
    fs::write(&tokens, fill(ground, &servers[POSTGRES])?)?;
    let lists = [tokens, store.tokens.clone()];
    let at = |in_flight| {
        let lists = &lists;
        WORKS.map(|(name, server, request)| Entrant {
            id: Id::new(name, in_flight),
            work: Work::Socket(request),
            server,
            tokens: lists[server].clone(),
            beside: None,
        })
    };
    let entrants: Vec<_> = IN_FLIGHT.into_iter().flat_map(at).collect();
    let mut lineup = Lineup::start(ground, &servers, &entrants, Counting::Off)?;
    let contenders = lineup.rounds(&mut servers, ground.options)?;
    drop(lineup);
    servers.into_iter().try_for_each(Server::stop)?;
    Ok(Group::new(
        "postgres",
        NOTE.to_owned(),
        contenders,
        Vec::new(),
    ))
}

/// Stores values by the tokenizer itself, and returns their tokens as lines.
fn fill(ground: &Ground<'_>, tokenizer: &Server) -> Result<String> {
    let runtime = Runtime::new()?;
    let none = ground.folder.join("none.tokens");
    fs::write(&none, "")?;
    let one = |_| {
        let stored = record(Request::Tokenize, tokenizer.address, &ground.key, &none);
        let answer: serde_json::Value = serde_json::from_str(&runtime.block_on(stored)?.body)?;
        let token = answer["data"]["tokenId"].as_str().context("no token")?;
        Ok(format!("{token}\n"))
    };
    (0..TOKENS).map(one).collect()
}
