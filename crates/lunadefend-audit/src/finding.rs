//! What is wrong with a log.

use crate::names::ProcessId;
use std::{fmt, io};

/// Why lines are not what a tokenizer wrote.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not a line, and not what a crash leaves behind.
    #[error("it is no line of an audit log, or was changed")]
    Malformed,
    /// The MAC does not fit.
    #[error("it was changed or forged, or the audit key is another one")]
    Forged,
    /// A number that has been there.
    #[error("line {found} of this process comes again, or lines were reordered")]
    Repeated {
        /// Its number.
        found: u64,
    },
    /// A number too far.
    #[error("lines {expected} to {} of this process are missing", found - 1)]
    Missing {
        /// The number of the next line.
        expected: u64,
        /// That of the line that was found.
        found: u64,
    },
    /// The first line of a process that is not the first.
    #[error(
        "the lines of this process before line {found} are missing: give the earlier files too, in order"
    )]
    NoBeginning {
        /// Its number.
        found: u64,
    },
    /// The line before the start of a process is not the one that the process found.
    #[error(
        "the process that began here found another line before: lines were dropped or changed in between"
    )]
    OtherBefore,
    /// A line of a process after the unfinished line that ended it.
    #[error("the process goes on after an unfinished line, which can only be its last")]
    AfterTheEnd,
    /// Another line than that of a head.
    #[error("line {number} of this process is another one than in the head")]
    OtherHead {
        /// Its number.
        number: u64,
    },
    /// A head without its line.
    #[error("the end is cut off, or a file is missing: the head of process {process} is line {number}, and {}", last.map_or_else(|| "there is no line of it".to_owned(), |last| format!("its last line is {last}")))]
    CutOff {
        /// The process.
        process: ProcessId,
        /// The line of the head.
        number: u64,
        /// The last line of the process that is there.
        last: Option<u64>,
    },
    /// The file cannot be read.
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
}

/// A problem, and where it is.
#[derive(Debug)]
pub struct Finding {
    /// The line of the file, from 1. `None` for what is missing at the end of all files.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub problem: Problem,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.problem),
            None => fmt::Display::fmt(&self.problem, f),
        }
    }
}

impl std::error::Error for Finding {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problem.source()
    }
}
