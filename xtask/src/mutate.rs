//! `cargo xtask mutate`: whether the tests notice when a guard is taken away.
//!
//! Each mutation of the committed list breaks one line on purpose; the tests that it names must then
//! fail. Each compiles a crate anew, so CI does not run it: run it after changing a guard or its tests.

mod list;
mod trial;

use crate::{command, test, workspace::Workspace};
use anyhow::{Context as _, Result, bail, ensure};
use list::Mutation;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};
use trial::{Trial, Verdict};

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let mutations = list::read(&workspace.root().join("xtask/mutations"))?;
    let chosen: Vec<_> = mutations
        .iter()
        .filter(|mutation| options.chooses(mutation))
        .collect();
    ensure!(!chosen.is_empty(), "no mutation has such a name");
    for mutation in &chosen {
        // All before the first is tried: a list that went stale is found in a second.
        mutation.applied_to(&read(workspace.root(), mutation)?)?;
    }
    if options.list {
        for mutation in &chosen {
            println!("{}: {}", mutation.subject(), mutation.name);
        }
        println!("{} mutations", chosen.len());
        return Ok(());
    }

    let place = workspace.target().join("mutate");
    let tree = place.join("tree");
    copy(workspace.root(), &tree)?;
    // Without it some tests skip what they would find.
    let trial = Trial::new(&tree, &place.join("target"), test::environment(workspace)?);
    let mut missed = Vec::new();
    for mutation in &chosen {
        let started = Instant::now();
        let verdict = in_place(&tree, mutation, || match options.find {
            true => trial.find(mutation),
            false => trial.run(mutation),
        })?;
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{verdict} {}: {} ({seconds:.0} s)",
            mutation.subject(),
            mutation.name
        );
        match verdict {
            Verdict::Caught => {}
            Verdict::Found(tests) if !tests.is_empty() => {}
            Verdict::Found(_) | Verdict::Missed(_) => missed.push(&mutation.name),
        }
    }
    println!(
        "mutate: {} of {} mutations caught",
        chosen.len() - missed.len(),
        chosen.len()
    );
    ensure!(missed.is_empty(), "{} were not caught", missed.len());
    Ok(())
}

/// Runs `trial` while the mutation stands in the copy.
fn in_place(
    tree: &Path,
    mutation: &Mutation,
    trial: impl FnOnce() -> Result<Verdict>,
) -> Result<Verdict> {
    let path = tree.join(&mutation.file);
    let original = read(tree, mutation)?;
    let write = |text: &str| {
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    write(&mutation.applied_to(&original)?)?;
    let verdict = trial();
    write(&original)?;
    verdict
}

fn read(root: &Path, mutation: &Mutation) -> Result<String> {
    let path = root.join(&mutation.file);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// Brings the copy up to date with what git knows and does not ignore. A file that is the same keeps
/// its time, so that cargo compiles nothing for it.
fn copy(root: &Path, tree: &Path) -> Result<()> {
    let mut git = command::program("git", root);
    git.args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]);
    let listed = command::output(&mut git)?;
    let mut kept = BTreeSet::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), tree.join(name));
        // Deleted and not committed yet.
        let Ok(content) = fs::read(&from) else {
            continue;
        };
        kept.insert(to.clone());
        if fs::read(&to).is_ok_and(|there| there == content) {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&to, content).with_context(|| format!("cannot write {}", to.display()))?;
    }
    for path in files(tree)? {
        if !kept.contains(&path) {
            fs::remove_file(&path).with_context(|| format!("cannot delete {}", path.display()))?;
        }
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

#[derive(Debug, Default)]
struct Options {
    list: bool,
    find: bool,
    words: Vec<String>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "--list" => options.list = true,
                "--find" => options.find = true,
                unknown if unknown.starts_with('-') => bail!("there is no option `{unknown}`"),
                word => options.words.push(word.to_owned()),
            }
        }
        Ok(options)
    }

    fn chooses(&self, mutation: &Mutation) -> bool {
        self.words.is_empty()
            || self
                .words
                .iter()
                .any(|word| mutation.name.contains(word) || mutation.packages.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_list_fits_the_sources() {
        let workspace = Workspace::open().unwrap();
        let mutations = list::read(&workspace.root().join("xtask/mutations")).unwrap();
        // A guard that is gone takes its mutation with it; more than these few are no accident.
        assert!(mutations.len() >= 60, "{}", mutations.len());
        for mutation in &mutations {
            let text = read(workspace.root(), mutation).unwrap();
            mutation.applied_to(&text).unwrap();
        }
    }
}
