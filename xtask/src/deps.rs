//! `cargo xtask deps`: who may depend on whom, and what a user of a crate does not compile.
//!
//! ARCHITECTURE.md says why. Crates are named by patterns, so that one which comes later is held to them
//! from its first day. What must be nowhere in the tree, or below one crate only, stands in `deny.toml`.

mod arrows;
mod weight;

use crate::workspace::Workspace;
use anyhow::{Result, ensure};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut broken = arrows::check(workspace);
    broken.extend(weight::check(workspace)?);
    for one in &broken {
        println!("deps: BROKEN {one}");
    }
    ensure!(broken.is_empty(), "{} rules are broken", broken.len());
    println!(
        "deps: {} crates as they must be",
        workspace.published().count()
    );
    Ok(())
}

/// Whether a name is one of the patterns, in each of which one `*` stands for anything.
fn matches_any(patterns: &[&str], name: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_patterns() {
        assert!(matches_any(&["rsa"], "rsa"));
        assert!(!matches_any(&["rsa"], "rsa-pss"));
        assert!(matches_any(&["x", "aws-*"], "aws-lc-rs"));
        assert!(!matches_any(&["aws-*"], "laws-x"));
        assert!(matches_any(&["lunadefend-*-aws"], "lunadefend-secrets-aws"));
        assert!(!matches_any(&["lunadefend-*-aws"], "lunadefend-aws"));
        assert!(matches_any(&["*"], "anything"));
    }
}
