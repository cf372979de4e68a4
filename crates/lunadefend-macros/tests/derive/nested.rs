//! The tokens that are verified are those that are in the JSON, however deep.

use crate::backend::{accepting, id, receive, send};
use lunadefend_core::{ErrorKind, VerifiedToken};
use lunadefend_macros::Tokens;
use lunadefend_testing::Call;
use proptest::{collection, option, prelude::*};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};

#[derive(Debug, Tokens)]
#[tokens(crate = "lunadefend_core")]
#[serde(rename_all = "camelCase")]
enum Node {
    Leaf(#[token] VerifiedToken),
    Plain(String),
    List(#[token] Vec<Self>),
    Map(#[token] HashMap<String, Self>),
    Record(#[token(ttl = "1m")] Box<Record<Self>>),
    Tagged(#[token] Tagged),
}

#[derive(Debug, Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Record<T> {
    text: String,
    #[token]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maybe: Option<T>,
    #[token]
    pair: Pair,
    #[token]
    #[serde(flatten)]
    rest: HashMap<String, VerifiedToken>,
}

#[derive(Debug, Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Pair(#[token] VerifiedToken, #[token] Option<Box<Node>>);

#[derive(Debug, Tokens)]
#[tokens(crate = "lunadefend_core")]
#[serde(tag = "kind")]
enum Tagged {
    A {
        #[token]
        token: VerifiedToken,
    },
    B {
        #[token]
        #[serde(rename = "nodes")]
        inner: Vec<Node>,
    },
}

fn token() -> impl Strategy<Value = Value> {
    (0_u32..40).prop_map(|n| Value::String(id(n)))
}

/// The JSON of a [`Node`].
fn node() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        token().prop_map(|token| json!({ "leaf": token })),
        "[a-z]{0,5}".prop_map(|text| json!({ "plain": text })),
        token().prop_map(|token| json!({ "tagged": { "kind": "A", "token": token } })),
    ];
    leaf.prop_recursive(5, 60, 5, |node| {
        let rest = collection::btree_map("[A-Z]{1,3}", token(), 0..3);
        let pair = (token(), option::of(node.clone()));
        let record = (option::of(node.clone()), pair, rest);
        prop_oneof![
            collection::vec(node.clone(), 0..5).prop_map(|nodes| json!({ "list": nodes })),
            collection::vec(node.clone(), 0..5)
                .prop_map(|nodes| json!({ "tagged": { "kind": "B", "nodes": nodes } })),
            collection::hash_map("[a-z]{0,5}", node, 0..5)
                .prop_map(|nodes| json!({ "map": nodes })),
            record.prop_map(|(maybe, pair, rest)| {
                let mut record = Map::from_iter(rest);
                record.insert("text".into(), "lunasec".into());
                record.insert("pair".into(), json!(pair));
                record.extend(maybe.map(|maybe| ("maybe".to_owned(), maybe)));
                json!({ "record": record })
            }),
        ]
    })
}

/// Every token in a text, found without the help of the types.
fn tokens_in(json: &str) -> BTreeSet<String> {
    let len = id(0).len();
    json.match_indices("lunasec-")
        .map(|(at, _)| json[at..at + len].to_owned())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn exactly_the_tokens_of_the_json_are_verified_and_granted(json in node()) {
        let backend = accepting();
        let text = json.to_string();
        let tokens = tokens_in(&text);
        let node: Node = receive(&backend, &text).unwrap().unwrap();
        let sent = send(&backend, node, None);
        prop_assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), json);

        let calls = backend.take_calls();
        if tokens.is_empty() {
            prop_assert_eq!(calls, []);
            return Ok(());
        }
        let [Call::Verify { tokens: verified, .. }, Call::Grant { grants, .. }] = &*calls else {
            return Err(TestCaseError::fail(format!("one call for each direction: {calls:?}")));
        };
        prop_assert_eq!(verified.len(), tokens.len(), "each once");
        prop_assert_eq!(&verified.iter().cloned().collect::<BTreeSet<_>>(), &tokens);
        let granted = grants.iter().map(|(token, _)| token.clone());
        prop_assert_eq!(granted.collect::<BTreeSet<_>>(), tokens);
    }

    #[test]
    fn any_one_bad_token_refuses_all(json in node(), which: prop::sample::Index) {
        let text = json.to_string();
        let tokens: Vec<String> = tokens_in(&text).into_iter().collect();
        prop_assume!(!tokens.is_empty());
        let backend = accepting();
        let bad: &String = which.get(&tokens);
        backend.refuse(&VerifiedToken::assertion(bad).unwrap());
        let error = receive::<Node>(&backend, &text).unwrap().unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::InvalidGrant);
    }
}
