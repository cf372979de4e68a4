//! The traces. In its own process: tracing decides once for all threads whether a place in the code has a
//! subscriber.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

#[path = "it/support.rs"]
#[expect(dead_code, reason = "the other tests need more of it")]
mod support;

use lunadefend_core::{
    SessionId, VerifiedToken,
    provider::{GrantRequest, GrantService, SessionTransfer, TokenId, TransferState, Verdict},
    wire::Metadata,
};
use lunadefend_testing::logs::Log;
use support::{Act, Server, answer, json, yes};
use tracing_subscriber::fmt::format::FmtSpan;

const TOKEN: &str = "lunasec-ca4a21ca-ca4a-4a21-8a4a-ca4a21ca4a21";

#[tokio::test]
async fn traces_have_counts_and_outcomes_and_are_clean() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let server = Server::start(|number, request| {
        Act::Send(match &*request.target {
            "/grant/verify" if number == 0 => answer(503, "", ""),
            "/grant/verify" => yes(r#"{"valid":false}"#),
            "/grant/set" => yes("{}"),
            _ => json(401, "{}"),
        })
    })
    .await;
    let client = server.client().build().unwrap();
    let session = SessionId::new("canary-session").unwrap();
    let id = TokenId::parse(TOKEN).unwrap();
    let token = VerifiedToken::assertion(TOKEN).unwrap();

    let verdicts = client
        .verify_all(&session, std::slice::from_ref(&id))
        .await
        .unwrap();
    assert_eq!(verdicts, [Verdict::Invalid]);
    let grants = [GrantRequest::new(id, None)];
    client.grant_all(&session, &grants).await.unwrap();
    let api = client.tokenizer();
    api.tokenize(&session, b"canary-value", &Metadata::string())
        .await
        .unwrap_err();
    api.detokenize(&session, &token).await.unwrap_err();
    api.metadata(&session, &token).await.unwrap_err();
    let state = TransferState::from_query(Some("state=canary-state")).unwrap();
    client.transfer(&state, &session).await.unwrap();
    drop(guard);

    let text = log.text();
    for expected in [
        "lunadefend.verify{tokens=1 outcome=\"invalid\"}",
        "lunadefend.create{tokens=1 outcome=\"granted\"}",
        "lunadefend.tokenize{outcome=\"tokenizerUnauthorized\"}",
        "lunadefend.metadata{outcome=\"tokenizerUnauthorized\"}",
        "lunadefend.detokenize{outcome=\"tokenizerUnauthorized\"}",
        "lunadefend.transfer{outcome=\"signed\"}",
    ] {
        assert!(text.contains(expected), "{expected} not in {text}");
    }
    // Both attempts are of one trace.
    let ids = ["attempt=0", "attempt=1"].map(|attempt| {
        let span = format!("lunadefend.http{{route=\"/grant/verify\" {attempt} request_id=\"");
        // Its last line, when it closed.
        let (_, rest) = text.rsplit_once(&span).unwrap();
        rest.split_once('"').unwrap()
    });
    let [(first, after_first), (second, after_second)] = ids;
    assert!(after_first.starts_with(" status=503 outcome=\"answered\"}"));
    assert!(after_second.starts_with(" status=200 outcome=\"answered\"}"));
    assert_eq!(
        first.split_once('-').unwrap().0,
        second.split_once('-').unwrap().0
    );
    assert_ne!(first, second);
    for canary in ["ca4a21ca", "canary", "eyJ", &format!("{}/", server.url)] {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
}
