//! A tokenizer behind a proxy that speaks HTTP/2 and ends its connections under load, as nginx does after a
//! thousand requests: what it did not take is sent again, and nothing twice.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod server;

use lunadefend::{
    Metadata, SessionId,
    provider::{GrantService, TokenId, Verdict},
};
use lunadefend_client::{Client, ClientBuilder};
use lunadefend_http::{BaseUrl, Cleartext, HttpClient};
use lunadefend_tests::{Act, Stub, http1::answer, signing_key};
use server::{Refusal, Server};
use std::time::Duration;

const TOKEN: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
const TASKS: usize = 30;
const CALLS_EACH: usize = 20;

fn base(url: &str) -> BaseUrl {
    BaseUrl::parse(url, "TOKENIZER_URL", Cleartext::LoopbackOnly).unwrap()
}

fn session() -> SessionId {
    SessionId::new("ann").unwrap()
}

fn client_of(server: &Server) -> ClientBuilder {
    let http = HttpClient::builder()
        .add_root_certificate_der(server::ROOT)
        .build()
        .unwrap();
    Client::builder(base(&server.url), signing_key().key.clone())
        .http_client(http)
        // A busy machine is no fault.
        .deadline(Duration::from_secs(60))
}

/// Calls under load, none of which may fail.
async fn load<F>(client: &Client, call: fn(Client) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..CALLS_EACH {
                    call(client.clone()).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn tokenize(client: Client) {
    let (tokenizer, metadata) = (client.tokenizer(), Metadata::string());
    let stored = tokenizer.tokenize(&session(), b"value", &metadata).await;
    stored.unwrap();
}

async fn verify(client: Client) {
    let tokens = [TokenId::parse(TOKEN).unwrap()];
    let verdicts = client.verify_all(&session(), &tokens).await.unwrap();
    assert_eq!(verdicts, [Verdict::Valid]);
}

async fn tokens_are_made_once(refusal: Refusal) {
    let storage = Stub::start(|_, _| Act::Send(answer(200, "", ""))).await;
    let data = format!(
        r#"{{"tokenId":"{TOKEN}","uploadUrl":"{}/blob","headers":{{}}}}"#,
        storage.url()
    );
    let server = Server::start(refusal, &data).await;
    let client = client_of(&server).blob_origins(vec![base(&storage.url())]);
    load(&client.build().unwrap(), tokenize).await;
    assert!(server.refused() > 0);
    assert_eq!(server.taken(), TASKS * CALLS_EACH, "each call is one token");
    assert_eq!(storage.requests().len(), TASKS * CALLS_EACH);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_goes_away_under_load_costs_no_call_and_makes_no_token_twice() {
    tokens_are_made_once(Refusal::GoAway).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_streams_cost_no_call_and_make_no_token_twice() {
    tokens_are_made_once(Refusal::RefusedStream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verifying_goes_on_through_both() {
    for refusal in [Refusal::GoAway, Refusal::RefusedStream] {
        let server = Server::start(refusal, r#"{"valid":true}"#).await;
        load(&client_of(&server).build().unwrap(), verify).await;
        assert!(server.refused() > 0);
        assert_eq!(server.taken(), TASKS * CALLS_EACH);
    }
}

/// A request that was taken may have been processed, whatever becomes of its connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_taken_and_reset_makes_no_second_token() {
    let server = Server::start(Refusal::AfterTaking, "{}").await;
    let client = client_of(&server).build().unwrap();
    let (tokenizer, metadata) = (client.tokenizer(), Metadata::string());
    let error = tokenizer.tokenize(&session(), b"value", &metadata).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), lunadefend::ErrorKind::TokenizerUnavailable);
    assert_eq!(server.taken(), 1);
}
