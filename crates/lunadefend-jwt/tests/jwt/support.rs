//! Keys, a time, and JWTs of any header and claims.

use lunadefend_crypto::{PublicKey, SigningKey, base64url};
use lunadefend_jwt::{Claims, JwtError, JwtPolicy, ParsedJwt};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// The time of the recordings.
pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const ORIGIN: &str = "https://tokenizer.example.com";
pub(crate) const HEADER: &str = r#"{"alg":"RS256"}"#;

pub(crate) fn now() -> SystemTime {
    at(NOW as f64)
}

pub(crate) fn at(seconds: f64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds)
}

pub(crate) fn signing_key() -> SigningKey {
    SigningKey::parse(include_bytes!("../fixtures/signing.pem"), "test").unwrap()
}

pub(crate) fn other_key() -> SigningKey {
    SigningKey::parse(include_bytes!("../fixtures/other.pem"), "test").unwrap()
}

/// A key without a private key; a different one for each number.
pub(crate) fn made_up_key(number: u8) -> PublicKey {
    let mut n = [0xff; 256];
    n[1] = number;
    PublicKey::from_components(&n, &[1, 0, 1]).unwrap()
}

pub(crate) fn policy() -> JwtPolicy {
    JwtPolicy::new(ORIGIN)
}

/// The claims of an application.
pub(crate) fn claims() -> Value {
    json!({
        "iat": NOW,
        "iss": "node-sdk",
        "sub": "application",
        "aud": "secure-frame",
        "exp": NOW + 900,
    })
}

pub(crate) fn user_claims() -> Value {
    with(
        claims(),
        json!({ "sub": "user", "session_id": "session-abc" }),
    )
}

/// `null` in `changes` takes a member away.
pub(crate) fn with(mut claims: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    for (name, value) in changes {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(&name),
            value => claims.as_object_mut().unwrap().insert(name, value),
        };
    }
    claims
}

/// A JWT of this header and these claims, byte for byte, with a valid signature.
pub(crate) fn mint(header: &str, claims: &str) -> String {
    mint_with(&signing_key(), header, claims)
}

pub(crate) fn mint_with(key: &SigningKey, header: &str, claims: &str) -> String {
    let input = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(claims.as_bytes())
    );
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url(&signature))
}

pub(crate) fn verify(compact: &str) -> Result<Claims, JwtError> {
    verify_at(compact, &policy(), now())
}

pub(crate) fn verify_at(
    compact: &str,
    policy: &JwtPolicy,
    now: SystemTime,
) -> Result<Claims, JwtError> {
    ParsedJwt::parse(compact)?.verify([signing_key().public_key()], policy, now)
}

/// Verifies claims under the plain header.
pub(crate) fn verify_claims(claims: &Value) -> Result<Claims, JwtError> {
    verify(&mint(HEADER, &claims.to_string()))
}

/// The JWT of that name in `fixtures/pyjwt.txt`.
pub(crate) fn by_pyjwt(name: &str) -> &'static str {
    include_str!("../fixtures/pyjwt.txt")
        .lines()
        .find_map(|line| line.split_once(' ').filter(|(found, _)| *found == name))
        .unwrap_or_else(|| panic!("no {name}"))
        .1
}
