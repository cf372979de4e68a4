//! What the tokenizer costs.

use super::Ground;
use crate::{
    client::record,
    figures::Wanted,
    job::{Request, Work},
    lineup::{Entrant, Lineup, count_allocations},
    programs::{Counting, Server},
    report::{Group, Id, Quantity, Ratio},
    server::{Recorded, Serving},
    store::FilledStore,
};
use anyhow::Result;
use tokio::runtime::Runtime;

const NOTE: &str = "Prepared requests over sockets, on the embedded store. `hyper` reads the same request as `verify` \
    and sends the same bytes. A set and a tokenize are on the disk when they are answered. `by URL` are two requests.";

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

const WORKS: [(&str, usize, Request); 9] = [
    (HYPER, BARE, Request::Verify(1)),
    (VERIFY, TOKENIZER, Request::Verify(1)),
    ("verify, level 1", TOKENIZER, Request::VerifyLevel1),
    (BATCH, TOKENIZER, Request::Verify(100)),
    (SET, TOKENIZER, Request::Set(1)),
    ("set 100", TOKENIZER, Request::Set(100)),
    (TOKENIZE, TOKENIZER, Request::Tokenize),
    (READ, TOKENIZER, Request::Detokenize),
    ("detokenize by URL", TOKENIZER, Request::DetokenizeUrl),
];

pub(super) fn run(ground: &Ground<'_>) -> Result<Group> {
    let store = ground.store("tokenizer", TOKENS)?;
    let entrants = entrants(&store);
    let Ground { programs, key, .. } = ground;
    let tokenizer = programs.tokenizer(&store.path, key, Counting::Off)?;
    let answer = record(Request::Verify(1), tokenizer.address, key, &store.tokens);
    let answers = vec![Runtime::new()?.block_on(answer)?];
    let bare = programs.server(&Serving::Bare(answers.clone()), Counting::Off)?;
    let servers = vec![tokenizer, bare];
    let mut lineup = Lineup::start(programs, &servers, &entrants, key, Counting::Off)?;
    let mut contenders = lineup.rounds(&servers, ground.options)?;
    drop(lineup);
    servers.into_iter().try_for_each(Server::stop)?;
    let counted = counted(ground, &store, answers)?;
    count_allocations(programs, counted, &entrants, key, &mut contenders)?;
    Ok(Group::new(
        "tokenizer",
        NOTE.to_owned(),
        contenders,
        ratios(),
    ))
}

fn counted(
    ground: &Ground<'_>,
    store: &FilledStore,
    answers: Vec<Recorded>,
) -> Result<Vec<Server>> {
    let Ground { programs, key, .. } = ground;
    Ok(vec![
        programs.tokenizer(&store.path, key, Counting::On)?,
        programs.server(&Serving::Bare(answers), Counting::On)?,
    ])
}

fn entrants(store: &FilledStore) -> Vec<Entrant> {
    let at = |in_flight| {
        WORKS.map(|(name, server, request)| Entrant {
            id: Id::new(name, in_flight),
            work: Work::Socket(request),
            server,
            tokens: store.tokens.clone(),
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
