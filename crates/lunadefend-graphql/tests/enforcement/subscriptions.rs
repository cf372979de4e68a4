//! Subscriptions: verified when they begin, granted with each event.

use crate::support::{allow, codes, data, request, token, verified_token};
use async_graphql::{
    Context, EmptyMutation, InputObject, MergedSubscription, Object, Response, Result, Schema,
    SimpleObject, Subscription,
};
use futures_util::{Stream, StreamExt, stream};
use lunadefend_core::{ErrorKind, UntrustedToken};
use lunadefend_graphql::{Token, VerifyIn, build};
use lunadefend_testing::{Call, TestBackend};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

struct Query;

#[Object]
impl Query {
    async fn ok(&self) -> bool {
        true
    }
}

#[derive(Clone)]
struct Event {
    number: usize,
    ran: Arc<AtomicUsize>,
}

#[Object]
impl Event {
    #[graphql(directive = Token::apply(None))]
    async fn ssn(&self) -> Option<String> {
        // Others come in between.
        tokio::task::yield_now().await;
        Some(token(self.number))
    }

    async fn same(&self, #[graphql(directive = Token::apply(None))] of: String) -> bool {
        self.ran.fetch_add(1, Ordering::SeqCst);
        of == token(self.number)
    }
}

/// Its resolvers count how often they began.
struct Events(Arc<AtomicUsize>);

impl Events {
    fn begin(&self, events: usize) -> impl Stream<Item = Event> + use<> {
        let ran = Arc::clone(&self.0);
        ran.fetch_add(1, Ordering::SeqCst);
        stream::iter(1..=events).map(move |number| Event {
            number,
            ran: Arc::clone(&ran),
        })
    }
}

/// Async-graphql takes no directive on an argument of a subscription.
#[derive(InputObject)]
struct Of {
    #[graphql(directive = Token::apply(None))]
    ssn: String,
}

#[Subscription]
impl Events {
    async fn events(&self, of: Option<Of>, count: usize) -> impl Stream<Item = Event> {
        drop(of.map(|of| of.ssn));
        self.begin(count)
    }

    async fn typed(
        &self,
        ctx: &Context<'_>,
        of: UntrustedToken,
    ) -> Result<impl Stream<Item = Event> + use<>> {
        of.verify_in(ctx).await?;
        Ok(self.begin(1))
    }
}

#[derive(SimpleObject, Clone)]
struct Bare {
    name: String,
}

struct More;

#[Subscription]
impl More {
    /// A token at the root, from the second part of a merged subscription.
    #[graphql(directive = Token::apply(Some("1m".into())))]
    async fn tokens(&self) -> impl Stream<Item = Vec<String>> {
        stream::iter([vec![token(8)], vec![token(9)]])
    }

    async fn bare(&self) -> impl Stream<Item = Bare> {
        stream::iter([Bare {
            name: "bare".to_owned(),
        }])
    }
}

#[derive(MergedSubscription)]
struct All(Events, More);

struct Run {
    backend: TestBackend,
    ran: Arc<AtomicUsize>,
    schema: Schema<Query, EmptyMutation, All>,
}

impl Run {
    fn new() -> Self {
        let backend = TestBackend::new();
        let ran = Arc::new(AtomicUsize::new(0));
        let all = All(Events(Arc::clone(&ran)), More);
        let schema = build(Query, EmptyMutation, all, &backend.grants(), |schema| {
            schema
        });
        Self {
            backend,
            ran,
            schema: schema.unwrap(),
        }
    }

    fn begin(&self, query: &str) -> impl Stream<Item = Response> + Unpin + use<> {
        self.schema.execute_stream(request("ann", query))
    }

    fn ran(&self) -> usize {
        self.ran.load(Ordering::SeqCst)
    }
}

fn verify(number: usize) -> Call {
    Call::verify("ann", vec![token(number)])
}

fn create(number: usize) -> Call {
    Call::grant("ann", vec![(token(number), None)])
}

#[tokio::test]
async fn each_event_is_granted_in_one_call() {
    let run = Run::new();
    let mut events = run.begin("subscription{events(count:2){ssn a:ssn}}");
    let first = events.next().await.unwrap();
    assert!(first.is_ok() && data(&first).contains(&token(1)));
    assert_eq!(run.backend.take_calls(), [create(1)]);
    let second = events.next().await.unwrap();
    assert!(second.is_ok() && data(&second).contains(&token(2)));
    assert_eq!(run.backend.take_calls(), [create(2)]);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_subscription_with_a_bad_token_does_not_begin() {
    let run = Run::new();
    let query = format!(
        "subscription{{events(of:{{ssn:\"{}\"}},count:2){{ssn}}}}",
        token(7)
    );
    let all: Vec<_> = run.begin(&query).collect().await;
    assert_eq!(all.len(), 1);
    assert_eq!(codes(&all[0]), ["invalidGrant"]);
    assert_eq!(run.ran(), 0);
    assert_eq!(run.backend.take_calls(), [verify(7)]);

    // That of the field of the root is used once, and verified once.
    allow(&run.backend, [token(7)]);
    let all: Vec<_> = run.begin(&query).collect().await;
    assert_eq!((all.len(), run.ran()), (2, 1));
    assert_eq!(run.backend.take_calls(), [verify(7), create(1), create(2)]);
}

#[tokio::test]
async fn what_each_event_uses_is_verified_with_each_event() {
    let run = Run::new();
    allow(&run.backend, [token(1)]);
    let query = format!(
        "subscription{{events(count:3){{same(of:\"{}\")}}}}",
        token(1)
    );
    let mut events = run.begin(&query);
    let first = events.next().await.unwrap();
    assert_eq!(data(&first), r#"{"events":{"same":true}}"#);
    assert_eq!(
        (run.ran(), run.backend.take_calls()),
        (2, vec![verify(1), verify(1)])
    );
    // The grant ends.
    run.backend.refuse(&verified_token(&token(1)));
    let second = events.next().await.unwrap();
    assert_eq!(codes(&second), ["invalidGrant"]);
    assert_eq!((run.ran(), run.backend.take_calls()), (2, vec![verify(1)]));
    allow(&run.backend, [token(1)]);
    assert!(events.next().await.unwrap().is_ok());
    assert_eq!(run.ran(), 3);
}

#[tokio::test]
async fn an_event_that_is_not_granted_is_not_sent_and_the_next_one_is() {
    let run = Run::new();
    let mut events = run.begin("subscription{events(count:2){ssn}}");
    run.backend.fail(ErrorKind::TokenizerUnavailable);
    let first = events.next().await.unwrap();
    assert_eq!(codes(&first), ["tokenizerUnavailable"]);
    assert_eq!(data(&first), r#"{"events":{"ssn":null}}"#);
    run.backend.recover();
    assert!(events.next().await.unwrap().is_ok());
}

#[tokio::test]
async fn a_part_of_a_merged_subscription_is_enforced_by_the_name_of_the_whole() {
    let run = Run::new();
    let all: Vec<_> = run.begin("subscription{t:tokens}").collect().await;
    assert!(all.iter().all(Response::is_ok));
    let calls = run.backend.take_calls();
    assert_eq!(calls.len(), 2);
    assert!(
        matches!(&calls[0], Call::Grant { grants: tokens, .. } if tokens[0].0 == token(8) && tokens[0].1.is_some())
    );

    let all: Vec<_> = run.begin("subscription{bare{name}}").collect().await;
    assert_eq!(data(&all[0]), r#"{"bare":{"name":"bare"}}"#);

    run.backend.fail(ErrorKind::TokenizerUnavailable);
    let all: Vec<_> = run.begin("subscription{t:tokens}").collect().await;
    assert!(all.iter().all(|response| data(response) == "null"));
}

#[tokio::test]
async fn events_of_several_fields_do_not_mix() {
    let run = Run::new();
    let query = "subscription{a:events(count:20){ssn} b:events(count:20){x:ssn y:ssn} t:tokens}";
    let all: Vec<_> = run.begin(query).collect().await;
    assert_eq!(all.len(), 42);
    assert!(all.iter().all(Response::is_ok));
    let calls = run.backend.take_calls();
    assert_eq!(calls.len(), 42);
    for call in &calls {
        assert!(
            matches!(call, Call::Grant { grants: tokens, .. } if tokens.len() == 1),
            "{call:?}"
        );
    }
    // Each was granted before it was sent.
    for (call, response) in calls.iter().zip(&all) {
        let Call::Grant { grants: tokens, .. } = call else {
            panic!()
        };
        assert!(data(response).contains(&tokens[0].0));
    }
}

#[tokio::test]
async fn a_typed_token_costs_no_call_of_its_own() {
    let run = Run::new();
    allow(&run.backend, [token(7)]);
    let query = format!("subscription{{typed(of:\"{}\"){{__typename}}}}", token(7));
    let all: Vec<_> = run.begin(&query).collect().await;
    assert!(all.iter().all(Response::is_ok), "{all:?}");
    assert_eq!((run.ran(), run.backend.take_calls()), (1, vec![verify(7)]));
}

#[tokio::test]
async fn over_a_stream_queries_are_enforced_too() {
    let run = Run::new();
    let all: Vec<_> = run.begin("{ok}").collect().await;
    assert_eq!(data(&all[0]), r#"{"ok":true}"#);
    // And a single request cannot be a subscription.
    let query = format!(
        "subscription{{events(of:{{ssn:\"{}\"}},count:1){{ssn}}}}",
        token(7)
    );
    let response = run.schema.execute(request("ann", query)).await;
    assert_eq!(codes(&response), ["invalidGrant"]);
}
