//! Where the workspace is and which packages it has.

use crate::manifest::{Manifest, strings};
use anyhow::{Context as _, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The workspace that this tool is a member of.
pub(crate) struct Workspace {
    root: PathBuf,
    manifest: Manifest,
    members: Vec<Member>,
}

/// One package of the workspace.
pub(crate) struct Member {
    /// Relative to the root, with `/`.
    pub(crate) directory: String,
    pub(crate) name: String,
    pub(crate) manifest: Manifest,
}

impl Workspace {
    pub(crate) fn open() -> Result<Self> {
        // Cargo says it to what it runs. What it said when this was compiled may be another clone,
        // where two of them share a target directory.
        let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = xtask.parent().context("xtask has no directory above it")?;
        Self::at(root)
    }

    fn at(root: &Path) -> Result<Self> {
        let manifest = read_manifest(root)?;
        let patterns = strings(manifest.get("workspace", "members").unwrap_or_default());
        let mut members = Vec::new();
        for pattern in patterns {
            for directory in expand(root, pattern)? {
                let manifest = read_manifest(&root.join(&directory))?;
                let name = manifest
                    .get("package", "name")
                    .with_context(|| format!("{directory}/Cargo.toml names no package"))?
                    .to_owned();
                members.push(Member {
                    directory,
                    name,
                    manifest,
                });
            }
        }
        Ok(Self {
            root: root.to_owned(),
            manifest,
            members,
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The manifest of the workspace itself.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The version that all members share.
    pub(crate) fn version(&self) -> Result<&str> {
        self.manifest
            .get("workspace.package", "version")
            .context("Cargo.toml has no version in [workspace.package]")
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// The members that go to crates.io.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_published())
    }

    /// Where cargo builds, and where tools and environments for tests are kept.
    pub(crate) fn target(&self) -> PathBuf {
        let configured = std::env::var_os("CARGO_TARGET_DIR").filter(|path| !path.is_empty());
        self.root
            .join(configured.unwrap_or_else(|| "target".into()))
    }
}

impl Member {
    pub(crate) fn is_published(&self) -> bool {
        self.manifest.get("package", "publish") != Some("false")
    }
}

fn read_manifest(directory: &Path) -> Result<Manifest> {
    let path = directory.join("Cargo.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Manifest::parse(&text))
}

/// The directories with a manifest that a pattern of `members` names; `*` is understood at its end.
fn expand(root: &Path, pattern: &str) -> Result<Vec<String>> {
    let Some(parent) = pattern.strip_suffix("/*") else {
        return Ok(vec![pattern.to_owned()]);
    };
    let entries =
        fs::read_dir(root.join(parent)).with_context(|| format!("cannot list {parent}/"))?;
    let mut directories = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {parent}/"))?;
        if entry.path().join("Cargo.toml").is_file() {
            directories.push(format!("{parent}/{}", entry.file_name().to_string_lossy()));
        }
    }
    directories.sort();
    Ok(directories)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_members() {
        let workspace = Workspace::open().unwrap();
        let find = |name: &str| {
            let mut members = workspace.members().iter();
            members.find(|member| member.name == name).unwrap()
        };
        assert_eq!(find("lunadefend-core").directory, "crates/lunadefend-core");
        assert!(find("lunadefend-core").is_published());
        assert_eq!(find("xtask").directory, "xtask");
        assert!(!find("xtask").is_published());
        assert!(workspace.published().all(|member| member.name != "xtask"));
    }
}
