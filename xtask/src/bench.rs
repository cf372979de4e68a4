//! `cargo xtask bench`: builds what users run and the contenders beside it, all in release, and lets them take turns.
//!
//! The contenders, their turns and the tables are `lunadefend-bench`, in `tests/bench`.

use crate::{
    command::{self, cargo},
    workspace::Workspace,
};
use anyhow::{Result, ensure};

/// The packages whose programs take part.
const PACKAGES: [&str; 2] = ["lunadefend-cli", "lunadefend-bench"];

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    ensure!(
        cfg!(target_os = "linux"),
        "bench reads processor times from /proc, which only Linux has"
    );
    let (build, arguments) = split(arguments);
    if build {
        let packages = PACKAGES.iter().flat_map(|package| ["-p", package]);
        let mut build = cargo(workspace.root());
        command::run(
            build
                .args(["build", "--release", "--locked"])
                .args(packages),
        )?;
    }
    let bench = workspace.target().join("release").join("bench");
    ensure!(bench.is_file(), "{} is not built", bench.display());
    let mut bench = command::program(&bench, workspace.root());
    let out = workspace.target().join("bench");
    command::run(bench.arg("run").args(arguments).arg("--out").arg(out))
}

/// Whether to build, and what the bench itself is told.
fn split(arguments: &[String]) -> (bool, Vec<&String>) {
    let is_ours = |argument: &&String| *argument == "--no-build";
    let build = !arguments.iter().any(|argument| is_ours(&argument));
    let others = arguments.iter().filter(|argument| !is_ours(argument));
    (build, others.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_build_is_for_the_bench() {
        let arguments = ["sdk", "--no-build", "--quick"].map(str::to_owned);
        let (build, others) = split(&arguments);
        assert!(!build);
        assert_eq!(others, ["sdk", "--quick"]);
        assert!(split(&arguments[..1]).0);
    }
}
