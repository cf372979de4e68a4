//! The scripts of the browser half: types, lints, unit tests, and what is served of them.

use crate::{
    command::{self, program},
    install,
    workspace::Workspace,
};
use anyhow::{Context as _, Result, bail};
use lunadefend_elements::{MAX_COMPRESSED, element_module, frame_script, react_script};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where the sources are.
const SOURCES: &str = "crates/lunadefend-elements/web";
/// Where the tools' configuration and the unit tests are.
const SCRIPTS: &str = "xtask/scripts";
/// Prints how many bytes each file has, compressed as a proxy does.
const COMPRESSED: &str = "const fs = require('fs'), zlib = require('zlib');\
    for (const file of process.argv.slice(1)) console.log(zlib.gzipSync(fs.readFileSync(file)).length)";

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let root = workspace.root();
    let configuration = root.join(SCRIPTS);
    let directory = workspace.target().join("scripts");
    let modules = install::node(&configuration, &directory)?;
    let tool = |name: &str| program(modules.join(".bin").join(name), root);

    command::run(
        tool("tsc")
            .arg("--project")
            .arg(configuration.join("tsconfig.json")),
    )?;
    command::run(
        tool("biome")
            .args(["check", "--error-on-warnings", "--config-path"])
            .arg(configuration.join("lint.json"))
            .args([SOURCES, SCRIPTS]),
    )?;
    command::run(
        program("node", root)
            .arg("--test")
            .args(tests(&configuration)?),
    )?;
    served(root, &directory)
}

/// The unit tests, in files of their own: node would take any other script for one too.
fn tests(directory: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("cannot read {}", directory.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.to_string_lossy().ends_with(".test.js") {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("there are no unit tests in {}", directory.display());
    }
    files.sort();
    Ok(files)
}

/// Looks at the scripts as they are served, each put together of its modules.
fn served(root: &Path, directory: &Path) -> Result<()> {
    let mut sizes = Vec::new();
    for (name, script) in [
        ("elements.mjs", element_module()),
        ("frame.mjs", frame_script()),
        ("react.mjs", react_script()),
    ] {
        let file = directory.join(name);
        fs::write(&file, script.contents())
            .with_context(|| format!("cannot write {}", file.display()))?;
        // A name that two modules have is a syntax error here.
        command::run(program("node", root).arg("--check").arg(&file))?;
        let size = command::output(program("node", root).args(["-e", COMPRESSED]).arg(&file))?;
        let size: usize = size.trim().parse().context("node printed no number")?;
        println!(
            "{name}: {} bytes, {size} compressed",
            script.contents().len()
        );
        sizes.push((name, size));
    }
    match sizes.into_iter().find(|(_, size)| *size > MAX_COMPRESSED) {
        Some((name, size)) => bail!("{name} has {size} bytes compressed, not {MAX_COMPRESSED}"),
        None => Ok(()),
    }
}
