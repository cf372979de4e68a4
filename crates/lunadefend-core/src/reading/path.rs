//! The path from the whole value to the invalid member.

use super::{What, Wrong};
use serde::de;
use std::{
    cell::{Cell, RefCell},
    fmt,
};

/// One step of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A field or variant of the program.
    Name(&'static str),
    /// An item of a list, from 0.
    Item(usize),
    /// A map key: part of the input, so never named.
    Key,
}

/// The path of a member: `payment.cards[2].number`; a map key is `*`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

impl Path {
    /// Returns the path extended by a field of the program.
    pub(crate) fn with(mut self, name: &'static str) -> Self {
        self.0.push(Step::Name(name));
        self
    }

    /// Returns whether the path locates a member. Keys alone do not: the keys of a type with a flattened part
    /// look like map keys.
    pub(crate) fn is_known(&self) -> bool {
        self.0.iter().any(|step| *step != Step::Key)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            match step {
                Step::Name(name) => write!(f, "{dot}{name}")?,
                Step::Item(item) => write!(f, "[{item}]")?,
                Step::Key => write!(f, "{dot}*")?,
            }
        }
        Ok(())
    }
}

/// The state while a value is read.
#[derive(Default)]
pub(super) struct Trace<const FORM: bool> {
    steps: RefCell<Vec<Step>>,
    /// The field that the last key names, if any.
    key: Cell<Option<&'static str>>,
    /// The problem, while the format's error is being passed up.
    found: Cell<Option<What>>,
}

impl<const FORM: bool> Trace<FORM> {
    /// Reads one step further. On an error the path stays there.
    pub(super) fn within<T, E>(
        &self,
        step: Option<Step>,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let depth = self.steps.borrow().len();
        self.steps.borrow_mut().extend(step);
        let read = read();
        if read.is_ok() {
            self.steps.borrow_mut().truncate(depth);
        }
        read
    }

    /// Compares a key of the input with the program's names at this place.
    pub(super) fn saw_key(&self, key: &str, names: &'static [&'static str]) {
        self.key
            .set(names.iter().copied().find(|name| *name == key));
    }

    pub(super) fn take_key(&self) -> Option<&'static str> {
        self.key.take()
    }

    /// Passes our error through the format.
    pub(super) fn keep<E: de::Error>(&self, wrong: Wrong<FORM>) -> E {
        self.found.set(Some(wrong.0));
        E::custom(wrong)
    }

    /// Returns our error after it passed through the format, or replaces the format's own, which may echo the
    /// input.
    pub(super) fn take<E>(&self, _: E) -> Wrong<FORM> {
        Wrong(self.found.take().unwrap_or(What::Other))
    }

    pub(super) fn into_path(self) -> Path {
        Path(self.steps.into_inner())
    }
}
