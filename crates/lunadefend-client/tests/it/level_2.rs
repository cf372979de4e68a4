//! A scripted tokenizer of wire level 2.

use crate::support::{Act, Recorded, Server, json, token, yes};
use lunadefend_client::ClientBuilder;
use lunadefend_core::{
    provider::{TokenId, UnixMillis},
    wire::{BATCH, BatchOperation, BatchPlace, Binding, GrantBatch, from_slice},
};
use lunadefend_crypto::sha256;
use serde_json::{Value, json as value};

pub(crate) const EXPIRY: u64 = 1_700_000_900_000;

pub(crate) fn text(number: usize) -> String {
    format!("lunasec-00000000-0000-4000-8000-{number:012}")
}

pub(crate) fn tokens(count: usize) -> Vec<TokenId> {
    (0..count).map(|number| token(&text(number))).collect()
}

pub(crate) fn operation(request: &Recorded) -> BatchOperation {
    match &*request.target {
        "/v2/grants/set" => BatchOperation::Set,
        "/v2/grants/verify" => BatchOperation::Verify,
        other => panic!("{other}"),
    }
}

/// The `data` that an honest tokenizer answers with, which grants what `grants` names.
pub(crate) fn honest(request: &Recorded, grants: impl Fn(&str) -> bool) -> Value {
    let batch: GrantBatch = from_slice(&request.body, BATCH).unwrap();
    answered(&batch, operation(request), grants)
}

pub(crate) fn answered(
    batch: &GrantBatch,
    operation: BatchOperation,
    grants: impl Fn(&str) -> bool,
) -> Value {
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
    value!({ "batchId": batch.batch_id.to_text(), "items": items.collect::<Vec<_>>() })
}

pub(crate) fn send(data: &Value) -> Act {
    Act::Send(yes(&data.to_string()))
}

/// A server that offers level 2 with batches of at most so many items, and answers them by `script`.
pub(crate) async fn level_2(
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
pub(crate) fn client(server: &Server) -> ClientBuilder {
    server.client().require_level(2)
}

pub(crate) fn batches(server: &Server) -> Vec<GrantBatch> {
    let requests = server.requests().into_iter();
    requests
        .map(|request| from_slice(&request.body, BATCH).unwrap())
        .collect()
}
