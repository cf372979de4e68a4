//! The problems that keep a schema from building.

use std::fmt;

/// A schema with a `@token` that cannot be enforced, or without the extension that enforces it.
///
/// `Display` names every place, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    problems: Vec<Problem>,
}

impl SchemaError {
    pub(crate) const fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    pub(crate) fn not_enforced() -> Self {
        Self::new(vec![Problem::new(
            "schema",
            "it has no `TokenExtension`: build it by `lunadefend_graphql::build`",
        )])
    }

    /// Returns every problem.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tokens of this schema would go unchecked")?;
        for problem in &self.problems {
            write!(f, "; {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SchemaError {}

/// One problem at one place of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    place: String,
    message: String,
}

impl Problem {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }

    /// Returns the place: `Type.field`, `Type.field(argument:)` or `Type`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Returns the problem, and what to do about it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
