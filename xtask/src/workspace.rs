//! Where the workspace is and which packages it has, as cargo says.

use anyhow::{Context as _, Result};
use cargo_metadata::{Metadata, MetadataCommand, Package};
use std::path::{Path, PathBuf};

/// The workspace that this tool is a member of.
pub(crate) struct Workspace(Metadata);

impl Workspace {
    pub(crate) fn open() -> Result<Self> {
        // Cargo says it to what it runs. What it said when this was compiled may be another clone,
        // where two of them share a target directory.
        let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let metadata = MetadataCommand::new()
            .current_dir(xtask)
            .no_deps()
            .other_options(["--locked".to_owned()])
            .exec()
            .context("cargo does not say which packages the workspace has")?;
        Ok(Self(metadata))
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.workspace_root.as_std_path()
    }

    /// Where cargo builds, and where tools and environments for tests are kept.
    pub(crate) fn target(&self) -> &Path {
        self.0.target_directory.as_std_path()
    }

    pub(crate) fn members(&self) -> Vec<&Package> {
        self.0.workspace_packages()
    }

    /// The members that go to crates.io.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.members().into_iter().filter(|one| is_published(one))
    }

    /// The directory of a member relative to the root, with `/`.
    pub(crate) fn directory<'p>(&self, member: &'p Package) -> &'p str {
        let directory = member.manifest_path.parent();
        directory
            .and_then(|path| path.strip_prefix(&self.0.workspace_root).ok())
            .map_or("", |path| path.as_str())
    }
}

pub(crate) fn is_published(member: &Package) -> bool {
    member.publish.as_ref().is_none_or(|to| !to.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_members() {
        let workspace = Workspace::open().unwrap();
        let find = |name: &str| {
            let mut members = workspace.members().into_iter();
            members.find(|member| member.name == name).unwrap()
        };
        let core = find("lunadefend-core");
        assert_eq!(workspace.directory(core), "crates/lunadefend-core");
        assert!(is_published(core));
        assert_eq!(workspace.directory(find("xtask")), "xtask");
        assert!(!is_published(find("xtask")));
        assert!(workspace.published().all(|member| member.name != "xtask"));
    }
}
