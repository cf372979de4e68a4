//! Finds out which other users can use a secret file.

use std::{fs::Metadata, os::unix::fs::MetadataExt};

/// The owner of a file, and the access of others by its mode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    user: u32,
    group: u32,
    /// The permission bits alone.
    pub(super) mode: u32,
}

impl Owner {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            user: metadata.uid(),
            group: metadata.gid(),
            mode: metadata.mode() & 0o777,
        }
    }
}

/// The user and the groups of a process.
#[derive(Debug)]
pub(super) struct Process {
    user: u32,
    /// The effective group and the supplementary ones.
    groups: Vec<u32>,
}

impl Process {
    /// Returns those of this process; `None` without `/proc`.
    pub(super) fn of_this() -> Option<Self> {
        Self::read(&std::fs::read_to_string("/proc/self/status").ok()?)
    }

    /// Reads `/proc/<pid>/status` (proc(5)): real, effective, saved and file system ids.
    fn read(status: &str) -> Option<Self> {
        let line = |name| status.lines().find_map(|line| line.strip_prefix(name));
        let number = |word: &str| word.parse().ok();
        let effective = |name| line(name)?.split_whitespace().nth(1).and_then(number);
        let mut groups = vec![effective("Gid:")?];
        groups.extend(line("Groups:")?.split_whitespace().filter_map(number));
        Some(Self {
            user: effective("Uid:")?,
            groups,
        })
    }
}

/// Returns the advice for the operator. `None` when no other user can use the file, or when this process is
/// meant to read it as a member of its group.
pub(super) fn advice(
    owner: &Owner,
    process: impl FnOnce() -> Option<Process>,
) -> Option<&'static str> {
    const GROUP: u32 = 0o070;
    const OTHERS: u32 = 0o007;
    const GROUP_READS: u32 = 0o040;
    if owner.mode & (GROUP | OTHERS) == 0 {
        return None;
    }
    if owner.mode & (GROUP | OTHERS) == GROUP_READS
        && let Some(process) = process()
        && owner.user != process.user
        && process.groups.contains(&owner.group)
    {
        return None;
    }
    Some(if owner.mode & OTHERS == 0 {
        "the group of this secret file can use it: set its mode to 400 or 600; where the platform sets it (Kubernetes' fsGroup), see that the group has no other members"
    } else {
        "others than its owner can use this secret file: set its mode to 400 or 600 (in Kubernetes: defaultMode 0400)"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tapp\nUid:\t999\t1000\t1000\t1000\nGid:\t999\t1000\t1000\t1000\nFDSize:\t64\nGroups:\t2000 3000 \n";

    #[test]
    fn a_group_of_this_process_may_read_a_file_of_another_owner() {
        let (own, root) = (1000, 0);
        for (user, group, mode, expected) in [
            (own, 1000, 0o400, None),
            (own, 1000, 0o600, None),
            // Kubernetes with fsGroup 2000.
            (root, 2000, 0o440, None),
            (root, 1000, 0o640, None),
            // Its group may have other members, whom a stricter mode would exclude.
            (own, 1000, 0o640, Some("the group")),
            (own, 2000, 0o440, Some("the group")),
            (root, 4000, 0o440, Some("the group")),
            (root, 2000, 0o460, Some("the group")),
            (root, 2000, 0o444, Some("others than its owner")),
            (own, 1000, 0o604, Some("others than its owner")),
        ] {
            let owner = Owner { user, group, mode };
            let advice = advice(&owner, || Process::read(STATUS));
            assert_eq!(advice.is_some(), expected.is_some(), "{owner:?}");
            let text = advice.unwrap_or_default();
            assert!(
                text.starts_with(expected.unwrap_or_default()),
                "{owner:?}: {text}"
            );
        }
        let owner = Owner {
            user: root,
            group: 2000,
            mode: 0o440,
        };
        assert!(
            advice(&owner, || None).is_some(),
            "without /proc nothing is known"
        );
    }

    #[test]
    fn a_status_that_cannot_be_read_is_nobody() {
        assert!(Process::read("").is_none());
        assert!(Process::read("Uid:\tx\ty\nGid:\t1\t1\nGroups:\t\n").is_none());
        let nobody = Process::read("Uid:\t1\t2\nGid:\t3\t4\nGroups:\t\n").unwrap();
        assert_eq!((nobody.user, nobody.groups), (2, vec![4]));
    }
}
