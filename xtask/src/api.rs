//! `cargo xtask api`: whether the public API of each published crate is the one that is committed.
//!
//! It stands in `docs/api`, so that a change of it is seen when it is reviewed, and made on purpose:
//! `--update` writes it anew. Derived impls are part of it, as their loss breaks users; blanket impls and
//! auto traits are not.

use crate::{
    command::{self, cargo},
    workspace::Workspace,
};
use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::Package;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// rustdoc writes JSON only for those who say that it may change. Cargo must not see it said: it would
/// compile half of the tree anew.
const RUSTDOC: &str = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n";

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    match arguments {
        [] => check(workspace),
        [update] if update == "--update" => update_all(workspace),
        _ => bail!("`api` takes --update, or nothing"),
    }
}

/// Fails unless every snapshot is as the code is.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let folder = folder(workspace);
    let (now, committed) = (now(workspace)?, committed(&folder)?);
    let names: BTreeSet<_> = now.keys().chain(committed.keys()).collect();
    let mut changed = Vec::new();
    for name in names {
        let of = |apis: &BTreeMap<String, String>| apis.get(name).cloned().unwrap_or_default();
        let difference = difference(&of(&committed), &of(&now));
        if !difference.is_empty() {
            println!("api: {name}\n{difference}");
            changed.push(name.as_str());
        }
    }
    ensure!(
        changed.is_empty(),
        "the public API of {} is not what docs/api says: if that is meant, run `cargo xtask api --update` and commit",
        changed.join(", ")
    );
    println!("api: {} crates as committed", now.len());
    Ok(())
}

fn update_all(workspace: &Workspace) -> Result<()> {
    let folder = folder(workspace);
    let now = now(workspace)?;
    fs::create_dir_all(&folder)?;
    for gone in committed(&folder)?
        .keys()
        .filter(|name| !now.contains_key(*name))
    {
        fs::remove_file(file(&folder, gone))?;
    }
    for (name, api) in &now {
        fs::write(file(&folder, name), api)?;
    }
    println!("api: {} crates written to docs/api", now.len());
    Ok(())
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root().join("docs/api")
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.txt"))
}

/// The snapshots by the names of their crates.
fn committed(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        found.insert(name.into_owned(), fs::read_to_string(&path)?);
    }
    Ok(found)
}

/// The API of each published library with all features: one item in a line, sorted.
fn now(workspace: &Workspace) -> Result<BTreeMap<String, String>> {
    let published = workspace.published();
    let libraries: Vec<_> = published
        .filter_map(|one| Some((one, library(one)?)))
        .collect();
    let names: Vec<_> = libraries
        .iter()
        .map(|(package, _)| package.name.as_str())
        .collect();
    rustdoc(workspace, &names)?;
    let mut apis = BTreeMap::new();
    for (package, library) in libraries {
        let json = workspace
            .target()
            .join("doc")
            .join(format!("{library}.json"));
        let api = public_api::Builder::from_rustdoc_json(json)
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .build()
            .with_context(|| format!("cannot read what rustdoc says of {}", package.name))?;
        apis.insert(package.name.to_string(), api.to_string());
    }
    Ok(apis)
}

/// The name of the library in a package, as rustdoc writes it.
fn library(package: &Package) -> Option<String> {
    let mut targets = package.targets.iter();
    let library = targets.find(|target| target.is_lib() || target.is_proc_macro())?;
    Some(library.name.replace('-', "_"))
}

/// Writes the JSON of some packages into `doc` of the target directory.
fn rustdoc(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    let tools = workspace.target().join("tools");
    fs::create_dir_all(&tools)?;
    let rustdoc = tools.join("rustdoc-json");
    fs::write(&rustdoc, RUSTDOC)?;
    fs::set_permissions(&rustdoc, fs::Permissions::from_mode(0o755))?;
    let mut doc = cargo(workspace.root());
    doc.env("RUSTDOC", rustdoc)
        .env(
            "RUSTDOCFLAGS",
            "-Zunstable-options --output-format json --cap-lints allow",
        )
        .args([
            "doc",
            "--quiet",
            "--locked",
            "--no-deps",
            "--lib",
            "--all-features",
        ]);
    for name in packages {
        doc.args(["-p", name]);
    }
    command::run(&mut doc)
}

/// The items that went and those that came, in their order: what changed stands together.
fn difference(before: &str, after: &str) -> String {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) =
        (before.lines().collect(), after.lines().collect());
    before
        .symmetric_difference(&after)
        .map(|item| {
            let sign = if before.contains(item) { '-' } else { '+' };
            format!("  {sign} {item}\n")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_item_by_item() {
        let before = "pub fn a::gone()\npub fn a::kept()\npub fn a::other(u8)\n";
        let after = "pub fn a::came()\npub fn a::kept()\npub fn a::other(u16)\n";
        assert_eq!(
            difference(before, after),
            "  + pub fn a::came()\n  - pub fn a::gone()\n  + pub fn a::other(u16)\n  - pub fn a::other(u8)\n"
        );
        assert_eq!(difference(before, before), "");
    }
}
