//! Beside other extensions, before them and after them.

use crate::support::{allow, codes, request, token};
use async_graphql::{
    EmptyMutation, EmptySubscription, InputObject, Name, Object, Request, Response, Schema,
    ServerResult, ValidationResult, Variables,
    async_trait::async_trait,
    extensions::{
        Extension, ExtensionContext, ExtensionFactory, NextParseQuery, NextPrepareRequest,
        NextRequest, NextValidation,
        apollo_persisted_queries::{ApolloPersistedQueries, LruCacheStorage},
    },
    parser::{
        parse_query,
        types::{DocumentOperations, ExecutableDocument, Selection},
    },
    value,
};
use lunadefend_core::SessionId;
use lunadefend_graphql::{Token, TokenExtension, build, check};
use lunadefend_testing::{Call, TestBackend};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

#[derive(InputObject)]
struct Secrets {
    #[graphql(secret, directive = Token::apply(None))]
    hidden: Option<String>,
    #[graphql(directive = Token::apply(None))]
    shown: Option<String>,
}

struct Query(Arc<AtomicUsize>);

#[Object]
impl Query {
    async fn by(&self, #[graphql(directive = Token::apply(None))] ssn: String) -> bool {
        drop(ssn);
        self.0.fetch_add(1, Ordering::SeqCst);
        true
    }

    async fn log(
        &self,
        #[graphql(secret, directive = Token::apply(None))] argument: Option<String>,
        secrets: Option<Secrets>,
    ) -> bool {
        drop((
            argument,
            secrets.map(|secrets| (secrets.hidden, secrets.shown)),
        ));
        true
    }
}

/// What an extension does to a request.
#[derive(Clone)]
enum Other {
    /// Parses by itself, as one with a cache would.
    Parses,
    /// Says that the operation is valid, as one with a cache would.
    Validates,
    /// Puts the token with this number into the operation.
    Rewrites(usize),
    /// Chooses another operation.
    Chooses(&'static str),
    /// Finds the session.
    LogsIn,
    /// Writes down what it would log.
    Logs(Arc<Mutex<String>>),
    /// Does something else first.
    Waits,
}

impl ExtensionFactory for Other {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl Extension for Other {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        if let Self::Waits = self {
            tokio::task::yield_now().await;
        }
        next.run(ctx).await
    }

    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let mut request = match self {
            Self::LogsIn => request.data(SessionId::new("by extension").unwrap()),
            _ => request,
        };
        request = next.run(ctx, request).await?;
        if let Self::Chooses(name) = self {
            request.operation_name = Some((*name).to_owned());
        }
        Ok(request)
    }

    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        if let Self::Parses = self {
            return Ok(parse_query(query)?);
        }
        let mut document = next.run(ctx, query, variables).await?;
        if let Self::Logs(log) = self {
            *log.lock().unwrap() = ctx.stringify_execute_doc(&document, variables);
        }
        if let (Self::Rewrites(number), DocumentOperations::Single(operation)) =
            (self, &mut document.operations)
        {
            let items = &mut operation.node.selection_set.node.items;
            if let Some(Selection::Field(field)) = items.first_mut().map(|item| &mut item.node) {
                for (_, argument) in &mut field.node.arguments {
                    argument.node = async_graphql::Value::from(token(*number)).into();
                }
            }
        }
        Ok(document)
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<async_graphql::ServerError>> {
        if let Self::Validates = self {
            return Ok(ValidationResult {
                cache_control: async_graphql::CacheControl::default(),
                complexity: 0,
                depth: 0,
            });
        }
        next.run(ctx).await
    }
}

type Complete = Schema<Query, EmptyMutation, EmptySubscription>;

/// Ours first, as `build` has it, or the other one first.
fn both_orders(backend: &TestBackend, other: &Other) -> [(Complete, Arc<AtomicUsize>); 2] {
    let ran = Arc::new(AtomicUsize::new(0));
    let query = Query(Arc::clone(&ran));
    let first = build(
        query,
        EmptyMutation,
        EmptySubscription,
        &backend.grants(),
        |schema| schema.extension(other.clone()),
    );
    let ran_after = Arc::new(AtomicUsize::new(0));
    let query = Query(Arc::clone(&ran_after));
    let after = Schema::build(query, EmptyMutation, EmptySubscription)
        .extension(other.clone())
        .extension(TokenExtension::new(&backend.grants()))
        .finish();
    [(first.unwrap(), ran), (after, ran_after)]
}

fn by(number: usize) -> String {
    format!("{{by(ssn:\"{}\")}}", token(number))
}

fn verify(number: usize) -> Vec<Call> {
    vec![Call::verify("ann", vec![token(number)])]
}

#[tokio::test]
async fn a_step_that_another_one_keeps_to_itself_is_an_error() {
    for other in [Other::Parses, Other::Validates] {
        let backend = TestBackend::new();
        backend.accept_all();
        let [(first, ran), (after, ran_after)] = both_orders(&backend, &other);
        assert!(first.execute(request("ann", by(1))).await.is_ok());
        assert_eq!(
            (ran.load(Ordering::SeqCst), backend.take_calls()),
            (1, verify(1))
        );

        let response = after.execute(request("ann", by(1))).await;
        assert_eq!(codes(&response), ["internalError"]);
        assert_eq!(response.errors[0].message, "internal error");
        assert_eq!(
            (ran_after.load(Ordering::SeqCst), backend.take_calls()),
            (0, vec![])
        );
    }
}

#[tokio::test]
async fn an_operation_that_another_one_rewrites_is_looked_at_again() {
    let backend = TestBackend::new();
    allow(&backend, [token(1)]);
    let [(first, ran), (after, ran_after)] = both_orders(&backend, &Other::Rewrites(2));
    for (schema, ran, asked) in [(first, ran, 2), (after, ran_after, 1)] {
        let response = schema.execute(request("ann", by(1))).await;
        assert_eq!(codes(&response), ["invalidGrant"]);
        assert_eq!(
            (ran.load(Ordering::SeqCst), backend.take_calls()),
            (0, verify(asked))
        );
    }
}

#[tokio::test]
async fn an_operation_that_another_one_chooses_is_looked_at_again() {
    let backend = TestBackend::new();
    allow(&backend, [token(1)]);
    let [(first, ran), (after, ran_after)] = both_orders(&backend, &Other::Chooses("B"));
    for (schema, ran) in [(first, ran), (after, ran_after)] {
        let query = format!("query A{} query B{}", by(1), by(2));
        let response = schema
            .execute(request("ann", query).operation_name("A"))
            .await;
        assert_eq!(codes(&response), ["invalidGrant"]);
        assert_eq!(ran.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn another_one_may_find_the_session() {
    let backend = TestBackend::new();
    backend.accept_all();
    for (schema, _) in both_orders(&backend, &Other::LogsIn) {
        assert!(schema.execute(by(1)).await.is_ok());
        let session = "by extension".to_owned();
        assert_eq!(
            backend.take_calls(),
            [Call::verify(session, vec![token(1)])]
        );
    }
}

#[tokio::test]
async fn persisted_queries_are_enforced_in_both_orders() {
    let backend = TestBackend::new();
    allow(&backend, [token(1)]);
    let persisted = || ApolloPersistedQueries::new(LruCacheStorage::new(8));
    let ran = Arc::new(AtomicUsize::new(0));
    let query = || Query(Arc::clone(&ran));
    let first = build(
        query(),
        EmptyMutation,
        EmptySubscription,
        &backend.grants(),
        |schema| schema.extension(persisted()),
    );
    let after = Schema::build(query(), EmptyMutation, EmptySubscription)
        .extension(persisted())
        .extension(TokenExtension::new(&backend.grants()))
        .finish();
    check(&after).await.unwrap();
    for schema in [first.unwrap(), after] {
        let send = async |text: &str, number: usize| {
            let mut request = request("ann", text);
            // Of the text below.
            let hash = "7eb5e0cab341c625f20f8498a61be77859cffbb22d91e99ac3f5492d9062c813";
            let extension = value!({"version": 1, "sha256Hash": hash});
            request
                .extensions
                .insert("persistedQuery".to_owned(), extension);
            request
                .variables
                .insert(Name::new("ssn"), token(number).into());
            codes(&schema.execute(request).await)
        };
        let text = "query($ssn:String!){by(ssn:$ssn)}";
        assert_eq!(send(text, 1).await, [""; 0]);
        assert_eq!(backend.take_calls(), verify(1));
        // By its hash alone.
        assert_eq!(send("", 1).await, [""; 0]);
        assert_eq!(backend.take_calls(), verify(1));
        assert_eq!(send("", 2).await, ["invalidGrant"]);
        assert_eq!(backend.take_calls(), verify(2));
    }
    assert_eq!(ran.load(Ordering::SeqCst), 4);
}

/// What async-graphql's `Logger` and `Tracing` write, they have of `stringify_execute_doc`.
#[tokio::test]
async fn what_is_secret_is_not_logged() {
    let backend = TestBackend::new();
    backend.accept_all();
    let log = Arc::new(Mutex::default());
    let [(schema, _), _] = both_orders(&backend, &Other::Logs(Arc::clone(&log)));
    let query = "query($a:String,$s:Secrets){log(argument:$a,secrets:$s)}";
    let variables = serde_json::json!({
        "a": token(1),
        "s": {"hidden": token(2), "shown": token(3)},
    });
    let request = request("ann", query).variables(Variables::from_json(variables));
    assert!(schema.execute(request).await.is_ok());
    let log = log.lock().unwrap();
    assert!(
        !log.contains(&token(1)) && !log.contains(&token(2)),
        "{log}"
    );
    assert!(
        log.contains(&token(3)),
        "the limit that the documentation names: {log}"
    );
}

#[tokio::test]
async fn one_that_waits_keeps_nobody_from_telling() {
    let backend = TestBackend::new();
    backend.accept_all();
    for (schema, _) in both_orders(&backend, &Other::Waits) {
        check(&schema).await.unwrap();
        assert!(schema.execute(request("ann", by(1))).await.is_ok());
        assert_eq!(backend.take_calls(), verify(1));
    }
}
