//! `cargo xtask tidy`: the rules of the house that no lint knows. Also a test, below.

mod links;
mod manifests;
mod secrets;
mod sources;
mod text;

use crate::workspace::Workspace;
use anyhow::{Context as _, Result, bail};
use std::{fmt, fs, path::Path};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let (files, problems) = look(workspace)?;
    for problem in &problems {
        println!("tidy: {problem}");
    }
    if !problems.is_empty() {
        bail!("{} things are not tidy", problems.len());
    }
    println!("tidy: {files} files, nothing to say");
    Ok(())
}

/// The number of files read, and what is wrong with them.
fn look(workspace: &Workspace) -> Result<(usize, Vec<Problem>)> {
    let root = workspace.root();
    let mut problems = manifests::check(workspace)?;
    problems.extend(documents(workspace));
    let mut paths = Vec::new();
    list(root, "", &mut paths)?;
    for path in &paths {
        let content =
            fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
        problems.extend(text::check(path, &content));
        if path.ends_with(".md") {
            problems.extend(links::check(root, path, &content));
        }
        if path.ends_with(".rs") {
            problems.extend(sources::check(path, &content));
            problems.extend(secrets::check(path, &content));
        }
    }
    Ok((paths.len(), problems))
}

/// Something that is not as it must be.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    path: String,
    line: Option<usize>,
    message: String,
}

impl Problem {
    fn new(path: &str, line: impl Into<Option<usize>>, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: line.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

/// The files of the repository that are text written by hand, sorted.
fn list(root: &Path, directory: &str, paths: &mut Vec<String>) -> Result<()> {
    let shown = || format!("cannot list {}", root.join(directory).display());
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(directory)).with_context(shown)? {
        let entry = entry.with_context(shown)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        names.push((name, entry.file_type().with_context(shown)?));
    }
    names.sort_by(|left, right| left.0.cmp(&right.0));
    for (name, kind) in names {
        let path = match directory {
            "" => name.clone(),
            _ => format!("{directory}/{name}"),
        };
        if kind.is_dir() {
            let hidden = name.starts_with('.') && ![".ci", ".cargo", ".github"].contains(&&*name);
            if !hidden && name != "target" && name != "node_modules" {
                list(root, &path, paths)?;
            }
        } else if kind.is_file() {
            let endings = [".rs", ".md", ".toml", ".yml", ".yaml", ".py", ".js", ".mjs"];
            if path == ".ci/run" || endings.iter().any(|ending| name.ends_with(ending)) {
                paths.push(path);
            }
        }
    }
    Ok(())
}

/// The documents at the root, and that ARCHITECTURE.md names every member.
fn documents(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in [
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "README.md",
        "SECURITY.md",
    ] {
        let text = fs::read_to_string(workspace.root().join(name)).unwrap_or_default();
        if text.trim().is_empty() {
            problems.push(Problem::new(name, None, "is missing or empty"));
        } else if name == "ARCHITECTURE.md" {
            let members = workspace.members().into_iter();
            let unnamed =
                members.filter(|member| !names(&text, &member.name, workspace.directory(member)));
            problems.extend(unnamed.map(|member| {
                let message = format!("does not name the member `{}`", member.name);
                Problem::new(name, None, message)
            }));
        }
    }
    problems
}

/// Whether a document names a member, by its package or by its directory.
fn names(document: &str, package: &str, directory: &str) -> bool {
    [
        format!("`{package}`"),
        format!("`{directory}`"),
        format!("`{directory}/`"),
    ]
    .iter()
    .any(|name| document.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let (files, problems) = look(&Workspace::open().unwrap()).unwrap();
        let problems: Vec<_> = problems.iter().map(Problem::to_string).collect();
        assert!(problems.is_empty(), "\n{}", problems.join("\n"));
        assert!(files > 50, "only {files} files were found");
    }

    #[test]
    fn a_member_is_named_by_package_or_directory() {
        let document = "| `lunadefend-core` | .. |\n`tests/` and `examples/quickstart`";
        assert!(names(document, "lunadefend-core", "crates/lunadefend-core"));
        assert!(names(document, "lunadefend-tests", "tests"));
        assert!(names(document, "quickstart", "examples/quickstart"));
        assert!(!names(document, "lunadefend", "crates/lunadefend"));
    }

    #[test]
    fn problems_say_where() {
        let problem = Problem::new("a/b.rs", 7, "is wrong");
        assert_eq!(problem.to_string(), "a/b.rs:7: is wrong");
        let problem = Problem::new("a/b.rs", None, "is wrong");
        assert_eq!(problem.to_string(), "a/b.rs: is wrong");
    }
}
