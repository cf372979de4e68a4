//! Reading lines again: each in its place of its chain, unchanged.

use crate::{
    finding::{Finding, Problem},
    head::Head,
    key::{AuditKey, ChainKey},
    line::{Claimed, Entry, Line, MAX_LINE, Torn},
    names::ProcessId,
    tail::LOOKED_AT,
};
use lunadefend_crypto::constant_time_eq;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    io::{BufRead, Read},
};

/// The first line of a file that was begun later has a number; its key is that many steps away. More steps than any
/// process takes would keep the verifier busy for ever.
const MAX_STEPS: u64 = 1 << 32;
/// How a line begins.
const PREFIX: &[u8] = b"{\"audit\":";

/// Where the files begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// With the first line of each process.
    Whole,
    /// With any file: earlier ones have been removed, as the retention says.
    Rest,
}

/// How the lines of a process end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With the line that says that it ended.
    Stopped,
    /// Without one: it runs, it was killed, or its end was cut off. Only a head tells.
    Open,
}

/// The verified lines of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chained {
    /// The number of the first.
    pub first: u64,
    /// The last.
    pub last: Head,
    /// How they end.
    pub end: End,
}

/// What was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many lines.
    pub lines: u64,
    /// The processes that wrote them.
    pub processes: Vec<Chained>,
    /// How many unfinished lines there are. No value left for one: it was not durable.
    pub torn: u64,
}

/// Reads the files of an audit log in order, and finds the first line that is not as a tokenizer wrote it.
#[derive(Debug)]
pub struct Verifier<'k> {
    key: &'k AuditKey,
    beginning: Beginning,
    skips_others: bool,
    processes: BTreeMap<ProcessId, Progress>,
    heads: BTreeSet<(ProcessId, u64, [u8; 32])>,
    lines: u64,
    torn: u64,
}

struct Progress {
    first: u64,
    next: u64,
    key: ChainKey,
    mac: [u8; 32],
    end: End,
    is_cut: bool,
}

impl<'k> Verifier<'k> {
    /// Begins, with the key of the processes that wrote the lines.
    #[must_use]
    pub const fn new(key: &'k AuditKey, beginning: Beginning) -> Self {
        Self {
            key,
            beginning,
            skips_others: false,
            processes: BTreeMap::new(),
            heads: BTreeSet::new(),
            lines: 0,
            torn: 0,
        }
    }

    /// Adds heads from elsewhere: each one's line must be there.
    #[must_use]
    pub fn with_heads(mut self, heads: impl IntoIterator<Item = Head>) -> Self {
        let heads = heads.into_iter();
        let heads = heads.map(|head| (head.process, head.number, head.mac));
        self.heads.extend(heads);
        self
    }

    /// Skips all that does not begin like a line, as in a stdout that others write too.
    #[must_use]
    pub const fn skipping_others(mut self) -> Self {
        self.skips_others = true;
        self
    }

    /// Reads the next file. `seen` gets each verified line with its number in the file.
    ///
    /// # Errors
    /// The first [`Finding`].
    pub fn file(
        &mut self,
        mut file: impl BufRead,
        mut seen: impl FnMut(u64, &Line),
    ) -> Result<(), Finding> {
        // The number of the first of them, and what is no whole line.
        let mut unfinished: Option<(u64, Vec<u8>)> = None;
        let mut before = Vec::new();
        let mut of_before = None;
        for number in 1.. {
            let mut raw = Vec::new();
            let finding = |problem| Finding {
                line: Some(number),
                problem,
            };
            let limit = MAX_LINE as u64 + 1;
            let read = (&mut file).take(limit).read_until(b'\n', &mut raw);
            if read.map_err(|error| finding(Problem::Unreadable(error)))? == 0 {
                break;
            }
            if self.skips_others && !raw.starts_with(PREFIX) && unfinished.is_none() {
                continue;
            }
            let Some(claimed) = raw.strip_suffix(b"\n").and_then(Claimed::read) else {
                let (_, bytes) = unfinished.get_or_insert((number, Vec::new()));
                bytes.extend_from_slice(&raw);
                if bytes.len() > LOOKED_AT {
                    return Err(finding(Problem::Malformed));
                }
                continue;
            };
            let left = unfinished.take();
            let at = left.as_ref().map(|(at, _)| *at);
            let left = left.map_or_else(|| before.clone(), |(_, bytes)| bytes);
            self.start_of(&claimed.line.entry, at.is_some(), &left, of_before)
                .map_err(|problem| Finding {
                    line: at.or(Some(number)),
                    problem,
                })?;
            self.line(&claimed).map_err(finding)?;
            of_before = Some(claimed.line.process);
            seen(number, &claimed.line);
            before = raw;
        }
        if unfinished.is_some() {
            self.cut(of_before);
        }
        Ok(())
    }

    /// Counts an unfinished line. It was the last of the process before it.
    fn cut(&mut self, process: Option<ProcessId>) {
        self.torn += 1;
        if let Some(progress) = process.and_then(|process| self.processes.get_mut(&process)) {
            progress.is_cut = true;
        }
    }

    /// Checks what comes before a line in its file: of a start, what the process has found; of any other, a line.
    fn start_of(
        &mut self,
        entry: &Entry,
        is_unfinished: bool,
        before: &[u8],
        of_before: Option<ProcessId>,
    ) -> Result<(), Problem> {
        let Entry::Start { follows, torn } = entry else {
            return match is_unfinished {
                true => Err(Problem::Malformed),
                false => Ok(()),
            };
        };
        // The process ended the unfinished line.
        let found = before.strip_suffix(b"\n").unwrap_or(before);
        match torn {
            Some(torn) if *torn != Torn::of(found) => return Err(Problem::Malformed),
            // A new process cannot look at what stdout had.
            None if is_unfinished && self.skips_others => self.cut(of_before),
            None if is_unfinished => return Err(Problem::Malformed),
            Some(_) => self.torn += 1,
            None => {}
        }
        let Some(follows) = follows else {
            return match of_before {
                Some(_) if !self.skips_others => Err(Problem::OtherBefore),
                _ => Ok(()),
            };
        };
        match self.processes.get(&follows.process) {
            Some(progress) if progress.is_at(follows, torn.is_some()) => Ok(()),
            None if self.beginning == Beginning::Rest => Ok(()),
            Some(_) | None => Err(Problem::OtherBefore),
        }
    }

    fn line(&mut self, claimed: &Claimed<'_>) -> Result<(), Problem> {
        let Line {
            process, n: found, ..
        } = claimed.line;
        let mut progress = match self.processes.remove(&process) {
            Some(progress) => progress,
            None => self.begin(claimed)?,
        };
        let expected = progress.next;
        if found < expected {
            return Err(Problem::Repeated { found });
        }
        if found > expected {
            return Err(Problem::Missing { expected, found });
        }
        let mac = progress.key.mac(&progress.mac, claimed.body);
        if !constant_time_eq(&mac, &claimed.mac) {
            return Err(Problem::Forged);
        }
        if progress.is_cut {
            return Err(Problem::AfterTheEnd);
        }
        progress.key.advance();
        progress.next += 1;
        progress.mac = mac;
        progress.end = match claimed.line.entry {
            Entry::Stop => End::Stopped,
            _ => End::Open,
        };
        self.processes.insert(process, progress);
        self.lines += 1;
        let mut heads = self
            .heads
            .range((process, found, [0; 32])..=(process, found, [u8::MAX; 32]));
        match heads.all(|(_, _, wanted)| *wanted == mac) {
            true => Ok(()),
            false => Err(Problem::OtherHead { number: found }),
        }
    }

    /// Begins the chain of a process with its first line here.
    fn begin(&self, claimed: &Claimed<'_>) -> Result<Progress, Problem> {
        let found = claimed.line.n;
        let mut key = self.key.chain_of(claimed.line.process);
        let mac = match &claimed.line.entry {
            Entry::Start { .. } if found == 0 => [0; 32],
            Entry::File { follows }
                if self.beginning == Beginning::Rest && (1..MAX_STEPS).contains(&found) =>
            {
                follows.mac
            }
            _ => return Err(Problem::NoBeginning { found }),
        };
        for _ in 0..found {
            key.advance();
        }
        Ok(Progress {
            first: found,
            next: found,
            key,
            mac,
            end: End::Open,
            is_cut: false,
        })
    }

    /// Ends: every head must have had its line.
    ///
    /// # Errors
    /// [`Problem::CutOff`] for the first head without one.
    pub fn finish(self) -> Result<Report, Finding> {
        for &(process, number, _) in &self.heads {
            let progress = self.processes.get(&process);
            // One before the first line is of a file that has been removed.
            if progress.is_none_or(|progress| number >= progress.next) {
                return Err(Finding {
                    line: None,
                    problem: Problem::CutOff {
                        process,
                        number,
                        last: progress.map(|progress| progress.next - 1),
                    },
                });
            }
        }
        let processes = self.processes.iter();
        let chained = processes.map(|(process, progress)| Chained {
            first: progress.first,
            last: Head {
                process: *process,
                number: progress.next - 1,
                mac: progress.mac,
            },
            end: progress.end,
        });
        Ok(Report {
            processes: chained.collect(),
            lines: self.lines,
            torn: self.torn,
        })
    }
}

impl Progress {
    /// Returns whether the process had come to this head. What was found torn may be its next line without its end.
    fn is_at(&self, head: &Head, torn: bool) -> bool {
        (self.next == head.number + 1 && self.mac == head.mac)
            || (torn && self.next == head.number + 2)
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
