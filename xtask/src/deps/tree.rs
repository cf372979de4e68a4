//! What `cargo tree --prefix depth --format {p}` prints, as a graph.

use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Packages and what they depend on. A package is named as cargo prints it: `name v1.2.3`.
#[derive(Debug, Default)]
pub(super) struct Tree {
    roots: BTreeSet<String>,
    own: BTreeSet<String>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Tree {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut tree = Self::default();
        // The packages from the root down to the line before this one.
        let mut path: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let wrong = || format!("`cargo tree` printed a line that is not understood: {line}");
            let digits = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
            let depth: usize = line[..digits].parse().with_context(wrong)?;
            let mut words = line[digits..].split(' ');
            let name = words.next().filter(|name| !name.is_empty());
            let version = words.next().filter(|version| version.starts_with('v'));
            let (name, version) = name.zip(version).with_context(wrong)?;
            let package = format!("{name} {version}");

            path.truncate(depth);
            match path.last() {
                Some(parent) if path.len() == depth => {
                    let below = tree.edges.entry(parent.clone()).or_default();
                    below.insert(package.clone());
                }
                None if depth == 0 => {
                    tree.roots.insert(package.clone());
                }
                _ => anyhow::bail!(wrong()),
            }
            if words.any(|word| word.starts_with('(') && !["(*)", "(proc-macro)"].contains(&word)) {
                tree.own.insert(package.clone());
            }
            tree.edges.entry(package.clone()).or_default();
            path.push(package);
        }
        Ok(tree)
    }

    pub(super) fn packages(&self) -> impl Iterator<Item = &str> {
        self.edges.keys().map(String::as_str)
    }

    pub(super) fn is_root(&self, package: &str) -> bool {
        self.roots.contains(package)
    }

    /// Whether it is part of this workspace: cargo prints where it is.
    pub(super) fn is_own(&self, package: &str) -> bool {
        self.own.contains(package)
    }

    pub(super) fn direct(&self, package: &str) -> impl Iterator<Item = &str> {
        self.edges
            .get(package)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// A shortest path to every package that the roots reach without going through one whose name
    /// `stop` accepts; such a package itself is reached, unless it is a root.
    pub(super) fn paths(&self, stop: impl Fn(&str) -> bool) -> BTreeMap<&str, Vec<&str>> {
        let mut paths: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut waiting: VecDeque<&str> = VecDeque::new();
        for root in self.roots.iter().filter(|root| !stop(name_of(root))) {
            paths.insert(root, vec![root]);
            waiting.push_back(root);
        }
        while let Some(package) = waiting.pop_front() {
            for next in self.direct(package) {
                if paths.contains_key(next) {
                    continue;
                }
                let path = paths[package].iter().copied().chain([next]).collect();
                paths.insert(next, path);
                if !stop(name_of(next)) {
                    waiting.push_back(next);
                }
            }
        }
        paths
    }
}

/// The name of a package without its version.
pub(super) fn name_of(package: &str) -> &str {
    package.split(' ').next().unwrap_or(package)
}

/// Whether a name is one of the patterns, in each of which one `*` stands for anything.
pub(super) fn matches_any(patterns: &[&str], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.split_once('*') {
            None => name == *pattern,
            Some((start, end)) => {
                name.len() >= start.len() + end.len()
                    && name.starts_with(start)
                    && name.ends_with(end)
            }
        })
}
