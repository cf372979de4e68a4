//! Key sets, published and read.

use crate::support::{made_up_key, other_key, signing_key};
use lunadefend_crypto::{PublicKey, base64url, sha256};
use lunadefend_jwt::{JwksError, KeySet, LEGACY_KID, jwks_document};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The modulus of the key pair whose private key LunaSec publishes in its tools.
const PUBLISHED_BY_LUNASEC: &str = "ln1mVmoIRjDGQ4pVccsB5yJ3DFItUe9zLFU4naqsfFYJywKyAsH48wUHkBX0ZRurnEEomtxmj3F9B-dZ-ULFe3JnFrWDjN7XOFxyn3JfXjwVfEfA2FxYLLxgwZxfFFvcWCh2jodAlPO66LBteSbApclvSnp74ZHCSEr8DFCv7LU50d0oH-xhrN1h6YLvLGLbdFFZpvw1drBaV7KNvOR8t4qMbcTdDj5fWPBmKZ5aY4e3pKX89SBc8CtYfBcfSM7u4kxdGIt-nka29SyKSYBxWLc4bFMKOwWjw0ge_LbnwtFElQ-RyTo7ASj-oNK3CRORNAaxY-Oz8qL00cuwuo3aPQ";

fn public() -> PublicKey {
    signing_key().public_key().clone()
}

fn jwk(key: &PublicKey, kid: &str) -> Value {
    json!({
        "kty": "RSA",
        "n": base64url(key.n()),
        "e": base64url(key.e()),
        "alg": "RS256",
        "use": "sig",
        "kid": kid,
    })
}

fn parse(keys: &[Value]) -> Result<KeySet, JwksError> {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
}

/// The key of `kid`, changed; `null` takes a member away.
fn changed(changes: Value) -> Value {
    crate::support::with(jwk(&public(), "a"), changes)
}

#[test]
fn the_document() {
    let (first, second) = (public(), other_key().public_key().clone());
    let document = jwks_document(&[first.clone(), second.clone()]);
    let read: Value = serde_json::from_slice(&document.body).unwrap();
    assert_eq!(
        read,
        json!({ "keys": [
            jwk(&first, first.thumbprint()),
            jwk(&second, second.thumbprint()),
            jwk(&first, LEGACY_KID),
        ]}),
        "public members only, and the first key once more under the original's name"
    );
    assert_eq!(
        document.etag.to_str().unwrap(),
        format!("\"{}\"", base64url(&sha256(&document.body)))
    );
    let again = jwks_document(&[first.clone(), second]);
    assert_eq!(
        (again.body, again.etag.clone()),
        (document.body, document.etag)
    );
    assert_ne!(jwks_document(&[first]).etag, again.etag);
    assert_eq!(jwks_document(&[]).body, r#"{"keys":[]}"#);
}

#[test]
fn round_trip() {
    let keys = [public(), other_key().public_key().clone(), made_up_key(1)];
    let set = KeySet::parse(&jwks_document(&keys).body).unwrap();
    for key in &keys {
        assert_eq!(set.candidates(Some(key.thumbprint())).unwrap(), [key]);
    }
    for kid in [None, Some(LEGACY_KID)] {
        assert_eq!(set.candidates(kid).unwrap(), keys.each_ref(), "each once");
    }
    for kid in ["", "nope", &public().thumbprint()[1..]] {
        assert!(set.candidates(Some(kid)).is_none(), "{kid:?}");
    }
}

/// The key set of LunaSec's SDK (`express_plugin.json`), with members that others add.
#[test]
fn other_writers() {
    let key = public();
    let original = json!({ "keys": [{
        "kty": "RSA", "n": base64url(key.n()), "e": "AQAB", "kid": LEGACY_KID,
    }]});
    let set = KeySet::parse(original.to_string().as_bytes()).unwrap();
    assert_eq!(set.candidates(Some(LEGACY_KID)).unwrap(), [&key]);
    assert_eq!(set.candidates(None).unwrap(), [&key]);
    assert!(set.candidates(Some(key.thumbprint())).is_none());

    let foreign = changed(json!({ "x5t": "AA", "x5c": ["AA"], "nbf": 1, "x": { "y": [] } }));
    assert!(parse(&[foreign]).unwrap().candidates(Some("a")).is_some());
    let unnamed = changed(json!({ "kid": null, "alg": null, "use": null }));
    let set = parse(&[unnamed]).unwrap();
    assert_eq!(set.candidates(None).unwrap(), [&key]);
    assert!(set.candidates(Some("a")).is_none());
    let operations = changed(json!({ "key_ops": ["verify"] }));
    assert!(parse(&[operations]).is_ok());
}

#[test]
fn a_configured_key_has_no_name() {
    let key = public();
    let set = KeySet::single(key.clone());
    for kid in [None, Some(LEGACY_KID), Some("anything")] {
        assert_eq!(set.candidates(kid).unwrap(), [&key]);
    }
}

#[test]
fn at_most_four_candidates() {
    let keys: Vec<_> = (0..6).map(made_up_key).collect();
    let set = KeySet::parse(&jwks_document(&keys).body).unwrap();
    let expected: Vec<_> = keys[..4].iter().collect();
    assert_eq!(set.candidates(None).unwrap(), expected);
    assert_eq!(set.candidates(Some(LEGACY_KID)).unwrap(), expected);
    assert_eq!(
        set.candidates(Some(keys[5].thumbprint())).unwrap(),
        [&keys[5]]
    );
}

/// RFC 7517 section 5: ignored, and the rest is used.
#[test]
fn keys_that_are_left_out() {
    let short = base64url(&[0xff; 255]);
    for (what, bad) in [
        (
            "EC",
            json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "a" }),
        ),
        (
            "Ed25519",
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "a" }),
        ),
        (
            "unknown kind",
            json!({ "kty": "AKP", "pub": "AA", "kid": "a" }),
        ),
        ("empty", json!({})),
        ("encryption", changed(json!({ "use": "enc" }))),
        ("RS384", changed(json!({ "alg": "RS384" }))),
        ("PS256", changed(json!({ "alg": "PS256" }))),
        ("RSA-OAEP", changed(json!({ "alg": "RSA-OAEP" }))),
        ("unknown algorithm", changed(json!({ "alg": "X" }))),
        ("algorithm of the wrong type", changed(json!({ "alg": 1 }))),
        ("signing", changed(json!({ "key_ops": ["sign"] }))),
        ("no operation", changed(json!({ "key_ops": [] }))),
        ("no n", changed(json!({ "n": null }))),
        ("no e", changed(json!({ "e": null }))),
        ("n of the wrong type", changed(json!({ "n": 5 }))),
        ("no base64url", changed(json!({ "n": "????" }))),
        ("padded", changed(json!({ "e": "AQAB=" }))),
        (
            "standard alphabet",
            changed(json!({ "n": base64url(public().n()).replace('-', "+").replace('_', "/") })),
        ),
        ("2040 bits", changed(json!({ "n": short }))),
        ("exponent 3", changed(json!({ "e": "Aw" }))),
        ("even exponent", changed(json!({ "e": "AQAA" }))),
        ("kid of the wrong type", changed(json!({ "kid": 1 }))),
    ] {
        let good = jwk(other_key().public_key(), "good");
        let set = parse(&[bad.clone(), good]).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(
            set.candidates(None).unwrap(),
            [other_key().public_key()],
            "{what}"
        );
        assert!(set.candidates(Some("a")).is_none(), "{what}");
        assert_eq!(parse(&[bad]).unwrap_err(), JwksError::NoUsableKey, "{what}");
    }
}

#[test]
fn private_keys_are_not_for_publishing() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let leaked = changed(json!({ member: "AA" }));
        let good = jwk(other_key().public_key(), "good");
        assert_eq!(
            parse(&[good, leaked]).unwrap_err(),
            JwksError::PrivateKey,
            "{member}"
        );
    }
    let symmetric = json!({ "kty": "oct", "k": "AA" });
    assert_eq!(parse(&[symmetric]).unwrap_err(), JwksError::PrivateKey);
}

#[test]
fn one_kid_is_one_key() {
    let (a, b) = (public(), other_key().public_key().clone());
    assert_eq!(
        parse(&[jwk(&a, "k"), jwk(&b, "k")]).unwrap_err(),
        JwksError::AmbiguousKid
    );
    assert_eq!(
        parse(&[jwk(&a, LEGACY_KID), jwk(&b, "x"), jwk(&b, LEGACY_KID)]).unwrap_err(),
        JwksError::AmbiguousKid
    );
    let twice = parse(&[jwk(&a, "k"), jwk(&a, "k"), jwk(&a, "l")]).unwrap();
    assert_eq!(twice.candidates(Some("k")).unwrap(), [&a]);
    assert_eq!(twice.candidates(None).unwrap(), [&a]);
    let unnamed = |key| crate::support::with(jwk(key, ""), json!({ "kid": null }));
    let set = parse(&[unnamed(&a), unnamed(&b)]).unwrap();
    assert_eq!(set.candidates(None).unwrap(), [&a, &b]);
}

#[test]
fn limits() {
    let keys: Vec<_> = (0..17)
        .map(|i| jwk(&made_up_key(i), &i.to_string()))
        .collect();
    assert!(parse(&keys[..16]).is_ok());
    assert_eq!(parse(&keys).unwrap_err(), JwksError::TooManyKeys);
    let mut text = json!({ "keys": [jwk(&public(), "a")] }).to_string();
    text.push_str(&" ".repeat(64 * 1024 - text.len()));
    assert!(KeySet::parse(text.as_bytes()).is_ok());
    text.push(' ');
    assert_eq!(
        KeySet::parse(text.as_bytes()).unwrap_err(),
        JwksError::TooLarge
    );
}

#[test]
fn documents_that_cannot_be_read() {
    let key = jwk(&public(), "a").to_string();
    for text in [
        String::new(),
        "[]".into(),
        "{}".into(),
        "<html></html>".into(),
        format!("[{{\"keys\":[{key}]}}]"),
        format!("[[{key}]]"),
        format!("{{\"keys\":{key}}}"),
        r#"{"keys":null}"#.into(),
        r#"{"keys":["a"]}"#.into(),
        r#"{"keys":[[]]}"#.into(),
        format!("{{\"keys\":[{key}]}} x"),
        format!("{{\"keys\":[{key}],\"keys\":[]}}"),
        format!("{{\"keys\":[{}]}}", key.replace('{', r#"{"kid":"b","#)),
        format!("\u{feff}{{\"keys\":[{key}]}}"),
        format!("{{\"keys\":[{key}]"),
    ] {
        let refusal = KeySet::parse(text.as_bytes()).unwrap_err();
        assert!(
            matches!(refusal, JwksError::Malformed(_)),
            "{text}: {refusal:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_set_of_keys_survives(numbers in prop::collection::btree_set(0u8..=255, 1..15)) {
        let keys: Vec<_> = numbers.into_iter().map(made_up_key).collect();
        let set = KeySet::parse(&jwks_document(&keys).body).unwrap();
        for key in &keys {
            prop_assert_eq!(set.candidates(Some(key.thumbprint())).unwrap(), [key]);
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        prop_assert!(KeySet::parse(text.as_bytes()).is_err());
        let member = format!(r#"{{"keys":[{text}]}}"#);
        let _ = KeySet::parse(member.as_bytes());
    }
}

#[test]
fn the_key_that_lunasec_publishes_is_trusted_only_where_that_is_allowed() {
    let demo = json!({ "kty": "RSA", "n": PUBLISHED_BY_LUNASEC, "e": "AQAB", "kid": "demo" });
    assert_eq!(
        parse(std::slice::from_ref(&demo)).unwrap_err(),
        JwksError::DemoKey
    );
    let beside = [demo, jwk(&public(), "a")];
    let set = parse(&beside).unwrap();
    assert!(set.candidates(Some("demo")).is_none());
    assert_eq!(set.candidates(None).unwrap(), [&public()]);

    let json = json!({ "keys": beside }).to_string();
    let set = KeySet::parse_allowing_demo_key(json.as_bytes()).unwrap();
    let demo = set.candidates(Some("demo")).unwrap()[0];
    assert_eq!(
        demo.thumbprint(),
        "-bl8cloyc_SDWS4QIMvkmfoIExAdTsvXHotm0ZOFCak"
    );
    assert!(demo.is_demo_key());
    assert!(!public().is_demo_key());
}
