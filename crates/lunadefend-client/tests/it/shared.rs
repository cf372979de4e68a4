//! Concurrent calls of one client share batches, and nothing else.

mod refused;

use crate::{
    level_2::{batches, client, honest, level_2, send, text},
    support::{self, Act, Recorded, Server, grant, session, token},
};
use lunadefend_client::Client;
use lunadefend_core::{
    Error, ErrorKind, Grants, UntrustedToken,
    provider::{GrantService, Verdict},
};
use lunadefend_testing::TestClock;
use serde_json::{Value, json as value};
use std::{num::NonZeroUsize, ops::Range, sync::Arc, time::Duration};
use tokio::{sync::Notify, task::JoinHandle};

/// So long that no call loses its patience.
const LONG: Duration = Duration::from_secs(3600);

/// A client that sends one batch of each route at a time.
fn one_at_a_time(server: &Server) -> Client {
    let client = client(server).deadline(LONG).max_in_flight(1);
    client.build().unwrap()
}

/// A tokenizer that answers its first request when it is told to.
async fn holding(
    script: impl Fn(&Recorded) -> Value + Send + Sync + 'static,
) -> (Server, Arc<Notify>) {
    holding_acts(move |request| send(&script(request))).await
}

async fn holding_acts(
    script: impl Fn(&Recorded) -> Act + Send + Sync + 'static,
) -> (Server, Arc<Notify>) {
    let open = Arc::new(Notify::new());
    let opened = Arc::clone(&open);
    let server = level_2(100, move |number, request| match script(request) {
        Act::Send(bytes) if number == 0 => Act::Hold(Arc::clone(&opened), bytes),
        act => act,
    })
    .await;
    (server, open)
}

fn verify(client: &Client, number: usize) -> JoinHandle<Result<Vec<Verdict>, Error>> {
    let client = client.clone();
    tokio::spawn(async move { client.verify_all(&session(), &[token(&text(number))]).await })
}

fn create(client: &Client, number: usize) -> JoinHandle<Result<(), Error>> {
    let client = client.clone();
    tokio::spawn(async move {
        let grant = grant(&text(number), None);
        client.grant_all(&session(), &[grant]).await
    })
}

async fn asked(server: &Server, requests: usize) {
    while server.requests().len() < requests {
        tokio::task::yield_now().await;
    }
}

/// Lets each call that was just made take its place: none of them waits for anything before that.
async fn all_wait() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

/// The tokens of a request.
fn tokens_of(server: &Server, request: usize) -> Vec<String> {
    let items = batches(server).swap_remove(request).items.into_iter();
    items.map(|item| item.token_id).collect()
}

fn texts(numbers: Range<usize>) -> Vec<String> {
    numbers.map(text).collect()
}

#[tokio::test]
async fn a_call_alone_is_one_request() {
    let server = level_2(100, |_, request| send(&honest(request, |_| true))).await;
    let client = client(&server).build().unwrap();
    for number in 0..3 {
        verify(&client, number).await.unwrap().unwrap();
        create(&client, number).await.unwrap().unwrap();
    }
    let targets = server.requests().into_iter().map(|request| request.target);
    let expected = ["/v2/grants/verify", "/v2/grants/set"].repeat(3);
    assert_eq!(targets.collect::<Vec<_>>(), expected);
    assert!(batches(&server).iter().all(|batch| batch.items.len() == 1));
}

#[tokio::test]
async fn of_64_verifies_one_is_cancelled_and_one_invalid_and_one_too_large() {
    const CANCELLED: usize = 20;
    const INVALID: usize = 30;
    const TOO_LARGE: usize = 40;
    let (server, open) = holding(|request| honest(request, |token| token != text(INVALID))).await;
    let client = one_at_a_time(&server);
    let mut calls = vec![verify(&client, 0)];
    asked(&server, 1).await;
    for number in 1..64 {
        let call = if number == TOO_LARGE {
            let grants = Grants::new(client.clone()).with_max_tokens(NonZeroUsize::MIN);
            tokio::spawn(async move {
                let sent = (0..2).map(|_| text(number)).chain([text(99)]);
                let sent = sent.map(|text| UntrustedToken::parse(&text).unwrap());
                let sent: Vec<_> = sent.collect();
                let verified = grants.verify(&session(), sent).await?;
                Ok(vec![Verdict::Valid; verified.len()])
            })
        } else {
            verify(&client, number)
        };
        calls.push(call);
    }
    all_wait().await;
    calls[CANCELLED].abort();
    all_wait().await;
    assert_eq!(server.requests().len(), 1);
    open.notify_one();
    for (number, call) in calls.into_iter().enumerate() {
        match (number, call.await) {
            (CANCELLED, outcome) => assert!(outcome.unwrap_err().is_cancelled()),
            (INVALID, outcome) => assert_eq!(outcome.unwrap().unwrap(), [Verdict::Invalid]),
            (TOO_LARGE, outcome) => {
                let error = outcome.unwrap().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::TooManyTokens);
            }
            (_, outcome) => assert_eq!(outcome.unwrap().unwrap(), [Verdict::Valid], "{number}"),
        }
    }
    // All in the order of their arrival.
    let expected = (1..64).filter(|number| ![CANCELLED, TOO_LARGE].contains(number));
    assert_eq!(
        tokens_of(&server, 1),
        expected.map(text).collect::<Vec<_>>()
    );
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_item_that_is_refused_is_the_error_of_its_call_alone() {
    let names = [(10, "badItem"), (20, "grantDuration"), (30, "sessionEnded")];
    let (server, open) = holding(move |request| {
        let refused = names.map(|(number, _)| text(number));
        let mut data = honest(request, |token| !refused.contains(&token.to_owned()));
        let items = data["items"].as_array_mut().unwrap();
        let mut no = items.iter_mut().filter(|item| item["granted"] == false);
        for (_, name) in names {
            if let Some(item) = no.next() {
                item["errorName"] = value!(name);
            }
        }
        data
    })
    .await;
    let client = one_at_a_time(&server);
    let mut calls = vec![create(&client, 0)];
    asked(&server, 1).await;
    calls.extend((1..64).map(|number| create(&client, number)));
    all_wait().await;
    open.notify_one();
    for (number, call) in calls.into_iter().enumerate() {
        let kind = call.await.unwrap().map_err(|error| error.kind());
        let expected = match number {
            10 => Err(ErrorKind::GrantCreation),
            20 => Err(ErrorKind::GrantDuration),
            30 => Err(ErrorKind::SessionEnded),
            _ => Ok(()),
        };
        assert_eq!(kind, expected, "{number}");
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn verify_and_set_share_no_batch_and_nor_do_clients() {
    let (server, open) = holding(|request| honest(request, |_| true)).await;
    let client = one_at_a_time(&server);
    let first = verify(&client, 0);
    asked(&server, 1).await;
    let verifies: Vec<_> = (1..5).map(|number| verify(&client, number)).collect();
    all_wait().await;
    // The other route, and another client, do not even wait.
    create(&client, 10).await.unwrap().unwrap();
    let other = one_at_a_time(&server);
    verify(&other, 11).await.unwrap().unwrap();
    open.notify_one();
    first.await.unwrap().unwrap();
    for call in verifies {
        call.await.unwrap().unwrap();
    }
    let targets = server.requests().into_iter().map(|request| request.target);
    assert_eq!(
        targets.collect::<Vec<_>>(),
        [
            "/v2/grants/verify",
            "/v2/grants/set",
            "/v2/grants/verify",
            "/v2/grants/verify"
        ]
    );
    assert_eq!(tokens_of(&server, 1), texts(10..11));
    assert_eq!(tokens_of(&server, 2), texts(11..12));
    assert_eq!(tokens_of(&server, 3), texts(1..5));
}

#[tokio::test]
async fn a_batch_has_the_jwt_that_is_good_when_it_is_sent() {
    let clock = TestClock::new();
    let (server, open) = holding(|request| honest(request, |_| true)).await;
    let client = client(&server).deadline(LONG).max_in_flight(1);
    let client = client.clock(Arc::new(clock.clone())).build().unwrap();
    let first = verify(&client, 0);
    asked(&server, 1).await;
    let calls = [verify(&client, 1), verify(&client, 2)];
    all_wait().await;
    clock.advance(Duration::from_secs(24 * 3600));
    open.notify_one();
    first.await.unwrap().unwrap();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let jwts = server.requests();
    let jwts = jwts.iter().map(|request| request.header("authorization"));
    let [old, new] = jwts.collect::<Vec<_>>()[..] else {
        panic!("two requests");
    };
    assert_ne!(old, new);
}

/// A batch that hangs does not use up the time of the calls behind it.
#[tokio::test]
async fn calls_behind_a_batch_that_hangs_go_on() {
    let server = level_2(100, |_, request| {
        if request.text().contains(&text(0)) {
            Act::Hang
        } else {
            send(&honest(request, |_| true))
        }
    })
    .await;
    let client = support::client_of(&server.url).require_level(2);
    let client = client.max_in_flight(1).max_retries(0).build().unwrap();
    let first = verify(&client, 0);
    asked(&server, 1).await;
    assert_eq!(verify(&client, 1).await.unwrap().unwrap(), [Verdict::Valid]);
    assert!(!first.is_finished());
    first.abort();
}

#[tokio::test]
async fn a_client_with_four_calls_at_a_time_shares_nothing() {
    let server = level_2(100, |number, request| match number {
        0..4 => Act::Hang,
        _ => send(&honest(request, |_| true)),
    })
    .await;
    let client = client(&server).deadline(LONG).build().unwrap();
    let held: Vec<_> = (0..4).map(|number| verify(&client, number)).collect();
    asked(&server, 4).await;
    let calls: Vec<_> = (4..64).map(|number| verify(&client, number)).collect();
    all_wait().await;
    assert_eq!(server.requests().len(), 4);
    held[2].abort();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), [Verdict::Valid]);
    }
    assert_eq!(tokens_of(&server, 4), texts(4..64));
    assert_eq!(server.requests().len(), 5);
}
