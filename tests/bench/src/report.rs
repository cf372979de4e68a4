//! What a run has found, as a table and as JSON.

use crate::figures::{Rounds, Verdict, Wanted, judge};
use serde::Serialize;
use std::{
    fmt::{self, Write},
    time::Duration,
};

/// Names a contender of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Id {
    /// What it does.
    pub(crate) name: &'static str,
    /// How many operations are under way at once.
    pub(crate) in_flight: usize,
}

impl Id {
    /// Names the contender that does this with so many operations at once.
    #[must_use]
    pub(crate) const fn new(name: &'static str, in_flight: usize) -> Self {
        Self { name, in_flight }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} @{}", self.name, self.in_flight)
    }
}

/// One round of a contender.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// How many operations ended.
    pub(crate) operations: u64,
    /// The time for them.
    pub(crate) time: Duration,
    /// Latencies that half, 99 % and 99.9 % of the operations had at most.
    pub(crate) percentiles: [Duration; 3],
    /// The processor time of the server's process, and of the client's.
    pub(crate) cpu: [Duration; 2],
    /// That of the thread of the server that writes to the embedded store.
    pub(crate) writer: Duration,
}

/// What was measured of one contender.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Contender {
    /// Its name.
    #[serde(flatten)]
    pub(crate) id: Id,
    /// How many tokens are in one operation.
    pub(crate) items: u64,
    /// Operations per second, in each round.
    pub(crate) per_second: Rounds,
    /// Microseconds that half, 99 % and 99.9 % of the operations took at most, in each round.
    pub(crate) p50: Rounds,
    /// See `p50`.
    pub(crate) p99: Rounds,
    /// See `p50`.
    pub(crate) p999: Rounds,
    /// Operations per second of processor time of the server, in each round.
    pub(crate) per_server_cpu: Rounds,
    /// The same of the client.
    pub(crate) per_client_cpu: Rounds,
    /// Microseconds of processor time per operation over all rounds, of the server and of the client.
    pub(crate) cpu: [f64; 2],
    /// Microseconds of processor time per operation of the server, in each round.
    pub(crate) server_cpu: Rounds,
    /// The same of its thread that writes to the embedded store.
    pub(crate) writer_cpu: Rounds,
    /// Allocations per operation of the server and of the client, where they were counted.
    pub(crate) allocations: [Option<f64>; 2],
}

impl Contender {
    /// Makes the contender of these rounds.
    #[must_use]
    pub(crate) fn new(id: Id, items: u64, rounds: &[Round]) -> Self {
        let each = |of: &dyn Fn(&Round) -> f64| rounds.iter().map(of).collect::<Rounds>();
        let micros = |at: usize| each(&|round| round.percentiles[at].as_secs_f64() * 1e6);
        let by_cpu =
            |of: usize| each(&|round| round.operations as f64 / round.cpu[of].as_secs_f64());
        let micros_each = |of: &dyn Fn(&Round) -> Duration| {
            each(&|round| of(round).as_secs_f64() * 1e6 / round.operations as f64)
        };
        let operations: u64 = rounds.iter().map(|round| round.operations).sum();
        let cpu = |of: usize| {
            let all: Duration = rounds.iter().map(|round| round.cpu[of]).sum();
            all.as_secs_f64() * 1e6 / operations as f64
        };
        Self {
            id,
            items,
            per_second: each(&|round| round.operations as f64 / round.time.as_secs_f64()),
            p50: micros(0),
            p99: micros(1),
            p999: micros(2),
            per_server_cpu: by_cpu(0),
            per_client_cpu: by_cpu(1),
            cpu: [cpu(0), cpu(1)],
            server_cpu: micros_each(&|round| round.cpu[0]),
            writer_cpu: micros_each(&|round| round.writer),
            allocations: [None; 2],
        }
    }
}

/// The quantity of two contenders that a ratio compares.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) enum Quantity {
    /// Tokens per second.
    ItemsPerSecond,
    /// Tokens per second of the server's processor time.
    ItemsPerServerCpu,
    /// Processor time of the server.
    ServerCpu,
    /// Processor time of the thread that writes to the embedded store.
    WriterCpu,
    /// The time that half of the operations take at most.
    P50,
    /// The time that 99.9 % of the operations take at most.
    P999,
}

impl Quantity {
    fn of(self, contender: &Contender) -> Rounds {
        match self {
            Self::ItemsPerSecond => contender.per_second.times(contender.items),
            Self::ItemsPerServerCpu => contender.per_server_cpu.times(contender.items),
            Self::ServerCpu => contender.server_cpu.clone(),
            Self::WriterCpu => contender.writer_cpu.clone(),
            Self::P50 => contender.p50.clone(),
            Self::P999 => contender.p999.clone(),
        }
    }

    /// What says whether a reference was steady.
    fn steadiness(self, reference: &Contender) -> Rounds {
        match self {
            // The slowest calls of a turn are few, and never steady.
            Self::P999 => reference.per_second.clone(),
            _ => self.of(reference),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::ItemsPerSecond => "tokens/s",
            Self::ItemsPerServerCpu => "tokens per second of the server's processor",
            Self::ServerCpu => "processor time",
            Self::WriterCpu => "processor time of the writer",
            Self::P50 => "p50",
            Self::P999 => "p99.9",
        }
    }
}

/// A ratio of two contenders of a group.
#[derive(Clone, Debug)]
pub(crate) struct Ratio {
    /// What is compared.
    pub(crate) quantity: Quantity,
    /// The contender above the line.
    pub(crate) of: Id,
    /// The reference, below it.
    pub(crate) to: Id,
    /// What the ratio must be.
    pub(crate) wanted: Wanted,
}

/// A number that stands for itself.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fact {
    /// What it is.
    pub(crate) name: String,
    /// Its value in each round.
    pub(crate) rounds: Rounds,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// What it must be at most.
    pub(crate) at_most: Option<f64>,
}

/// A group of contenders that took turns.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: &'static str,
    /// What has to be known to read it.
    pub(crate) note: String,
    /// The contenders.
    pub(crate) contenders: Vec<Contender>,
    /// Their ratios.
    pub(crate) ratios: Vec<Ratio>,
    /// What else was found.
    pub(crate) facts: Vec<Fact>,
}

impl Group {
    /// Makes a group that has no facts.
    #[must_use]
    pub(crate) const fn new(
        name: &'static str,
        note: String,
        contenders: Vec<Contender>,
        ratios: Vec<Ratio>,
    ) -> Self {
        Self {
            name,
            note,
            contenders,
            ratios,
            facts: Vec::new(),
        }
    }

    /// Judges a ratio.
    #[must_use]
    pub(crate) fn verdict(&self, ratio: &Ratio) -> Verdict {
        let find = |id: &Id| {
            let found = self.contenders.iter().find(|one| one.id == *id);
            found.map_or_else(Rounds::default, |one| ratio.quantity.of(one))
        };
        let steady = self.contenders.iter().find(|one| one.id == ratio.to);
        let steady = steady.map_or_else(Rounds::default, |one| ratio.quantity.steadiness(one));
        judge(&find(&ratio.of), &find(&ratio.to), &steady, ratio.wanted)
    }

    /// Writes the group's tables, as Markdown.
    #[must_use]
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n{}\n", self.name, self.note);
        let contenders = self.contenders.iter().map(row).collect::<Vec<_>>();
        table(&mut text, &HEADINGS, &contenders);
        let ratios = self.ratios.iter().map(|ratio| self.ratio_row(ratio));
        let ratios = ratios.collect::<Vec<_>>();
        table(&mut text, &["ratio", "of", "is", "wanted", ""], &ratios);
        let facts = self.facts.iter().map(fact_row).collect::<Vec<_>>();
        table(&mut text, &["figure", "is", "wanted", ""], &facts);
        text
    }

    fn ratio_row(&self, ratio: &Ratio) -> Vec<String> {
        let wanted = match ratio.wanted {
            Wanted::AtLeast(least) => format!(">= {least}"),
            Wanted::AtMost(most) => format!("<= {most}"),
        };
        let (is, ok) = match self.verdict(ratio) {
            Verdict::Is { ratio, ok } => (format!("{ratio:.2}"), is_ok(ok)),
            Verdict::TooNoisy { spread } => (
                format!("too noisy (spread {:.0} %)", spread * 100.0),
                "repeat",
            ),
            Verdict::Missing => ("not measured".to_owned(), "repeat"),
        };
        let name = format!("{} / {}", ratio.of, ratio.to);
        let quantity = ratio.quantity.name().to_owned();
        vec![name, quantity, is, wanted, ok.to_owned()]
    }

    /// The group as JSON, with every round.
    #[must_use]
    pub(crate) fn json(&self) -> serde_json::Value {
        let ratios = self.ratios.iter().map(|ratio| {
            let (is, verdict) = match self.verdict(ratio) {
                Verdict::Is { ratio, ok } => (Some(ratio), is_ok(ok)),
                Verdict::TooNoisy { .. } => (None, "too noisy"),
                Verdict::Missing => (None, "missing"),
            };
            let (least, most) = match ratio.wanted {
                Wanted::AtLeast(least) => (Some(least), None),
                Wanted::AtMost(most) => (None, Some(most)),
            };
            serde_json::json!({
                "quantity": ratio.quantity.name(), "of": ratio.of, "to": ratio.to, "is": is,
                "at_least": least, "at_most": most, "verdict": verdict,
            })
        });
        serde_json::json!({
            "name": self.name, "note": self.note, "contenders": self.contenders,
            "ratios": ratios.collect::<Vec<_>>(), "facts": self.facts,
        })
    }
}

const HEADINGS: [&str; 11] = [
    "contender",
    "in flight",
    "op/s",
    "spread",
    "p50 us",
    "p99 us",
    "p99.9 us",
    "server us/op",
    "client us/op",
    "server allocs/op",
    "client allocs/op",
];

const fn is_ok(ok: bool) -> &'static str {
    if ok { "ok" } else { "not ok" }
}

fn row(one: &Contender) -> Vec<String> {
    // What has no calls has no latencies.
    let micros = |rounds: &Rounds| shown(rounds.median().filter(|micros| *micros > 0.0), 0);
    let spread = one.per_second.spread();
    vec![
        one.id.name.to_owned(),
        one.id.in_flight.to_string(),
        shown(one.per_second.median(), 0),
        spread.map_or_else(unknown, |spread| format!("{:.0} %", spread * 100.0)),
        micros(&one.p50),
        micros(&one.p99),
        micros(&one.p999),
        shown(Some(one.cpu[0]), 1),
        shown(Some(one.cpu[1]), 1),
        shown(one.allocations[0], 1),
        shown(one.allocations[1], 1),
    ]
}

fn fact_row(fact: &Fact) -> Vec<String> {
    let is = fact.rounds.median();
    let wanted = fact.at_most.map(|most| format!("<= {most} {}", fact.unit));
    let ok = is.zip(fact.at_most).map(|(is, most)| is_ok(is <= most));
    vec![
        fact.name.clone(),
        format!("{} {}", shown(is, 1), fact.unit),
        wanted.unwrap_or_default(),
        ok.unwrap_or_default().to_owned(),
    ]
}

fn unknown() -> String {
    "-".to_owned()
}

fn shown(value: Option<f64>, digits: usize) -> String {
    value
        .filter(|value| value.is_finite())
        .map_or_else(unknown, |value| format!("{value:.digits$}"))
}

/// Adds a table whose columns are as wide as their widest cell.
fn table(text: &mut String, headings: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(String::len).max().unwrap_or(0);
        widest.max(headings[column].len()).max(3)
    };
    let widths: Vec<_> = (0..headings.len()).map(width).collect();
    text.push('\n');
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        for (cell, width) in cells.zip(&widths) {
            // Writing to a text does not fail.
            let _ = write!(text, "| {cell:<width$} ");
        }
        text.push_str("|\n");
    };
    line(&mut headings.iter().map(|&heading| heading.to_owned()));
    line(&mut widths.iter().map(|&width| "-".repeat(width)));
    for row in rows {
        line(&mut row.iter().cloned());
    }
}

#[cfg(test)]
mod tests;
