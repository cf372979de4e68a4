//! Many tokens in one call.

use crate::support::{
    Act, Recorded, Server, client_of, grant, json, not_found, read_request, session, token, yes,
};
use lunadefend_core::{
    ErrorKind, Grants, UntrustedToken,
    provider::{GrantService, TokenId, Verdict},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{io::AsyncWriteExt, sync::Barrier, time::Instant};

fn text(number: usize) -> String {
    format!("lunasec-00000000-0000-4000-8000-{number:012}")
}

fn tokens(count: usize) -> Vec<TokenId> {
    (0..count).map(|number| token(&text(number))).collect()
}

/// The number of the token that a request is about.
fn number_in(request: &Recorded) -> usize {
    let text = request.text();
    text[text.len() - 14..][..12].parse().unwrap()
}

#[tokio::test]
async fn n_in_n_out() {
    let server = Server::answering(yes(r#"{"valid":true}"#)).await;
    for (count, in_flight) in [(1, 1), (7, 1), (200, 64), (200, 3)] {
        let client = server.client().max_in_flight(in_flight).build().unwrap();
        let before = server.requests().len();
        let verdicts = client.verify_all(&session(), &tokens(count)).await.unwrap();
        assert_eq!(verdicts, vec![Verdict::Valid; count]);
        let mut asked: Vec<_> = server.requests()[before..].iter().map(number_in).collect();
        asked.sort_unstable();
        assert_eq!(asked, (0..count).collect::<Vec<_>>(), "each once");
    }
}

#[tokio::test]
async fn the_first_invalid_token_ends_the_rest() {
    const BAD: usize = 10;
    let server = Server::start(|_, request| match number_in(request) {
        BAD => Act::Send(yes(r#"{"valid":false}"#)),
        number if number < BAD => Act::Send(yes(r#"{"valid":true}"#)),
        _ => Act::Hang,
    })
    .await;
    for in_flight in [1, 4] {
        let client = server.client().max_in_flight(in_flight).build().unwrap();
        let before = server.requests().len();
        let verdicts = client.verify_all(&session(), &tokens(200)).await.unwrap();
        let asked = server.requests().len() - before;
        assert!(asked <= BAD + in_flight, "{asked} of 200 were asked for");
        // In the order of the tokens, and a yes only where one was given.
        assert_eq!(verdicts.len(), 200);
        assert_eq!(verdicts[BAD..], vec![Verdict::Invalid; 200 - BAD]);
        if in_flight == 1 {
            assert_eq!(asked, BAD + 1);
            assert_eq!(verdicts[..BAD], vec![Verdict::Valid; BAD]);
        }
    }

    // The call does not wait for responses that cannot change the result.
    let server = Server::start(|_, request| match number_in(request) {
        3 => Act::Send(yes(r#"{"valid":false}"#)),
        _ => Act::Hang,
    })
    .await;
    let client = server.client().max_retries(0).build().unwrap();
    let verdicts = client.verify_all(&session(), &tokens(6)).await.unwrap();
    assert_eq!(verdicts, vec![Verdict::Invalid; 6]);
}

#[tokio::test]
async fn one_invalid_token_refuses_all() {
    let bad = text(2);
    let server = Server::start(move |_, request| {
        Act::Send(yes(&format!(
            r#"{{"valid":{}}}"#,
            !request.text().contains(&bad)
        )))
    })
    .await;
    let grants = Grants::new(server.client().build().unwrap());
    let untrusted = |count: usize| -> Vec<_> {
        (0..count)
            .map(|number| UntrustedToken::parse(&text(number)).unwrap())
            .collect()
    };
    assert_eq!(
        grants.verify(&session(), untrusted(2)).await.unwrap().len(),
        2
    );
    let error = grants.verify(&session(), untrusted(4)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidGrant);
    assert_eq!(
        (error.message(), error.code().as_str()),
        ("Grant Invalid", "401")
    );
}

/// A server that responds only when this many requests wait; how many did at most.
async fn crowded(enough: usize) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let most = Arc::new(AtomicUsize::new(0));
    let peak = Arc::clone(&most);
    tokio::spawn(async move {
        let open = Arc::new(AtomicUsize::new(0));
        let all_there = Arc::new(Barrier::new(enough));
        while let Ok((mut stream, _)) = listener.accept().await {
            let (open, peak) = (Arc::clone(&open), Arc::clone(&peak));
            let all_there = Arc::clone(&all_there);
            tokio::spawn(async move {
                let request = read_request(&mut stream).await;
                if request.is_none_or(|request| request.is_discovery()) {
                    let _ = stream.write_all(&not_found()).await;
                    return;
                }
                peak.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                all_there.wait().await;
                open.fetch_sub(1, Ordering::SeqCst);
                let _ = stream.write_all(&yes(r#"{"valid":true}"#)).await;
            });
        }
    });
    (url, most)
}

#[tokio::test]
async fn as_many_requests_at_once_as_configured() {
    const IN_FLIGHT: usize = 5;
    let (url, most) = crowded(IN_FLIGHT).await;
    let client = client_of(&url).max_in_flight(IN_FLIGHT).build().unwrap();
    let verdicts = client.verify_all(&session(), &tokens(60)).await.unwrap();
    assert_eq!(verdicts, vec![Verdict::Valid; 60]);
    assert_eq!(most.load(Ordering::SeqCst), IN_FLIGHT);
}

#[tokio::test]
async fn as_many_connections_for_all_calls_as_configured() {
    const CONNECTIONS: usize = 4;
    let (url, most) = crowded(CONNECTIONS).await;
    let client = client_of(&url)
        .max_connections(CONNECTIONS)
        .build()
        .unwrap();
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.verify_all(&session(), &tokens(6)).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), vec![Verdict::Valid; 6]);
    }
    assert_eq!(most.load(Ordering::SeqCst), CONNECTIONS);

    // A caller that does not get its turn in time gets an error in time.
    let server = Server::start(|_, _| Act::Hang).await;
    let client = server.client().max_connections(1);
    let client = client.deadline(Duration::from_millis(200)).build().unwrap();
    let start = Instant::now();
    let session = session();
    let all = tokens(1);
    let calls = (0..5).map(|_| client.verify_all(&session, &all));
    for outcome in futures_util::future::join_all(calls).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_first_error_ends_the_others() {
    let bad = text(3);
    let server = Server::start(move |_, request| {
        if request.text().contains(&bad) {
            Act::Send(json(401, "{}"))
        } else {
            Act::Hang
        }
    })
    .await;
    let client = server
        .client()
        .deadline(Duration::from_secs(60))
        .build()
        .unwrap();
    let start = Instant::now();
    let error = client.verify_all(&session(), &tokens(6)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnauthorized);
    let requests: Vec<_> = (0..6).map(|number| grant(&text(number), None)).collect();
    let error = client.grant_all(&session(), &requests).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnauthorized);
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn one_deadline_for_all() {
    let server = Server::start(|_, _| Act::Hang).await;
    let client = server
        .client()
        .max_in_flight(1)
        .deadline(Duration::from_millis(200))
        .build()
        .unwrap();
    let start = Instant::now();
    let error = client
        .verify_all(&session(), &tokens(50))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
    assert!(start.elapsed() < Duration::from_secs(5));
}
