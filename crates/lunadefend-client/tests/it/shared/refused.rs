//! What the calls of a batch do when it is refused as a whole.

use super::{
    LONG, all_wait, asked, holding, holding_acts, one_at_a_time, texts, tokens_of, verify,
};
use crate::{
    level_2::{client, honest, level_2, send, text},
    support::{Act, answer, json, not_found, yes},
};
use lunadefend_core::{ErrorKind, provider::Verdict};
use serde_json::{Value, json as value};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::Notify;

#[tokio::test]
async fn a_batch_refused_as_a_whole_is_repeated_one_call_at_a_time() {
    const BAD: usize = 3;
    for (status, kind) in [
        (400, ErrorKind::TokenizerRejected),
        (401, ErrorKind::TokenizerUnauthorized),
        (413, ErrorKind::TokenizerNotFound),
        (500, ErrorKind::TokenizerUnavailable),
        (200, ErrorKind::BadTokenizerResponse),
    ] {
        let (server, open) = holding_acts(move |request| {
            if request.text().contains(&text(BAD)) {
                Act::Send(json(status, "{}"))
            } else {
                send(&honest(request, |_| true))
            }
        })
        .await;
        let client = one_at_a_time(&server);
        let mut calls = vec![verify(&client, 0)];
        asked(&server, 1).await;
        calls.extend((1..6).map(|number| verify(&client, number)));
        all_wait().await;
        open.notify_one();
        for (number, call) in calls.into_iter().enumerate() {
            match call.await.unwrap() {
                Ok(verdicts) => {
                    assert_eq!(verdicts, [Verdict::Valid]);
                    assert_ne!(number, BAD);
                }
                Err(error) => assert_eq!((number, error.kind()), (BAD, kind)),
            }
        }
        assert_eq!(tokens_of(&server, 1), texts(1..6));
        let mut repeated: Vec<_> = (2..7).flat_map(|at| tokens_of(&server, at)).collect();
        repeated.sort_unstable();
        assert_eq!(repeated, texts(1..6));
        assert_eq!(server.requests().len(), 7, "each once");
    }
}

#[tokio::test]
async fn no_call_gets_the_verdict_of_another() {
    // A no and a yes, exchanged between two calls: with their bindings, and without.
    let with_bindings: fn(&mut Value) = |data| {
        let items = data["items"].as_array_mut().unwrap();
        items.swap(0, 1);
    };
    let without: fn(&mut Value) = |data| {
        let bindings = [0, 1].map(|index| data["items"][index]["binding"].clone());
        with_bindings_of(data, &bindings);
    };
    for exchange in [with_bindings, without] {
        let (server, open) = holding(move |request| {
            let mut data = honest(request, |token| token != text(1));
            if data["items"].as_array().unwrap().len() > 1 {
                exchange(&mut data);
            }
            data
        })
        .await;
        let client = one_at_a_time(&server);
        let first = verify(&client, 0);
        asked(&server, 1).await;
        let calls: Vec<_> = (1..4).map(|number| verify(&client, number)).collect();
        all_wait().await;
        open.notify_one();
        first.await.unwrap().unwrap();
        // The truth, which each of them is told alone.
        for (call, verdict) in
            calls
                .into_iter()
                .zip([Verdict::Invalid, Verdict::Valid, Verdict::Valid])
        {
            assert_eq!(call.await.unwrap().unwrap(), [verdict]);
        }
        assert_eq!(server.requests().len(), 5);
    }
}

/// Exchanges the first two items, and leaves the bindings where they were.
fn with_bindings_of(data: &mut Value, bindings: &[Value; 2]) {
    data["items"].as_array_mut().unwrap().swap(0, 1);
    for (index, binding) in bindings.iter().enumerate() {
        data["items"][index]["binding"] = binding.clone();
    }
}

#[tokio::test]
async fn whoever_lies_to_each_call_is_believed_by_none() {
    let (server, open) = holding(|request| {
        let mut data = honest(request, |_| true);
        if !request.text().contains(&text(0)) {
            data["items"][0]["expiresAt"] = value!(1);
        }
        data
    })
    .await;
    let client = one_at_a_time(&server);
    let first = verify(&client, 0);
    asked(&server, 1).await;
    let calls: Vec<_> = (1..4).map(|number| verify(&client, number)).collect();
    all_wait().await;
    open.notify_one();
    first.await.unwrap().unwrap();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse);
    }
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn a_missing_route_sends_each_call_to_level_1() {
    let (is_gone, open) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let (gone, opened) = (Arc::clone(&is_gone), Arc::clone(&open));
    let server = level_2(100, move |_, request| {
        let (is_gone, text_2) = (gone.load(Ordering::SeqCst), text(2));
        match &*request.target {
            "/grant/verify" => {
                let valid = !request.text().contains(&text_2);
                Act::Send(yes(&value!({ "valid": valid }).to_string()))
            }
            _ if !is_gone => send(&honest(request, |_| true)),
            _ if request.text().contains(&text(0)) => Act::Hold(Arc::clone(&opened), not_found()),
            _ => Act::Send(not_found()),
        }
    })
    .await;
    let client = server.client().deadline(LONG).max_in_flight(1);
    let client = client.build().unwrap();
    let by_level = |path: &str| {
        let requests = server.requests().into_iter();
        requests.filter(|request| request.target == path).count()
    };
    // The first calls may be faster than discovery.
    while by_level("/v2/grants/verify") == 0 {
        verify(&client, 0).await.unwrap().unwrap();
    }
    is_gone.store(true, Ordering::SeqCst);
    let before = (by_level("/grant/verify"), server.requests().len());
    let mut calls = vec![verify(&client, 0)];
    asked(&server, before.1 + 1).await;
    calls.extend((1..4).map(|number| verify(&client, number)));
    all_wait().await;
    open.notify_one();
    for (number, call) in calls.into_iter().enumerate() {
        let expected = if number == 2 {
            Verdict::Invalid
        } else {
            Verdict::Valid
        };
        assert_eq!(call.await.unwrap().unwrap(), [expected]);
    }
    assert_eq!(by_level("/grant/verify"), before.0 + 4);
    assert_eq!(server.requests().len(), before.1 + 4 + 2);
}

#[tokio::test]
async fn a_tokenizer_that_is_busy_is_not_asked_by_each_call() {
    let (server, open) = holding_acts(|request| {
        if request.text().contains(&text(0)) {
            send(&honest(request, |_| true))
        } else {
            Act::Send(answer(503, "", ""))
        }
    })
    .await;
    let client = client(&server).deadline(LONG).max_in_flight(1);
    let client = client.max_retries(0).build().unwrap();
    let first = verify(&client, 0);
    asked(&server, 1).await;
    let calls: Vec<_> = (1..4).map(|number| verify(&client, number)).collect();
    all_wait().await;
    open.notify_one();
    first.await.unwrap().unwrap();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
    }
    assert_eq!(server.requests().len(), 2);
}
