//! How a file ends that a new process goes on in.

use crate::{
    head::Head,
    line::{Claimed, MAX_LINE, Torn},
};

/// How many bytes at the end of a file are looked at: a whole line, and what several crashes in a row have left.
pub(crate) const LOOKED_AT: usize = 4 * MAX_LINE;

/// What a new process finds at the end of its file. The default is that of an empty file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    pub(crate) follows: Option<Head>,
    pub(crate) torn: Option<Torn>,
}

impl Tail {
    /// Reads the last [`LOOKED_AT`] bytes of a file, or all of a shorter one. `None` when an unfinished line has more.
    pub(crate) fn read(end: &[u8], is_whole_file: bool) -> Option<Self> {
        let mut finished = end.len();
        // The last line that is whole: what comes after it is no line.
        loop {
            let before = &end[..finished];
            let Some(text) = before.strip_suffix(b"\n") else {
                match before.iter().rposition(|byte| *byte == b'\n') {
                    Some(at) => finished = at + 1,
                    None => return Self::without_line(end, is_whole_file),
                }
                continue;
            };
            let begin = text.iter().rposition(|byte| *byte == b'\n');
            let begin = begin.map_or(0, |at| at + 1);
            if let Some(claimed) = Claimed::read(&text[begin..]) {
                return Some(Self::new(Some(claimed.head()), &end[finished..]));
            }
            if begin == 0 {
                return Self::without_line(end, is_whole_file);
            }
            finished = begin;
        }
    }

    /// What a crash left of a first line begins like one, or with zeros. All else is somebody's file.
    fn without_line(end: &[u8], is_whole_file: bool) -> Option<Self> {
        let is_ours = matches!(end.first(), None | Some(b'{' | b'\n' | 0));
        (is_whole_file && is_ours).then(|| Self::new(None, end))
    }

    fn new(follows: Option<Head>, rest: &[u8]) -> Self {
        Self {
            follows,
            torn: (!rest.is_empty()).then(|| Torn::of(rest)),
        }
    }
}
