//! The claims, one by one.

use crate::support::{
    HEADER, NOW, ORIGIN, at, claims, mint, now, policy, user_claims, verify, verify_at,
    verify_claims, with,
};
use lunadefend_jwt::{DESTROY_TYP, JwtError, JwtKind, JwtPolicy, Subject, TRANSFER_TYP};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

fn refusal(changes: Value) -> JwtError {
    let claims = with(user_claims(), changes);
    match verify_claims(&claims) {
        Err(error) => error,
        Ok(_) => panic!("accepted: {claims}"),
    }
}

fn assert_unreadable(claims: &str) {
    let refusal = verify(&mint(HEADER, claims)).unwrap_err();
    assert!(
        matches!(refusal, JwtError::Claims(_)),
        "{claims}: {refusal:?}"
    );
}

#[test]
fn required_claims() {
    for name in ["iss", "aud", "sub", "iat", "exp"] {
        let refusal = refusal(json!({ name: null }));
        assert!(
            matches!(refusal, JwtError::Claims(_)),
            "{name}: {refusal:?}"
        );
    }
    assert_eq!(
        refusal(json!({ "session_id": null })),
        JwtError::Claim("session_id")
    );
}

/// Each claim with every type that it must not have.
#[test]
fn mistyped_claims() {
    let strings = ["iss", "sub", "tokenizer", "session_id", "jti", "nonce"];
    let times = ["iat", "exp", "nbf"];
    for name in strings {
        for value in ["null", "1", "1.5", "true", "[]", "{}", r#"["user"]"#] {
            assert_unreadable(&raw(name, value));
        }
    }
    for name in times {
        for value in [
            "null",
            "true",
            "\"1700000900\"",
            "\"tomorrow\"",
            "[]",
            "{}",
            "[1700000900]",
        ] {
            assert_unreadable(&raw(name, value));
        }
    }
    for value in [
        "null",
        "1",
        "true",
        "{}",
        "[1]",
        r#"["secure-frame",1]"#,
        r#"["secure-frame",null]"#,
    ] {
        assert_unreadable(&raw("aud", value));
    }
}

/// The claims of a user with one of them as this text.
fn raw(name: &str, value: &str) -> String {
    let rest = with(user_claims(), json!({ name: null })).to_string();
    format!(r#"{{"{name}":{value},{}"#, &rest[1..])
}

#[test]
fn claims_that_cannot_be_read() {
    let good = user_claims().to_string();
    for claims in [
        "".to_owned(),
        "[]".into(),
        "null".into(),
        "1".into(),
        format!("[{good}]"),
        format!("{good}{good}"),
        format!("{good} x"),
        format!("\u{feff}{good}"),
        good.replace('}', ",}"),
        good.replace('{', r#"{"exp":1,"#),
        good.replace('{', r#"{"exp":1700000900,"#),
        good.replace('{', r#"{"\u0073ub":"application","#),
        good.replace('{', r#"{"x":{"a":1,"a":1},"#),
        good.replace("1700000900", "1e999"),
        good.replace("1700000900", "01700000900"),
        good.replace("1700000900", "NaN"),
        good.replace("1700000900", "Infinity"),
        good.replace("session-abc", "\u{1}"),
        good.replace("session-abc", r"\ud800"),
    ] {
        assert_unreadable(&claims);
    }
}

#[test]
fn issuer() {
    for iss in ["", "evil", "Node-SDK", "node-sdk ", "node-sdk\u{0}"] {
        assert_eq!(
            refusal(json!({ "iss": iss })),
            JwtError::Claim("iss"),
            "{iss:?}"
        );
    }
    let policy = policy().with_issuers(["billing", "shop"]);
    for (iss, accepted) in [("billing", true), ("shop", true), ("node-sdk", false)] {
        let claims = with(claims(), json!({ "iss": iss })).to_string();
        let verified = verify_at(&mint(HEADER, &claims), &policy, now());
        assert_eq!(verified.is_ok(), accepted, "{iss}");
    }
    let nobody = policy.with_issuers::<String>([]);
    assert!(verify_at(&mint(HEADER, &claims().to_string()), &nobody, now()).is_err());
}

#[test]
fn audience() {
    for aud in [
        json!(""),
        json!("someone-else"),
        json!("secure-frame "),
        json!([]),
        json!(["a", "b"]),
        json!(["secure-framex"]),
    ] {
        assert_eq!(
            refusal(json!({ "aud": aud })),
            JwtError::Claim("aud"),
            "{aud}"
        );
    }
    for aud in [json!(["secure-frame"]), json!(["a", "secure-frame", "b"])] {
        verify_claims(&with(user_claims(), json!({ "aud": aud }))).unwrap();
    }
    let policy = policy().with_audience("other");
    assert_eq!(
        verify_at(&mint(HEADER, &claims().to_string()), &policy, now()).unwrap_err(),
        JwtError::Claim("aud")
    );
}

#[test]
fn subjects() {
    for sub in [
        "",
        "admin",
        "Application",
        "USER",
        "user ",
        "application,user",
    ] {
        assert_eq!(
            refusal(json!({ "sub": sub })),
            JwtError::Claim("sub"),
            "{sub:?}"
        );
    }
    for (sub, subject) in [
        ("application", Subject::Application),
        ("developer", Subject::Developer),
        ("user", Subject::User),
    ] {
        let claims = with(user_claims(), json!({ "sub": sub }));
        let verified = verify_claims(&claims).unwrap();
        assert_eq!(verified.subject, subject);
        assert_eq!(verified.subject.as_str(), sub);
        // A session that an application or a developer names is not theirs.
        assert_eq!(
            verified.session.is_some(),
            subject == Subject::User,
            "{sub}"
        );
    }
}

#[test]
fn session_ids() {
    assert_eq!(
        refusal(json!({ "session_id": "" })),
        JwtError::Claim("session_id")
    );
    let long = json!({ "session_id": "s".repeat(1025) });
    assert_eq!(refusal(long), JwtError::Claim("session_id"));
    for id in ["s", "sé😀\"\u{2028}", " "] {
        let verified = verify_claims(&with(user_claims(), json!({ "session_id": id }))).unwrap();
        assert_eq!(verified.session.unwrap().expose_id(), id);
    }
    // Ignored, but not when mistyped.
    verify_claims(&with(claims(), json!({ "session_id": "" }))).unwrap();
    verify_claims(&with(claims(), json!({ "session_id": "NULL" }))).unwrap();
    assert!(verify_claims(&with(claims(), json!({ "session_id": 5 }))).is_err());
}

#[test]
fn tokenizer() {
    verify_claims(&with(user_claims(), json!({ "tokenizer": ORIGIN }))).unwrap();
    for origin in [
        "",
        "https://tokenizer.example.com/",
        "https://tokenizer.example.co",
        "http://x",
    ] {
        assert_eq!(
            refusal(json!({ "tokenizer": origin })),
            JwtError::Claim("tokenizer"),
            "{origin:?}"
        );
    }
    // A tokenizer that does not know its origin cannot say that it is meant.
    let compact = mint(
        HEADER,
        &with(claims(), json!({ "tokenizer": ORIGIN })).to_string(),
    );
    assert_eq!(
        verify_at(&compact, &JwtPolicy::default(), now()).unwrap_err(),
        JwtError::Claim("tokenizer")
    );
    let without = mint(HEADER, &claims().to_string());
    verify_at(&without, &JwtPolicy::default(), now()).unwrap();
}

#[test]
fn expiry() {
    let compact = mint(HEADER, &claims().to_string());
    let exp = (NOW + 900) as f64;
    for (time, accepted) in [
        (exp, true),
        (exp + 4.75, true),
        (exp + 5.0, false),
        (exp + 1e6, false),
    ] {
        let verified = verify_at(&compact, &policy(), at(time));
        match verified {
            Ok(claims) => {
                assert!(accepted, "{time}");
                assert_eq!(claims.expires_at, at(exp), "without the leeway");
            }
            Err(error) => assert!(!accepted && error == JwtError::Expired, "{time}: {error:?}"),
        }
    }
    let fraction = verify_claims(&with(claims(), json!({ "exp": NOW as f64 + 900.5 }))).unwrap();
    assert_eq!(fraction.expires_at, at(NOW as f64 + 900.5));
    assert_eq!(fraction.issued_at, at(NOW as f64));
    let scientific = raw("exp", "1.7000009e9");
    assert_eq!(
        verify(&mint(HEADER, &scientific)).unwrap().expires_at,
        at(exp)
    );
    for exp in [
        json!(0),
        json!(-1),
        json!(-1e300),
        json!(1_000_000_000),
        json!(1_000_000_000.5),
    ] {
        assert_eq!(refusal(json!({ "exp": exp })), JwtError::Expired, "{exp}");
    }
}

#[test]
fn not_valid_yet() {
    for (claim, ahead, accepted) in [
        ("iat", 60.0, true),
        ("iat", 60.5, false),
        ("iat", 4e9, false),
        ("nbf", -1e6, true),
        ("nbf", 60.0, true),
        ("nbf", 60.5, false),
        ("nbf", 1e300, false),
    ] {
        let claims = with(claims(), json!({ claim: NOW as f64 + ahead }));
        let verified = verify_claims(&claims);
        if accepted {
            assert!(verified.is_ok(), "{claim} {ahead}: {verified:?}");
        } else {
            assert_eq!(
                verified.unwrap_err(),
                JwtError::NotYetValid,
                "{claim} {ahead}"
            );
        }
    }
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    let compact = mint(HEADER, &claims().to_string());
    assert!(verify_at(&compact, &policy(), before_1970).is_err());
}

#[test]
fn lifetime() {
    for (iat, exp, accepted) in [
        (0.0, 3600.0, true),
        (0.0, 3600.5, false),
        (-3000.0, 600.0, true),
        (-3000.0, 601.0, false),
        (-1.0e9, 600.0, false),
        (0.0, 1e300, false),
        (-1e300, 600.0, false),
        (30.0, 20.0, false),
    ] {
        let times = json!({ "iat": NOW as f64 + iat, "exp": NOW as f64 + exp });
        let verified = verify_claims(&with(claims(), times));
        if accepted {
            assert!(verified.is_ok(), "{iat} {exp}: {verified:?}");
        } else {
            assert_eq!(verified.unwrap_err(), JwtError::Lifetime, "{iat} {exp}");
        }
    }
    let policy = policy().with_max_lifetime(Duration::from_secs(899));
    let compact = mint(HEADER, &claims().to_string());
    assert_eq!(
        verify_at(&compact, &policy, now()).unwrap_err(),
        JwtError::Lifetime
    );
}

#[test]
fn transfer() {
    let header = json!({ "alg": "RS256", "typ": TRANSFER_TYP }).to_string();
    let good = with(user_claims(), json!({ "jti": "j", "nonce": "n" }));
    let verify = |claims: &Value| verify(&mint(&header, &claims.to_string()));
    let verified = verify(&good).unwrap();
    assert_eq!(verified.kind, JwtKind::Transfer);
    assert_eq!(
        (verified.jti.as_deref(), verified.nonce.as_deref()),
        (Some("j"), Some("n"))
    );
    for (changes, claim) in [
        (json!({ "jti": null }), "jti"),
        (json!({ "jti": "" }), "jti"),
        (json!({ "nonce": null }), "nonce"),
        (json!({ "nonce": "" }), "nonce"),
        (json!({ "sub": "application" }), "sub"),
        (json!({ "sub": "developer" }), "sub"),
        (json!({ "session_id": null }), "session_id"),
        (json!({ "session_id": "" }), "session_id"),
    ] {
        let refusal = verify(&with(good.clone(), changes)).unwrap_err();
        assert_eq!(refusal, JwtError::Claim(claim));
    }
}

#[test]
fn destroy() {
    let header = json!({ "alg": "RS256", "typ": DESTROY_TYP }).to_string();
    let good = with(
        claims(),
        json!({ "exp": NOW + 60, "tokenizer": ORIGIN, "jti": "j", "route": "/r", "body_sha256": "h" }),
    );
    let verify = |claims: &Value| verify(&mint(&header, &claims.to_string()));
    let verified = verify(&good).unwrap();
    assert_eq!(verified.kind, JwtKind::Destroy);
    assert_eq!(verified.destruction.unwrap().jti(), "j");
    for (changes, refusal) in [
        (json!({ "jti": null }), JwtError::Claim("jti")),
        (json!({ "jti": "" }), JwtError::Claim("jti")),
        (json!({ "route": null }), JwtError::Claim("route")),
        (json!({ "route": "" }), JwtError::Claim("route")),
        (
            json!({ "body_sha256": null }),
            JwtError::Claim("body_sha256"),
        ),
        (json!({ "body_sha256": "" }), JwtError::Claim("body_sha256")),
        (json!({ "tokenizer": null }), JwtError::Claim("tokenizer")),
        (json!({ "tokenizer": "" }), JwtError::Claim("tokenizer")),
        (json!({ "sub": "developer" }), JwtError::Claim("sub")),
        (
            json!({ "sub": "user", "session_id": "s" }),
            JwtError::Claim("sub"),
        ),
        (json!({ "exp": NOW + 61 }), JwtError::Lifetime),
    ] {
        assert_eq!(verify(&with(good.clone(), changes)).unwrap_err(), refusal);
    }
    // What makes it one is its type, not its claims.
    let plain = verify_claims(&good).unwrap();
    assert_eq!(plain.kind, JwtKind::Plain);
    assert!(plain.destruction.is_none());
}

#[test]
fn unknown_claims_are_ignored() {
    let claims = with(
        user_claims(),
        json!({ "admin": true, "roles": [{}], "Sub": "developer" }),
    );
    assert_eq!(verify_claims(&claims).unwrap().subject, Subject::User);
}
