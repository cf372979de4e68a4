//! `cargo xtask budgets`: the instructions and allocations of the hot pieces, against what is committed.
//!
//! `lunadefend-budgets` does each piece a number of times; callgrind counts. Unlike times, these counts do not depend on
//! what else the machine does.

mod callgrind;

use crate::{
    command::{self, cargo, program},
    install::system_packages,
    workspace::Workspace,
};
use anyhow::{Context as _, Result, bail, ensure};
use callgrind::Counts;
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

/// What a count may be above what was measured, in percent: other processors and C libraries take other ways.
const MARGIN: u64 = 5;
/// Where the budgets stand.
const FILE: &str = "tests/budgets/budgets.toml";
const HEAD: &str = "# The instructions and allocations of each piece, by `cargo xtask budgets --update`. They may be exceeded by 5 %.\n";

/// What each piece was measured with.
type Budgets = BTreeMap<String, Budget>;

/// What a piece costs each time that it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    instructions: u64,
    allocations: u64,
}

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    match arguments {
        [] => check(workspace),
        [update] if update == "--update" => update_all(workspace),
        _ => bail!("`budgets` takes --update, or nothing"),
    }
}

/// Fails when a piece costs more than its budget, or has none.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let file = workspace.root().join(FILE);
    let budgets = fs::read_to_string(&file).with_context(|| format!("cannot read {FILE}"))?;
    let budgets: Budgets = toml::from_str(&budgets).with_context(|| format!("{FILE} is wrong"))?;
    let measured = measured(workspace)?;
    println!("{}", table(&budgets, &measured));
    let wrong = wrong(&budgets, &measured);
    ensure!(
        wrong.is_empty(),
        "{}\nMake it cheaper, or, if that is the price of something better, run `cargo xtask budgets --update` and commit",
        wrong.join("\n")
    );
    Ok(())
}

fn update_all(workspace: &Workspace) -> Result<()> {
    let measured = measured(workspace)?;
    fs::write(workspace.root().join(FILE), written(&measured))?;
    println!("budgets: {} pieces written to {FILE}", measured.len());
    Ok(())
}

fn written(budgets: &Budgets) -> String {
    let budget = |(name, budget): (&String, &Budget)| {
        let Budget {
            instructions,
            allocations,
        } = budget;
        format!("\n[{name}]\ninstructions = {instructions}\nallocations = {allocations}\n")
    };
    let budgets: String = budgets.iter().map(budget).collect();
    format!("{HEAD}{budgets}")
}

/// A line for each budget that does not hold.
fn wrong(budgets: &Budgets, measured: &Budgets) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, now) in measured {
        let Some(budget) = budgets.get(name) else {
            wrong.push(format!("`{name}` has no budget"));
            continue;
        };
        for (what, now, budget) in [
            ("instructions", now.instructions, budget.instructions),
            ("allocations", now.allocations, budget.allocations),
        ] {
            let most = budget + budget * MARGIN / 100;
            if now > most {
                wrong.push(format!(
                    "`{name}` takes {now} {what}, and its budget is {budget}, or {most} at most"
                ));
            }
        }
    }
    let gone = budgets.keys().filter(|name| !measured.contains_key(*name));
    wrong.extend(gone.map(|name| format!("there is no piece `{name}`, but it has a budget")));
    wrong
}

/// All pieces, with their budgets beside them.
fn table(budgets: &Budgets, measured: &Budgets) -> String {
    let mut lines = vec![format!(
        "{:<22} {:>12} {:>12} {:>11} {:>11}",
        "piece", "instructions", "budget", "allocations", "budget"
    )];
    for (name, now) in measured {
        let budget = budgets.get(name);
        let [instructions, allocations] = [
            budget.map(|budget| budget.instructions),
            budget.map(|budget| budget.allocations),
        ]
        .map(|budget| budget.map_or_else(|| "none".to_owned(), |budget| budget.to_string()));
        lines.push(format!(
            "{name:<22} {:>12} {instructions:>12} {:>11} {allocations:>11}",
            now.instructions, now.allocations
        ));
    }
    lines.join("\n")
}

/// Builds the pieces and counts each of them.
fn measured(workspace: &Workspace) -> Result<Budgets> {
    install_valgrind(workspace)?;
    let build = [
        "build",
        "--release",
        "--locked",
        "--package",
        "lunadefend-budgets",
    ];
    let mut build_of_pieces = cargo(workspace.root());
    // Across crates functions would lose their names, by which allocations are found, and building takes longer.
    build_of_pieces
        .args(build)
        .env("CARGO_PROFILE_RELEASE_LTO", "false")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    command::run(&mut build_of_pieces)?;
    let pieces = workspace.target().join("release/lunadefend-budgets");
    let listed = command::output(&mut program(&pieces, workspace.root()))?;
    let folder = workspace.target().join("budgets");
    fs::create_dir_all(&folder)?;
    let mut measured = Budgets::new();
    for line in listed.lines() {
        let (name, times) = piece(line).with_context(|| format!("not a piece: {line}"))?;
        let counts = counted(workspace.root(), &pieces, name, &folder.join(name))?;
        let budget = Budget {
            instructions: counts.instructions / times,
            allocations: counts.allocations / times,
        };
        measured.insert(name.to_owned(), budget);
    }
    ensure!(!measured.is_empty(), "there are no pieces");
    Ok(measured)
}

/// The name of a piece, and how often a run does it.
fn piece(line: &str) -> Option<(&str, u64)> {
    let (name, times) = line.split_once(' ')?;
    let times = times.parse().ok().filter(|times| *times > 0)?;
    Some((name, times))
}

fn counted(root: &Path, pieces: &Path, name: &str, report: &Path) -> Result<Counts> {
    let mut valgrind = program("valgrind", root);
    valgrind
        .args(["--quiet", "--tool=callgrind", "--compress-strings=no"])
        .args(["--collect-atstart=no"])
        .args(callgrind::TOGGLES.map(|name| format!("--toggle-collect={name}")))
        .arg(format!("--callgrind-out-file={}", report.display()))
        .arg(pieces)
        .arg(name);
    command::run(&mut valgrind)?;
    let text = fs::read_to_string(report)
        .with_context(|| format!("callgrind wrote no {}", report.display()))?;
    Counts::read(&text).with_context(|| format!("nothing was counted of `{name}`"))
}

fn install_valgrind(workspace: &Workspace) -> Result<()> {
    let is_there = || command::succeeds(program("valgrind", workspace.root()).arg("--version"));
    if !is_there() {
        system_packages(workspace.root(), &["valgrind"]);
    }
    ensure!(
        is_there(),
        "this needs valgrind; install it (Debian: apt-get install valgrind)"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[(&str, u64, u64)]) -> Budgets {
        let budget = |(name, instructions, allocations): &(&str, u64, u64)| {
            let budget = Budget {
                instructions: *instructions,
                allocations: *allocations,
            };
            ((*name).to_owned(), budget)
        };
        pieces.iter().map(budget).collect()
    }

    #[test]
    fn a_piece_may_cost_what_it_cost_and_a_little_more() {
        let budgets = of(&[("a", 1000, 20)]);
        for now in [(1, 0), (1000, 20), (1050, 21)] {
            let now = of(&[("a", now.0, now.1)]);
            assert!(wrong(&budgets, &now).is_empty(), "{now:?}");
        }
    }

    #[test]
    fn an_exceeded_budget_fails_and_is_named() {
        let budgets = of(&[("a", 1000, 20), ("b", 1000, 0)]);
        let found = wrong(&budgets, &of(&[("a", 1051, 20), ("b", 1000, 0)]));
        assert_eq!(
            found,
            ["`a` takes 1051 instructions, and its budget is 1000, or 1050 at most"]
        );
        let found = wrong(&budgets, &of(&[("a", 1000, 22), ("b", 1000, 1)]));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`a` takes 22 allocations"), "{found:?}");
        assert!(found[1].contains("`b` takes 1 allocations"), "{found:?}");
    }

    #[test]
    fn each_piece_has_a_budget_and_each_budget_a_piece() {
        let found = wrong(&of(&[("a", 1, 1)]), &of(&[("b", 1, 1)]));
        assert_eq!(
            found,
            [
                "`b` has no budget",
                "there is no piece `a`, but it has a budget"
            ]
        );
    }

    #[test]
    fn the_list_of_pieces() {
        assert_eq!(piece("client-verify-1 50"), Some(("client-verify-1", 50)));
        for bad in ["", "a", "a 0", "a -1", "a b"] {
            assert_eq!(piece(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let budgets = of(&[("a-b", 1, 2), ("c", 3, 4)]);
        assert_eq!(
            toml::from_str::<Budgets>(&written(&budgets)).unwrap(),
            budgets
        );
        assert!(HEAD.contains(&format!("{MARGIN} %")));
    }
}
