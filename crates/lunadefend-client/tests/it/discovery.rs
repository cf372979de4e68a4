//! Which wire level the client uses, and that no call waits to find out.

use crate::support::{
    self, Act, Nobody, Recorded, Server, answer, base, client_of, json, session, token, yes,
};
use lunadefend_client::Client;
use lunadefend_core::{
    ErrorKind, VerifiedToken,
    provider::{GrantService, SessionService, Verdict},
    wire::Metadata,
};
use lunadefend_testing::TestClock;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// What a busy machine may need.
const SLACK: Duration = Duration::from_secs(10);

/// A tokenizer of level 1 behind such a discovery document: level 2 gets a 404.
async fn level_1(discovery: impl Fn(usize, &Recorded) -> Act + Send + Sync + 'static) -> Server {
    Server::offering(discovery, |_, request| match &*request.target {
        "/grant/verify" => Act::Send(yes(r#"{"valid":true}"#)),
        "/grant/set" => Act::Send(yes("{}")),
        _ => Act::Send(support::not_found()),
    })
    .await
}

fn document(origin: &str) -> String {
    format!(
        r#"{{"level":2,"origin":"{origin}","max_items":100,"max_value":1,"features":["batches"]}}"#
    )
}

/// Says level 2 for whoever called.
fn own(request: &Recorded) -> Act {
    let origin = format!("http://{}", request.header("host"));
    Act::Send(json(200, &document(&origin)))
}

fn targets(server: &Server) -> Vec<String> {
    let requests = server.requests().into_iter();
    requests.map(|request| request.target).collect()
}

/// Waits until the client has asked for the document so many times.
async fn asked(server: &Server, times: usize) {
    while server.discoveries().len() < times {
        tokio::task::yield_now().await;
    }
}

async fn is_valid(client: &Client) -> bool {
    support::verify(client).await.unwrap() == Verdict::Valid
}

#[tokio::test]
async fn no_call_waits_for_discovery() {
    let start = Instant::now();
    let slow: [fn() -> Act; 2] = [
        || Act::Hang,
        || Act::Drip(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{".to_vec()),
    ];
    for slow in slow {
        let server = level_1(move |_, _| slow()).await;
        let client = server.client().deadline(Duration::from_secs(600));
        // It takes none of the places of the calls either.
        let client = client.max_connections(1).build().unwrap();
        for _ in 0..3 {
            assert!(is_valid(&client).await);
            support::create(&client).await.unwrap();
        }
        asked(&server, 1).await;
        assert!(is_valid(&client).await);
        assert_eq!(server.discoveries().len(), 1, "one at a time");
        assert!(
            targets(&server)
                .iter()
                .all(|target| target.starts_with("/grant/"))
        );
    }
    assert!(start.elapsed() < SLACK);
}

#[tokio::test]
async fn a_document_that_lies_or_fails_is_level_1() {
    let lies: [fn(&Recorded) -> Act; 8] = [
        |_| Act::Send(json(200, &document("https://evil.example.com"))),
        |_| Act::Send(json(200, r#"{"level":2}"#)),
        |_| Act::Send(json(200, &document("http://127.0.0.1"))),
        |_| {
            Act::Send(answer(
                200,
                "content-type: text/html\r\n",
                "<html>log in</html>",
            ))
        },
        |_| Act::Send(answer(302, "location: /elsewhere\r\n", "")),
        |_| Act::Send(answer(503, "", "")),
        |_| Act::Send(json(200, &format!(r#"{{"x":"{}"}}"#, "x".repeat(1 << 20)))),
        |_| Act::Reset,
    ];
    for lie in lies {
        let server = level_1(move |_, request| lie(request)).await;
        let client = server.client().build().unwrap();
        assert!(is_valid(&client).await);
        asked(&server, 1).await;
        for _ in 0..5 {
            assert!(is_valid(&client).await);
        }
        assert!(
            targets(&server)
                .iter()
                .all(|target| target == "/grant/verify")
        );
        assert_eq!(server.discoveries().len(), 1, "not asked again at once");
    }
}

/// Calls until the client has learnt the level: the first calls may be faster than that.
async fn until_asked_by_level_2(client: &Client, server: &Server) {
    while !targets(server).contains(&"/v2/grants/verify".to_owned()) {
        assert!(is_valid(client).await);
    }
}

#[tokio::test]
async fn a_route_that_is_missing_after_all_is_level_1_for_a_while() {
    let clock = TestClock::new();
    let server = level_1(|_, request| own(request)).await;
    let client = server.client().clock(Arc::new(clock.clone()));
    let client = client.build().unwrap();
    until_asked_by_level_2(&client, &server).await;
    // The call that found out went on by level 1, and so do the next ones.
    let before = targets(&server).len();
    for _ in 0..5 {
        assert!(is_valid(&client).await);
        support::create(&client).await.unwrap();
    }
    assert_eq!(server.discoveries().len(), 1);
    assert!(
        targets(&server)[before..]
            .iter()
            .all(|target| target.starts_with("/grant/"))
    );

    // After a while it asks again, and creating finds out as well.
    clock.advance(Duration::from_secs(10));
    while !targets(&server).contains(&"/v2/grants/set".to_owned()) {
        support::create(&client).await.unwrap();
    }
    assert_eq!(server.discoveries().len(), 2);
}

#[tokio::test]
async fn the_document_is_asked_for_without_credentials_below_the_base_path() {
    let server = level_1(|_, request| own(request)).await;
    let url = format!("{}/prod/", server.url);
    let client = client_of(&url).build().unwrap();
    support::verify(&client).await.unwrap_err();
    asked(&server, 1).await;
    let request = server.discoveries().pop().unwrap();
    assert_eq!(request.method, "GET");
    assert_eq!(request.target, "/prod/.well-known/lunadefend-tokenizer");
    assert!(
        request
            .headers
            .iter()
            .all(|(name, _)| name != "authorization")
    );
}

#[tokio::test]
async fn the_origin_must_be_the_public_one() {
    const PUBLIC: &str = "https://tokenizer.example.com";
    for (origin, is_level_2) in [(PUBLIC, true), ("https://other.example.com", false)] {
        let server = level_1(move |_, _| Act::Send(json(200, &document(origin)))).await;
        let public = base(&format!("{PUBLIC}/prod"));
        let client = server
            .client()
            .public_tokenizer_url(public)
            .require_level(2);
        let client = client.build().unwrap();
        let error = support::verify(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenizerTooOld);
        // Only with its own origin does it learn that the route is missing.
        let expected = if is_level_2 {
            vec!["/v2/grants/verify"]
        } else {
            vec![]
        };
        assert_eq!(targets(&server), expected);
    }
}

#[tokio::test]
async fn the_document_is_remembered_for_five_minutes_and_renewed_before() {
    let clock = TestClock::new();
    let server = level_1(|_, _| Act::Send(support::not_found())).await;
    let client = server.client().clock(Arc::new(clock.clone()));
    let client = client.build().unwrap();
    for asks in 1..4 {
        while server.discoveries().len() < asks {
            assert!(is_valid(&client).await);
        }
        for _ in 0..3 {
            clock.advance(Duration::from_secs(79));
            assert!(is_valid(&client).await);
        }
        assert_eq!(server.discoveries().len(), asks);
        clock.advance(Duration::from_secs(3));
    }
}

async fn every_call(client: &Client) -> Vec<ErrorKind> {
    let (session, text) = (session(), Metadata::string());
    let stored = VerifiedToken::assertion(support::T1).unwrap();
    let tokenizer = client.tokenizer();
    let tokens = [token(support::T1)];
    vec![
        client.verify_all(&session, &tokens).await.unwrap_err(),
        support::create(client).await.unwrap_err(),
        client.end(&session).await.unwrap_err(),
        tokenizer.tokenize(&session, b"x", &text).await.unwrap_err(),
        tokenizer.detokenize(&session, &stored).await.unwrap_err(),
        tokenizer.metadata(&session, &stored).await.unwrap_err(),
    ]
    .iter()
    .map(lunadefend_core::Error::kind)
    .collect()
}

#[tokio::test]
async fn a_required_level_that_is_missing_is_an_error_of_every_call() {
    let server = level_1(|_, _| Act::Send(support::not_found())).await;
    let client = server.client().require_level(2).build().unwrap();
    assert_eq!(every_call(&client).await, [ErrorKind::TokenizerTooOld; 6]);
    assert!(server.requests().is_empty(), "nothing was asked by level 1");
    assert_eq!(server.discoveries().len(), 1);
    let error = support::verify(&client).await.unwrap_err();
    assert_eq!(
        (error.name(), error.code().as_str()),
        ("tokenizerTooOld", "501")
    );
    assert!(error.message().contains("wire level 2"));

    // A document that promises it does not help when the routes are missing.
    let server = level_1(|_, request| own(request)).await;
    let client = server.client().require_level(2).build().unwrap();
    let error = support::verify(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerTooOld);
    assert_eq!(targets(&server), ["/v2/grants/verify"]);
}

#[tokio::test]
async fn a_required_level_of_a_tokenizer_that_cannot_be_reached() {
    let start = Instant::now();
    let hang = level_1(|_, _| Act::Hang).await;
    let busy = level_1(|_, _| Act::Send(answer(503, "", ""))).await;
    let nobody = Nobody::new();
    for url in [&hang.url, &busy.url, &nobody.url] {
        let client = client_of(url).require_level(2);
        let client = client.deadline(Duration::from_millis(200)).build().unwrap();
        let error = support::verify(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable, "{url}");
    }
    assert!(start.elapsed() < SLACK);

    // It restarts, and the call that waits goes on.
    let clock = TestClock::new();
    let time = clock.clone();
    let server = level_1(move |number, request| match number {
        0..3 => {
            time.advance(Duration::from_secs(1));
            Act::Send(answer(503, "", ""))
        }
        _ => own(request),
    })
    .await;
    let client = server.client().require_level(2).clock(Arc::new(clock));
    let client = client.build().unwrap();
    let error = support::verify(&client).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::TokenizerTooOld,
        "there is no such route"
    );
    assert_eq!(server.discoveries().len(), 4);
}
