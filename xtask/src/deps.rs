//! `cargo xtask deps`: the invariants of the dependency tree, read from `cargo tree`.
//!
//! ARCHITECTURE.md says why each one holds. Crates are named by patterns, so that one which comes
//! later is held to them from its first day.

mod rules;
#[cfg(test)]
mod tests;
mod tree;

use crate::{command, workspace::Workspace};
use anyhow::{Result, bail};
use rules::{INVARIANTS, Invariant, Scope};
use tree::{Tree, matches_any};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let trees = Trees::read(workspace)?;
    let mut broken = 0;
    for invariant in INVARIANTS {
        let violations = trees.violations(invariant);
        let verdict = if violations.is_empty() {
            "ok"
        } else {
            "BROKEN"
        };
        println!("deps: {:<28} {verdict}", invariant.name);
        for violation in &violations {
            println!("      {violation}");
        }
        if !violations.is_empty() {
            println!("      it must hold that {}", invariant.holds);
            broken += 1;
        }
    }
    if broken > 0 {
        bail!("{broken} of {} invariants are broken", INVARIANTS.len());
    }
    println!("deps: {} invariants hold", INVARIANTS.len());
    Ok(())
}

/// Every tree that an invariant is about.
struct Trees {
    /// Each published crate alone with all its features, as its users compile it.
    alone: Vec<(String, Tree)>,
    /// What a user of the facade and the axum adapter compiles without asking for more.
    default_user: Tree,
    /// Everything, with all features and with what only tests and build scripts need.
    everything: Tree,
}

impl Trees {
    fn read(workspace: &Workspace) -> Result<Self> {
        let mut alone = Vec::new();
        for member in workspace.published() {
            let tree = cargo_tree(workspace, &["-p", &member.name, "--all-features"], "normal")?;
            alone.push((member.name.clone(), tree));
        }
        Ok(Self {
            alone,
            default_user: cargo_tree(
                workspace,
                &["-p", "lunadefend", "-p", "lunadefend-axum"],
                "normal,build",
            )?,
            everything: cargo_tree(
                workspace,
                &["--workspace", "--all-features"],
                "normal,build,dev",
            )?,
        })
    }

    fn violations(&self, invariant: &Invariant) -> Vec<String> {
        match invariant.scope {
            Scope::Alone(patterns) => self
                .alone
                .iter()
                .filter(|(name, _)| matches_any(patterns, name))
                .flat_map(|(_, tree)| invariant.rule.violations(tree))
                .collect(),
            Scope::DefaultUser => invariant.rule.violations(&self.default_user),
            Scope::Everything => invariant.rule.violations(&self.everything),
        }
    }
}

fn cargo_tree(workspace: &Workspace, selection: &[&str], edges: &str) -> Result<Tree> {
    let text = command::output(
        command::cargo(workspace.root())
            .args(["tree", "--locked", "--prefix", "depth", "--format", "{p}"])
            .args(["--edges", edges])
            .args(selection),
    )?;
    Tree::parse(&text)
}
