//! The lists of deletions, line by line.

use super::RestoreError;
use crate::{
    deletions::{Deletion, MAX_LINE},
    ring::Ring,
};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
};

/// The lines of some lists, one after the other.
pub(super) struct Lists<'a> {
    rest: &'a [PathBuf],
    open: Option<(&'a PathBuf, BufReader<File>, u64)>,
}

impl<'a> Lists<'a> {
    pub(super) const fn of(rest: &'a [PathBuf]) -> Self {
        Self { rest, open: None }
    }

    /// Reads all lines, to find what is wrong with them.
    pub(super) fn read_all(mut self, ring: &Ring) -> Result<(), RestoreError> {
        while self.line(ring)?.is_some() {}
        Ok(())
    }

    /// Returns the next deletions; none after the last.
    pub(super) fn next(
        &mut self,
        ring: &Ring,
        limit: usize,
    ) -> Result<Vec<Deletion>, RestoreError> {
        let mut some = Vec::new();
        while some.len() < limit {
            match self.line(ring)? {
                Some(deletion) => some.push(deletion),
                None => break,
            }
        }
        Ok(some)
    }

    fn line(&mut self, ring: &Ring) -> Result<Option<Deletion>, RestoreError> {
        loop {
            let Some((path, lines, number)) = &mut self.open else {
                let Some((path, rest)) = self.rest.split_first() else {
                    return Ok(None);
                };
                let opened = File::open(path).map_err(|source| RestoreError::List {
                    path: path.clone(),
                    source,
                })?;
                self.rest = rest;
                self.open = Some((path, BufReader::new(opened), 0));
                continue;
            };
            let mut line = Vec::new();
            let read = lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
            read.map_err(|source| RestoreError::List {
                path: path.clone(),
                source,
            })?;
            *number += 1;
            let is_last = line.last() != Some(&b'\n') && (line.len() as u64) < MAX_LINE;
            // A last line that was cut off was never acknowledged.
            if is_last {
                self.open = None;
                continue;
            }
            line.pop();
            let read = std::str::from_utf8(&line).ok();
            let deletion = read.and_then(|line| Deletion::read(line, ring));
            return deletion.map(Some).ok_or_else(|| RestoreError::Line {
                path: path.clone(),
                line: *number,
            });
        }
    }
}
