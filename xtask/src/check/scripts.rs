//! The scripts of the browser half: types, lints, unit tests, and what is served of them.

use crate::{
    command::{self, program},
    install,
    workspace::Workspace,
};
use anyhow::{Context as _, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where the sources are.
const SOURCES: &str = "crates/lunadefend-elements/web";
/// What the tools are told.
const CONFIGURATION: &str = "xtask/scripts";
/// The unit tests.
const TESTS: &str = "xtask/scripts/frame.test.js";
/// Prints how many bytes each file has, compressed as a proxy does.
const COMPRESSED: &str = "const fs = require('fs'), zlib = require('zlib');\
    for (const file of process.argv.slice(1)) console.log(zlib.gzipSync(fs.readFileSync(file)).length)";

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let root = workspace.root();
    let configuration = root.join(CONFIGURATION);
    let installed = install::node(&configuration, &workspace.target().join("scripts"))?;
    let tool = |name: &str| program(installed.join("node_modules/.bin").join(name), root);

    command::run(
        tool("tsc")
            .arg("--project")
            .arg(configuration.join("tsconfig.json")),
    )?;
    command::run(
        tool("biome")
            .args(["check", "--error-on-warnings", "--config-path"])
            .arg(configuration.join("lint.json"))
            .args([SOURCES, TESTS]),
    )?;
    command::run(program("node", root).args(["--test", TESTS]))?;
    served(root, &installed)
}

/// Looks at the scripts as they are served, each put together of its modules.
fn served(root: &Path, directory: &Path) -> Result<()> {
    let scripts = [
        ("elements.mjs", lunadefend_elements::element_module()),
        ("frame.mjs", lunadefend_elements::frame_script()),
    ];
    let mut files: Vec<PathBuf> = Vec::new();
    for (name, text) in &scripts {
        let file = directory.join(name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        // A name that two modules have is a syntax error here.
        command::run(program("node", root).arg("--check").arg(&file))?;
        files.push(file);
    }
    let sizes = command::output(program("node", root).args(["-e", COMPRESSED]).args(&files))?;
    for ((name, text), compressed) in scripts.iter().zip(sizes.lines()) {
        let compressed: usize = compressed.parse().context("node printed no number")?;
        println!("{name}: {} bytes, {compressed} compressed", text.len());
        if compressed > lunadefend_elements::MAX_COMPRESSED {
            bail!(
                "{name} has {compressed} bytes compressed, more than {}",
                lunadefend_elements::MAX_COMPRESSED
            );
        }
    }
    Ok(())
}
