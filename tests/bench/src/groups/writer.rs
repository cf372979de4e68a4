//! What the thread costs that writes to the embedded store, against another revision.

use super::{Ground, against};
use crate::{
    figures::Wanted,
    job::{Request, Work},
    lineup::{Entrant, Lineup},
    programs::{Counting, Programs, Server},
    report::{Group, Id, Quantity, Ratio},
};
use anyhow::{Context, Result, ensure};
use std::{fs, path::PathBuf};

const NOTE: &str = "Small values stored, on this tokenizer and on that of another revision. By URL they are two requests, \
    the only way that earlier revisions have. The processor time that is compared is that of the thread that writes.";

const IN_FLIGHT: usize = 64;
const THEN: &str = "that revision: tokenize by URL";
const BY_URL: &str = "tokenize by URL";
const INLINE: &str = "tokenize inline";

const THEN_AT: usize = 0;
const BY_URL_AT: usize = 1;
const INLINE_AT: usize = 2;

const WORKS: [(&str, usize, Request); 3] = [
    (THEN, THEN_AT, Request::TokenizeUrl),
    (BY_URL, BY_URL_AT, Request::TokenizeUrl),
    (INLINE, INLINE_AT, Request::Tokenize),
];

pub(super) fn run(ground: &Ground<'_>) -> Result<Group> {
    let Ground { programs, key, .. } = ground;
    let lunadefend = build(ground)?;
    let store = |name: &str| ground.folder.join(name);
    // One store for each: a writer pays for the pages of all that is in its store.
    let mut servers = vec![
        // It has no setting for limits that it does not have.
        Programs::serve(&lunadefend, &store("then.redb"), key, &[])?,
        programs.tokenizer(&store("by-url.redb"), key, Counting::Off)?,
        programs.tokenizer(&store("inline.redb"), key, Counting::Off)?,
    ];
    let tokens = ground.folder.join("none.tokens");
    fs::write(&tokens, "")?;
    let entrants = WORKS.map(|(name, server, request)| Entrant {
        id: Id::new(name, IN_FLIGHT),
        work: Work::Socket(request),
        server,
        tokens: tokens.clone(),
        beside: None,
    });
    let mut lineup = Lineup::start(ground, &servers, &entrants, Counting::Off)?;
    // A store that grows from nothing costs more with each round: the first ones are not told.
    lineup.rounds(&mut servers, ground.options)?;
    let contenders = lineup.rounds(&mut servers, ground.options)?;
    drop(lineup);
    servers.into_iter().try_for_each(Server::stop)?;
    Ok(Group::new("writer", NOTE.to_owned(), contenders, ratios()))
}

/// Builds the program of the other revision.
fn build(ground: &Ground<'_>) -> Result<PathBuf> {
    let out = &ground.options.out;
    let revision = ground.options.against.as_deref();
    let revision = revision.context("`writer` wants `--against REVISION`")?;
    let folder = against::checkout(out, revision)?;
    let target = out.canonicalize()?.join("against-target");
    let mut cargo = against::cargo(&folder, &target);
    let cargo = cargo.args(["build", "--release", "--locked", "-p", "lunadefend-cli"]);
    ensure!(
        cargo.status()?.success(),
        "the other revision does not build"
    );
    Ok(target.join("release").join("lunadefend"))
}

fn ratios() -> Vec<Ratio> {
    vec![Ratio {
        quantity: Quantity::WriterCpu,
        of: Id::new(INLINE, IN_FLIGHT),
        to: Id::new(THEN, IN_FLIGHT),
        wanted: Wanted::AtMost(0.5),
    }]
}
