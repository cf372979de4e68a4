//! What the SDK costs.

use super::Ground;
use crate::{
    figures::Wanted,
    job::{Request, Work},
    lineup::Entrant,
    programs::{Counting, Server},
    report::{Group, Id, Quantity, Ratio},
    server::Serving,
    store::FilledStore,
};
use anyhow::Result;

const NOTE: &str = "Verifies by the SDK beside those of a plain loop. On the stub, which costs little, wire level 1 \
    compares one request with one: `SDK` beside `reqwest`. `SDK, level 2` shares batches, and a list is one batch. On \
    our tokenizer `reqwest` uses level 1, as a loop without an SDK does, and `SDK` level 2.";

/// How many tokens there are.
const TOKENS: usize = 1000;
const LIST: usize = 100;

const STUB_1: usize = 0;
const STUB_2: usize = 1;
const TOKENIZER: usize = 2;

const SOCKET: &str = "stub: socket";
const PLAIN: &str = "stub: reqwest";
const SDK: &str = "stub: SDK";
const SDK_2: &str = "stub: SDK, level 2";
const SDK_LIST: &str = "stub: SDK, list of 100";
const REAL_PLAIN: &str = "tokenizer: reqwest";
const REAL_SDK: &str = "tokenizer: SDK";
const REAL_LIST: &str = "tokenizer: SDK, list of 100";

pub(super) fn run(ground: &Ground<'_>) -> Result<Group> {
    let store = ground.store("sdk", ground.options.sized([LIST, TOKENS, TOKENS]))?;
    let entrants = entrants(&store);
    let serve = |counting| servers(ground, &store, counting);
    let (contenders, _) = ground.contest(&entrants, serve, |_| Ok(Vec::new()))?;
    Ok(Group::new("sdk", NOTE.to_owned(), contenders, ratios()))
}

fn servers(ground: &Ground<'_>, store: &FilledStore, counting: Counting) -> Result<Vec<Server>> {
    let stub = |level| ground.programs.server(&Serving::Stub(level), counting);
    let tokenizer = ground
        .programs
        .tokenizer(&store.path, &ground.key, counting);
    Ok(vec![stub(1)?, stub(2)?, tokenizer?])
}

fn entrants(store: &FilledStore) -> Vec<Entrant> {
    let socket = Work::Socket(Request::VerifyLevel1);
    let sdk = |level, tokens| Work::Sdk { level, tokens };
    let all = [
        (SOCKET, 1, STUB_1, socket),
        (PLAIN, 1, STUB_1, Work::Reqwest),
        (SDK, 1, STUB_1, sdk(1, 1)),
        (SOCKET, 64, STUB_1, socket),
        (PLAIN, 64, STUB_1, Work::Reqwest),
        (SDK, 64, STUB_1, sdk(1, 1)),
        (SDK_2, 1, STUB_2, sdk(2, 1)),
        (SDK_LIST, 1, STUB_2, sdk(2, LIST)),
        (SDK_2, 64, STUB_2, sdk(2, 1)),
        (REAL_PLAIN, 1, TOKENIZER, Work::Reqwest),
        (REAL_SDK, 1, TOKENIZER, sdk(2, 1)),
        (REAL_LIST, 1, TOKENIZER, sdk(2, LIST)),
        (REAL_PLAIN, 64, TOKENIZER, Work::Reqwest),
        (REAL_SDK, 64, TOKENIZER, sdk(2, 1)),
    ];
    let entrant = |(name, in_flight, server, work)| Entrant {
        id: Id::new(name, in_flight),
        work,
        server,
        tokens: store.tokens.clone(),
        beside: None,
    };
    all.map(entrant).into()
}

fn ratios() -> Vec<Ratio> {
    let rate = |of, to, in_flight, least| Ratio {
        quantity: Quantity::ItemsPerSecond,
        of: Id::new(of, in_flight),
        to: Id::new(to, in_flight),
        wanted: Wanted::AtLeast(least),
    };
    let list = |of, to| Ratio {
        quantity: Quantity::P50,
        of: Id::new(of, 1),
        to: Id::new(to, 1),
        wanted: Wanted::AtMost(2.0),
    };
    vec![
        rate(SDK, PLAIN, 1, 0.95),
        rate(SDK, PLAIN, 64, 0.95),
        list(SDK_LIST, SDK_2),
        rate(REAL_SDK, REAL_PLAIN, 1, 0.95),
        rate(REAL_SDK, REAL_PLAIN, 64, 3.0),
        list(REAL_LIST, REAL_SDK),
    ]
}
