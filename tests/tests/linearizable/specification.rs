//! What a token is to those who use it one after the other.

use lunadefend_core::provider::UnixMillis;
use std::collections::BTreeSet;
use todc_utils::Specification;

/// How many sessions use a token.
pub(crate) const SESSIONS: usize = 2;
/// How often its value may be read.
pub(crate) const READS: u32 = 1;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Set { session: usize, until: UnixMillis },
    Verify { session: usize },
    RevokeOne { session: usize },
    RevokeAll,
    Read { session: usize, read: u8 },
}

impl Call {
    /// Whether it may write.
    pub(crate) const fn writes(self) -> bool {
        !matches!(self, Self::Verify { .. })
    }

    /// Whether it makes a difference that it takes effect again. A read has an id, by which it counts once.
    pub(crate) const fn adds_up(self) -> bool {
        self.writes() && !matches!(self, Self::Read { .. })
    }
}

/// What a client is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Grant(Option<UnixMillis>),
    Value,
    Refused,
}

/// What the checker puts in an order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// A call takes effect, and this is its answer.
    Effect(Call, Answer),
    /// From now on a call may take effect, any number of times.
    Opens(Call),
    /// From now on it does not any more.
    Closes(Call),
}

/// A token whose value may be read [`READS`] times.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Token {
    grants: [Option<UnixMillis>; SESSIONS],
    reads: BTreeSet<u8>,
}

impl Token {
    fn step(&mut self, call: Call) -> Answer {
        match call {
            Call::Set { session, until } => {
                let held = &mut self.grants[session];
                *held = (*held).max(Some(until));
                Answer::Done
            }
            Call::Verify { session } => Answer::Grant(self.grants[session]),
            Call::RevokeOne { session } => {
                self.grants[session] = None;
                Answer::Done
            }
            Call::RevokeAll => {
                self.grants = [None; SESSIONS];
                Answer::Done
            }
            Call::Read { session, read } => {
                let is_left = self.reads.len() < READS as usize;
                if self.grants[session].is_none() || !(is_left || self.reads.contains(&read)) {
                    return Answer::Refused;
                }
                self.reads.insert(read);
                Answer::Value
            }
        }
    }
}

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Known {
    /// What it may be.
    possible: BTreeSet<Token>,
    /// The calls that may take effect at any time.
    open: Vec<Call>,
}

impl Known {
    /// Adds what open calls may make of what is possible.
    fn spread(&mut self) {
        let mut new: Vec<_> = self.possible.iter().cloned().collect();
        while let Some(token) = new.pop() {
            for call in &self.open {
                let mut after = token.clone();
                after.step(*call);
                if self.possible.insert(after.clone()) {
                    new.push(after);
                }
            }
        }
    }
}

impl Specification for Token {
    type State = Known;
    type Operation = Operation;

    fn init() -> Known {
        Known {
            possible: BTreeSet::from([Self::default()]),
            open: Vec::new(),
        }
    }

    fn apply(operation: &Operation, state: &Known) -> (bool, Known) {
        let mut known = state.clone();
        match *operation {
            Operation::Effect(call, answer) => {
                let tokens = state.possible.iter().cloned();
                let after =
                    tokens.filter_map(|mut token| (token.step(call) == answer).then_some(token));
                known.possible = after.collect();
            }
            Operation::Opens(call) => known.open.push(call),
            Operation::Closes(call) => {
                let at = known.open.iter().position(|open| *open == call);
                known.open.swap_remove(at.unwrap());
            }
        }
        known.spread();
        match known.possible.is_empty() {
            true => (false, state.clone()),
            false => (true, known),
        }
    }
}
