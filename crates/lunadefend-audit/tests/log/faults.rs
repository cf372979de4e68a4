//! A full, read-only or broken disk.

use crate::support::{Heads, Memory, record, verify};
use lunadefend_audit::{AuditError, Beginning};
use std::sync::{
    Arc, Barrier,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use tokio::task::JoinSet;

#[tokio::test]
async fn a_line_that_is_required_is_durable_before_its_act_goes_on() {
    let (memory, heads) = (Memory::default(), Heads::default());
    let audit = memory.start(true, &heads).unwrap();
    for number in 0..5 {
        audit.record(record(number)).await.unwrap();
        let disk = memory.0.lock().unwrap();
        assert_eq!(disk.durable, disk.bytes.len());
        let text = String::from_utf8(disk.bytes.clone()).unwrap();
        assert!(text.contains(&format!("request-{number}")));
    }
}

#[tokio::test]
async fn without_room_nothing_goes_on_until_there_is_some() {
    let (memory, heads) = (Memory::default(), Heads::default());
    let audit = memory.start(true, &heads).unwrap();
    audit.record(record(0)).await.unwrap();
    assert!(audit.check().await.is_ok());
    // In the middle of a line.
    memory.0.lock().unwrap().room = Some(100);
    for number in 1..4 {
        assert!(audit.record(record(number)).await.is_err());
        assert!(audit.check().await.is_err());
    }
    let counters = audit.counters();
    assert_eq!((counters.recorded, counters.unrecorded), (1, 6));
    assert!(counters.is_failing);

    memory.0.lock().unwrap().room = None;
    assert!(audit.check().await.is_ok());
    assert!(!audit.counters().is_failing);
    audit.record(record(4)).await.unwrap();
    audit.close().await;
    let heads = heads.lock().unwrap();
    let (requests, report) = verify(&[&memory.bytes()], Beginning::Whole, &heads).unwrap();
    // The first that was refused was in the chain already: its line says what nobody got.
    assert_eq!(requests, ["request-0", "request-1", "request-4"]);
    assert_eq!(report.torn, 0);
}

#[tokio::test]
async fn after_a_failed_sync_only_a_new_process_writes() {
    let (memory, heads) = (Memory::default(), Heads::default());
    let audit = memory.start(true, &heads).unwrap();
    memory.0.lock().unwrap().fails_to_sync = true;
    assert!(audit.record(record(1)).await.is_err());
    // The system may have lost what it took, and says nothing of it any more.
    memory.0.lock().unwrap().fails_to_sync = false;
    let before = memory.bytes();
    assert!(audit.record(record(2)).await.is_err());
    assert!(audit.check().await.is_err());
    audit.close().await;
    assert_eq!(memory.bytes(), before);
}

#[tokio::test]
async fn without_a_required_line_acts_go_on_and_are_counted() {
    let memory = Memory::with_room(50);
    let audit = memory.start(false, &Heads::default()).unwrap();
    for number in 0..3 {
        audit.check().await.unwrap();
        audit.record(record(number)).await.unwrap();
    }
    let counters = audit.counters();
    assert_eq!((counters.recorded, counters.unrecorded), (0, 3));
    assert!(counters.is_failing);
}

#[test]
fn where_a_line_is_required_there_is_no_start_without_one() {
    let refused = Memory::with_room(50).start(true, &Heads::default());
    assert!(matches!(refused.unwrap_err(), AuditError::Write(_)));
}

/// Waiting lines share a sync: the first one holds the writer up until all others wait.
#[tokio::test]
async fn waiting_lines_are_made_durable_together() {
    let memory = Memory::default();
    let audit = memory.start(true, &Heads::default()).unwrap();
    let disk = Arc::clone(&memory.0);
    let (held, release) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let holder = std::thread::spawn({
        let (held, release) = (Arc::clone(&held), Arc::clone(&release));
        move || {
            let disk = disk.lock().unwrap();
            held.wait();
            release.wait();
            drop(disk);
        }
    });
    held.wait();
    let (mut acts, sent) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
    for number in 0..200 {
        let (audit, sent) = (audit.clone(), Arc::clone(&sent));
        acts.spawn(async move {
            // The queue has room for all, so that it sends before it waits for the first time.
            sent.fetch_add(1, Relaxed);
            audit.record(record(number)).await
        });
    }
    while sent.load(Relaxed) < 200 {
        tokio::task::yield_now().await;
    }
    release.wait();
    holder.join().unwrap();
    while let Some(act) = acts.join_next().await {
        act.unwrap().unwrap();
    }
    let counters = audit.counters();
    assert_eq!(counters.recorded, 200);
    assert!(counters.groups <= 2, "{counters:?}");
    // And one for the first line.
    assert_eq!(memory.0.lock().unwrap().syncs as u64, counters.groups + 1);
}

#[tokio::test]
async fn an_act_that_waits_for_nothing_has_its_line_too() {
    let (memory, heads) = (Memory::default(), Heads::default());
    let audit = memory.start(true, &heads).unwrap();
    audit.note(record(1));
    audit.record(record(2)).await.unwrap();
    audit.close().await;
    let heads = heads.lock().unwrap();
    let (requests, _) = verify(&[&memory.bytes()], Beginning::Whole, &heads).unwrap();
    assert_eq!(requests, ["request-1", "request-2"]);
}

#[tokio::test]
async fn heads_come_each_thousand_lines_and_when_asked_for() {
    let (memory, heads) = (Memory::default(), Heads::default());
    let audit = memory.start(true, &heads).unwrap();
    let numbers = || -> Vec<_> {
        heads
            .lock()
            .unwrap()
            .iter()
            .map(|head| head.number)
            .collect()
    };
    for number in 0..1000 {
        audit.record(record(number)).await.unwrap();
    }
    audit.record(record(1000)).await.unwrap();
    assert_eq!(numbers(), [0, 1000]);
    audit.publish_head();
    audit.publish_head();
    audit.close().await;
    // Nothing is published twice.
    assert_eq!(numbers(), [0, 1000, 1001, 1002]);
}

#[tokio::test]
async fn lines_name_no_token_and_no_session() {
    let memory = Memory::default();
    let audit = memory.start(true, &Heads::default()).unwrap();
    audit.record(record(1)).await.unwrap();
    let text = String::from_utf8(memory.bytes()).unwrap();
    let token = crate::support::token();
    for canary in [
        token.expose_id(),
        &token.expose_id()[8..],
        "a session",
        "5f0c5f0c",
    ] {
        assert!(!text.contains(canary));
        assert!(!format!("{audit:?}").contains(canary));
    }
}
