//! Absent, `null` and a token are three things; a field of a form that was left blank is none.

use crate::backend::{accepting, block_on, id, receive, refusing, send, token};
use lunadefend_core::{ErrorKind, FromUntrusted, Patch, Unverified, VerifiedToken};
use lunadefend_macros::Tokens;
use lunadefend_testing::session;

#[derive(Debug, PartialEq, Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Change {
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    name: Patch<String>,
    #[token]
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    ssn: Patch<VerifiedToken>,
}

#[test]
fn a_patch_tells_null_from_absent_in_both_directions() {
    let value = id(1);
    for (json, ssn) in [
        ("{}".to_owned(), Patch::Keep),
        (r#"{"ssn":null}"#.to_owned(), Patch::Clear),
        (format!(r#"{{"ssn":"{value}"}}"#), Patch::Set(token(1))),
    ] {
        let backend = accepting();
        let read: Change = receive(&backend, &json).unwrap().unwrap();
        assert_eq!(read.ssn, ssn, "{json}");
        assert_eq!(read.name, Patch::Keep);
        assert_eq!(send(&backend, read, None), json);
    }
    let backend = refusing(1);
    let refused = receive::<Change>(&backend, &format!(r#"{{"ssn":"{value}"}}"#)).unwrap();
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidGrant);
    assert!(receive::<Change>(&backend, r#"{"ssn":""}"#).is_err());
}

#[derive(Debug, Tokens)]
#[tokens(request, crate = "lunadefend_core")]
struct Ssn(#[token] VerifiedToken);

#[derive(Debug, Tokens)]
#[tokens(request, crate = "lunadefend_core")]
struct Form {
    #[token]
    ssn: Option<VerifiedToken>,
    #[token]
    own: Option<Ssn>,
    #[token]
    #[serde(default)]
    cards: Vec<VerifiedToken>,
    #[serde(flatten)]
    #[token]
    rest: Rest,
}

#[derive(Debug, Tokens)]
#[tokens(request, crate = "lunadefend_core")]
struct Rest {
    #[token]
    passport: Option<VerifiedToken>,
    #[token]
    #[serde(default)]
    licence: Patch<VerifiedToken>,
}

fn form<T: FromUntrusted>(text: &str) -> Result<T, lunadefend_core::Error> {
    let grants = accepting().grants();
    block_on(Unverified::<T>::from_form(text.as_bytes())?.verify(&grants, &session("ann")))
}

#[test]
fn blank_fields_of_a_form_hold_no_tokens_wherever_they_stand_in_the_type() {
    let blank: Form = form("ssn=&own=&cards=&passport=&licence=").unwrap();
    assert!(blank.ssn.is_none() && blank.own.is_none() && blank.cards.is_empty());
    assert_eq!(blank.rest.passport, None);
    assert_eq!(blank.rest.licence, Patch::Clear);
    let full = format!(
        "ssn={0}&own={0}&cards={0}&cards=&passport={0}&licence={0}",
        id(1)
    );
    let full: Form = form(&full).unwrap();
    assert_eq!(full.ssn, Some(token(1)));
    assert_eq!(full.own.unwrap().0, token(1));
    assert_eq!(full.cards, [token(1)]);
    assert_eq!(full.rest.passport, Some(token(1)));
    assert_eq!(full.rest.licence, Patch::Set(token(1)));
    let wrong = form::<Form>("ssn=4111").unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::BadToken);
}
