//! Serialisation, header and signature.

use crate::support::{
    HEADER, by_pyjwt, claims, made_up_key, mint, mint_with, now, other_key, policy, signing_key,
    user_claims, verify, verify_claims, with,
};
use lunadefend_crypto::{base64url, base64url_decode};
use lunadefend_jwt::{JwtError, JwtKind, ParsedJwt, TRANSFER_TYP};
use serde_json::json;

fn header_refusal(header: &str) -> JwtError {
    verify(&mint(header, &claims().to_string())).unwrap_err()
}

#[test]
fn another_librarys_jwts() {
    verify(by_pyjwt("RS256")).unwrap();
    verify(by_pyjwt("RS256-typ")).unwrap();
}

/// Each is properly signed by its own rules.
#[test]
fn forged_by_another_library() {
    for name in [
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "none",
        "HS256-spki-pem",
        "HS256-spki-der",
        "HS256-pkcs1-pem",
        "HS256-pkcs1-der",
        "HS256-pkcs1-der-base64",
        "HS256-modulus",
    ] {
        assert_eq!(
            verify(by_pyjwt(name)).unwrap_err(),
            JwtError::Algorithm,
            "{name}"
        );
    }
    for name in [
        "RS256-other-key",
        "PSS-as-RS256",
        "SHA384-as-RS256",
        "SHA1-as-RS256",
    ] {
        assert_eq!(
            verify(by_pyjwt(name)).unwrap_err(),
            JwtError::Signature,
            "{name}"
        );
    }
    assert_eq!(
        verify(by_pyjwt("jwk")).unwrap_err(),
        JwtError::Parameter("jwk")
    );
}

#[test]
fn algorithms() {
    for alg in [
        "none",
        "None",
        "NONE",
        "",
        "rs256",
        "RS256 ",
        " RS256",
        "RS384",
        "RS512",
        "PS256",
        "HS256",
        "ES256",
        "EdDSA",
        "RS256\u{0}",
    ] {
        let header = json!({ "alg": alg }).to_string();
        assert_eq!(header_refusal(&header), JwtError::Algorithm, "{alg:?}");
    }
}

#[test]
fn headers_that_cannot_be_read() {
    for header in [
        "",
        "{}",
        "[]",
        r#"["RS256"]"#,
        r#""RS256""#,
        "null",
        r#"{"alg":null}"#,
        r#"{"alg":["RS256"]}"#,
        r#"{"alg":{"alg":"RS256"}}"#,
        r#"{"alg":256}"#,
        r#"{"alg":true}"#,
        r#"{"Alg":"RS256"}"#,
        r#"{"alg":"RS256"}x"#,
        r#"{"alg":"RS256"}{}"#,
        r#"{"alg":"RS256",}"#,
        r#"{"alg":"none","alg":"RS256"}"#,
        r#"{"alg":"RS256","alg":"RS256"}"#,
        r#"{"alg":"RS256","\u0061lg":"none"}"#,
        r#"{"alg":"RS256","x":{"a":1,"a":2}}"#,
        r#"{"alg":"RS256","kid":null}"#,
        r#"{"alg":"RS256","kid":1}"#,
        r#"{"alg":"RS256","kid":["a"]}"#,
        r#"{"alg":"RS256","typ":null}"#,
        r#"{"alg":"RS256","typ":["JWT"]}"#,
        "\u{feff}{\"alg\":\"RS256\"}",
    ] {
        let refusal = header_refusal(header);
        assert!(
            matches!(refusal, JwtError::Header(_)),
            "{header}: {refusal:?}"
        );
    }
    let deep = format!(
        r#"{{"alg":"RS256","x":{}{}}}"#,
        "[".repeat(40),
        "]".repeat(40)
    );
    assert!(matches!(header_refusal(&deep), JwtError::Header(_)));
    let latin1 = format!(
        "{}.{}.AA",
        base64url(b"{\"alg\":\"RS256\",\"x\":\"\xe9\"}"),
        base64url(b"{}")
    );
    assert!(matches!(
        ParsedJwt::parse(&latin1).unwrap_err(),
        JwtError::Header(_)
    ));
}

#[test]
fn forbidden_parameters_whatever_their_value() {
    for name in ["crit", "jwk", "jku", "x5u", "x5c"] {
        for value in [
            "null",
            "[]",
            "{}",
            "\"\"",
            "false",
            r#"["exp"]"#,
            r#"{"kty":"RSA"}"#,
        ] {
            let header = format!(r#"{{"alg":"RS256","{name}":{value}}}"#);
            assert_eq!(
                header_refusal(&header),
                JwtError::Parameter(name),
                "{header}"
            );
        }
    }
}

#[test]
fn unknown_parameters_are_ignored() {
    let header = r#"{"x":[1],"alg":"RS256","x5t":"AA","cty":"text","kid":"whatever"}"#;
    verify(&mint(header, &claims().to_string())).unwrap();
    verify(&mint(" { \"alg\" : \"RS256\" } ", &claims().to_string())).unwrap();
}

#[test]
fn types() {
    for typ in [
        "",
        "jwt",
        "JWS",
        "at+jwt",
        "application/jwt",
        "lunadefend-session+jwt",
        "Lunadefend-Transfer+JWT",
        "application/lunadefend-transfer+jwt",
        "Lunadefend-Destroy+JWT",
        "application/lunadefend-destroy+jwt",
    ] {
        let header = json!({ "alg": "RS256", "typ": typ }).to_string();
        assert_eq!(header_refusal(&header), JwtError::Type, "{typ:?}");
    }
    let plain = verify(&mint(
        r#"{"alg":"RS256","typ":"JWT"}"#,
        &user_claims().to_string(),
    ));
    assert_eq!(plain.unwrap().kind, JwtKind::Plain);
    // What makes a transfer JWT is its type, not its claims.
    let claims = with(user_claims(), json!({ "jti": "j", "nonce": "n" }));
    assert_eq!(verify_claims(&claims).unwrap().kind, JwtKind::Plain);
    let header = json!({ "alg": "RS256", "typ": TRANSFER_TYP }).to_string();
    let transfer = verify(&mint(&header, &claims.to_string())).unwrap();
    assert_eq!(transfer.kind, JwtKind::Transfer);
}

#[test]
fn serialisations() {
    let good = mint(HEADER, &claims().to_string());
    let parts: Vec<_> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    verify(&good).unwrap();
    for bad in [
        String::new(),
        ".".into(),
        "...".into(),
        "garbage".into(),
        "a.b.c".into(),
        format!("{header}.{payload}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}.{signature}="),
        format!("{header} . {payload} . {signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("Bearer {good}"),
        format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+")),
        json!({ "protected": header, "payload": payload, "signature": signature }).to_string(),
        json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] })
            .to_string(),
    ] {
        assert_eq!(verify(&bad).unwrap_err(), JwtError::Malformed, "{bad:?}");
    }
    assert!(matches!(verify("..").unwrap_err(), JwtError::Header(_)));
    let empty = format!("{header}..{signature}");
    assert_eq!(verify(&empty).unwrap_err(), JwtError::Signature);
    let unsigned = format!("{header}.{payload}.");
    assert_eq!(verify(&unsigned).unwrap_err(), JwtError::Signature);
}

/// A second spelling of the same bytes would be a second JWT to a store of used ones.
#[test]
fn the_last_character_has_no_spare_bits() {
    let good = mint(HEADER, &claims().to_string());
    let last = good.chars().next_back().unwrap();
    let bytes = base64url_decode(good.rsplit('.').next().unwrap()).unwrap();
    assert_eq!(bytes.len() % 3, 1, "the signature leaves four spare bits");
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        if other != last {
            let changed = format!("{}{other}", &good[..good.len() - 1]);
            assert!(verify(&changed).is_err(), "{other}");
        }
    }
}

#[test]
fn size() {
    let padded = |length: usize| {
        let claims = with(claims(), json!({ "x": "x".repeat(length) }));
        mint(HEADER, &claims.to_string())
    };
    let base = padded(0).len();
    let fits = padded((ParsedJwt::MAX_LEN - base) * 3 / 4 - 2);
    assert!(fits.len() <= ParsedJwt::MAX_LEN && fits.len() > ParsedJwt::MAX_LEN - 8);
    verify(&fits).unwrap();
    let long = padded((ParsedJwt::MAX_LEN - base) * 3 / 4 + 3);
    assert!(long.len() > ParsedJwt::MAX_LEN);
    assert_eq!(ParsedJwt::parse(&long).unwrap_err(), JwtError::Malformed);
}

#[test]
fn keys() {
    let compact = mint(HEADER, &claims().to_string());
    let (right, other) = (signing_key(), other_key());
    let jwt = ParsedJwt::parse(&compact).unwrap();
    let verify = |keys: &[_]| jwt.verify(keys, &policy(), now());
    assert_eq!(verify(&[]).unwrap_err(), JwtError::UnknownKey);
    assert_eq!(
        verify(&[other.public_key().clone()]).unwrap_err(),
        JwtError::Signature
    );
    let several = [
        made_up_key(1),
        other.public_key().clone(),
        right.public_key().clone(),
    ];
    verify(&several).unwrap();
    verify(&[right.public_key().clone(), made_up_key(1)]).unwrap();

    // The claims of another party's JWT are never checked.
    let expired = with(claims(), json!({ "exp": 1 })).to_string();
    let foreign = mint_with(&other, HEADER, &expired);
    assert_eq!(self::verify(&foreign).unwrap_err(), JwtError::Signature);
}
