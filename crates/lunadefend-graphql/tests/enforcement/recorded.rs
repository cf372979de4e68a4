//! LunaSec's recorded cases: the same where LunaSec was right, refused where it skipped the check.

use crate::support::{codes, data, request};
use async_graphql::{EmptySubscription, InputObject, Object, Request, Schema, SimpleObject};
use lunadefend_core::{ErrorKind, GrantDuration};
use lunadefend_graphql::{Token, build};
use lunadefend_testing::{Call, TestBackend};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const T: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
const U: &str = "lunasec-99999999-aaaa-4bbb-8ccc-ddddeeee0000";

#[derive(SimpleObject)]
struct Form {
    #[graphql(directive = Token::apply(None))]
    ssn: Option<String>,
    #[graphql(directive = Token::apply(Some("10m".into())))]
    short: Option<String>,
    #[graphql(directive = Token::apply(None))]
    list: Option<Vec<String>>,
    #[graphql(directive = Token::apply(None))]
    nul: Option<String>,
    #[graphql(directive = Token::apply(None))]
    empty: Option<String>,
    #[graphql(directive = Token::apply(None))]
    bad: Option<String>,
    plain: Option<String>,
}

struct Query;

#[Object]
impl Query {
    async fn form(&self) -> Option<Form> {
        Some(Form {
            ssn: Some(T.into()),
            short: Some(T.into()),
            list: Some(vec![T.into(), U.into()]),
            nul: None,
            empty: Some(String::new()),
            bad: Some("123".into()),
            plain: Some(U.into()),
        })
    }
}

#[derive(InputObject)]
struct FormInput {
    #[graphql(directive = Token::apply(None))]
    ssn: Option<String>,
    #[graphql(directive = Token::apply(None))]
    list: Option<Vec<String>>,
    other: Option<String>,
}

#[derive(InputObject)]
struct Outer {
    inner: Option<FormInput>,
}

struct Mutation(Arc<AtomicUsize>);

impl Mutation {
    fn run(&self) -> Option<&'static str> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Some("done")
    }
}

fn read(input: Option<FormInput>) {
    drop(input.map(|input| (input.ssn, input.list, input.other)));
}

#[Object]
impl Mutation {
    async fn set(&self, input: Option<FormInput>) -> Option<&'static str> {
        read(input);
        self.run()
    }

    async fn nested(&self, input: Option<Outer>) -> Option<&'static str> {
        read(input.and_then(|outer| outer.inner));
        self.run()
    }

    async fn nonnull(&self, input: FormInput) -> Option<&'static str> {
        read(Some(input));
        self.run()
    }

    async fn listed(&self, inputs: Option<Vec<FormInput>>) -> Option<&'static str> {
        inputs
            .into_iter()
            .flatten()
            .for_each(|input| read(Some(input)));
        self.run()
    }

    async fn two(&self, a: Option<FormInput>, b: Option<FormInput>) -> Option<&'static str> {
        read(a);
        read(b);
        self.run()
    }
}

/// What the tokenizer says, in the words of the recordings.
#[derive(Clone, Copy)]
enum Tokenizer {
    Yes,
    No,
    /// An invalid response: 401 as text, or without `valid`.
    Fails(ErrorKind),
}
use Tokenizer::{Fails, No, Yes};

struct Case {
    name: &'static str,
    query: String,
    session: Option<&'static str>,
    tokenizer: Tokenizer,
    calls: Vec<Call>,
    data: &'static str,
    codes: &'static [&'static str],
    ran: usize,
}

fn verify(tokens: &[&str]) -> Vec<Call> {
    vec![Call::verify("g-1", tokens.iter().copied())]
}

fn create(tokens: &[&str], minutes: Option<u64>) -> Vec<Call> {
    let duration = minutes.map(|minutes| Duration::from_secs(minutes * 60));
    let duration = duration.map(|duration| GrantDuration::new(duration).unwrap());
    let grants = tokens.iter().map(|&token| (token, duration));
    vec![Call::grant("g-1", grants)]
}

const FORM_SSN: &str = r#"{"form":{"ssn":"lunasec-0a1b2c3d-1111-4222-8333-444455556666"}}"#;
const DONE: &str = r#"{"set":"done"}"#;

/// In the order of the recordings. Where ours differs, a comment says how and why.
#[rustfmt::skip]
fn cases() -> Vec<Case> {
    let case = |name, query: String, tokenizer, calls, data, codes, ran| Case {
        name, query, session: Some("g-1"), tokenizer, calls, data, codes, ran,
    };
    let set = |fields: &str| format!("mutation{{set(input:{{{fields}}})}}");
    vec![
        case("field", "{form{ssn}}".into(), Yes, create(&[T], None), FORM_SSN, &[], 0),
        case("field_duration", "{form{short}}".into(), Yes, create(&[T], Some(10)),
            r#"{"form":{"short":"lunasec-0a1b2c3d-1111-4222-8333-444455556666"}}"#, &[], 0),
        // One call instead of two.
        case("field_list", "{form{list}}".into(), Yes, create(&[T, U], None),
            r#"{"form":{"list":["lunasec-0a1b2c3d-1111-4222-8333-444455556666","lunasec-99999999-aaaa-4bbb-8ccc-ddddeeee0000"]}}"#, &[], 0),
        // The empty string is not a token; LunaSec let it through.
        case("field_null_empty", "{form{nul empty}}".into(), Yes, vec![],
            r#"{"form":{"empty":null,"nul":null}}"#, &["badToken"], 0),
        case("field_malformed", "{form{bad}}".into(), Yes, vec![],
            r#"{"form":{"bad":null}}"#, &["badToken"], 0),
        case("field_plain", "{form{plain}}".into(), Yes, vec![],
            r#"{"form":{"plain":"lunasec-99999999-aaaa-4bbb-8ccc-ddddeeee0000"}}"#, &[], 0),
        Case { session: None, ..case("field_no_session", "{form{ssn}}".into(), Yes, vec![],
            r#"{"form":{"ssn":null}}"#, &["sessionError"], 0) },
        case("input", set(&format!("ssn:\"{T}\"")), Yes, verify(&[T]), DONE, &[], 1),
        // One call instead of two.
        case("input_list", set(&format!("list:[\"{T}\",\"{U}\"]")), Yes, verify(&[T, U]), DONE, &[], 1),
        case("input_two_fields", set(&format!("ssn:\"{T}\",list:[\"{U}\"]")), Yes, verify(&[T, U]), DONE, &[], 1),
        // As field_null_empty. An operation that is refused has no data at all.
        case("input_empty", set("ssn:\"\""), Yes, vec![], "null", &["badToken"], 0),
        case("input_null", set("ssn:null"), Yes, vec![], DONE, &[], 1),
        case("input_other", set(&format!("other:\"{T}\"")), Yes, vec![], DONE, &[], 1),
        case("input_malformed", set("ssn:\"123\""), Yes, vec![], "null", &["badToken"], 0),
        case("input_invalid_grant", set(&format!("ssn:\"{T}\"")), No, verify(&[T]), "null", &["invalidGrant"], 0),
        // A named error; LunaSec's was an unnamed TypeError.
        case("input_401_text", set(&format!("ssn:\"{T}\"")), Fails(ErrorKind::TokenizerUnauthorized),
            verify(&[T]), "null", &["tokenizerUnauthorized"], 0),
        // LunaSec took it as valid.
        case("input_valid_missing", set(&format!("ssn:\"{T}\"")), Fails(ErrorKind::BadTokenizerResponse),
            verify(&[T]), "null", &["badTokenizerResponse"], 0),
        // From here on LunaSec's resolver ran, with unverified tokens.
        case("shape_nested", format!("mutation{{nested(input:{{inner:{{ssn:\"{T}\"}}}})}}"), No,
            verify(&[T]), "null", &["invalidGrant"], 0),
        case("shape_nonnull", format!("mutation{{nonnull(input:{{ssn:\"{T}\"}})}}"), No,
            verify(&[T]), "null", &["invalidGrant"], 0),
        case("shape_list", format!("mutation{{listed(inputs:[{{ssn:\"{T}\"}}])}}"), No,
            verify(&[T]), "null", &["invalidGrant"], 0),
        // Both arguments are asked about.
        case("shape_two_args", format!("mutation{{two(a:{{ssn:\"{T}\"}},b:{{ssn:\"{U}\"}})}}"), No,
            verify(&[T, U]), "null", &["invalidGrant"], 0),
        case("shape_two_args_only_b", format!("mutation{{two(a:{{ssn:\"\"}},b:{{ssn:\"{U}\"}})}}"), No,
            vec![], "null", &["badToken"], 0),
        case("shape_two_args_valid", format!("mutation{{two(a:{{ssn:\"{T}\"}},b:{{ssn:\"{U}\"}})}}"), Yes,
            verify(&[T, U]), r#"{"two":"done"}"#, &[], 1),
    ]
}

#[tokio::test]
async fn the_originals_cases() {
    let cases = cases();
    assert_eq!(cases.len(), 23);
    for case in cases {
        let backend = TestBackend::new();
        match case.tokenizer {
            Yes => backend.accept_all(),
            No => {}
            Fails(kind) => backend.fail(kind),
        }
        let ran = Arc::new(AtomicUsize::new(0));
        let mutation = Mutation(Arc::clone(&ran));
        let grants = backend.grants();
        let schema: Schema<_, _, EmptySubscription> =
            build(Query, mutation, EmptySubscription, &grants, |schema| schema).unwrap();
        let request = match case.session {
            Some(session) => request(session, case.query),
            None => Request::new(case.query),
        };
        let response = schema.execute(request).await;
        let name = case.name;
        assert_eq!(backend.take_calls(), case.calls, "{name}");
        assert_eq!(data(&response), case.data, "{name}");
        assert_eq!(codes(&response), case.codes, "{name}");
        assert_eq!(ran.load(Ordering::SeqCst), case.ran, "{name}");
        let said = format!("{:?}", response.errors);
        assert!(!said.contains("lunasec-0"), "{name}: {said}");
    }
}
