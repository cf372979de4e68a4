//! Structs and enums of every shape, generic and recursive.

use crate::backend::{accepting, block_on, id, receive, round_trip, same, send, token};
use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;
use lunadefend_testing::{Call, session};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    hash::Hash,
    marker::PhantomData,
    sync::Arc,
};

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Newtype(#[token] VerifiedToken);

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Pair(u8, #[token] Newtype);

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Unit;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct NoTokens {
    r#type: String,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
enum Contact {
    None,
    Phone(#[token] VerifiedToken),
    Two(#[token] VerifiedToken, u8),
    Post {
        #[token]
        street: VerifiedToken,
        country: String,
    },
    Other(String),
}

#[test]
fn structs_and_enums() {
    same::<Newtype>(r#""T1""#);
    same::<Pair>(r#"[7,"T1"]"#);
    same::<Unit>("null");
    same::<NoTokens>(r#"{"type":"a"}"#);
    same::<Contact>(r#""None""#);
    same::<Contact>(r#"{"Phone":"T1"}"#);
    same::<Contact>(r#"{"Two":["T1",7]}"#);
    same::<Contact>(r#"{"Post":{"street":"T1","country":"CH"}}"#);
    same::<Contact>(r#"{"Other":"a"}"#);
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Containers {
    #[token]
    option: Option<VerifiedToken>,
    #[token]
    list: Vec<Vec<Newtype>>,
    #[token]
    boxed: Box<VerifiedToken>,
    #[token]
    hashed: HashMap<u8, Option<VerifiedToken>>,
    #[token]
    sorted: BTreeMap<String, Vec<VerifiedToken>>,
}

#[test]
fn containers_in_containers() {
    same::<Containers>(
        r#"{"option":null,"list":[["T1"],[]],"boxed":"T2","hashed":{"1":"T3"},"sorted":{"a":["T1","T1"],"b":[]}}"#,
    );
    same::<Vec<Containers>>("[]");
    same::<Option<Newtype>>(r#""T1""#);
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct MoreContainers {
    #[token]
    pair: (VerifiedToken, Option<Newtype>),
    #[token]
    array: [VerifiedToken; 2],
    #[token]
    queue: VecDeque<Newtype>,
    #[token]
    #[serde(default, skip_serializing_if = "HashSet::is_empty")]
    hashed: HashSet<VerifiedToken>,
    #[token]
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    sorted: BTreeSet<VerifiedToken>,
}

#[test]
fn sets_arrays_and_tuples() {
    same::<MoreContainers>(
        r#"{"pair":["T1",null],"array":["T2","T1"],"queue":["T3"],"hashed":["T3"],"sorted":["T1","T2"]}"#,
    );
    same::<MoreContainers>(r#"{"pair":["T1","T2"],"array":["T1","T1"],"queue":[]}"#);
    same::<(VerifiedToken, Vec<Contact>, Newtype, [Newtype; 1])>(
        r#"["T1",[{"Phone":"T2"}],"T3",["T1"]]"#,
    );
    let twice = format!(
        r#"{{"pair":["{0}",null],"array":["{0}","{0}"],"queue":[],"sorted":["{0}","{0}"]}}"#,
        id(1)
    );
    let once = round_trip::<MoreContainers>(&twice);
    assert!(
        once.ends_with(&format!(r#""sorted":["{}"]}}"#, id(1))),
        "{once}"
    );
    for wrong in [
        format!(r#"["{}"]"#, id(1)),
        format!(r#"["{0}","{0}","{0}"]"#, id(1)),
    ] {
        let backend = accepting();
        assert!(receive::<[VerifiedToken; 2]>(&backend, &wrong).is_err());
        assert!(receive::<(VerifiedToken, VerifiedToken)>(&backend, &wrong).is_err());
    }
}

/// Rows of a cache, shared with others.
#[test]
fn what_is_shared_is_granted_by_cloning_it() {
    #[derive(Clone, Tokens)]
    #[tokens(response, crate = "lunadefend_core")]
    struct Row {
        #[token]
        ssn: Arc<VerifiedToken>,
    }
    let rows = vec![Arc::new(Row {
        ssn: Arc::new(token(1)),
    })];
    let backend = accepting();
    let json = format!(r#"[{{"ssn":"{}"}}]"#, id(1));
    assert_eq!(send(&backend, rows.clone(), None), json);
    assert_eq!(
        send(&backend, (&rows, [&rows[0]]), None),
        format!("[{json},{json}]")
    );
    assert_eq!(backend.take_calls().len(), 2, "one call each");
}

/// A template names the fields of the granted form as those of the type.
#[test]
fn a_granted_form_has_the_same_fields() {
    #[derive(Tokens)]
    #[tokens(crate = "lunadefend_core")]
    struct Profile {
        name: String,
        tags: Vec<String>,
        #[token]
        ssn: VerifiedToken,
    }
    let profile = Profile {
        name: "Ann".to_owned(),
        tags: vec!["new".to_owned()],
        ssn: token(1),
    };
    let grants = accepting().grants();
    let session = session("ann");
    let granted = block_on(grants.grant(&session, profile, None)).unwrap();
    let page = format!(
        "{:>5} {} {} {}",
        granted.name,
        granted.name.to_uppercase(),
        granted.tags.join(","),
        granted.ssn.expose_id()
    );
    assert_eq!(page, format!("  Ann ANN new {}", id(1)));
    assert_eq!(
        granted.tags.get(..).unwrap(),
        ["new"],
        "no method of its own hides another"
    );
}

/// Fields are as visible as those of the type, also in another module.
mod elsewhere {
    use super::{Newtype, Tokens, VerifiedToken};

    #[derive(Tokens)]
    #[tokens(crate = "lunadefend_core", granted = "ProfileOut")]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Profile<T> {
        pub(crate) first_name: T,
        #[token]
        pub(crate) ssn: VerifiedToken,
        #[token]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub(crate) other: Option<Newtype>,
    }

    impl ProfileOut<String> {
        pub(crate) fn page(&self) -> String {
            format!("{} {}", self.first_name, self.ssn.expose_id())
        }
    }

    #[derive(Tokens)]
    #[tokens(crate = "lunadefend_core")]
    pub(crate) struct Unnamed {
        pub(crate) name: String,
        #[token]
        pub(crate) ssn: VerifiedToken,
    }
}

#[test]
fn a_granted_form_may_have_a_name() {
    let grants = accepting().grants();
    let session = session("ann");
    let profile = elsewhere::Profile {
        first_name: "Ann".to_owned(),
        ssn: token(1),
        other: None,
    };
    let granted: elsewhere::ProfileOut<String> =
        block_on(grants.grant(&session, profile, None)).unwrap();
    assert_eq!(granted.page(), format!("Ann {}", id(1)));
    same::<elsewhere::Profile<String>>(r#"{"firstName":"Ann","ssn":"T1"}"#);
    let unnamed = elsewhere::Unnamed {
        name: "Ann".to_owned(),
        ssn: token(1),
    };
    let granted = block_on(grants.grant(&session, unnamed, None)).unwrap();
    assert_eq!(
        (granted.name.as_str(), granted.ssn.expose_id()),
        ("Ann", &*id(1))
    );
}

/// Each mentions the other, and itself.
#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
enum Tree {
    Leaf(#[token] VerifiedToken),
    Branch(#[token] Box<Self>, #[token] Vec<Self>),
    Wood(#[token] Wood<VerifiedToken>),
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Wood<T> {
    #[token]
    first: T,
    #[token]
    trees: Vec<Tree>,
    #[token]
    rest: Option<Box<Self>>,
}

#[test]
fn recursive_types() {
    same::<Tree>(
        r#"{"Branch":[{"Leaf":"T1"},[{"Leaf":"T2"},{"Wood":{"first":"T1","trees":[{"Leaf":"T3"}],"rest":null}}]]}"#,
    );
    same::<Wood<Tree>>(
        r#"{"first":{"Leaf":"T1"},"trees":[],"rest":{"first":{"Leaf":"T2"},"trees":[],"rest":null}}"#,
    );
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Page<T, K, P = u8>
where
    K: Eq + Hash + serde::de::DeserializeOwned + serde::Serialize + Send,
{
    #[token]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    items: Vec<T>,
    #[token]
    by_key: HashMap<K, T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<P>,
    #[serde(skip)]
    of: PhantomData<K>,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Sized<const N: usize, T> {
    numbers: Wrapped<[u8; 2]>,
    #[token]
    inner: Option<Inner<N>>,
    #[token]
    value: T,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Inner<const N: usize>(#[token] VerifiedToken);

#[derive(serde::Serialize, serde::Deserialize)]
struct Wrapped<T>(T);

#[test]
fn generic_types() {
    same::<Page<VerifiedToken, u8>>(r#"{"items":["T1"],"by_key":{"1":"T2"},"next":7}"#);
    same::<Page<Contact, String, bool>>(r#"{"by_key":{"a":{"Phone":"T1"}}}"#);
    same::<Page<Page<VerifiedToken, u8>, u8>>(r#"{"items":[{"by_key":{}}],"by_key":{}}"#);
    same::<Sized<3, VerifiedToken>>(r#"{"numbers":[1,2],"inner":"T1","value":"T2"}"#);
}

#[derive(Tokens)]
#[tokens(request)]
#[tokens(crate = "lunadefend_core")]
struct Request<T> {
    only_read: OnlyRead,
    #[serde(default)]
    also: Option<T>,
    #[token]
    token: VerifiedToken,
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct OnlyRead(u8);

#[derive(Clone, Tokens)]
#[tokens(crate = "lunadefend_core", response)]
struct Response<'a, T> {
    only_written: OnlyWritten,
    name: &'a str,
    #[token]
    token: &'a VerifiedToken,
    #[token]
    tokens: &'a [VerifiedToken],
    #[token]
    #[serde(skip_serializing_if = "Option::is_none")]
    optional: Option<&'a VerifiedToken>,
    with: &'a T,
}

#[derive(Clone, serde::Serialize)]
struct OnlyWritten(u8);

#[test]
fn types_of_one_direction() {
    let backend = accepting();
    let json = format!(r#"{{"only_read":7,"also":8,"token":"{}"}}"#, id(1));
    let request: Request<OnlyRead> = receive(&backend, &json).unwrap().unwrap();
    assert_eq!(
        (request.only_read, request.also, request.token),
        (OnlyRead(7), Some(OnlyRead(8)), token(1))
    );

    let tokens = [token(2), token(3)];
    let response = Response {
        only_written: OnlyWritten(7),
        name: "Ann",
        token: &tokens[0],
        tokens: &tokens,
        optional: None,
        with: &7,
    };
    let [two, three] = [2, 3].map(id);
    let json = format!(
        r#"{{"only_written":7,"name":"Ann","token":"{two}","tokens":["{two}","{three}"],"with":7}}"#
    );
    assert_eq!(send(&backend, &response, None), json);
    assert_eq!(send(&backend, response, None), json);
}

#[test]
fn an_untrusted_token_may_stay_one() {
    #[derive(Tokens)]
    #[tokens(request, crate = "lunadefend_core")]
    struct Partly {
        later: lunadefend_core::UntrustedToken,
        #[token]
        now: VerifiedToken,
    }
    let backend = accepting();
    let json = format!(r#"{{"later":"{}","now":"{}"}}"#, id(1), id(2));
    let partly: Partly = receive(&backend, &json).unwrap().unwrap();
    assert_eq!(backend.take_calls(), [Call::verify("ann", [id(2)])]);
    assert_eq!(partly.now, token(2));
    drop(partly.later);
}

/// A macro of the user's around the derive.
macro_rules! declare {
    ($name:ident, $ty:ty, $field:ident) => {
        #[derive(Tokens)]
        #[tokens(crate = "lunadefend_core")]
        struct $name {
            #[token]
            $field: $ty,
            plain: $crate::shapes::Wrapped<Option<u8>>,
        }
    };
}
declare!(Declared, Option<VerifiedToken>, field);

#[test]
fn inside_of_another_macro() {
    same::<Declared>(r#"{"field":"T1","plain":3}"#);
}

#[test]
fn missing_fields_are_as_with_serde() {
    #[derive(Tokens)]
    #[tokens(crate = "lunadefend_core")]
    struct Missing {
        #[token]
        token: Option<VerifiedToken>,
        plain: Option<u8>,
    }
    assert_eq!(
        round_trip::<Missing>("{}"),
        r#"{"token":null,"plain":null}"#
    );
}
