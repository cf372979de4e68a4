//! The way from the whole to the member that is wrong.

use super::{What, Wrong};
use serde::de;
use std::{
    cell::{Cell, RefCell},
    fmt,
};

/// One step of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A field or variant of the program.
    Name(&'static str),
    /// An item of a list, from 0.
    Item(usize),
    /// A key of a map, which only the input knows.
    Key,
}

/// The way to a member: `payment.cards[2].number`; a key of a map is `*`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

impl Path {
    /// Returns the same with one more name of the program.
    pub(crate) fn with(mut self, name: &'static str) -> Self {
        self.0.push(Step::Name(name));
        self
    }

    /// Returns whether it says where something is. The keys alone do not: those of a type with a flattened part
    /// look like those of a map.
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

/// What is known while a value is read.
#[derive(Default)]
pub(super) struct Trace<const FORM: bool> {
    steps: RefCell<Vec<Step>>,
    /// The name that the last key is, if it is one.
    key: Cell<Option<&'static str>>,
    /// On its way through an error of the format's.
    found: Cell<Option<What>>,
}

impl<const FORM: bool> Trace<FORM> {
    /// Reads what is one step further. An error stays there.
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

    /// Compares a key of the input with the names that the program has there.
    pub(super) fn saw_key(&self, key: &str, names: &'static [&'static str]) {
        self.key
            .set(names.iter().copied().find(|name| *name == key));
    }

    pub(super) fn take_key(&self) -> Option<&'static str> {
        self.key.take()
    }

    /// Hands our error through the format.
    pub(super) fn keep<E: de::Error>(&self, wrong: Wrong<FORM>) -> E {
        self.found.set(Some(wrong.0));
        E::custom(wrong)
    }

    /// Our error that came through the format, or one in place of the format's own, which may repeat the
    /// input.
    pub(super) fn take<E>(&self, _: E) -> Wrong<FORM> {
        Wrong(self.found.take().unwrap_or(What::Other))
    }

    pub(super) fn into_path(self) -> Path {
        Path(self.steps.into_inner())
    }
}
