//! How many calls there are, for which tokens, and how long the grants live.

use crate::backend::{accepting, id, receive, refusing, send, token};
use lunadefend_core::{ErrorKind, GrantDuration, VerifiedToken};
use lunadefend_macros::Tokens;
use lunadefend_testing::Call;
use std::{collections::BTreeMap, time::Duration};

#[derive(Clone, Debug, PartialEq, Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Customer {
    name: String,
    #[token]
    ssn: VerifiedToken,
    #[token(ttl = "90s")]
    cards: Vec<VerifiedToken>,
    #[token(ttl = "1h")]
    address: Option<Address>,
    #[token]
    by_year: BTreeMap<String, VerifiedToken>,
}

#[derive(Clone, Debug, PartialEq, Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Address {
    #[token(ttl = "1.5s")]
    street: VerifiedToken,
    #[token]
    city: VerifiedToken,
}

fn customer() -> Customer {
    Customer {
        name: "Ann".to_owned(),
        ssn: token(1),
        cards: vec![token(2), token(3), token(2)],
        address: Some(Address {
            street: token(4),
            city: token(5),
        }),
        by_year: [("2026".to_owned(), token(6))].into(),
    }
}

fn json() -> String {
    let [one, two, three, four, five, six] = [1, 2, 3, 4, 5, 6].map(id);
    format!(
        r#"{{"name":"Ann","ssn":"{one}","cards":["{two}","{three}","{two}"],"address":{{"street":"{four}","city":"{five}"}},"by_year":{{"2026":"{six}"}}}}"#
    )
}

#[test]
fn all_tokens_are_verified_in_one_call() {
    let backend = accepting();
    let received: Customer = receive(&backend, &json()).unwrap().unwrap();
    assert_eq!(received, customer());
    let call = Call::verify("ann", [1, 2, 3, 4, 5, 6].map(id));
    assert_eq!(backend.take_calls(), [call]);
}

#[test]
fn one_bad_token_refuses_all() {
    for bad in 1..=6 {
        let backend = refusing(bad);
        let error = receive::<Customer>(&backend, &json()).unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidGrant, "{bad}");
    }
}

#[test]
fn all_tokens_are_granted_in_one_call_for_as_long_as_the_fields_say() {
    let seconds = |seconds| GrantDuration::new(Duration::from_secs_f64(seconds)).ok();
    for of_call in [None, seconds(7.0)] {
        let backend = accepting();
        assert_eq!(send(&backend, customer(), of_call), json());
        let grants = [
            (id(1), of_call),
            (id(2), seconds(90.0)),
            (id(3), seconds(90.0)),
            (id(4), seconds(1.5)),
            (id(5), seconds(3600.0)),
            (id(6), of_call),
        ];
        assert_eq!(backend.take_calls(), [Call::grant("ann", grants)]);
    }
}

#[test]
fn what_is_borrowed_is_granted_too() {
    let backend = accepting();
    let customer = customer();
    let customers = vec![customer.clone(), customer.clone()];
    let one = json();
    assert_eq!(send(&backend, &customer, None), one);
    assert_eq!(send(&backend, Some(&customer), None), one);
    let some = Some(customer);
    assert_eq!(send(&backend, &some, None), one);
    assert_eq!(send(&backend, &customers, None), format!("[{one},{one}]"));
    assert_eq!(send(&backend, &customers[..1], None), format!("[{one}]"));
    assert_eq!(backend.take_calls().len(), 5);
}

#[test]
fn no_tokens_cost_no_call() {
    let backend = accepting();
    let json = r#"{"name":"Ann"}"#;
    #[derive(Tokens)]
    #[tokens(crate = "lunadefend_core")]
    struct Optional {
        name: String,
        #[token]
        #[serde(skip_serializing_if = "Option::is_none")]
        ssn: Option<VerifiedToken>,
    }
    let optional: Optional = receive(&backend, json).unwrap().unwrap();
    assert_eq!(send(&backend, optional, None), json);
    assert_eq!(backend.take_calls(), []);
}

#[test]
fn the_forms_print_their_names_alone() {
    use lunadefend_core::{FromUntrusted, trust::Grant};
    fn wire<T: FromUntrusted<Wire: std::fmt::Debug>>(json: &str) -> String {
        format!("{:?}", serde_json::from_str::<T::Wire>(json).unwrap())
    }
    const fn granted<T: Grant<Granted: std::fmt::Debug>>() {}
    assert_eq!(wire::<Customer>(&json()), "Customer { .. }");
    granted::<Customer>();
}
