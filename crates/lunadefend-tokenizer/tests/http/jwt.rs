//! JWTs of every kind, right and wrong.

use lunadefend_crypto::{SigningKey, base64url, sha256};
use std::sync::LazyLock;

/// Made for these tests.
pub(crate) static APPLICATION_KEY: LazyLock<SigningKey> =
    LazyLock::new(|| key(include_bytes!("keys/application.pem")));
pub(crate) static OTHER_KEY: LazyLock<SigningKey> =
    LazyLock::new(|| key(include_bytes!("keys/other.pem")));

pub(crate) const V1_HEADER: &str = r#"{"alg":"RS256"}"#;
pub(crate) const TRANSFER_HEADER: &str = r#"{"alg":"RS256","typ":"lunadefend-transfer+jwt"}"#;

fn key(pem: &[u8]) -> SigningKey {
    SigningKey::parse(pem, "test").unwrap()
}

/// Signs with RS256, whatever the header says.
pub(crate) fn sign(key: &SigningKey, header: &str, claims: &str) -> String {
    let input = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(claims.as_bytes())
    );
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url(&signature))
}

/// LunaSec's claims at a time, in its order.
pub(crate) fn claims(now: u64, subject: &str, session: Option<&str>) -> String {
    let session = session.map_or_else(String::new, |id| format!(r#""session_id":"{id}","#));
    format!(
        r#"{{{session}"iat":{now},"iss":"node-sdk","sub":"{subject}","aud":"secure-frame","exp":{}}}"#,
        now + 900
    )
}

pub(crate) fn application(now: u64) -> String {
    sign(
        &APPLICATION_KEY,
        V1_HEADER,
        &claims(now, "application", None),
    )
}

pub(crate) fn developer(now: u64) -> String {
    sign(&APPLICATION_KEY, V1_HEADER, &claims(now, "developer", None))
}

pub(crate) fn user(now: u64, session: &str) -> String {
    sign(
        &APPLICATION_KEY,
        V1_HEADER,
        &claims(now, "user", Some(session)),
    )
}

/// Our SDK's transfer JWT: 60 seconds, once, for one state.
pub(crate) fn transfer(now: u64, session: &str, state: &str, jti: &str) -> String {
    let nonce = base64url(&sha256(state.as_bytes()));
    let claims = format!(
        r#"{{"session_id":"{session}","iat":{now},"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":{},"tokenizer":"https://tokenizer.example.com","jti":"{jti}","nonce":"{nonce}"}}"#,
        now + 60
    );
    sign(&APPLICATION_KEY, TRANSFER_HEADER, &claims)
}

pub(crate) const DESTROY_HEADER: &str = r#"{"alg":"RS256","typ":"lunadefend-destroy+jwt"}"#;

/// The claims of a JWT that destroys, for this route and this body.
pub(crate) fn destroy_claims(now: u64, route: &str, body: &str, jti: &str) -> String {
    let hash = base64url(&sha256(body.as_bytes()));
    format!(
        r#"{{"iat":{now},"iss":"node-sdk","sub":"application","aud":"secure-frame","exp":{},"tokenizer":"https://tokenizer.example.com","jti":"{jti}","route":"{route}","body_sha256":"{hash}"}}"#,
        now + 60
    )
}

pub(crate) fn destroy(now: u64, route: &str, body: &str, jti: &str) -> String {
    let claims = destroy_claims(now, route, body, jti);
    sign(&APPLICATION_KEY, DESTROY_HEADER, &claims)
}
