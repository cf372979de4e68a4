//! Programs of others that the tests hold ours against: PyJWT and jose judge our JWTs, schemathesis the tokenizer,
//! moto stands for AWS, s3s-fs for S3 once more.
//!
//! Each lives in a directory of its own below the target directory, made once and again when what
//! `tests/oracles` asks for has changed. The tests learn from the environment where they are.

use crate::{
    command::{self, program},
    install::{is_current, mark, node, read, system_packages},
    tools::Tool,
    workspace::Workspace,
};
use anyhow::{Context as _, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Names the Python that has PyJWT, schemathesis and moto.
const PYTHON: &str = "LUNADEFEND_PYTHON";
/// Names the program s3s-fs.
const S3S: &str = "LUNADEFEND_TESTS_S3S";
const S3S_FS: Tool = Tool {
    name: "s3s-fs",
    version: "0.14.1",
    features: "binary",
};
/// Names the `node_modules` that has jose.
const NODE_MODULES: &str = "LUNADEFEND_NODE_MODULES";

/// Installs all, and returns the environment that tells the tests about them.
pub(super) fn install(workspace: &Workspace) -> Result<Vec<(&'static str, PathBuf)>> {
    let (wanted, installed) = folders(workspace)?;
    Ok(vec![
        (PYTHON, python(&wanted, &installed.join("venv"))?),
        (NODE_MODULES, node(&wanted, &installed.join("node"))?),
        (S3S, S3S_FS.installed(workspace)?),
    ])
}

/// Installs the programs in Python alone, and returns the Python that has them.
pub(crate) fn installed_python(workspace: &Workspace) -> Result<PathBuf> {
    let (wanted, installed) = folders(workspace)?;
    python(&wanted, &installed.join("venv"))
}

/// What says what to install, and where to.
fn folders(workspace: &Workspace) -> Result<(PathBuf, PathBuf)> {
    let installed = workspace.target().join("oracles");
    fs::create_dir_all(&installed)
        .with_context(|| format!("cannot make {}", installed.display()))?;
    Ok((workspace.root().join("tests/oracles"), installed))
}

/// A virtual environment with what `requirements.txt` asks for.
fn python(wanted: &Path, venv: &Path) -> Result<PathBuf> {
    let requirements = wanted.join("requirements.txt");
    let binaries = if cfg!(windows) { "Scripts" } else { "bin" };
    let python = venv
        .join(binaries)
        .join(format!("python{}", std::env::consts::EXE_SUFFIX));
    let stamp = read(&requirements)?;
    if is_current(venv, &stamp) && command::succeeds(program(&python, wanted).arg("--version")) {
        return Ok(python);
    }

    let usable =
        || command::succeeds(program("python3", wanted).args(["-c", "import venv, ensurepip"]));
    if !usable() {
        system_packages(wanted, &["python3", "python3-venv"]);
        if !usable() {
            bail!(
                "the tests need Python 3 with venv and pip; install them (Debian: apt-get install python3-venv)"
            );
        }
    }
    command::run(
        program("python3", wanted)
            .args(["-m", "venv", "--clear"])
            .arg(venv),
    )?;
    command::run(
        program(&python, wanted)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&requirements),
    )?;
    mark(venv, &stamp)?;
    Ok(python)
}
