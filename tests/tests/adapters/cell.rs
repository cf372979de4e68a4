//! A field of the table: what an adapter made of a row.

use crate::{
    answer::{Answer, compare},
    row::{Expected, Row},
};

/// What one adapter made of one row.
pub(crate) struct Cell {
    pub(crate) row: String,
    expected: Expected,
    answer: Option<Answer>,
    cost: Option<Cost>,
    /// What was wrong besides.
    wrong: Vec<String>,
}

/// What an answer took.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// How often the session id provider was asked.
    pub(crate) questions: usize,
    /// How many requests the tokenizer got.
    pub(crate) calls: usize,
}

impl Cell {
    pub(crate) fn new(row: Row, answer: Option<Answer>) -> Self {
        Self {
            row: row.name,
            expected: row.expected,
            answer,
            cost: None,
            wrong: Vec::new(),
        }
    }

    pub(crate) fn with_cost(mut self, cost: Cost) -> Self {
        self.cost = Some(cost);
        self
    }

    /// Whether the server failed, or was made to.
    pub(crate) fn is_failure(&self) -> bool {
        self.answer.as_ref().is_none_or(Answer::is_failure)
    }

    pub(crate) fn add(&mut self, wrong: Vec<String>) {
        self.wrong.extend(wrong);
    }

    /// Everything that is wrong, by the table and beside another adapter.
    pub(crate) fn problems(&self, other: &Self, other_name: &str) -> Vec<String> {
        let mut found = self.by_the_table();
        let unlike = self.beside(other);
        let unlike = unlike
            .iter()
            .map(|text| format!("unlike {other_name}: {text}"));
        found.extend(unlike);
        found.extend(self.wrong.iter().cloned());
        found
    }

    pub(crate) fn by_the_table(&self) -> Vec<String> {
        let mut found = match &self.answer {
            Some(answer) => answer.against(&self.expected),
            None => vec!["no answer".to_owned()],
        };
        if let Some(cost) = self.cost {
            if cost.questions > 1 {
                found.push(format!("{} questions to the provider", cost.questions));
            }
            if cost.calls > 0 && self.expected.is_refused_unasked() {
                found.push(format!("{} calls of the tokenizer for nothing", cost.calls));
            }
        }
        found
    }

    fn beside(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.expected.by_framework {
            return found;
        }
        if let (Some(mine), Some(theirs)) = (&self.answer, &other.answer) {
            found.extend(mine.beside(theirs));
        }
        if let (Some(mine), Some(theirs)) = (self.cost, other.cost) {
            let questions = "questions to the provider";
            compare(&mut found, questions, &mine.questions, &theirs.questions);
            compare(
                &mut found,
                "calls of the tokenizer",
                &mine.calls,
                &theirs.calls,
            );
        }
        found
    }
}
