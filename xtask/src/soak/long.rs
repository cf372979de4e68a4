//! `cargo xtask soak --long`: what shows something only when it runs for longer than the CI may.

use super::{
    Programs, backups, copies, crowd, floods, kills,
    options::{APPS, Load},
    proxies, rewraps, rolls, soak_all,
    values::{self, Extent},
};
use crate::{command, mutate, steps, workspace::Workspace};
use anyhow::{Result, bail};
use std::fmt::Write as _;

/// Something that runs for long. Another one is another row of [`RUNS`].
struct Run {
    name: &'static str,
    /// Reads after its name, in the help.
    what: &'static str,
    /// About how long it takes on two cores, when everything is built.
    minutes: u32,
    run: fn(&Workspace, &Programs) -> Result<()>,
}

const RUNS: &[Run] = &[
    Run {
        name: "apps",
        what: "750 users for 10 minutes on each example application",
        minutes: 35,
        run: |_, programs| {
            let load = Load {
                clients: 750,
                seconds: 600,
            };
            soak_all(programs, APPS, load)
        },
    },
    Run {
        name: "proxies",
        what: "as --proxies, each with 75 restarts of the tokenizer in 5 minutes",
        minutes: 15,
        run: |workspace, programs| proxies::run(workspace, programs, 300),
    },
    Run {
        name: "values",
        what: "1 GiB up and down by the SDK and by curl, an upload of 10 minutes, cut uploads",
        minutes: 15,
        run: |workspace, programs| values::run(workspace, programs, Extent::LONG),
    },
    Run {
        name: "kills",
        what: "50 SIGKILLs of three tokenizers on one PostgreSQL, and on moto, under load: nothing lost, nothing twice",
        minutes: 8,
        run: kills::run,
    },
    Run {
        name: "copies",
        what: "100,000 tokens copied to PostgreSQL by a command that is killed four times",
        minutes: 5,
        run: copies::run,
    },
    Run {
        name: "rewraps",
        what: "the keys of 100,000 tokens change while they are used, by a command that is killed ten times",
        minutes: 10,
        run: rewraps::run,
    },
    Run {
        name: "backups",
        what: "20 backups of a store that is written to, each restored and compared",
        minutes: 5,
        run: backups::run,
    },
    Run {
        name: "rolls",
        what: "12 restarts of tokenizers on one PostgreSQL, behind a balancer that asks /ready: no client notices",
        minutes: 3,
        run: rolls::run,
    },
    Run {
        name: "crowd",
        what: "5,000 idle connections, slow clients, heads and bodies of 100 MiB: others are served, memory is bounded",
        minutes: 2,
        run: crowd::run,
    },
    Run {
        name: "floods",
        what: "clients that flood by HTTP/2, with resets, settings, pings: others are served, memory is bounded",
        minutes: 1,
        run: floods::run,
    },
    Run {
        name: "histories",
        what: "10,000 random histories of the vault against its model",
        minutes: 5,
        run: |workspace, _| histories(workspace),
    },
    Run {
        name: "mutations",
        what: "every mutation of `mutate`",
        minutes: 60,
        run: |workspace, _| mutate::run(workspace, &[]),
    },
];

fn histories(workspace: &Workspace) -> Result<()> {
    let mut cargo = command::cargo(workspace.root());
    cargo
        .args([
            "test",
            "--package",
            "lunadefend-vault",
            "--all-features",
            "--lib",
        ])
        .args(["--", "tests::model::"])
        .env("PROPTEST_CASES", "10000");
    command::run(&mut cargo)
}

/// Runs those with these names, or all.
pub(super) fn run(workspace: &Workspace, programs: &Programs, names: &[&str]) -> Result<()> {
    let chosen = RUNS
        .iter()
        .filter(|run| names.is_empty() || names.contains(&run.name));
    steps::run(
        "soak",
        chosen.map(|run| (run.name, || (run.run)(workspace, programs))),
    )
}

/// The name of a run as the table has it.
pub(super) fn named(name: &str) -> Result<&'static str> {
    match RUNS.iter().find(|run| run.name == name) {
        Some(run) => Ok(run.name),
        None => {
            let names: Vec<_> = RUNS.iter().map(|run| run.name).collect();
            bail!(
                "there is no long run `{name}`; there are {}",
                names.join(", ")
            )
        }
    }
}

/// What the help says of them.
pub(crate) fn list() -> String {
    let minutes: u32 = RUNS.iter().map(|run| run.minutes).sum();
    let mut text = format!(
        "        What shows something only after longer than the CI may run, in about {minutes} minutes, or only\n        \
         the named ones:\n"
    );
    for Run {
        name,
        what,
        minutes,
        ..
    } in RUNS
    {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "          {name:<9} {what} ({minutes} min)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_each_run_and_the_sum_of_their_times() {
        let list = list();
        assert!(list.contains("about 164 minutes"), "{list}");
        for run in RUNS {
            assert!(list.contains(&format!("  {} ", run.name)), "{list}");
        }
    }
}
