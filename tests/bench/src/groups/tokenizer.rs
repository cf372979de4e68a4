//! What the tokenizer costs.

use super::Ground;
use crate::{
    client::record,
    figures::Wanted,
    job::{Request, Work},
    lineup::Entrant,
    programs::{Counting, Server},
    report::{Group, Id, Quantity, Ratio},
    server::Serving,
    store::FilledStore,
};
use anyhow::Result;
use tokio::runtime::Runtime;

const NOTE: &str = "Prepared requests over sockets, on the embedded store. `hyper` reads the same request as `verify` \
    and sends the same bytes. A set and a tokenize are on the disk when they are answered. What is by URL are two requests.";

const IN_FLIGHT: [usize; 3] = [1, 64, 512];
/// How many tokens there are.
const TOKENS: usize = 10_000;

const TOKENIZER: usize = 0;
const BARE: usize = 1;

const HYPER: &str = "hyper";
const VERIFY: &str = "verify";
const BATCH: &str = "verify 100";
const SET: &str = "set";
const TOKENIZE: &str = "tokenize inline";
const READ: &str = "detokenize inline";

const WORKS: [(&str, usize, Request); 10] = [
    (HYPER, BARE, Request::Verify(1)),
    (VERIFY, TOKENIZER, Request::Verify(1)),
    ("verify, level 1", TOKENIZER, Request::VerifyLevel1),
    (BATCH, TOKENIZER, Request::Verify(100)),
    (SET, TOKENIZER, Request::Set(1)),
    ("set 100", TOKENIZER, Request::Set(100)),
    (TOKENIZE, TOKENIZER, Request::Tokenize),
    ("tokenize by URL", TOKENIZER, Request::TokenizeUrl),
    (READ, TOKENIZER, Request::Detokenize),
    ("detokenize by URL", TOKENIZER, Request::DetokenizeUrl),
];

pub(super) fn run(ground: &Ground<'_>) -> Result<Group> {
    let store = ground.store("tokenizer", ground.options.sized([100, TOKENS, TOKENS]))?;
    let entrants = entrants(&store);
    let serve = |counting| servers(ground, &store, counting);
    let (contenders, _) = ground.contest(&entrants, serve, |_| Ok(Vec::new()))?;
    let note = NOTE.to_owned();
    Ok(Group::new("tokenizer", note, contenders, ratios()))
}

fn servers(ground: &Ground<'_>, store: &FilledStore, counting: Counting) -> Result<Vec<Server>> {
    let Ground { programs, key, .. } = ground;
    let tokenizer = programs.tokenizer(&store.path, key, counting)?;
    let answer = record(Request::Verify(1), tokenizer.address, key, &store.tokens);
    let answers = vec![Runtime::new()?.block_on(answer)?];
    let bare = programs.server(&Serving::Bare(answers), counting)?;
    Ok(vec![tokenizer, bare])
}

fn entrants(store: &FilledStore) -> Vec<Entrant> {
    let at = |in_flight| {
        WORKS.map(|(name, server, request)| Entrant {
            id: Id::new(name, in_flight),
            work: Work::Socket(request),
            server,
            tokens: store.tokens.clone(),
            beside: None,
        })
    };
    IN_FLIGHT.into_iter().flat_map(at).collect()
}

fn ratios() -> Vec<Ratio> {
    let ratio = |quantity, of, to, in_flight, least| Ratio {
        quantity,
        of: Id::new(of, in_flight),
        to: Id::new(to, in_flight),
        wanted: Wanted::AtLeast(least),
    };
    let rate = |of, to, in_flight, least| ratio(Quantity::ItemsPerSecond, of, to, in_flight, least);
    vec![
        rate(VERIFY, HYPER, 64, 0.5),
        ratio(Quantity::ItemsPerServerCpu, BATCH, VERIFY, 64, 8.0),
        rate(SET, VERIFY, 64, 0.5),
        rate(TOKENIZE, SET, 1, 0.8),
        rate(TOKENIZE, SET, 64, 0.8),
        rate(READ, VERIFY, 1, 0.8),
        rate(READ, VERIFY, 64, 0.8),
    ]
}
