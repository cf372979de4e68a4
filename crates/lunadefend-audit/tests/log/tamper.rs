//! Whatever is done to the bytes of a log is found.

use crate::support::{Heads, Memory, record, verify};
use lunadefend_audit::{Beginning, End, Head, Problem};
use proptest::prelude::*;
use std::sync::LazyLock;

const ACTS: u64 = 12;

/// The lines of a process that ended in order, and its last head.
struct Log {
    bytes: Vec<u8>,
    lines: Vec<Vec<u8>>,
    heads: Vec<Head>,
}

impl Log {
    fn write() -> Self {
        let (memory, heads) = (Memory::default(), Heads::default());
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async {
            let audit = memory.start(true, &heads).unwrap();
            for number in 0..ACTS {
                audit.record(record(number)).await.unwrap();
            }
            audit.close().await;
        });
        let bytes = memory.bytes();
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        Self {
            lines: lines.map(<[u8]>::to_vec).collect(),
            heads: heads.lock().unwrap().clone(),
            bytes,
        }
    }

    fn last(&self) -> &[Head] {
        &self.heads[self.heads.len() - 1..]
    }

    fn is_refused(&self, bytes: &[u8]) -> bool {
        verify(&[bytes], Beginning::Whole, self.last()).is_err()
    }
}

static LOG: LazyLock<Log> = LazyLock::new(Log::write);
/// Another process with the same key.
static OTHER: LazyLock<Log> = LazyLock::new(Log::write);

#[test]
fn a_log_is_as_it_was_written() {
    let (requests, report) = verify(&[&LOG.bytes], Beginning::Whole, &LOG.heads).unwrap();
    let expected: Vec<_> = (0..ACTS)
        .map(|number| format!("request-{number}"))
        .collect();
    assert_eq!(requests, expected);
    assert_eq!((report.lines, report.torn), (ACTS + 2, 0));
    assert_eq!(report.processes[0].end, End::Stopped);
    // The first line is published too, so that no process goes unnoticed.
    assert_eq!(LOG.heads[0].number, 0);
    assert_eq!(LOG.last(), [report.processes[0].last.clone()]);
}

#[test]
fn processes_are_read_together_in_any_order() {
    let heads = [LOG.last(), OTHER.last()].concat();
    for files in [[&*LOG.bytes, &*OTHER.bytes], [&*OTHER.bytes, &*LOG.bytes]] {
        let (_, report) = verify(&files, Beginning::Whole, &heads).unwrap();
        assert_eq!(report.processes.len(), 2);
    }
    // One is missing.
    let found = verify(&[&LOG.bytes], Beginning::Whole, &heads).unwrap_err();
    assert!(matches!(found.problem, Problem::CutOff { last: None, .. }));
}

#[test]
fn a_finding_says_what_and_where() {
    let changed = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut lines = LOG.lines.clone();
        change(&mut lines);
        let found = verify(&[&lines.concat()], Beginning::Whole, LOG.last()).unwrap_err();
        (found.line, found.problem)
    };
    let dropped = changed(&|lines| drop(lines.remove(3)));
    assert!(matches!(
        dropped,
        (
            Some(4),
            Problem::Missing {
                expected: 3,
                found: 4
            }
        )
    ));
    let repeated = changed(&|lines| lines.insert(3, lines[2].clone()));
    assert!(matches!(
        repeated,
        (Some(4), Problem::Repeated { found: 2 })
    ));
    let swapped = changed(&|lines| lines.swap(4, 5));
    assert!(matches!(swapped, (Some(5), Problem::Missing { .. })));
    let forged = changed(&|lines| {
        let line = String::from_utf8(lines[6].clone()).unwrap();
        lines[6] = line.replace("detokenize", "describe").into_bytes();
    });
    assert!(matches!(forged, (Some(7), Problem::Forged)));
    let garbage = changed(&|lines| lines.insert(2, b"nothing\n".to_vec()));
    assert!(matches!(garbage, (Some(3), Problem::Malformed)));
    let cut = changed(&|lines| lines.truncate(9));
    assert!(matches!(cut, (None, Problem::CutOff { last: Some(8), .. })));
    let headless = changed(&|lines| drop(lines.remove(0)));
    assert!(matches!(
        headless,
        (Some(1), Problem::NoBeginning { found: 1 })
    ));
}

/// Without a head a cut end looks like a process that still runs: that is why heads are kept elsewhere.
#[test]
fn a_cut_end_is_found_by_a_head_alone() {
    let cut = LOG.lines[..5].concat();
    let (_, report) = verify(&[&cut], Beginning::Whole, &[]).unwrap();
    assert_eq!(report.processes[0].end, End::Open);
    assert!(LOG.is_refused(&cut));
}

#[test]
fn a_line_of_another_process_has_no_place() {
    let mut lines = LOG.lines.clone();
    lines[4].clone_from(&OTHER.lines[4]);
    assert!(LOG.is_refused(&lines.concat()));
    // Nor may the process of a line be written anew.
    let (one, other) = (LOG.last()[0].process, OTHER.last()[0].process);
    let line = String::from_utf8(OTHER.lines[4].clone()).unwrap();
    lines[4] = line.replace(&other.to_string(), &one.to_string()).into();
    assert!(LOG.is_refused(&lines.concat()));
}

#[test]
fn a_head_of_another_line_is_found() {
    let head = LOG.last()[0].to_string();
    let digit = if head.ends_with('0') { "1" } else { "0" };
    let other = format!("{}{digit}", &head[..head.len() - 1]);
    let found = verify(&[&LOG.bytes], Beginning::Whole, &[other.parse().unwrap()]).unwrap_err();
    assert!(matches!(found.problem, Problem::OtherHead { .. }));
}

#[test]
fn stdout_of_others_is_skipped_only_when_asked() {
    let mut lines = LOG.lines.clone();
    lines.insert(3, b"lunadefend tokenizer listening on http://x\n".to_vec());
    let mixed = lines.concat();
    assert!(LOG.is_refused(&mixed));
    let key = crate::support::key();
    let reader = || {
        lunadefend_audit::Verifier::new(&key, Beginning::Whole)
            .with_heads(LOG.last().iter().cloned())
            .skipping_others()
    };
    let mut verifier = reader();
    verifier.file(&*mixed, |_, _| ()).unwrap();
    verifier.finish().unwrap();
    // What no longer begins like a line is missing.
    lines[5][0] = b'x';
    assert!(reader().file(&*lines.concat(), |_, _| ()).is_err());
}

proptest! {
    #[test]
    fn any_changed_byte_is_found(at: prop::sample::Index, change in 1..=255_u8) {
        let mut bytes = LOG.bytes.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        prop_assert!(LOG.is_refused(&bytes));
    }

    #[test]
    fn any_dropped_part_is_found(from: prop::sample::Index, length in 1..2000_usize) {
        let mut bytes = LOG.bytes.clone();
        let from = from.index(bytes.len());
        let to = bytes.len().min(from + length);
        bytes.drain(from..to);
        prop_assert!(LOG.is_refused(&bytes));
    }

    #[test]
    fn any_cut_end_is_found(length: prop::sample::Index) {
        prop_assert!(LOG.is_refused(&LOG.bytes[..length.index(LOG.bytes.len())]));
    }

    #[test]
    fn any_other_order_is_found(order in Just((0..LOG.lines.len()).collect::<Vec<_>>()).prop_shuffle()) {
        prop_assume!(!order.is_sorted());
        let lines: Vec<_> = order.into_iter().map(|at| LOG.lines[at].clone()).collect();
        prop_assert!(LOG.is_refused(&lines.concat()));
    }

    #[test]
    fn any_repeated_line_is_found(which: prop::sample::Index, to: prop::sample::Index) {
        let mut lines = LOG.lines.clone();
        let line = lines[which.index(lines.len())].clone();
        let to = to.index(lines.len() + 1);
        lines.insert(to, line);
        prop_assert!(LOG.is_refused(&lines.concat()));
    }

    #[test]
    fn any_inserted_bytes_are_found(at: prop::sample::Index, bytes in prop::collection::vec(any::<u8>(), 1..100)) {
        let mut changed = LOG.bytes.clone();
        // At the very end they may be the beginning of a line that never was durable.
        let at = at.index(changed.len());
        changed.splice(at..at, bytes);
        prop_assume!(changed != LOG.bytes);
        prop_assert!(LOG.is_refused(&changed));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = verify(&[&bytes], Beginning::Rest, &[]);
    }
}
