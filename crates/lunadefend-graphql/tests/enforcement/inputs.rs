//! Tokens that come in, in each shape by itself.

mod schema;

use crate::support::{allow, asked_about, codes, data, number, request, token};
use async_graphql::{
    BatchRequest, BatchResponse, Data, EmptySubscription, Request, Schema, SchemaBuilder,
    ValidationMode, Variables,
};
use lunadefend_core::{
    Error, ErrorKind, Grants, SessionId,
    provider::{BoxFuture, GrantRequest, GrantService, TokenId, Verdict},
};
use lunadefend_graphql::{TokenExtension, build, check};
use lunadefend_testing::{Call, TestBackend};
use schema::{Mutation, Query, Ran, pick};
use std::sync::Arc;

type Builder = SchemaBuilder<Query, Mutation, EmptySubscription>;
type Complete = Schema<Query, Mutation, EmptySubscription>;

fn schema(backend: &TestBackend, configure: fn(Builder) -> Builder) -> (Complete, Ran) {
    schema_on(&backend.grants(), configure)
}

fn schema_on(grants: &Grants, configure: fn(Builder) -> Builder) -> (Complete, Ran) {
    let ran = Ran::default();
    let mutation = Mutation::new(&ran);
    let query = Query(ran.clone());
    let schema = build(query, mutation, EmptySubscription, grants, |schema| {
        configure(schema.directive(pick))
    });
    (schema.unwrap(), ran)
}

/// The tokens that an operation has verified, by their numbers.
async fn verified(query: &str, variables: serde_json::Value) -> Vec<usize> {
    let backend = TestBackend::new();
    backend.accept_all();
    let (schema, ran) = schema(&backend, |schema| schema);
    let request = request("ann", query).variables(Variables::from_json(variables));
    let response = schema.execute(request).await;
    assert!(response.errors.is_empty(), "{query}: {:?}", response.errors);
    assert!(ran.times() > 0, "{query}");
    asked_about(&backend).iter().map(|id| number(id)).collect()
}

/// Puts the token with a number for each `~number`.
fn with_tokens(text: &str) -> String {
    let mut parts = text.split('~');
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        result.push_str(&token(part[..end].parse().unwrap()));
        result.push_str(&part[end..]);
    }
    result
}

#[tokio::test]
async fn every_shape() {
    // The default of `preset` is 77, wherever a person comes without one.
    for (query, variables, expected) in [
        (r#"{by(ssn:"~1")}"#, "{}", vec![1]),
        (r#"query($a:String!){by(ssn:$a)}"#, r#"{"a":"~1"}"#, vec![1]),
        (r#"query($a:String!="~2"){by(ssn:$a)}"#, "{}", vec![2]),
        (
            r#"query($a:String!="~2"){by(ssn:$a)}"#,
            r#"{"a":"~1"}"#,
            vec![1],
        ),
        (r#"{byId(id:"~1")}"#, "{}", vec![1]),
        (r#"{byId(id:null)}"#, "{}", vec![]),
        (r#"query($a:ID){byId(id:$a)}"#, "{}", vec![]),
        // Lists of lists, a single value for them, and the same in variables.
        (
            r#"{byAll(ssns:[["~1","~2"],[],["~3"]])}"#,
            "{}",
            vec![1, 2, 3],
        ),
        (r#"{byAll(ssns:["~1",["~2"]])}"#, "{}", vec![1, 2]),
        (r#"{byAll(ssns:"~1")}"#, "{}", vec![1]),
        (
            r#"query($a:[[String!]!]){byAll(ssns:$a)}"#,
            r#"{"a":"~1"}"#,
            vec![1],
        ),
        (
            r#"query($a:[[String!]!]){byAll(ssns:$a)}"#,
            r#"{"a":[["~1"],"~2"]}"#,
            vec![1, 2],
        ),
        (
            r#"query($a:[String!]!,$b:String!){byAll(ssns:[$a,[$b,"~3"]])}"#,
            r#"{"a":["~1"],"b":"~2"}"#,
            vec![1, 2, 3],
        ),
        // Defaults of the schema.
        ("{preset}", "{}", vec![88]),
        (r#"{preset(ssn:"~1")}"#, "{}", vec![1]),
        (r#"{preset(ssn:"~1",plain:"~2")}"#, "{}", vec![1]),
        // Aliases: each is a separate field. The same token is verified once.
        (
            r#"{a:by(ssn:"~1") b:by(ssn:"~2") c:by(ssn:"~1")}"#,
            "{}",
            vec![1, 2],
        ),
        // The scalar is marked by itself.
        (r#"{typed(of:["~1","~2"])}"#, "{}", vec![1, 2]),
        (r#"{typed(of:"~1")}"#, "{}", vec![1]),
        // Input objects: nested, flattened, recursive, in lists, one of.
        (
            r#"mutation{save(person:{ssn:"~1",email:"~2",preset:null,name:"~9"})}"#,
            "{}",
            vec![1, 2],
        ),
        (r#"mutation{save(person:{ssn:"~1"})}"#, "{}", vec![1, 77]),
        (
            r#"mutation{save(person:{preset:"~1",boss:{preset:"~2",boss:{preset:null,grid:[["~3",null],"~4"]}}})}"#,
            "{}",
            vec![1, 2, 3, 4],
        ),
        (
            r#"mutation{saveAll(people:[{ssn:"~1",preset:null}],more:{ssn:"~2",preset:null})}"#,
            "{}",
            vec![1, 2],
        ),
        (
            r#"mutation($p:Person!){save(person:$p)}"#,
            r#"{"p":{"ssn":"~1","preset":null,"choice":{"card":"~2"}}}"#,
            vec![1, 2],
        ),
        (
            r#"mutation($p:Person={ssn:"~1",preset:"~2"}){save(person:{preset:null,boss:$p})}"#,
            "{}",
            vec![1, 2],
        ),
        (
            r#"mutation($s:String){save(person:{preset:null,ssn:$s})}"#,
            r#"{"s":"~1"}"#,
            vec![1],
        ),
        (r#"{one(choice:{card:"~1"})}"#, "{}", vec![1]),
        (r#"{one(choice:{typed:"~1"})}"#, "{}", vec![1]),
        (r#"{one(choice:{plain:"~1"})}"#, "{}", vec![]),
        (
            r#"{one(choice:{people:[{preset:"~1",choice:{people:{preset:"~2"}}}]})}"#,
            "{}",
            vec![1, 2],
        ),
        // Both halves of a merged object.
        (
            r#"mutation{save(person:{preset:"~1"}) other(ssn:"~2")}"#,
            "{}",
            vec![1, 2],
        ),
        // Below the root, through an interface and a union, in fragments of every kind.
        (
            r#"{node{child(of:"~1"){child(of:"~2"){__typename}}}}"#,
            "{}",
            vec![1, 2],
        ),
        (
            r#"{node{face{child(of:"~1"){__typename}... on Node{x:child(of:"~2"){__typename}}}}}"#,
            "{}",
            vec![1, 2],
        ),
        (
            r#"{node{either{... on Node{child(of:"~1"){__typename}}... on Leaf{name}}}}"#,
            "{}",
            vec![1],
        ),
        (
            r#"{...Q node{...N}} fragment Q on Query{by(ssn:"~1")} fragment N on Node{child(of:"~2"){...{...M}}} fragment M on Face{child(of:"~3"){__typename}}"#,
            "{}",
            vec![1, 2, 3],
        ),
        (
            r#"query($a:String!){...Q} fragment Q on Query{by(ssn:$a)}"#,
            r#"{"a":"~1"}"#,
            vec![1],
        ),
        // Left out of the response, and verified all the same.
        (
            r#"{by(ssn:"~1") b:by(ssn:"~2")@skip(if:true) ...@include(if:false){c:by(ssn:"~3")}}"#,
            "{}",
            vec![1, 2, 3],
        ),
        // In an argument of a directive that clients write.
        (r#"{by(ssn:"~1")@pick(from:"~2")}"#, "{}", vec![1, 2]),
        // Introspection has no tokens.
        (
            r#"{by(ssn:"~1") __schema{types{name}} __type(name:"~2"){name}}"#,
            "{}",
            vec![1],
        ),
        // What the application alone can read, without a token.
        (r#"{json(value:{a:["lunasec",{b:1}]})}"#, "{}", vec![]),
    ] {
        let variables = serde_json::from_str(&with_tokens(variables)).unwrap();
        let found = verified(&with_tokens(query), variables).await;
        assert_eq!(found, expected, "{query}");
    }
}

/// What an operation is answered with when every token is good, and how many calls it costs.
async fn refused(request: Request) -> (Vec<String>, usize) {
    let backend = TestBackend::new();
    backend.accept_all();
    let (schema, ran) = schema(&backend, |schema| schema);
    let response = schema.execute(request).await;
    assert_eq!(ran.times(), 0, "a resolver ran");
    assert_eq!(data(&response), "null");
    (codes(&response), backend.take_calls().len())
}

#[tokio::test]
async fn what_is_no_token_is_refused_before_anybody_is_asked() {
    for query in [
        r#"{by(ssn:"")}"#,
        r#"{by(ssn:"4111111111111111")}"#,
        r#"{by(ssn:"~1 ")}"#,
        r#"{byId(id:4111)}"#,
        r#"{byId(id:"4111")}"#,
        r#"{byAll(ssns:[["~1","4111"]])}"#,
        r#"{a:by(ssn:"~1") b:by(ssn:"4111")}"#,
        r#"mutation{save(person:{boss:{email:"4111"}})}"#,
        r#"{typed(of:"4111")}"#,
        r#"{by(ssn:"~1")@pick(from:"4111")}"#,
    ] {
        let answer = refused(request("ann", with_tokens(query))).await;
        assert_eq!(answer, (vec!["badToken".to_owned()], 0), "{query}");
    }
}

#[tokio::test]
async fn a_token_where_nobody_would_see_it_is_refused() {
    for query in [
        r#"{json(value:"~1")}"#,
        r#"{json(value:{a:[1,{b:"~1"}]})}"#,
        r#"query($v:JSON={a:"~1"}){json(value:$v)}"#,
    ] {
        let answer = refused(request("ann", with_tokens(query))).await;
        assert_eq!(answer, (vec!["badRequest".to_owned()], 0), "{query}");
    }
    let variables = serde_json::json!({"v": {token(1): 1}});
    let request = request("ann", "query($v:JSON){json(value:$v)}");
    let request = request.variables(Variables::from_json(variables));
    assert_eq!(refused(request).await, (vec!["badRequest".to_owned()], 0));
}

#[tokio::test]
async fn async_graphqls_own_errors_come_first() {
    for query in [
        r#"{by(ssn:"~1" unknown:1)}"#,
        r#"{by(ssn:1)}"#,
        r#"{by}"#,
        r#"{unknown(ssn:"~1")}"#,
        r#"{by(ssn:$undefined)}"#,
        r#"{...Nowhere}"#,
        r#"{by(ssn:"~1")@unknown(x:1)}"#,
        r#"mutation{save(person:{unknown:"~1"})}"#,
        r#"{one(choice:{card:"~1",plain:"x"})}"#,
        "{by(ssn:",
    ] {
        let (codes, calls) = refused(request("ann", with_tokens(query))).await;
        assert_eq!(calls, 0, "{query}");
        assert!(
            codes.iter().all(|code| code.starts_with("no code: ")),
            "{query}: {codes:?}"
        );
    }
}

#[tokio::test]
async fn without_validation_what_does_not_match_is_refused_all_the_same() {
    for query in [
        r#"{by(ssn:"~1",unknown:"~2")}"#,
        r#"{unknown(ssn:"~1")}"#,
        r#"{by(ssn:$undefined)}"#,
        r#"{...Nowhere}"#,
        r#"{... on Nothing{by(ssn:"~1")}}"#,
        r#"{by(ssn:"~1")@unknown(x:1)}"#,
        r#"mutation{save(person:{unknown:"~1"})}"#,
        r#"mutation{save(person:"~1")}"#,
        r#"{node{by(ssn:"~1")}}"#,
        r#"{node{either{child(of:"~1"){__typename}}}}"#,
    ] {
        let backend = TestBackend::new();
        backend.accept_all();
        let (schema, ran) = schema(&backend, |schema| {
            schema.validation_mode(ValidationMode::Fast)
        });
        let response = schema.execute(request("ann", with_tokens(query))).await;
        assert_eq!(codes(&response), ["badRequest"], "{query}");
        assert_eq!((ran.times(), backend.take_calls().len()), (0, 0), "{query}");
    }
    // Duplicates: async-graphql takes the first variable, and the first argument.
    for query in [
        r#"query($a:String!="~1",$a:String!="~2"){by(ssn:$a)}"#,
        r#"{by(ssn:"~1",ssn:"~2")}"#,
    ] {
        let backend = TestBackend::new();
        allow(&backend, [token(2)]);
        let (schema, ran) = schema(&backend, |schema| {
            schema.validation_mode(ValidationMode::Fast)
        });
        let response = schema.execute(request("ann", with_tokens(query))).await;
        assert_eq!(codes(&response), ["invalidGrant"], "{query}");
        assert_eq!(ran.times(), 0, "{query}");
    }
    // The wrong type, which only validation would have named: the echo would have been the parser's.
    let backend = TestBackend::new();
    let (schema, _) = schema(&backend, |schema| {
        schema.validation_mode(ValidationMode::Fast)
    });
    let response = schema.execute(request("ann", "{by(ssn:4111)}")).await;
    assert_eq!(codes(&response), ["badToken"]);
    assert!(!format!("{:?}", response.errors).contains("4111"));
}

#[tokio::test]
async fn only_the_chosen_operation_is_asked_about() {
    let text =
        with_tokens(r#"query A{by(ssn:"~1")} query B{by(ssn:"~2")} query C{by(ssn:"4111")}"#);
    let backend = TestBackend::new();
    allow(&backend, [token(2)]);
    let (schema, ran) = schema(&backend, |schema| schema);
    let chosen = request("ann", &text).operation_name("B");
    assert!(schema.execute(chosen).await.is_ok());
    assert_eq!(asked_about(&backend), [token(2)]);
    assert_eq!(ran.times(), 1);
    for name in [None, Some("D")] {
        let mut request = request("ann", &text);
        request.operation_name = name.map(str::to_owned);
        assert!(schema.execute(request).await.is_err());
    }
    assert_eq!((ran.times(), backend.take_calls().len()), (1, 0));
}

/// A tokenizer that forgets the last of its verdicts.
#[derive(Debug)]
struct OneTooFew(TestBackend);

impl GrantService for OneTooFew {
    fn verify_all<'a>(
        &'a self,
        session: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(async move {
            let mut verdicts = self.0.verify_all(session, tokens).await?;
            verdicts.pop();
            Ok(verdicts)
        })
    }

    fn grant_all<'a>(
        &'a self,
        session: &'a SessionId,
        grants: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.0.grant_all(session, grants)
    }
}

#[tokio::test]
async fn an_answer_that_is_not_a_clear_yes_is_a_no() {
    for (fails, is_short, code) in [
        (None, true, "badTokenizerResponse"),
        (
            Some(ErrorKind::TokenizerUnavailable),
            false,
            "tokenizerUnavailable",
        ),
        (None, false, "invalidGrant"),
    ] {
        let backend = TestBackend::new();
        allow(&backend, [token(1)]);
        if let Some(kind) = fails {
            backend.fail(kind);
        }
        let grants = match is_short {
            true => Grants::new(OneTooFew(backend.clone())),
            false => backend.grants(),
        };
        let (schema, ran) = schema_on(&grants, |schema| schema);
        let query = with_tokens(r#"{a:by(ssn:"~1") b:by(ssn:"~2")}"#);
        let response = schema.execute(request("ann", query)).await;
        assert_eq!(codes(&response), [code]);
        assert_eq!((ran.times(), backend.take_calls().len()), (0, 1), "{code}");
        assert_eq!(data(&response), "null");
    }
}

#[tokio::test]
async fn the_session_is_that_of_the_request_or_of_the_connection() {
    let backend = TestBackend::new();
    backend.accept_all();
    let (schema, ran) = schema(&backend, |schema| {
        // One session for all users is no session.
        schema.data(SessionId::new("schema").unwrap())
    });
    let query = with_tokens(r#"{by(ssn:"~1")}"#);
    let nobody = schema.execute(Request::new(&query)).await;
    assert_eq!(codes(&nobody), ["sessionError"]);
    assert_eq!((ran.times(), backend.take_calls().len()), (0, 0));
    // Without a token no log-in is needed.
    assert!(
        schema
            .execute(Request::new("{node{__typename}}"))
            .await
            .is_ok()
    );

    let mut connection = Data::default();
    connection.insert(SessionId::new("bob").unwrap());
    let stream =
        schema.execute_stream_with_session_data(Request::new(&query), Arc::new(connection));
    let responses: Vec<_> = futures_util::StreamExt::collect(stream).await;
    assert!(responses.iter().all(|response| response.is_ok()));
    assert_eq!(backend.take_calls(), [Call::verify("bob", vec![token(1)])]);
}

#[tokio::test]
async fn each_request_of_a_batch_is_for_itself() {
    let backend = TestBackend::new();
    allow(&backend, [token(1)]);
    let (schema, ran) = schema(&backend, |schema| schema);
    let requests = [1, 2].map(|number| Request::new(format!("{{by(ssn:\"{}\")}}", token(number))));
    let batch = BatchRequest::Batch(requests.into()).data(SessionId::new("ann").unwrap());
    let BatchResponse::Batch(responses) = schema.execute_batch(batch).await else {
        panic!("a batch is answered by a batch");
    };
    assert_eq!(codes(&responses[0]), [""; 0]);
    assert_eq!(codes(&responses[1]), ["invalidGrant"]);
    assert_eq!(ran.times(), 1);
    assert_eq!(backend.take_calls().len(), 2);
}

#[tokio::test]
async fn one_token_too_many_is_an_error_and_never_a_part() {
    let list = |tokens: usize| {
        let tokens: Vec<_> = (0..tokens)
            .map(|number| format!("{:?}", token(number)))
            .collect();
        format!("{{byAll(ssns:[[{}]])}}", tokens.join(","))
    };
    let backend = TestBackend::new();
    backend.accept_all();
    let (schema, ran) = schema(&backend, |schema| schema);
    let most = schema
        .execute(request("ann", list(Grants::MAX_TOKENS.get())))
        .await;
    assert!(most.is_ok());
    assert_eq!(asked_about(&backend).len(), 500);
    let over = schema
        .execute(request("ann", list(Grants::MAX_TOKENS.get() + 1)))
        .await;
    assert_eq!(codes(&over), ["tooManyTokens"]);
    assert!(over.errors[0].message.contains("more than 500 "));
    assert_eq!((ran.times(), backend.take_calls().len()), (1, 0));

    // Set by hand.
    let extension = TokenExtension::new(&backend.grants()).max_tokens(2.try_into().unwrap());
    let small = Schema::build(Query(ran.clone()), Mutation::new(&ran), EmptySubscription)
        .extension(extension)
        .finish();
    check(&small).await.unwrap();
    assert!(small.execute(request("ann", list(2))).await.is_ok());
    assert_eq!(
        codes(&small.execute(request("ann", list(3))).await),
        ["tooManyTokens"]
    );
}

#[tokio::test]
async fn the_limit_is_that_of_the_grants_and_on_different_tokens() {
    let backend = TestBackend::new();
    backend.accept_all();
    let ran = Ran::default();
    let grants = backend.grants().with_max_tokens(1.try_into().unwrap());
    let schema = Schema::build(Query(ran.clone()), Mutation::new(&ran), EmptySubscription)
        .extension(TokenExtension::new(&grants))
        .finish();
    let list = |tokens: &[usize]| {
        let tokens: Vec<_> = tokens.iter().map(|n| format!("{:?}", token(*n))).collect();
        format!("{{byAll(ssns:[[{}]])}}", tokens.join(","))
    };
    let same = schema.execute(request("ann", list(&[1, 1, 1]))).await;
    assert!(same.is_ok());
    let others = schema.execute(request("ann", list(&[1, 2]))).await;
    assert_eq!(codes(&others), ["tooManyTokens"]);
    assert!(others.errors[0].message.contains("more than 1 "));
}

#[tokio::test]
async fn a_short_text_is_not_a_long_walk() {
    let values: Vec<serde_json::Value> = vec![serde_json::json!({"preset": null}); 2_000];
    let variables = Variables::from_json(serde_json::json!({ "people": values }));
    let aliases: String = (0..100)
        .map(|n| format!("a{n}:saveAll(people:$people) "))
        .collect();
    let query = format!("mutation($people:[Person!]!){{{aliases}}}");
    let (codes, calls) = refused(request("ann", query).variables(variables)).await;
    assert_eq!((codes, calls), (vec!["badRequest".to_owned()], 0));
}

#[tokio::test]
async fn what_is_nested_too_deep_is_refused() {
    for (depth, refused) in [(50, false), (200, true)] {
        let value = (0..depth).fold(serde_json::json!(1), |value, _| serde_json::json!([value]));
        let variables = Variables::from_json(serde_json::json!({ "v": value }));
        let backend = TestBackend::new();
        let (schema, ran) = schema(&backend, |schema| schema);
        let request = request("ann", "query($v:JSON){json(value:$v)}").variables(variables);
        let response = schema.execute(request).await;
        assert_eq!(
            codes(&response),
            if refused { vec!["badRequest"] } else { vec![] }
        );
        assert_eq!(ran.times(), usize::from(!refused));
    }
}
