//! Tokens that go out.

use crate::support::{codes, data, number, request, token};
use async_graphql::{
    CacheControl, ComplexObject, EmptyMutation, EmptySubscription, ID, Interface, MergedObject,
    Object, PathSegment, Request, Response, Result, Schema, SimpleObject, Union,
};
use lunadefend_core::{ErrorKind, GrantDuration};
use lunadefend_graphql::{Token, build};
use lunadefend_testing::{Call, TestBackend};

#[derive(SimpleObject)]
#[graphql(complex)]
struct Row {
    #[graphql(directive = Token::apply(None))]
    ssn: String,
    #[graphql(directive = Token::apply(Some("5m30s".into())))]
    card: Option<String>,
    name: String,
}

#[ComplexObject]
impl Row {
    #[graphql(directive = Token::apply(None))]
    async fn email(&self) -> Option<ID> {
        self.card.clone().map(ID)
    }

    /// Not marked: nobody grants it.
    async fn plain(&self) -> &str {
        &self.ssn
    }
}

fn row(number: usize) -> Row {
    Row {
        ssn: token(3 * number),
        card: Some(token(3 * number + 1)),
        name: format!("row {number}"),
    }
}

#[derive(SimpleObject)]
struct Other {
    #[graphql(directive = Token::apply(None))]
    ssn: String,
    name: String,
}

#[derive(Interface)]
#[graphql(
    field(name = "ssn", ty = "String", directive = Token::apply(None)),
    field(name = "name", ty = "String")
)]
enum Face {
    Row(RowFace),
    Other(Other),
}

#[derive(SimpleObject)]
struct RowFace {
    #[graphql(directive = Token::apply(None))]
    ssn: String,
    name: String,
}

#[derive(Union)]
enum Either {
    Row(Row),
    Plain(Plain),
}

/// Has a field of the same name that holds no token.
#[derive(SimpleObject)]
struct Plain {
    #[graphql(name = "card")]
    number: Option<String>,
}

struct Rows;

#[Object]
impl Rows {
    async fn rows(&self, count: usize) -> Vec<Row> {
        (0..count).map(row).collect()
    }

    async fn row(&self) -> Row {
        row(1)
    }

    async fn maybe(&self) -> Option<Row> {
        Some(row(1))
    }

    async fn maybes(&self) -> Vec<Option<Row>> {
        vec![Some(row(1)), None, Some(row(2))]
    }

    async fn faces(&self) -> Vec<Face> {
        let (ssn, name) = (token(1), String::new());
        let one = RowFace { ssn, name };
        let (ssn, name) = (token(2), String::new());
        vec![Face::Row(one), Face::Other(Other { ssn, name })]
    }

    async fn either(&self) -> Vec<Either> {
        let number = Some(token(9));
        vec![Either::Row(row(1)), Either::Plain(Plain { number })]
    }

    #[graphql(directive = Token::apply(None))]
    async fn grid(&self) -> Vec<Vec<Option<String>>> {
        vec![vec![Some(token(1)), None], vec![], vec![Some(token(2))]]
    }

    #[graphql(directive = Token::apply(None))]
    async fn broken(&self) -> Option<Vec<String>> {
        Some(vec![token(1), "4111".to_owned()])
    }

    #[graphql(directive = Token::apply(None))]
    async fn failing(&self) -> Result<Option<String>> {
        Err("the database is down".into())
    }

    #[graphql(directive = Token::apply(None))]
    async fn none(&self) -> Option<String> {
        None
    }
}

struct Deep;

#[Object]
impl Deep {
    async fn deep(&self) -> Level {
        Level
    }
}

struct Level;

#[Object]
impl Level {
    async fn required(&self) -> Level {
        Level
    }

    async fn optional(&self) -> Option<Level> {
        Some(Level)
    }

    async fn list(&self) -> Option<Vec<Level>> {
        Some(vec![Level, Level])
    }

    async fn holes(&self) -> Vec<Option<Level>> {
        vec![Some(Level), Some(Level)]
    }

    #[graphql(directive = Token::apply(None))]
    async fn ssn(&self) -> String {
        token(1)
    }

    async fn name(&self) -> &str {
        "name"
    }
}

#[derive(MergedObject)]
struct Query(Rows, Deep);

fn schema(backend: &TestBackend) -> Schema<Query, EmptyMutation, EmptySubscription> {
    let query = Query(Rows, Deep);
    build(
        query,
        EmptyMutation,
        EmptySubscription,
        &backend.grants(),
        |schema| schema,
    )
    .unwrap()
}

async fn answer(backend: &TestBackend, query: &str) -> Response {
    schema(backend).execute(request("ann", query)).await
}

/// What an operation grants, by the numbers of the tokens and with the seconds asked for.
async fn granted(query: &str) -> Vec<(usize, Option<u64>)> {
    let backend = TestBackend::new();
    let response = answer(&backend, query).await;
    assert!(response.is_ok(), "{query}: {:?}", response.errors);
    let calls = backend.take_calls();
    let [
        Call::Grant {
            session,
            grants: tokens,
            ..
        },
    ] = calls.as_slice()
    else {
        assert!(calls.is_empty(), "{query}: {calls:?}");
        return Vec::new();
    };
    assert_eq!(session, "ann");
    let seconds = |duration: &GrantDuration| duration.get().as_secs();
    let granted = tokens.iter();
    let granted = granted.map(|(id, duration)| (number(id), duration.as_ref().map(seconds)));
    let mut granted: Vec<_> = granted.collect();
    granted.sort_unstable();
    granted
}

#[tokio::test]
async fn every_shape() {
    for (query, expected) in [
        ("{row{ssn}}", vec![(3, None)]),
        ("{row{card}}", vec![(4, Some(330))]),
        ("{row{email}}", vec![(4, None)]),
        // The longer grant does not stand for the other one: both are asked for.
        ("{row{card email}}", vec![(4, None), (4, Some(330))]),
        ("{row{plain name}}", vec![]),
        ("{none}", vec![]),
        ("{grid}", vec![(1, None), (2, None)]),
        ("{a:row{b:ssn} c:row{ssn}}", vec![(3, None)]),
        ("{maybes{ssn}}", vec![(3, None), (6, None)]),
        // By the interface, by the type, by both.
        ("{faces{ssn}}", vec![(1, None), (2, None)]),
        ("{faces{name ... on RowFace{ssn}}}", vec![(1, None)]),
        (
            "{faces{... on Face{x:ssn} ... on Other{ssn}}}",
            vec![(1, None), (2, None)],
        ),
        // The same name on two types, and only one is marked.
        (
            "{either{... on Row{card} ... on Plain{card}}}",
            vec![(4, Some(330))],
        ),
        (
            "{...F} fragment F on Query{row{...R}} fragment R on Row{ssn}",
            vec![(3, None)],
        ),
        ("{deep{required{optional{list{ssn}}}}}", vec![(1, None)]),
        ("{row{ssn @skip(if:true) name}}", vec![]),
        ("{__schema{types{name}}}", vec![]),
    ] {
        assert_eq!(granted(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_hundred_rows_with_three_tokens_each_are_one_call() {
    let backend = TestBackend::new();
    let response = answer(&backend, "{rows(count:100){ssn card email:ssn plain}}").await;
    assert!(response.is_ok());
    // `email` is the ssn by another name: 200 different tokens, 300 places.
    let calls = backend.take_calls();
    let [Call::Grant { grants: tokens, .. }] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert_eq!(tokens.len(), 200);

    let response = answer(&backend, "{rows(count:100){ssn card email}}").await;
    assert!(response.is_ok());
    let calls = backend.take_calls();
    let [Call::Grant { grants: tokens, .. }] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert_eq!(tokens.len(), 300);
}

#[tokio::test]
async fn an_answer_with_tokens_is_for_no_cache() {
    let backend = TestBackend::new();
    let with = answer(&backend, "{row{ssn}}").await;
    assert_eq!(with.http_headers["cache-control"], "no-store");
    let never = CacheControl {
        public: false,
        max_age: -1,
    };
    assert_eq!(with.cache_control, never);
    let without = answer(&backend, "{row{name}}").await;
    assert!(without.http_headers.is_empty());
}

/// The tokens of a response that were not granted.
fn leaked(response: &Response) -> bool {
    data(response).contains("lunasec-")
}

#[tokio::test]
async fn what_is_not_granted_is_not_sent() {
    for (kind, code) in [
        (ErrorKind::TokenizerUnavailable, "tokenizerUnavailable"),
        (ErrorKind::GrantCreation, "grantCreationFailure"),
        (ErrorKind::GrantDuration, "grantDuration"),
    ] {
        let backend = TestBackend::new();
        backend.fail(kind);
        let response = answer(&backend, "{maybe{ssn name} none}").await;
        assert_eq!(codes(&response), [code]);
        assert_eq!(data(&response), r#"{"maybe":null,"none":null}"#);
        assert_eq!(backend.take_calls().len(), 1);
    }
    let backend = TestBackend::new();
    let nobody = schema(&backend)
        .execute(Request::new("{maybe{ssn name card}}"))
        .await;
    assert_eq!(codes(&nobody), ["sessionError", "sessionError"]);
    assert_eq!(data(&nobody), r#"{"maybe":null}"#);
    assert!(backend.take_calls().is_empty());
    assert!(nobody.http_headers.is_empty());
}

/// As GraphQL has it: the field, or the nearest thing around it that may be null.
#[tokio::test]
async fn a_null_goes_up_to_what_may_be_null() {
    for (query, expected) in [
        (
            "{row{card name}}",
            r#"{"row":{"card":null,"name":"row 1"}}"#,
        ),
        ("{row{ssn name} none}", "null"),
        ("{maybe{ssn name} none}", r#"{"maybe":null,"none":null}"#),
        ("{m:maybe{s:ssn name} none}", r#"{"m":null,"none":null}"#),
        (
            "{maybes{ssn} none}",
            r#"{"maybes":[null,null,null],"none":null}"#,
        ),
        (
            "{maybes{card} none}",
            r#"{"maybes":[{"card":null},null,{"card":null}],"none":null}"#,
        ),
        ("{grid none}", "null"),
        ("{faces{ssn} none}", "null"),
        (
            "{either{... on Row{card name} ... on Plain{card}}}",
            r#"{"either":[{"card":null,"name":"row 1"},{"card":"lunasec-00000000-0000-4000-8000-000000000009"}]}"#,
        ),
        (
            "{deep{name optional{name required{ssn}}}}",
            r#"{"deep":{"name":"name","optional":null}}"#,
        ),
        (
            "{deep{name list{ssn}}}",
            r#"{"deep":{"list":null,"name":"name"}}"#,
        ),
        (
            "{deep{name holes{ssn}}}",
            r#"{"deep":{"holes":[null,null],"name":"name"}}"#,
        ),
        (
            "{deep{...L} none} fragment L on Level{...{name ...M}} fragment M on Level{o:optional{... on Level{ssn}}}",
            r#"{"deep":{"name":"name","o":null},"none":null}"#,
        ),
    ] {
        let backend = TestBackend::new();
        backend.fail(ErrorKind::TokenizerUnavailable);
        let response = answer(&backend, query).await;
        assert_eq!(data(&response), expected, "{query}");
        assert!(
            codes(&response)
                .iter()
                .all(|code| code == "tokenizerUnavailable")
        );
        assert!(!response.errors.is_empty());
    }
}

#[tokio::test]
async fn an_error_says_where_and_nothing_else() {
    let backend = TestBackend::new();
    backend.fail(ErrorKind::TokenizerUnavailable);
    let response = answer(&backend, "{a:maybes{b:card}}").await;
    let paths: Vec<_> = response
        .errors
        .iter()
        .map(|error| error.path.clone())
        .collect();
    let path = |index| {
        vec![
            PathSegment::Field("a".to_owned()),
            PathSegment::Index(index),
            PathSegment::Field("b".to_owned()),
        ]
    };
    assert_eq!(paths, [path(0), path(2)]);
    let error = serde_json::to_value(&response.errors[0]).unwrap();
    assert_eq!(
        error,
        serde_json::json!({
            "message": "the tokenizer is not available",
            "path": ["a", 0, "b"],
            "extensions": {"code": "tokenizerUnavailable"},
        })
    );
}

#[tokio::test]
async fn a_field_that_holds_something_else_is_not_granted_in_part() {
    let backend = TestBackend::new();
    let response = answer(&backend, "{broken row{ssn} failing}").await;
    // The others are granted; the error of a resolver is its own.
    let calls = backend.take_calls();
    assert_eq!(calls, [Call::grant("ann", vec![(token(3), None)])]);
    let mut codes = codes(&response);
    codes.sort();
    assert_eq!(codes, ["badToken", "no code: the database is down"]);
    assert!(
        data(&response).contains(r#""broken":null"#),
        "{}",
        data(&response)
    );
    assert!(!format!("{:?}", response.errors).contains("4111"));
}

#[tokio::test]
async fn one_token_too_many_is_an_error_and_never_a_part() {
    let backend = TestBackend::new();
    let most = answer(&backend, "{rows(count:250){ssn card}}").await;
    assert!(most.is_ok());
    assert_eq!(backend.take_calls().len(), 1);
    let over = answer(&backend, "{rows(count:251){ssn card}}").await;
    assert!(codes(&over).iter().all(|code| code == "tooManyTokens"));
    assert_eq!(codes(&over).len(), 502);
    assert!(!leaked(&over), "{}", data(&over));
    assert!(backend.take_calls().is_empty());
}
