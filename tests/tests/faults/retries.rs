//! What is tried again, and what is not waited for.

use crate::{DEADLINE, PATIENT, SLACK, Setting};
use lunadefend::{ErrorKind, LunaDefend};
use lunadefend_tests::{Act, Fault, http1::answer, nobody, provider, signing_key};
use tokio::time::Instant;

#[tokio::test]
async fn a_long_pause_that_is_asked_for_is_not_made() {
    let setting = Setting::new(PATIENT).await;
    let line = setting.world.line_to_tokenizer();
    let before = line.requests().len();
    line.plan(|_, _| {
        let headers = "retry-after: 3600\r\n";
        Fault::Instead(Act::Send(answer(503, headers, "")))
    });
    let start = Instant::now();
    let outcomes = setting.outcomes().await;
    assert!(start.elapsed() < SLACK, "{:?}", start.elapsed());
    for outcome in [outcomes.verify, outcomes.create] {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::TokenizerUnavailable);
    }
    assert_eq!(line.requests().len(), before + 3, "each asked once");
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let setting = Setting::new(PATIENT).await;
    let line = setting.world.line_to_tokenizer();
    let passing: [fn() -> Act; 4] = [
        || Act::Send(answer(503, "", "")),
        || Act::Send(answer(429, "retry-after: 0\r\n", "")),
        || Act::Reset(Vec::new()),
        || Act::Send(Vec::new()),
    ];
    for failure in passing {
        for create in [false, true] {
            let before = line.requests().len();
            line.plan(move |number, _| match number {
                0 | 1 => Fault::Instead(failure()),
                _ => Fault::Pass,
            });
            if create {
                setting.create().await.unwrap();
            } else {
                setting.verify().await.unwrap();
            }
            assert_eq!(line.requests().len(), before + 3);
        }
    }
}

#[tokio::test]
async fn nothing_listens() {
    let setting = Setting::new(DEADLINE).await;
    let luna = LunaDefend::builder(nobody())
        .signing_key(provider(signing_key()))
        .deadline(DEADLINE)
        .build()
        .await
        .unwrap();
    setting.world.application.restart(luna);
    let outcomes = setting.outcomes().await;
    for outcome in [outcomes.verify, outcomes.create] {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::TokenizerUnavailable);
    }
    assert_eq!(outcomes.status, 503);
}
