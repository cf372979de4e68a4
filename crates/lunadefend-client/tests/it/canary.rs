//! No printable text contains a token, a session id, a JWT or a value.

use crate::support::{Act, Nobody, Server, answer, base, client_of, json, shown, signing_key, yes};
use lunadefend_client::{SessionIds, SigningKeys};
use lunadefend_core::{
    Error, SessionId, VerifiedToken,
    provider::{GrantRequest, GrantService, SessionTransfer, TokenId, TransferState},
    wire::Metadata,
};
use std::time::Duration;

const TOKEN: &str = "lunasec-ca4a21ca-ca4a-4a21-8a4a-ca4a21ca4a21";
const SESSION: &str = "canary-session-5150";
const VALUE: &[u8] = b"canary-value-4111111111111111";
const STATE: &str = "canary-state";

#[track_caller]
fn assert_clean(text: &str, url: &str) {
    for canary in ["ca4a21ca", "canary", "4111", "eyJ", "5150"] {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
    assert!(!text.contains(&format!("{url}/")), "a full URL in {text}");
}

fn session() -> SessionId {
    SessionId::new(SESSION).unwrap()
}

/// Runs everything and returns the errors.
async fn errors(builder: lunadefend_client::ClientBuilder) -> Vec<Error> {
    let client = builder
        .deadline(Duration::from_millis(300))
        .build()
        .unwrap();
    let id = TokenId::parse(TOKEN).unwrap();
    let token = VerifiedToken::assertion(TOKEN).unwrap();
    let api = client.tokenizer();
    let grants = [GrantRequest::new(id.clone(), None)];
    [
        client.verify_all(&session(), &[id]).await.map(drop).err(),
        client.grant_all(&session(), &grants).await.err(),
        api.tokenize(&session(), VALUE, &Metadata::string())
            .await
            .map(drop)
            .err(),
        api.detokenize(&session(), &token).await.map(drop).err(),
        api.metadata(&session(), &token).await.map(drop).err(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[tokio::test]
async fn errors_of_every_kind_are_clean() {
    // A hostile tokenizer echoes the request, in every possible place.
    let echo = |status: u16, headers: &'static str| {
        move |_: usize, request: &crate::support::Recorded| {
            let text = format!(
                "{} {} {} {}",
                String::from_utf8_lossy(&request.body).replace(['"', '\\'], " "),
                request
                    .headers
                    .iter()
                    .map(|(_, value)| value.as_str())
                    .collect::<String>(),
                request.target,
                SESSION,
            );
            Act::Send(answer(
                status,
                headers,
                format!(r#"{{"success":false,"error":{{"name":"{text}","message":"{text}"}}}}"#),
            ))
        }
    };
    let json_type = "content-type: application/json\r\n";
    let mut servers = Vec::new();
    for status in [200, 201, 302, 400, 401, 403, 404, 413, 429, 500, 503] {
        servers.push(Server::start(echo(status, json_type)).await);
        servers.push(Server::start(echo(status, "content-type: text/html\r\n")).await);
        servers.push(Server::start(echo(status, "content-encoding: gzip\r\n")).await);
    }
    servers.push(Server::start(|_, _| Act::Hang).await);
    servers.push(Server::start(|_, _| Act::Reset).await);
    servers.push(Server::answering(b"canary-session-5150\r\n\r\n".to_vec()).await);
    servers.push(
        Server::answering(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\ncanary".to_vec()).await,
    );
    let elsewhere = format!(
        r#"{{"tokenId":"{TOKEN}","uploadUrl":"http://canary.example/","downloadUrl":"http://canary.example/","headers":{{}}}}"#
    );
    servers.push(Server::answering(yes(&elsewhere)).await);
    servers.push(
        Server::answering(json(
            200,
            r#"{"success":true,"data":{"valid":"canary","tokenId":"canary"}}"#,
        ))
        .await,
    );
    for server in servers {
        let errors = errors(server.client().max_retries(1)).await;
        assert!(errors.len() >= 4, "{}", errors.len());
        for error in errors {
            assert_clean(&shown(&error), &server.url);
        }
    }
    let nobody = Nobody::new();
    for error in errors(client_of(&nobody.url)).await {
        assert_clean(&shown(&error), &nobody.url);
    }
}

#[tokio::test]
async fn debug_of_every_public_type_is_clean() {
    let url = "http://127.0.0.1:47799";
    let builder = client_of(url)
        .session_ids(SessionIds::keyed(b"canary canary canary canary canary").unwrap())
        .blob_origins(vec![base("http://localhost:1")]);
    let mut text = format!("{builder:?} {:?}", SigningKeys::from(signing_key()));
    let client = builder.build().unwrap();
    let state = TransferState::from_query(Some(&format!("state={STATE}"))).unwrap();
    let jwt = client.keys().user(&session()).await.unwrap();
    let transfer = client.transfer(&state, &session()).await.unwrap();
    text.push_str(&format!(
        "{client:?} {:?} {:?} {jwt:?} {transfer:?} {state:?} {:?}",
        client.tokenizer(),
        client.keys(),
        client.keys().application().await.unwrap(),
    ));
    assert_clean(&text, url);
}
