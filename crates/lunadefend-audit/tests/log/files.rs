//! Files: what a new process goes on in, and rotation.

use crate::support::{Heads, key, options, record, request_of, verify};
use lunadefend_audit::{
    Audit, AuditError, AuditFile, Beginning, End, Finding, Head, Problem, Report,
};
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

const BIG: u64 = 1 << 30;

fn start(path: &Path, full_at: u64, heads: &Heads) -> Audit {
    let (file, tail) = AuditFile::open(path, full_at).unwrap();
    Audit::start(key(), file, tail, options(true, heads)).unwrap()
}

async fn run(path: &Path, full_at: u64, acts: std::ops::Range<u64>) -> Head {
    let heads = Heads::default();
    let audit = start(path, full_at, &heads);
    for number in acts {
        audit.record(record(number)).await.unwrap();
    }
    audit.close().await;
    let head = heads.lock().unwrap().last().cloned();
    head.unwrap()
}

/// All files of a log, in the order of a shell's `audit.log.* audit.log`.
fn files(path: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(path.parent().unwrap()).unwrap();
    let mut files: Vec<_> = found.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file != path);
    files.sort();
    files.push(path.to_owned());
    files
}

fn verify_files(
    files: &[PathBuf],
    beginning: Beginning,
    heads: &[Head],
) -> Result<(Vec<String>, Report), Finding> {
    let contents: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let contents: Vec<_> = contents.iter().map(Vec::as_slice).collect();
    verify(&contents, beginning, heads)
}

#[tokio::test]
async fn processes_follow_each_other_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let mut heads = Vec::new();
    for process in 0..3 {
        heads.push(run(&path, BIG, process * 10..process * 10 + 4).await);
    }
    let (requests, report) = verify_files(&files(&path), Beginning::Whole, &heads).unwrap();
    assert_eq!((requests.len(), report.processes.len()), (12, 3));

    // The lines of the second, all of them, without a head of it.
    let text = fs::read_to_string(&path).unwrap();
    let second = heads[1].process.to_string();
    let without: String = text
        .split_inclusive('\n')
        .filter(|line| !line.contains(&format!(r#""process":"{second}""#)))
        .collect();
    let found = verify(&[without.as_bytes()], Beginning::Whole, &[]).unwrap_err();
    assert!(matches!(found.problem, Problem::OtherBefore), "{found}");

    // The last line of the first, which the second has found.
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let cut = [&lines[..5], &lines[6..]].concat().concat();
    let found = verify(&[cut.as_bytes()], Beginning::Whole, &[]).unwrap_err();
    assert!(matches!(found.problem, Problem::OtherBefore), "{found}");
    assert_eq!(found.line, Some(6));
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    run(&path, 1000, 0..8).await;
    for file in files(&path) {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_file_has_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let audit = start(&path, BIG, &Heads::default());
    let refused = AuditFile::open(&path, BIG).unwrap_err();
    assert!(matches!(refused, AuditError::InUse { .. }), "{refused}");
    audit.close().await;
}

#[test]
fn what_is_no_audit_log_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "my notes\n").unwrap();
    let refused = AuditFile::open(&path, BIG).unwrap_err();
    assert!(matches!(refused, AuditError::Other { .. }), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), b"my notes\n");
    let refused = AuditFile::open(folder.path(), BIG).unwrap_err();
    assert!(matches!(refused, AuditError::NotAFile { .. }), "{refused}");
    let nowhere = folder.path().join("none/audit.log");
    let refused = AuditFile::open(&nowhere, BIG).unwrap_err();
    assert!(matches!(refused, AuditError::File { .. }), "{refused}");
}

#[tokio::test]
async fn files_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let mut heads = vec![run(&path, 1500, 0..20).await];
    // A new process numbers on.
    heads.push(run(&path, 1500, 20..40).await);
    let all = files(&path);
    assert!(all.len() > 5, "{all:?}");
    assert!(all[0].ends_with("audit.log.000001"));
    let (requests, report) = verify_files(&all, Beginning::Whole, &heads).unwrap();
    let expected: Vec<_> = (0..40).map(|number| format!("request-{number}")).collect();
    assert_eq!(requests, expected);
    assert_eq!(report.processes.len(), 2);

    // Each one is missed, and so is the order of two.
    for missing in 0..all.len() {
        let mut some = all.clone();
        some.remove(missing);
        assert!(verify_files(&some, Beginning::Whole, &heads).is_err());
    }
    let mut swapped = all.clone();
    swapped.swap(1, 2);
    assert!(verify_files(&swapped, Beginning::Whole, &heads).is_err());

    // What the retention has removed, from the oldest.
    for removed in 1..all.len() {
        let rest = &all[removed..];
        let (some, _) = verify_files(rest, Beginning::Rest, &heads[1..]).unwrap();
        assert_eq!(some, expected[40 - some.len()..]);
        assert!(verify_files(rest, Beginning::Whole, &heads).is_err());
    }
    let mut hole = all[1..].to_vec();
    hole.remove(1);
    assert!(verify_files(&hole, Beginning::Rest, &heads).is_err());
    // The first line of a later file names the line before: it is not believed either.
    let mut changed = fs::read_to_string(&all[2]).unwrap();
    let at = changed.find("\"follows\":\"").unwrap() + 60;
    let digit = if &changed[at..=at] == "0" { "1" } else { "0" };
    changed.replace_range(at..=at, digit);
    assert!(verify(&[changed.as_bytes()], Beginning::Rest, &[]).is_err());
}

/// A process that is killed while it writes leaves any part of its last bytes behind, once or several times.
#[tokio::test]
async fn a_crash_in_the_middle_of_a_line_is_no_tampering() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    run(&path, BIG, 0..3).await;
    let whole = fs::read(&path).unwrap();
    let acts_end = whole.len() - last_line(&whole);
    let last = last_line(&whole[..acts_end]);
    for left in [1, 2, 40, last - 2, last - 1, last] {
        fs::write(&path, &whole[..acts_end - last + left]).unwrap();
        let head = run(&path, BIG, 10..12).await;
        let (requests, report) =
            verify_files(&files(&path), Beginning::Whole, std::slice::from_ref(&head)).unwrap();
        // What is whole but for its line break says what it says.
        let kept = if left >= last - 1 { 5 } else { 4 };
        assert_eq!(requests.len(), kept, "{left} of {last}");
        assert_eq!(report.torn, u64::from(left < last));
        assert_eq!(report.lines, kept as u64 + 3);

        // The next process is cut off in its first line, and again with nothing but the line break.
        let two = fs::read(&path).unwrap();
        let begun = acts_end - last + left + usize::from(left < last);
        for cut in [begun + 30, begun] {
            fs::write(&path, &two[..cut]).unwrap();
            run(&path, BIG, 20..21).await;
            let verified = verify_files(&files(&path), Beginning::Whole, &[]);
            assert_eq!(verified.unwrap().1.processes.len(), 2, "{left} {cut}");
        }
    }
}

fn last_line(bytes: &[u8]) -> usize {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .next_back()
        .unwrap()
        .len()
}

#[tokio::test]
async fn what_a_crash_left_is_not_changed_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    run(&path, BIG, 0..3).await;
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"audit\":1,\"proc").unwrap();
    // While it is at the very end, it may be the line that is being written.
    assert_eq!(
        verify_files(&files(&path), Beginning::Whole, &[])
            .unwrap()
            .1
            .torn,
        1
    );
    run(&path, BIG, 3..4).await;
    let text = fs::read_to_string(&path).unwrap();
    for changed in [
        text.replace("\"proc\n", "\"prOc\n"),
        text.replace("{\"audit\":1,\"proc\n", ""),
        text.replace("\"proc\n", "\"proc\n\n"),
    ] {
        assert_ne!(changed, text);
        assert!(verify(&[changed.as_bytes()], Beginning::Whole, &[]).is_err());
    }
    // An unfinished line before any other than the start of a process is no crash.
    let moved = text.replacen('\n', "\n{\"audit\":1,\"proc\n", 1);
    assert!(verify(&[moved.as_bytes()], Beginning::Whole, &[]).is_err());
}

#[tokio::test]
async fn a_process_ends_with_its_unfinished_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    run(&path, 1000, 0..8).await;
    let all = files(&path);
    let mut contents: Vec<_> = all.iter().map(|file| fs::read(file).unwrap()).collect();
    contents[0].extend_from_slice(b"{\"audit\":1");
    let contents: Vec<_> = contents.iter().map(Vec::as_slice).collect();
    let found = verify(&contents, Beginning::Whole, &[]).unwrap_err();
    assert!(matches!(found.problem, Problem::AfterTheEnd), "{found}");
}

#[tokio::test]
async fn a_process_that_was_killed_has_an_open_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    run(&path, BIG, 0..3).await;
    let whole = fs::read(&path).unwrap();
    let killed = &whole[..whole.len() - last_line(&whole)];
    let (_, report) = verify(&[killed], Beginning::Whole, &[]).unwrap();
    assert_eq!(report.processes[0].end, End::Open);
}

#[test]
fn a_start_is_no_act() {
    let key = key();
    let mut verifier = lunadefend_audit::Verifier::new(&key, Beginning::Whole);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let audit = start(&path, BIG, &Heads::default());
    let text = fs::read(&path).unwrap();
    verifier
        .file(&*text, |number, line| {
            assert_eq!((number, request_of(line)), (1, None));
        })
        .unwrap();
    assert_eq!(verifier.finish().unwrap().lines, 1);
    drop(audit);
}
