//! `cargo xtask check`: everything that must hold besides the tests.

mod deny;
mod features;
mod package;
mod scripts;

use crate::{
    api, budgets,
    command::{self, cargo},
    deps, steps, tidy,
    workspace::Workspace,
};
use anyhow::{Result, bail};

/// One of the things that are checked.
struct Step {
    name: &'static str,
    run: fn(&Workspace, &Options) -> Result<()>,
}

/// What a step may be told.
struct Options {
    /// Whether the advisory database is asked, which needs the network.
    advisories: bool,
}

/// All steps: those first that are done in a second.
const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        run: |workspace, _| fmt(workspace),
    },
    Step {
        name: "tidy",
        run: |workspace, _| tidy::run(workspace),
    },
    Step {
        name: "deps",
        run: |workspace, _| deps::run(workspace),
    },
    Step {
        name: "scripts",
        run: |workspace, _| scripts::run(workspace),
    },
    Step {
        name: "clippy",
        run: |workspace, _| clippy(workspace),
    },
    Step {
        name: "features",
        run: |workspace, _| features::run(workspace),
    },
    Step {
        name: "doc",
        run: |workspace, _| doc(workspace),
    },
    Step {
        name: "api",
        run: |workspace, _| api::check(workspace),
    },
    Step {
        name: "openapi",
        run: |workspace, _| openapi(workspace),
    },
    Step {
        name: "deny",
        run: |workspace, options| deny::run(workspace, options.advisories),
    },
    Step {
        name: "package",
        run: |workspace, _| package::run(workspace),
    },
    Step {
        name: "budgets",
        run: |workspace, _| budgets::check(workspace),
    },
];

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let (chosen, options) = parse(arguments)?;
    steps::run(
        "check",
        chosen
            .iter()
            .map(|step| (step.name, || (step.run)(workspace, &options))),
    )
}

fn parse(arguments: &[String]) -> Result<(Vec<&'static Step>, Options)> {
    let mut options = Options { advisories: false };
    let mut named: Vec<&str> = Vec::new();
    for argument in arguments {
        match argument.as_str() {
            "--advisories" => options.advisories = true,
            name if STEPS.iter().any(|step| step.name == name) => named.push(name),
            unknown => {
                let steps: Vec<_> = STEPS.iter().map(|step| step.name).collect();
                bail!(
                    "there is no step `{unknown}`; there are {}",
                    steps.join(", ")
                );
            }
        }
    }
    let steps = STEPS
        .iter()
        .filter(|step| named.is_empty() || named.contains(&step.name))
        .collect();
    Ok((steps, options))
}

fn fmt(workspace: &Workspace) -> Result<()> {
    component(workspace, "fmt", "rustfmt")?;
    command::run(cargo(workspace.root()).args(["fmt", "--all", "--check"]))
}

fn clippy(workspace: &Workspace) -> Result<()> {
    component(workspace, "clippy", "clippy")?;
    command::run(
        cargo(workspace.root())
            .args([
                "clippy",
                "--keep-going",
                "--workspace",
                "--all-targets",
                "--all-features",
                "--locked",
            ])
            .args(["--", "-D", "warnings"]),
    )
}

fn doc(workspace: &Workspace) -> Result<()> {
    command::run(
        cargo(workspace.root())
            .env("RUSTDOCFLAGS", "-D warnings")
            .args([
                "doc",
                "--workspace",
                "--no-deps",
                "--all-features",
                "--locked",
            ]),
    )
}

/// Compares `docs/openapi.json` with the table of routes. In the build of `cargo xtask test`, which has it compiled.
fn openapi(workspace: &Workspace) -> Result<()> {
    command::run(cargo(workspace.root()).args([
        "test",
        "--workspace",
        "--all-features",
        "--locked",
        "--test",
        "openapi",
    ]))
}

/// Sees to it that the toolchain has `cargo <subcommand>`.
fn component(workspace: &Workspace, subcommand: &str, name: &str) -> Result<()> {
    if command::succeeds(cargo(workspace.root()).args([subcommand, "--version"])) {
        return Ok(());
    }
    let mut rustup = command::program("rustup", workspace.root());
    if command::run(rustup.args(["component", "add", name])).is_err() {
        bail!("the toolchain has no {name}, and rustup could not add it; install it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Vec<&'static str> {
        let arguments: Vec<_> = arguments.iter().map(|one| (*one).to_owned()).collect();
        let (steps, _) = parse(&arguments).unwrap();
        steps.iter().map(|step| step.name).collect()
    }

    #[test]
    fn all_steps_run_unless_some_are_named() {
        assert_eq!(names(&[]).len(), STEPS.len());
        assert_eq!(names(&["--advisories"]).len(), STEPS.len());
        assert_eq!(names(&["deny", "fmt"]), ["fmt", "deny"]);
    }

    #[test]
    fn unknown_steps_are_refused() {
        let error = parse(&["clipy".to_owned()]).err().unwrap().to_string();
        assert!(
            error.contains("`clipy`") && error.contains("clippy"),
            "{error}"
        );
    }
}
