//! The number of connections that the limit of open files permits.

use crate::config::Limits;
use std::io;

/// Returns the number of connections to take: that of the limits, but no more than can be open.
///
/// # Errors
/// When it permits none.
pub(crate) fn connections(limits: &Limits) -> io::Result<u32> {
    let wanted = limits.max_connections;
    let Some(open) = limit_of_process() else {
        return Ok(wanted);
    };
    let connections = fitting(wanted, open);
    if connections == 0 {
        return Err(io::Error::other(format!(
            "the process may have {open} open files, and needs {} of them beside its connections: raise the limit (`ulimit -n`, LimitNOFILE= of systemd)",
            Limits::RESERVED_FILES
        )));
    }
    if connections < wanted {
        tracing::warn!(
            connections,
            wanted,
            open_files = open,
            "the limit of open files caps the connections: raise it (`ulimit -n`, LimitNOFILE= of systemd)"
        );
    }
    Ok(connections)
}

fn fitting(wanted: u32, open_files: u64) -> u32 {
    let room = open_files.saturating_sub(Limits::RESERVED_FILES.into());
    u32::try_from(room).map_or(wanted, |room| room.min(wanted))
}

/// Returns the soft limit of this process, if it has one.
#[cfg(unix)]
fn limit_of_process() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};

    getrlimit(Resource::Nofile).current
}

#[cfg(not(unix))]
const fn limit_of_process() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_else_needs_a_file_has_one() {
        for (wanted, open, expected) in [
            (1024, 1024 * 1024, 1024),
            (1024, 1024 + 64, 1024),
            (1024, 1024, 960),
            (1024, 256, 192),
            (1024, 65, 1),
            (1024, 64, 0),
            (1024, 0, 0),
            (1, 65, 1),
            (1 << 20, u64::MAX, 1 << 20),
        ] {
            assert_eq!(fitting(wanted, open), expected, "{wanted} of {open}");
        }
    }
}
