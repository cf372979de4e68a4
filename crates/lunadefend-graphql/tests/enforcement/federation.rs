//! Federated entities: their fields are outputs like any other, their keys are inputs in a scalar without a
//! type.

use crate::support::{codes, data, request, token};
use async_graphql::{EmptyMutation, EmptySubscription, Object, Response, SimpleObject};
use lunadefend_core::ErrorKind;
use lunadefend_graphql::{Token, build};
use lunadefend_testing::{Call, TestBackend};

#[derive(SimpleObject)]
struct Person {
    id: String,
    #[graphql(directive = Token::apply(None))]
    ssn: String,
}

struct Query;

#[Object]
impl Query {
    #[graphql(entity)]
    async fn person(&self, id: String) -> Person {
        Person { id, ssn: token(1) }
    }

    async fn ok(&self) -> bool {
        true
    }
}

async fn entity(backend: &TestBackend, id: &str) -> Response {
    let grants = backend.grants();
    let schema = build(Query, EmptyMutation, EmptySubscription, &grants, |schema| {
        schema
    });
    let query = format!(
        "{{_entities(representations:[{{__typename:\"Person\",id:{id:?}}}]){{... on Person{{id ssn}}}}}}"
    );
    schema.unwrap().execute(request("ann", query)).await
}

#[tokio::test]
async fn what_an_entity_takes_out_is_granted() {
    let backend = TestBackend::new();
    let response = entity(&backend, "7").await;
    assert!(response.is_ok(), "{:?}", response.errors);
    assert!(data(&response).contains(&token(1)));
    let expected = Call::grant("ann", vec![(token(1), None)]);
    assert_eq!(backend.take_calls(), [expected]);
}

/// async-graphql's paths into entities lack the index, so they do not tell the entities apart.
#[tokio::test]
async fn what_is_not_granted_is_not_sent() {
    let backend = TestBackend::new();
    backend.fail(ErrorKind::TokenizerUnavailable);
    let response = entity(&backend, "7").await;
    assert_eq!(codes(&response), ["tokenizerUnavailable"]);
    assert_eq!(data(&response), "null");
}

#[tokio::test]
async fn a_key_that_is_a_token_is_refused() {
    let backend = TestBackend::new();
    backend.accept_all();
    let response = entity(&backend, &token(2)).await;
    assert_eq!(codes(&response), ["badRequest"]);
    assert!(backend.take_calls().is_empty());
}
