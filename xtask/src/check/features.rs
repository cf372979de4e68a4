//! Each published crate alone: without features, and with each of them by itself.
//!
//! In the workspace cargo unites the features of all members, which hides a feature that one member
//! uses and only another asks for.

use crate::{
    command::{self, cargo},
    workspace::{Member, Workspace},
};
use anyhow::{Result, bail};

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let mut failed = Vec::new();
    for member in workspace.published() {
        for feature in selections(member) {
            let mut lint = cargo(workspace.root());
            lint.args([
                "clippy",
                "--quiet",
                "--locked",
                "-p",
                &member.name,
                "--no-default-features",
            ]);
            if let Some(feature) = &feature {
                lint.args(["--features", feature]);
            }
            if command::run(lint.args(["--", "-D", "warnings"])).is_err() {
                let with = feature.map_or("without features".into(), |one| format!("with {one}"));
                failed.push(format!("{} {with}", member.name));
            }
        }
    }
    if !failed.is_empty() {
        bail!("does not compile cleanly: {}", failed.join("; "));
    }
    Ok(())
}

/// No feature, then each by itself.
fn selections(member: &Member) -> Vec<Option<String>> {
    let features = member.manifest.section("features");
    std::iter::once(None)
        .chain(features.map(|feature| Some(feature.key.clone())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn every_feature_is_selected_alone() {
        let manifest = "[package]\nname = \"a\"\n[features]\ndefault = [\"x\"]\nx = []\ny = []\n";
        let member = Member {
            directory: "crates/a".to_owned(),
            name: "a".to_owned(),
            manifest: Manifest::parse(manifest),
        };
        let selected: Vec<_> = selections(&member);
        let expected = [None, Some("default"), Some("x"), Some("y")];
        assert_eq!(selected, expected.map(|one| one.map(str::to_owned)));
    }
}
