//! No printed text has a secret in it.

use crate::support::{HEADER, ORIGIN, mint, now, signing_key, user_claims, verify, with};
use lunadefend_core::{SessionId, provider::TransferState};
use lunadefend_jwt::{JwksError, JwtProfile, JwtSigner, KeySet, ParsedJwt, TRANSFER_TYP};
use serde_json::json;
use std::error::Error;

const CANARY: &str = "c4NaRyVa1ue";

fn assert_clean(text: &str) {
    assert!(!text.contains(CANARY), "{text}");
}

fn texts(error: &dyn Error) -> String {
    let cause = error.source().map(texts).unwrap_or_default();
    format!("{error} {error:?} {cause}")
}

#[test]
fn debug_of_every_type() {
    let session = SessionId::new(CANARY).unwrap();
    let state = TransferState::from_query(Some(&format!("state={CANARY}"))).unwrap();
    let signer = JwtSigner::new(signing_key(), JwtProfile::Hardened, ORIGIN);
    assert_clean(&format!("{signer:?}"));
    for jwt in [
        signer.user(&session, now()).unwrap(),
        signer.transfer(&session, &state, now()).unwrap(),
    ] {
        let compact = jwt.expose_secret();
        let claims = verify(compact).unwrap();
        let debug = format!(
            "{jwt:?} {:?} {claims:?}",
            ParsedJwt::parse(compact).unwrap()
        );
        assert_clean(&debug);
        for part in compact.split('.') {
            assert!(!debug.contains(part), "{debug}");
        }
        for secret in claims.jti.iter().chain(&claims.nonce) {
            assert!(!debug.contains(secret.as_str()), "{debug}");
        }
    }
    let key = signing_key().public_key().clone();
    assert_clean(&format!("{:?}", KeySet::single(key)));
}

#[test]
fn errors_repeat_nothing() {
    for (header, claims) in [
        (format!(r#"{{"alg":"{CANARY}"}}"#), user_claims()),
        (
            format!(r#"{{"alg":"RS256","typ":"{CANARY}"}}"#),
            user_claims(),
        ),
        (
            format!(r#"{{"alg":"RS256","kid":{{"{CANARY}":1}}}}"#),
            user_claims(),
        ),
        (format!(r#"{{"{CANARY}":1}}"#), user_claims()),
        (format!(r#"{{"{CANARY}":1,"{CANARY}":1}}"#), user_claims()),
        (CANARY.to_owned(), user_claims()),
        (
            HEADER.to_owned(),
            with(user_claims(), json!({ "iss": CANARY })),
        ),
        (
            HEADER.to_owned(),
            with(user_claims(), json!({ "aud": [CANARY] })),
        ),
        (
            HEADER.to_owned(),
            with(user_claims(), json!({ "sub": CANARY })),
        ),
        (
            HEADER.to_owned(),
            with(user_claims(), json!({ "exp": CANARY })),
        ),
        (
            HEADER.to_owned(),
            with(user_claims(), json!({ "tokenizer": CANARY })),
        ),
        (
            HEADER.to_owned(),
            with(user_claims(), json!({ "session_id": [CANARY] })),
        ),
        (
            json!({ "alg": "RS256", "typ": TRANSFER_TYP }).to_string(),
            with(user_claims(), json!({ "jti": CANARY })),
        ),
    ] {
        let error = verify(&mint(&header, &claims.to_string())).unwrap_err();
        assert_clean(&texts(&error));
    }
    for text in [
        CANARY.to_owned(),
        format!(r#"{{"keys":"{CANARY}"}}"#),
        format!(r#"{{"{CANARY}":[]}}"#),
        format!(r#"{{"keys":[{{"kty":"{CANARY}","kid":"{CANARY}"}}]}}"#),
        format!(r#"{{"keys":[{{"d":"{CANARY}"}}]}}"#),
    ] {
        let error: JwksError = KeySet::parse(text.as_bytes()).unwrap_err();
        assert_clean(&texts(&error));
    }
}
