//! What was acknowledged, and what may therefore be seen: the rules, without a request.

use std::ops::AddAssign;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<T> {
    /// It was acknowledged, with this.
    Done(T),
    /// It was refused: the tokenizer says that it changed, or gave, nothing.
    Refused,
    /// No process took it: nothing was done.
    Unsent,
    /// Nobody answered, or whoever did says that he does not know. It may be done, now or a little later.
    Unknown,
    /// An answer that a tokenizer must not give.
    Wrong(String),
}

impl<T> Outcome<T> {
    /// What was acknowledged.
    pub(crate) fn done(self) -> Option<T> {
        match self {
            Self::Done(value) => Some(value),
            Self::Refused | Self::Unsent | Self::Unknown | Self::Wrong(_) => None,
        }
    }

    /// Whether there is no answer: another process may have one.
    pub(crate) const fn is_unanswered(&self) -> bool {
        matches!(self, Self::Unsent | Self::Unknown)
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        self.and_then(|value| Outcome::Done(change(value)))
    }

    /// Goes on with what was acknowledged.
    pub(crate) fn and_then<U>(self, next: impl FnOnce(T) -> Outcome<U>) -> Outcome<U> {
        match self {
            Self::Done(value) => next(value),
            Self::Refused => Outcome::Refused,
            Self::Unsent => Outcome::Unsent,
            Self::Unknown => Outcome::Unknown,
            Self::Wrong(text) => Outcome::Wrong(text),
        }
    }
}

/// What is wrong with what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Something acknowledged is not there any more.
    Lost,
    /// Something that is for one was given to two.
    Twice,
}

/// Whether a session may read a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// What was acknowledged last.
    granted: bool,
    /// What an unanswered request may still make of it, at any time.
    may_be_revoked: bool,
    may_be_granted: bool,
}

impl Standing {
    pub(crate) const fn new(granted: bool) -> Self {
        Self {
            granted,
            may_be_revoked: false,
            may_be_granted: false,
        }
    }

    /// A grant was asked for, or its end.
    pub(crate) fn asked(&mut self, granted: bool, outcome: &Outcome<()>) {
        match outcome {
            Outcome::Done(()) => self.granted = granted,
            Outcome::Refused | Outcome::Unsent => {}
            Outcome::Unknown | Outcome::Wrong(_) if granted => self.may_be_granted = true,
            Outcome::Unknown | Outcome::Wrong(_) => self.may_be_revoked = true,
        }
    }

    /// Judges what a process says of it.
    pub(crate) const fn judge(self, granted: bool) -> Option<Fault> {
        let may_be = match granted {
            true => self.may_be_granted,
            false => self.may_be_revoked,
        };
        if granted == self.granted || may_be {
            None
        } else {
            Some(Fault::Lost)
        }
    }
}

/// Judges a read of a value: it is `expected`, whose storing was acknowledged or may have happened.
pub(crate) fn judge_read(
    standing: Standing,
    acknowledged: bool,
    expected: &[u8],
    read: &Outcome<Vec<u8>>,
) -> Option<Fault> {
    match read {
        Outcome::Done(value) if value != expected => Some(Fault::Lost),
        Outcome::Done(_) => standing.judge(true),
        Outcome::Refused if acknowledged => standing.judge(false),
        Outcome::Refused | Outcome::Unsent | Outcome::Unknown | Outcome::Wrong(_) => None,
    }
}

/// Something that is for one taker: a value of one read, a state, a JWT.
#[derive(Clone, Debug, Default)]
pub(crate) struct Once {
    /// Who got it.
    taker: Option<u32>,
    /// Who may have got it, since nobody knows.
    unknown: Vec<u32>,
    /// Whether somebody was refused.
    refused: bool,
}

impl Once {
    /// Takes what became of somebody's attempt. The same taker may try again and gets the same.
    pub(crate) fn tried<T>(&mut self, by: u32, outcome: &Outcome<T>) -> Option<Fault> {
        match outcome {
            Outcome::Done(_) => match self.taker.replace(by) {
                Some(other) if other != by => return Some(Fault::Twice),
                _ => {}
            },
            Outcome::Refused if self.taker == Some(by) => return Some(Fault::Lost),
            Outcome::Refused => {
                self.refused = true;
                // Whoever may repeat it knows now that he did not get it.
                self.unknown.retain(|one| *one != by);
            }
            Outcome::Unsent => {}
            Outcome::Unknown | Outcome::Wrong(_) => self.unknown.push(by),
        }
        None
    }

    /// Judges attempts that were answered: somebody must have it.
    pub(crate) fn judge(&self) -> Option<Fault> {
        let nobody = self.taker.is_none() && self.unknown.is_empty();
        (nobody && self.refused).then_some(Fault::Lost)
    }
}

/// What a worker counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    /// Requests with an answer that says what was done, a refusal among them.
    pub(crate) acknowledged: u64,
    /// Requests that no process took, and those of which nobody knows.
    pub(crate) unsent: u64,
    pub(crate) unknown: u64,
    pub(crate) wrong: u64,
    pub(crate) lost: u64,
    pub(crate) twice: u64,
    /// What was read back or tried again at the end.
    pub(crate) values: u64,
    pub(crate) grants: u64,
    pub(crate) one_time: u64,
    pub(crate) transfers: u64,
}

impl Tally {
    /// Counts a request.
    pub(crate) fn count<T>(&mut self, outcome: &Outcome<T>) {
        self.requests += 1;
        match outcome {
            Outcome::Done(_) | Outcome::Refused => self.acknowledged += 1,
            Outcome::Unsent => self.unsent += 1,
            Outcome::Unknown => self.unknown += 1,
            Outcome::Wrong(_) => self.wrong += 1,
        }
    }

    /// Everything that must not be.
    pub(crate) const fn faults(&self) -> u64 {
        self.wrong + self.lost + self.twice
    }

    /// Counts a fault.
    pub(crate) fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Lost => self.lost += 1,
            Fault::Twice => self.twice += 1,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self {
            requests,
            acknowledged,
            unsent,
            unknown,
            wrong,
            lost,
            twice,
            values,
            grants,
            one_time,
            transfers,
        } = other;
        self.requests += requests;
        self.acknowledged += acknowledged;
        self.unsent += unsent;
        self.unknown += unknown;
        self.wrong += wrong;
        self.lost += lost;
        self.twice += twice;
        self.values += values;
        self.grants += grants;
        self.one_time += one_time;
        self.transfers += transfers;
    }
}

#[cfg(test)]
mod tests;
