use async_graphql::{EmptyMutation, EmptySubscription, Object, Request, Schema};
use lunadefend::{GrantDuration, Grants};
use lunadefend_graphql::{Token, build};
use lunadefend_testing::{TestBackend, session, token};

struct Query;

#[Object]
impl Query {
    #[graphql(directive = Token::apply(None))]
    async fn ssn(&self) -> String {
        token(7).expose_id().to_owned() // from your database
    }

    async fn knows(&self, #[graphql(directive = Token::apply(None))] ssn: String) -> bool {
        !ssn.is_empty()
    }
}

/// Your schema. `main` hands it the grants of a `LunaDefend`, a test those of a `TestBackend`.
fn schema(grants: &Grants) -> Schema<Query, EmptyMutation, EmptySubscription> {
    build(Query, EmptyMutation, EmptySubscription, grants, |new| new).unwrap()
}

#[tokio::test]
async fn a_token_counts_for_fifteen_minutes() {
    let backend = TestBackend::new();
    let page = backend.grant(&session("ann"), &token(1)); // what Ann's browser has
    let query = format!("{{knows(ssn:\"{}\")}}", page.expose_id());
    let ask = || Request::new(&query).data(session("ann"));
    assert!(schema(&backend.grants()).execute(ask()).await.is_ok());
    backend.clock().advance(GrantDuration::DEFAULT.get());
    let refused = schema(&backend.grants()).execute(ask()).await;
    assert_eq!(refused.errors[0].message, "Grant Invalid");
}

#[tokio::test]
async fn what_is_sent_is_granted() {
    let backend = TestBackend::new();
    let ask = Request::new("{ssn}").data(session("ann"));
    assert!(schema(&backend.grants()).execute(ask).await.is_ok());
    backend.assert_granted(&session("ann"), &token(7));
}
