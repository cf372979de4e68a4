//! What an application signs.

use crate::support::{NOW, ORIGIN, at, by_pyjwt, now, policy, signing_key, verify_at};
use lunadefend_core::{SessionId, provider::TransferState};
use lunadefend_crypto::{base64url, base64url_decode, sha256};
use lunadefend_jwt::{
    DESTROY_TYP, Jwt, JwtKind, JwtProfile, JwtSigner, ParsedJwt, Subject, TRANSFER_TYP,
};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

fn signer(level: JwtProfile) -> JwtSigner {
    JwtSigner::new(signing_key(), level, ORIGIN)
}

fn session(id: &str) -> SessionId {
    SessionId::new(id).unwrap()
}

fn state() -> TransferState {
    TransferState::from_query(Some("state=abc")).unwrap()
}

/// Header and claims, as text.
fn parts(jwt: &Jwt) -> (String, String) {
    let mut parts = jwt
        .expose_secret()
        .split('.')
        .map(|part| String::from_utf8_lossy(&base64url_decode(part).unwrap()).into_owned());
    (parts.next().unwrap(), parts.next().unwrap())
}

/// `grants_requests.json` and `express_plugin.json`: the JWTs of LunaSec's SDK at this time.
#[test]
fn v1_is_the_originals_byte_for_byte() {
    let signer = signer(JwtProfile::LunaSec);
    let application = r#"{"iat":1700000000,"iss":"node-sdk","sub":"application","aud":"secure-frame","exp":1700000900}"#;
    let jwt = signer.application(now()).unwrap();
    assert_eq!(
        parts(&jwt),
        (r#"{"alg":"RS256"}"#.into(), application.into())
    );
    assert_eq!(
        jwt.expose_secret(),
        by_pyjwt("RS256"),
        "PyJWT signs the same"
    );

    for (id, claims) in [
        (
            "session-abc",
            r#"{"session_id":"session-abc","iat":1700000000,"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":1700000900}"#,
        ),
        (
            "12345",
            r#"{"session_id":"12345","iat":1700000000,"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":1700000900}"#,
        ),
        (
            "c ookie-1",
            r#"{"session_id":"c ookie-1","iat":1700000000,"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":1700000900}"#,
        ),
        (
            "s\u{e9}\u{1f600}\"",
            "{\"session_id\":\"s\u{e9}\u{1f600}\\\"\",\"iat\":1700000000,\"iss\":\"node-sdk\",\"sub\":\"user\",\"aud\":\"secure-frame\",\"exp\":1700000900}",
        ),
    ] {
        let expected = (r#"{"alg":"RS256"}"#.to_owned(), claims.to_owned());
        assert_eq!(parts(&signer.user(&session(id), now()).unwrap()), expected);
        let transfer = signer.transfer(&session(id), &state(), now()).unwrap();
        assert_eq!(
            parts(&transfer),
            expected,
            "the original's transfer JWT is its user JWT"
        );
    }
}

#[test]
fn extended_application_and_user() {
    let signer = signer(JwtProfile::default());
    let kid = signing_key().public_key().thumbprint().to_owned();
    let header = format!(r#"{{"typ":"JWT","alg":"RS256","kid":"{kid}"}}"#);
    let jwt = signer.application(now()).unwrap();
    let claims = r#"{"iat":1700000000,"iss":"node-sdk","sub":"application","aud":"secure-frame","exp":1700000900,"tokenizer":"https://tokenizer.example.com"}"#;
    assert_eq!(parts(&jwt), (header.clone(), claims.to_owned()));

    let jwt = signer.user(&session("session-abc"), now()).unwrap();
    let claims = r#"{"session_id":"session-abc","iat":1700000000,"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":1700000900,"tokenizer":"https://tokenizer.example.com"}"#;
    assert_eq!(parts(&jwt), (header, claims.to_owned()));
}

#[test]
fn extended_transfer() {
    let signer = signer(JwtProfile::Hardened);
    let jwt = signer
        .transfer(&session("session-abc"), &state(), now())
        .unwrap();
    let (header, claims) = parts(&jwt);
    let header: Value = serde_json::from_str(&header).unwrap();
    let kid = signing_key().public_key().thumbprint().to_owned();
    assert_eq!(
        header,
        json!({ "typ": TRANSFER_TYP, "alg": "RS256", "kid": kid })
    );

    let mut claims: Value = serde_json::from_str(&claims).unwrap();
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(
        claims,
        json!({
            "session_id": "session-abc",
            "iat": NOW,
            "iss": "node-sdk",
            "sub": "user",
            "aud": "secure-frame",
            "exp": NOW + 60,
            "tokenizer": ORIGIN,
            "nonce": base64url(&sha256(b"abc")),
        })
    );
    assert_eq!(base64url_decode(jti.as_str().unwrap()).unwrap().len(), 16);
    let again = signer
        .transfer(&session("session-abc"), &state(), now())
        .unwrap();
    assert_ne!(
        again.expose_secret(),
        jwt.expose_secret(),
        "each has its own jti"
    );
}

#[test]
fn a_jwt_that_destroys_is_for_one_request_with_every_profile() {
    for level in [JwtProfile::LunaSec, JwtProfile::Hardened] {
        let signer = signer(level);
        let jwt = signer.destroy("/v2/tokens/delete", b"body", now()).unwrap();
        let (header, claims) = parts(&jwt);
        let header: Value = serde_json::from_str(&header).unwrap();
        let kid = signing_key().public_key().thumbprint().to_owned();
        assert_eq!(
            header,
            json!({ "typ": DESTROY_TYP, "alg": "RS256", "kid": kid })
        );
        let mut claims: Value = serde_json::from_str(&claims).unwrap();
        let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
        assert_eq!(
            claims,
            json!({
                "iat": NOW,
                "iss": "node-sdk",
                "sub": "application",
                "aud": "secure-frame",
                "exp": NOW + 60,
                "tokenizer": ORIGIN,
                "route": "/v2/tokens/delete",
                "body_sha256": base64url(&sha256(b"body")),
            })
        );
        assert_eq!(base64url_decode(jti.as_str().unwrap()).unwrap().len(), 16);
        let again = signer.destroy("/v2/tokens/delete", b"body", now()).unwrap();
        assert_ne!(again.expose_secret(), jwt.expose_secret());

        let verified = verify_at(jwt.expose_secret(), &policy(), now()).unwrap();
        assert_eq!(verified.kind, JwtKind::Destroy);
        let destruction = verified.destruction.unwrap();
        assert_eq!(destruction.jti(), jti);
        assert!(destruction.is_of("/v2/tokens/delete", b"body"));
        for (route, body) in [
            ("/v2/tokens/delete", &b"body "[..]),
            ("/v2/tokens/delete", b""),
            ("/v2/grants/revoke", b"body"),
            ("/v2/tokens/delete/", b"body"),
            ("", b"body"),
        ] {
            assert!(!destruction.is_of(route, body), "{route}");
        }
    }
}

#[test]
fn times_are_whole_seconds() {
    let jwt = signer(JwtProfile::LunaSec)
        .application(at(1_700_000_000.75))
        .unwrap();
    assert_eq!(jwt.issued_at(), now());
    assert_eq!(jwt.expires_at(), now() + Duration::from_secs(900));
    assert_eq!(jwt.expose_secret(), by_pyjwt("RS256"));
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    assert!(signer(JwtProfile::LunaSec).application(before).is_err());
}

#[test]
fn what_is_signed_verifies() {
    for level in [JwtProfile::LunaSec, JwtProfile::Hardened] {
        let signer = signer(level);
        let verified = |jwt: &Jwt| verify_at(jwt.expose_secret(), &policy(), now()).unwrap();

        let application = verified(&signer.application(now()).unwrap());
        assert_eq!(application.subject, Subject::Application);
        assert_eq!(application.kind, JwtKind::Plain);
        assert!(application.session.is_none() && application.jti.is_none());

        let user = verified(&signer.user(&session("s-1"), now()).unwrap());
        assert_eq!(user.subject, Subject::User);
        assert_eq!(user.session.unwrap().expose_id(), "s-1");

        let jwt = signer.transfer(&session("s-1"), &state(), now()).unwrap();
        let transfer = verified(&jwt);
        assert_eq!(transfer.subject, Subject::User);
        assert_eq!(transfer.session.unwrap().expose_id(), "s-1");
        assert_eq!(transfer.expires_at, jwt.expires_at());
        let (input, _) = jwt.expose_secret().rsplit_once('.').unwrap();
        let parsed = ParsedJwt::parse(jwt.expose_secret()).unwrap();
        assert_eq!(parsed.signing_input_sha256(), sha256(input.as_bytes()));
        if level == JwtProfile::Hardened {
            assert_eq!(transfer.kind, JwtKind::Transfer);
            assert_eq!(transfer.nonce, Some(base64url(&sha256(b"abc"))));
            assert!(transfer.jti.is_some());
        } else {
            assert_eq!(transfer.kind, JwtKind::Plain);
            assert!(transfer.nonce.is_none() && transfer.jti.is_none());
        }
    }
}

#[test]
fn kid_and_typ_can_be_asked_for() {
    let jwt = signer(JwtProfile::Hardened)
        .transfer(&session("s"), &state(), now())
        .unwrap();
    let parsed = ParsedJwt::parse(jwt.expose_secret()).unwrap();
    assert_eq!(parsed.kid(), Some(signing_key().public_key().thumbprint()));
    assert_eq!(parsed.typ(), Some(TRANSFER_TYP));
    let jwt = signer(JwtProfile::LunaSec).application(now()).unwrap();
    let parsed = ParsedJwt::parse(jwt.expose_secret()).unwrap();
    assert_eq!((parsed.kid(), parsed.typ()), (None, None));
}
