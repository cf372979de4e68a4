//! Batches at a tokenizer, or something in between, whose answers are not to these questions. Never valid.

use crate::support::{self, Act, Recorded, Server, grant, json, session, token, yes};
use lunadefend_client::ClientBuilder;
use lunadefend_core::{
    ErrorKind, SessionId,
    provider::{GrantService, TokenId, UnixMillis, Verdict},
    wire::{BATCH, BatchOperation, BatchPlace, Binding, GrantBatch, from_slice},
};
use lunadefend_crypto::sha256;
use serde_json::{Value, json as value};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

const EXPIRY: u64 = 1_700_000_900_000;

fn text(number: usize) -> String {
    format!("lunasec-00000000-0000-4000-8000-{number:012}")
}

fn tokens(count: usize) -> Vec<TokenId> {
    (0..count).map(|number| token(&text(number))).collect()
}

fn operation(request: &Recorded) -> BatchOperation {
    match &*request.target {
        "/v2/grants/set" => BatchOperation::Set,
        "/v2/grants/verify" => BatchOperation::Verify,
        other => panic!("{other}"),
    }
}

/// The `data` that an honest tokenizer answers with, which grants what `grants` names.
fn honest(request: &Recorded, grants: impl Fn(&str) -> bool) -> Value {
    let batch: GrantBatch = from_slice(&request.body, BATCH).unwrap();
    answered(&batch, operation(request), grants)
}

fn answered(batch: &GrantBatch, operation: BatchOperation, grants: impl Fn(&str) -> bool) -> Value {
    let items = batch.items.iter().enumerate().map(|(index, item)| {
        let (session, token) = item.ids().unwrap();
        let expires_at = grants(token.expose_id()).then_some(EXPIRY);
        let place = BatchPlace {
            operation,
            batch: batch.batch_id,
            index: u32::try_from(index).unwrap(),
        };
        let binding = Binding::of(
            place,
            session.expose_id(),
            token.expose_id(),
            expires_at.map(UnixMillis::new),
            sha256,
        );
        let verdict = match operation {
            BatchOperation::Set => "granted",
            BatchOperation::Verify => "valid",
        };
        value!({ "binding": binding.to_string(), verdict: expires_at.is_some(), "expiresAt": expires_at })
    });
    value!({ "batchId": batch.batch_id.to_string(), "items": items.collect::<Vec<_>>() })
}

fn send(data: &Value) -> Act {
    Act::Send(yes(&data.to_string()))
}

/// A server that offers level 2 with batches of at most so many items, and answers them by `script`.
async fn level_2(
    max_items: u64,
    script: impl Fn(usize, &Recorded) -> Act + Send + Sync + 'static,
) -> Server {
    Server::offering(
        move |_, request| {
            let origin = format!("http://{}", request.header("host"));
            Act::Send(json(
                200,
                &value!({
                    "level": 2, "origin": origin, "max_items": max_items, "max_value": 1,
                    "features": ["batches"],
                })
                .to_string(),
            ))
        },
        script,
    )
    .await
}

/// A client that uses level 2 from its first call on.
fn client(server: &Server) -> ClientBuilder {
    server.client().require_level(2)
}

fn batches(server: &Server) -> Vec<GrantBatch> {
    let requests = server.requests().into_iter();
    requests
        .map(|request| from_slice(&request.body, BATCH).unwrap())
        .collect()
}

#[tokio::test]
async fn n_in_n_out_in_batches() {
    let server = level_2(1_000_000, |_, request| send(&honest(request, |_| true))).await;
    for (count, in_flight, expected) in [
        (1, 64, vec![1]),
        (100, 64, vec![100]),
        (250, 1, vec![100, 100, 50]),
    ] {
        let client = client(&server).max_in_flight(in_flight).build().unwrap();
        let before = server.requests().len();
        let verdicts = client.verify_all(&session(), &tokens(count)).await.unwrap();
        assert_eq!(verdicts, vec![Verdict::Valid; count]);
        let grants: Vec<_> = (0..count)
            .map(|number| grant(&text(number), Some("15m")))
            .collect();
        client.grant_all(&session(), &grants).await.unwrap();

        let sent = &batches(&server)[before..];
        let lengths: Vec<_> = sent.iter().map(|batch| batch.items.len()).collect();
        assert_eq!(lengths, [expected.clone(), expected].concat());
        for half in sent.chunks(sent.len() / 2) {
            let ids = half.iter().flat_map(|batch| &batch.items);
            let asked: Vec<_> = ids.map(|item| item.token_id.clone()).collect();
            assert_eq!(
                asked,
                (0..count).map(text).collect::<Vec<_>>(),
                "each once, in order"
            );
        }
        let durations = sent.iter().flat_map(|batch| &batch.items);
        let durations: Vec<_> = durations.map(|item| item.duration.as_deref()).collect();
        assert_eq!(
            durations,
            [vec![None; count], vec![Some("15m"); count]].concat()
        );
    }
    let ids: HashSet<_> = batches(&server)
        .iter()
        .map(|batch| batch.batch_id.to_string())
        .collect();
    assert_eq!(ids.len(), server.requests().len(), "each has its own");
    assert_eq!(server.discoveries().len(), 3, "one for each client");
}

#[tokio::test]
async fn the_tokenizers_smaller_limit_counts() {
    let server = level_2(3, |_, request| send(&honest(request, |_| true))).await;
    let client = client(&server).build().unwrap();
    client.verify_all(&session(), &tokens(7)).await.unwrap();
    let mut lengths: Vec<_> = batches(&server)
        .iter()
        .map(|batch| batch.items.len())
        .collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [1, 3, 3]);
}

#[tokio::test]
async fn one_invalid_token_ends_the_rest() {
    let bad = text(4);
    let server = level_2(2, move |_, request| {
        let last = text(9);
        if request.text().contains(&last) {
            return Act::Hang;
        }
        send(&honest(request, |token| token != bad))
    })
    .await;
    let client = client(&server)
        .max_retries(0)
        .max_in_flight(1)
        .build()
        .unwrap();
    let verdicts = client.verify_all(&session(), &tokens(10)).await.unwrap();
    let expected = (0..10).map(|number| match number {
        0 | 1 | 2 | 3 | 5 => Verdict::Valid,
        _ => Verdict::Invalid,
    });
    assert_eq!(verdicts, expected.collect::<Vec<_>>());
    assert_eq!(server.requests().len(), 3);
}

fn items(data: &mut Value) -> &mut Vec<Value> {
    data["items"].as_array_mut().unwrap()
}

/// Exchanges the verdicts of two items, but not their bindings.
fn pair_wrongly(data: &mut Value) {
    let (first, second) = (data["items"][0].clone(), data["items"][1].clone());
    for member in ["valid", "granted", "expiresAt"] {
        for (at, from) in [(0, &second), (1, &first)] {
            if let Some(verdict) = from.get(member) {
                data["items"][at][member] = verdict.clone();
            }
        }
    }
}

fn say_yes(item: &mut Value) {
    item["expiresAt"] = value!(EXPIRY);
    for member in ["valid", "granted"] {
        if let Some(verdict) = item.get_mut(member) {
            *verdict = value!(true);
        }
    }
}

type Lie = fn(&mut Value, &Recorded);

/// Changes of the honest answer to three items, of which the second is a no.
const LIES: &[(&str, Lie)] = &[
    ("another batch", |data, _| {
        data["batchId"] = value!("AAAAAAAAAAAAAAAAAAAAAA")
    }),
    ("no batch", |data, _| data["batchId"] = value!(null)),
    ("a no that became a yes", |data, _| {
        say_yes(&mut data["items"][1])
    }),
    ("verdicts paired wrongly", |data, _| pair_wrongly(data)),
    ("a later expiry", |data, _| {
        data["items"][0]["expiresAt"] = value!(EXPIRY + 1)
    }),
    ("swapped", |data, _| items(data).swap(0, 2)),
    ("the first dropped", |data, _| drop(items(data).remove(0))),
    ("the last dropped", |data, _| drop(items(data).pop())),
    ("the no dropped", |data, _| drop(items(data).remove(1))),
    ("doubled", |data, _| {
        let first = data["items"][0].clone();
        items(data).insert(0, first);
    }),
    ("a yes in the place of the no", |data, _| {
        data["items"][1] = data["items"][0].clone();
    }),
    ("500 items", |data, _| {
        let first = data["items"][0].clone();
        items(data).resize(500, first);
    }),
    ("no items", |data, _| items(data).clear()),
    ("items as arrays", |data, _| {
        let binding = data["items"][0]["binding"].clone();
        data["items"][0] = value!([binding, true, EXPIRY]);
    }),
    ("an answer of level 1", |data, _| {
        *data = value!({ "valid": true })
    }),
    ("an empty answer of level 1", |data, _| *data = value!({})),
    ("bindings of the other operation", |data, request| {
        let batch: GrantBatch = from_slice(&request.body, BATCH).unwrap();
        let other = match operation(request) {
            BatchOperation::Set => BatchOperation::Verify,
            BatchOperation::Verify => BatchOperation::Set,
        };
        let other = answered(&batch, other, |_| true);
        for index in 0..3 {
            say_yes(&mut data["items"][index]);
            data["items"][index]["binding"] = other["items"][index]["binding"].clone();
        }
    }),
    ("bindings of another session", |data, request| {
        let text = request.text().replace("session-abc", "session-abd");
        let batch: GrantBatch = from_slice(text.as_bytes(), BATCH).unwrap();
        *data = answered(&batch, operation(request), |_| true);
    }),
    ("bindings of other tokens", |data, request| {
        let text = request.text().replace("-4000-", "-4001-");
        let batch: GrantBatch = from_slice(text.as_bytes(), BATCH).unwrap();
        *data = answered(&batch, operation(request), |_| true);
    }),
];

#[tokio::test]
async fn an_answer_to_another_question_is_never_valid() {
    for (name, lie) in LIES {
        let server = level_2(100, move |_, request| {
            let mut data = honest(request, |token| token != text(1));
            lie(&mut data, request);
            send(&data)
        })
        .await;
        let client = client(&server).max_retries(0).build().unwrap();
        let verify = client.verify_all(&session(), &tokens(3)).await;
        assert_eq!(
            verify.unwrap_err().kind(),
            ErrorKind::BadTokenizerResponse,
            "{name}"
        );
        let grants: Vec<_> = (0..3).map(|number| grant(&text(number), None)).collect();
        let error = client.grant_all(&session(), &grants).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse, "{name}");
        let shown = support::shown(&error);
        assert!(
            !shown.contains("lunasec-0") && !shown.contains("session-abc"),
            "{shown}"
        );
        assert_eq!(
            server.requests().len(),
            2,
            "{name}: no retry, and no level 1"
        );
    }
}

/// What a cache or a proxy that lost its place does: the answer to another request, or another client's.
#[tokio::test]
async fn a_replayed_answer_is_never_valid() {
    let first = Mutex::new(None);
    let server = level_2(100, move |_, request| {
        let mut first = first.lock().unwrap();
        let answer = first.get_or_insert_with(|| honest(request, |_| true));
        send(answer)
    })
    .await;
    let client = client(&server).build().unwrap();
    let verdicts = client.verify_all(&session(), &tokens(2)).await.unwrap();
    assert_eq!(verdicts, [Verdict::Valid; 2]);
    let other = SessionId::new("other").unwrap();
    for session in [session(), other] {
        let error = client.verify_all(&session, &tokens(2)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse);
    }
}

#[tokio::test]
async fn each_attempt_is_a_batch_of_its_own() {
    let busy = || Act::Send(support::answer(503, "retry-after: 0\r\n", ""));
    let server = level_2(100, move |number, request| match number {
        0..2 => busy(),
        _ => send(&honest(request, |_| true)),
    })
    .await;
    assert_eq!(
        support::verify(&client(&server).build().unwrap())
            .await
            .unwrap(),
        Verdict::Valid
    );
    let ids: HashSet<_> = batches(&server)
        .iter()
        .map(|batch| batch.batch_id.to_string())
        .collect();
    assert_eq!(ids.len(), 3);

    // The answer to the first attempt comes to the second.
    let first = Arc::new(Mutex::new(None));
    let server = level_2(100, move |number, request| match number {
        0 => {
            *first.lock().unwrap() = Some(honest(request, |_| true));
            busy()
        }
        _ => send(first.lock().unwrap().as_ref().unwrap()),
    })
    .await;
    let error = support::verify(&client(&server).build().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse);
    assert_eq!(server.requests().len(), 2);
}

/// In the middle of a call the tokenizer is replaced by one of level 1, whose word then counts for all of it.
#[tokio::test]
async fn the_level_is_switched_in_the_middle() {
    let switched = |bad: usize| {
        level_2(2, move |_, request| match &*request.target {
            "/grant/verify" => {
                let valid = !request.text().contains(&text(bad));
                Act::Send(yes(&value!({ "valid": valid }).to_string()))
            }
            _ if request.text().contains(&text(0)) => send(&honest(request, |_| true)),
            _ => Act::Send(support::not_found()),
        })
    };
    // The first token is valid by level 2, and in the second case not by level 1.
    for (bad, expected) in [(99, Verdict::Valid), (0, Verdict::Invalid)] {
        let server = switched(bad).await;
        let client = server.client().max_in_flight(1).build().unwrap();
        let is_asked = || {
            let mut requests = server.requests().into_iter();
            requests.any(|request| request.target == "/v2/grants/verify")
        };
        // The first calls may be faster than discovery.
        while !is_asked() {
            let verdicts = client.verify_all(&session(), &tokens(5)).await.unwrap();
            assert_eq!(verdicts[0], expected);
        }
    }
    // With a required level there is no switch.
    let server = switched(99).await;
    let client = client(&server).max_in_flight(1).build().unwrap();
    let error = client.verify_all(&session(), &tokens(5)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerTooOld);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn refusals_of_items_and_of_batches() {
    for (name, kind) in [
        ("sessionEnded", ErrorKind::SessionEnded),
        ("grantDuration", ErrorKind::GrantDuration),
        ("else", ErrorKind::GrantCreation),
    ] {
        let server = level_2(100, move |_, request| {
            let mut data = honest(request, |token| token != text(1));
            data["items"][1]["errorName"] = value!(name);
            send(&data)
        })
        .await;
        let grants: Vec<_> = (0..3).map(|number| grant(&text(number), None)).collect();
        let client = client(&server).build().unwrap();
        let error = client.grant_all(&session(), &grants).await.unwrap_err();
        assert_eq!(error.kind(), kind);
    }
    for (status, verify, create) in [
        (400, ErrorKind::TokenizerRejected, ErrorKind::GrantCreation),
        (
            401,
            ErrorKind::TokenizerUnauthorized,
            ErrorKind::TokenizerUnauthorized,
        ),
        (
            413,
            ErrorKind::TokenizerNotFound,
            ErrorKind::TokenizerNotFound,
        ),
        (
            500,
            ErrorKind::TokenizerUnavailable,
            ErrorKind::TokenizerUnavailable,
        ),
        (
            302,
            ErrorKind::BadTokenizerResponse,
            ErrorKind::BadTokenizerResponse,
        ),
    ] {
        let server = level_2(100, move |_, _| Act::Send(json(status, "{}"))).await;
        let client = client(&server).build().unwrap();
        assert_eq!(support::verify(&client).await.unwrap_err().kind(), verify);
        assert_eq!(support::create(&client).await.unwrap_err().kind(), create);
        assert_eq!(server.requests().len(), 2);
    }
}
