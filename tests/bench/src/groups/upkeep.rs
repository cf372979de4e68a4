//! How long calls take while the store is swept, backed up or sealed again.

use super::Ground;
use crate::{
    figures::Wanted,
    job::{Request, Work},
    lineup::Entrant,
    report::{Group, Id, Quantity, Ratio},
    server::{Serving, Upkeep},
    store::FilledStore,
};
use anyhow::Result;
use tokio::runtime::Runtime;

const IN_FLIGHT: usize = 16;

const NOTE: &str = "Calls while the same process works for its operator: rounds of the janitor that delete expired grants, \
    backups into a file, and rows sealed again, 2000 in a second, as `lunadefend keys rewrap` does. The tokenizer is the \
    library in a program of the bench, so that a turn can begin and end them.";

/// A name of the load alone, and of the load beside each upkeep.
const WORKS: [(Request, [&str; 4]); 2] = [
    (
        Request::Verify(1),
        [
            "verify",
            "verify, sweep",
            "verify, backup",
            "verify, rewrap",
        ],
    ),
    (
        Request::Set(1),
        ["set", "set, sweep", "set, backup", "set, rewrap"],
    ),
];
const BESIDE: [Option<Upkeep>; 4] = [
    None,
    Some(Upkeep::Sweep),
    Some(Upkeep::Backup),
    Some(Upkeep::Rewrap),
];

pub(super) fn run(ground: &Ground<'_>) -> Result<Group> {
    let options = ground.options;
    let tokens = options.sized([200, 5000, 50_000]);
    let expired = options.sized([200, 200_000, 2_000_000]);
    let store = FilledStore::make_old(&ground.folder, "upkeep", tokens, expired);
    let store = Runtime::new()?.block_on(store)?;
    let serving = Serving::Tokenizer {
        store: store.path.clone(),
        key: ground.key.public.clone(),
    };
    let serve = |counting| Ok(vec![ground.programs.server(&serving, counting)?]);
    let (contenders, _) = ground.contest(&entrants(&store), serve, |_| Ok(Vec::new()))?;
    Ok(Group::new("upkeep", NOTE.to_owned(), contenders, ratios()))
}

fn entrants(store: &FilledStore) -> Vec<Entrant> {
    let of = |(request, names): (Request, [&'static str; 4])| {
        names
            .into_iter()
            .zip(BESIDE)
            .map(move |(name, beside)| Entrant {
                id: Id::new(name, IN_FLIGHT),
                work: Work::Socket(request),
                server: 0,
                tokens: store.tokens.clone(),
                beside,
            })
    };
    WORKS.into_iter().flat_map(of).collect()
}

fn ratios() -> Vec<Ratio> {
    let of = |(_, [alone, beside @ ..]): (Request, [&'static str; 4])| {
        beside.map(|beside| Ratio {
            quantity: Quantity::P999,
            of: Id::new(beside, IN_FLIGHT),
            to: Id::new(alone, IN_FLIGHT),
            wanted: Wanted::AtMost(3.0),
        })
    };
    WORKS.into_iter().flat_map(of).collect()
}
