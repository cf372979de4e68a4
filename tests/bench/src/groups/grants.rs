//! The tokenizer on a store of millions of grants.

use super::Ground;
use crate::{
    figures::Wanted,
    job::{Request, Work},
    lineup::Entrant,
    programs::Server,
    report::{Fact, Group, Id, Quantity, Ratio},
    store::FilledStore,
};
use anyhow::Result;
use tokio::runtime::Runtime;

const IN_FLIGHT: [usize; 2] = [1, 64];
/// What the ratios are promised for.
const FULL: usize = 10_000_000;
/// The nearly empty store's.
const FEW: usize = 1000;

const VERIFY_FEW: &str = "verify, 1000 grants";
const VERIFY_MANY: &str = "verify, many grants";
const SET_FEW: &str = "set, 1000 grants";
const SET_MANY: &str = "set, many grants";

const WORKS: [(&str, usize, Request); 4] = [
    (VERIFY_FEW, 0, Request::Verify(1)),
    (VERIFY_MANY, 1, Request::Verify(1)),
    (SET_FEW, 0, Request::Set(1)),
    (SET_MANY, 1, Request::Set(1)),
];

pub(super) fn run(ground: &Ground<'_>) -> Result<Group> {
    let many = ground.options.sized([300, 100_000, FULL]);
    let kept = ground.options.out.join("stores");
    let runtime = Runtime::new()?;
    let few = ground.options.sized([100, FEW, FEW]);
    let fill = |grants| runtime.block_on(FilledStore::with_grants(&kept, grants));
    let stores = [fill(few)?, fill(many)?];
    let serve = |counting| {
        let serve = |store: &FilledStore| {
            ground
                .programs
                .tokenizer(&store.path, &ground.key, counting)
        };
        stores.iter().map(serve).collect()
    };
    let (contenders, facts) = ground.contest(&entrants(&stores), serve, resident)?;
    let less = match many {
        FULL => String::new(),
        _ => format!(", where a full run has {FULL}"),
    };
    let note = format!(
        "Two tokenizers, one on a store of {few} grants, one on {many}{less}. Verifies look at 100,000 of these at most, \
         all over the file."
    );
    Ok(Group {
        facts,
        ..Group::new("grants", note, contenders, ratios())
    })
}

fn resident(servers: &[Server]) -> Result<Vec<Fact>> {
    let fact = |(server, name): (&Server, &str)| {
        let mib = server.process.peak_kib()? as f64 / 1024.0;
        Ok(Fact {
            name: format!("most resident memory, {name}"),
            rounds: [mib].into_iter().collect(),
            unit: "MiB",
            at_most: Some(256.0),
        })
    };
    servers
        .iter()
        .zip(["few grants", "many grants"])
        .map(fact)
        .collect()
}

fn entrants(stores: &[FilledStore; 2]) -> Vec<Entrant> {
    let at = |in_flight| {
        WORKS.map(|(name, server, request)| Entrant {
            id: Id::new(name, in_flight),
            work: Work::Socket(request),
            server,
            tokens: stores[server].tokens.clone(),
            beside: None,
        })
    };
    IN_FLIGHT.into_iter().flat_map(at).collect()
}

fn ratios() -> Vec<Ratio> {
    let ratio = |of, to, least| Ratio {
        quantity: Quantity::ItemsPerSecond,
        of: Id::new(of, 64),
        to: Id::new(to, 64),
        wanted: Wanted::AtLeast(least),
    };
    vec![
        ratio(VERIFY_MANY, VERIFY_FEW, 0.8),
        ratio(SET_MANY, SET_FEW, 0.4),
    ]
}
