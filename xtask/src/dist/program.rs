//! What the program must be: static, small, and of a known commit.

use crate::command::{self, program};
use anyhow::{Context as _, Result, ensure};
use object::{
    Endianness,
    elf::{DT_NEEDED, FileHeader64, PT_INTERP},
    read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _},
};
use std::{fs, path::Path};

pub(super) const MIB: f64 = 1024.0 * 1024.0;
/// The longest that it may be.
const MOST: usize = 15 * 1024 * 1024;

/// Checks a program, and returns its length.
pub(super) fn check(path: &Path, commit: &str) -> Result<usize> {
    let bytes = fs::read(path)?;
    let needed = needed(&bytes).context("the program is no executable of this machine")?;
    ensure!(
        needed.is_none(),
        "the program is not static: it needs {}",
        needed.unwrap_or_default()
    );
    ensure!(
        bytes.len() < MOST,
        "the program has {:.1} MiB, and may have less than {:.0} MiB",
        bytes.len() as f64 / MIB,
        MOST as f64 / MIB
    );
    let folder = path.parent().context("a file has a folder")?;
    let version = command::output(program(path, folder).arg("--version"))?;
    ensure!(
        version.trim_end().ends_with(&format!(" ({commit})")),
        "its version names another commit than {commit}: {version}"
    );
    Ok(bytes.len())
}

/// What the system must have for a program to start; `None` for a static one.
fn needed(bytes: &[u8]) -> Result<Option<&'static str>, object::read::Error> {
    let header = FileHeader64::<Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    for segment in header.program_headers(endian, bytes)? {
        if segment.p_type(endian) == PT_INTERP {
            return Ok(Some("a loader"));
        }
        let mut entries = segment.dynamic(endian, bytes)?.into_iter().flatten();
        if entries.any(|entry| entry.tag(endian) == DT_NEEDED) {
            return Ok(Some("a library"));
        }
    }
    Ok(None)
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod tests {
    use super::*;
    use object::elf::{DT_DEBUG, PT_NULL};

    /// The numbers of each header begin with its type: of 4 bytes for a segment, of 8 for a line of the dynamic section.
    fn replaced(bytes: &[u8], parts: &[(usize, u64, usize)]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for &(at, number, length) in parts {
            bytes[at..at + length].copy_from_slice(&number.to_ne_bytes()[..length]);
        }
        bytes
    }

    #[test]
    fn a_loader_or_a_library_is_found() {
        // This very test, which is not static.
        let path = std::env::current_exe().unwrap();
        let bytes = fs::read(path).unwrap();
        assert_eq!(needed(&bytes).unwrap(), Some("a loader"));

        let header = FileHeader64::<Endianness>::parse(&*bytes).unwrap();
        let endian = header.endian().unwrap();
        let first = usize::try_from(header.e_phoff.get(endian)).unwrap();
        let size = usize::from(header.e_phentsize.get(endian));
        let segments = header.program_headers(endian, &*bytes).unwrap();
        let at = segments
            .iter()
            .position(|one| one.p_type(endian) == PT_INTERP);
        let loader = (first + size * at.unwrap(), u64::from(PT_NULL), 4);
        let bytes = replaced(&bytes, &[loader]);
        assert_eq!(needed(&bytes).unwrap(), Some("a library"));

        let mut libraries = Vec::new();
        for segment in segments {
            let begin = usize::try_from(segment.p_offset(endian)).unwrap();
            let lines = segment.dynamic(endian, &*bytes).unwrap();
            for (number, line) in lines.into_iter().flatten().enumerate() {
                if line.tag(endian) == DT_NEEDED {
                    libraries.push((
                        begin + number * size_of_val(line),
                        DT_DEBUG.unsigned_abs(),
                        8,
                    ));
                }
            }
        }
        let bytes = replaced(&bytes, &libraries);
        assert_eq!(needed(&bytes).unwrap(), None);
        assert!(needed(b"#!/bin/sh\n").is_err());
    }
}
