//! Browsers for the tests that need real ones, each with the driver that steers it. The tests learn from the
//! environment where the drivers are; under this command a missing one is a failure.

use crate::{
    command::{self, program},
    install::{major, system_packages},
    tools::Tool,
    workspace::Workspace,
};
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Names the driver of Chromium.
const CHROMEDRIVER: &str = "LUNADEFEND_CHROMEDRIVER";
const CHROMEDRIVER_PROGRAM: &str = "chromedriver";
/// Names the driver of Firefox, which Debian has no package of.
const GECKODRIVER: &str = "LUNADEFEND_GECKODRIVER";
const GECKO: Tool = Tool {
    name: "geckodriver",
    version: "0.37.0",
    features: "",
};
/// The oldest Firefox that has all that the elements use.
const OLDEST_FIREFOX: u32 = 140;

/// Installs what is missing, and returns the environment that tells the tests about it.
pub(super) fn install(workspace: &Workspace) -> Result<Vec<(&'static str, PathBuf)>> {
    let found = || {
        let version = |names: &[&str]| names.iter().find_map(|name| version(workspace, name));
        let chromium = version(&["chromium", "google-chrome"])?;
        let firefox = version(&["firefox-esr", "firefox"])?;
        Some((chromium, version(&[CHROMEDRIVER_PROGRAM])?, firefox))
    };
    let installed = found().or_else(|| {
        let packages = ["chromium", "chromium-driver", "firefox-esr"];
        system_packages(workspace.root(), &packages);
        found()
    });
    let Some((chromium, driver, firefox)) = installed else {
        bail!(
            "the tests need Chromium, chromedriver and Firefox; install them (Debian: apt-get install chromium chromium-driver firefox-esr)"
        );
    };
    if chromium != driver {
        bail!(
            "chromedriver {driver} does not fit Chromium {chromium}: both need the same major version"
        );
    }
    if firefox < OLDEST_FIREFOX {
        bail!("the tests need Firefox {OLDEST_FIREFOX} or newer, and there is {firefox}");
    }
    let geckodriver = GECKO.installed(workspace)?;
    Ok(vec![
        (CHROMEDRIVER, PathBuf::from(CHROMEDRIVER_PROGRAM)),
        (GECKODRIVER, geckodriver),
    ])
}

/// The major version of a program, when there is one.
fn version(workspace: &Workspace, name: &str) -> Option<u32> {
    major(&command::answer(
        program(name, workspace.root()).arg("--version"),
    )?)
}
