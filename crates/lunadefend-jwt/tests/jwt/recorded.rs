//! The cases of `recordings/go-tokenizer/auth` that a JWT alone decides, with LunaDefend's verdicts.
//! LunaSec's response stands beside, so that each difference is deliberate.

use crate::support::{
    HEADER, NOW, by_pyjwt, mint, mint_with, now, other_key, policy, signing_key, verify,
};
use lunadefend_jwt::{JwtError, KeySet, ParsedJwt, Subject};

/// The claims of the recordings with their times moved to now: issued long before expiry there.
const CLAIMS: &str = r#"{"iat":IAT,"iss":"node-sdk","aud":"secure-frame","exp":EXP,"sub":"application","session_id":"NULL"}"#;

fn at_now(claims: &str) -> String {
    claims
        .replace("IAT", &NOW.to_string())
        .replace("EXP", &(NOW + 900).to_string())
        .replace("FUTURE", &(NOW + 899).to_string())
        .replace("PAST", &(NOW - 900).to_string())
}

/// LunaDefend's verdict, and LunaSec's status.
#[test]
fn claims() {
    use JwtError as E;
    type Verdict = Result<Subject, fn(&E) -> bool>;
    let cases: [(&str, &str, Verdict, u16); 19] = [
        ("application", CLAIMS, Ok(Subject::Application), 200),
        (
            "audience_array",
            r#"{"iat":IAT,"iss":"node-sdk","aud":["a","b"],"exp":EXP,"sub":"application","session_id":"NULL"}"#,
            Err(|e| *e == E::Claim("aud")),
            200,
        ),
        (
            "audience_array with ours",
            r#"{"iat":IAT,"iss":"node-sdk","aud":["a","secure-frame"],"exp":EXP,"sub":"application","session_id":"NULL"}"#,
            Ok(Subject::Application),
            200,
        ),
        (
            "exp_float",
            r#"{"iat":IAT,"iss":"node-sdk","aud":"secure-frame","exp":EXP.5,"sub":"application","session_id":"NULL"}"#,
            Ok(Subject::Application),
            200,
        ),
        (
            "exp_string",
            r#"{"iat":IAT,"iss":"node-sdk","aud":"secure-frame","exp":"tomorrow","sub":"application","session_id":"NULL"}"#,
            Err(|e| matches!(e, E::Claims(_))),
            401,
        ),
        (
            "expired",
            r#"{"iat":IAT,"iss":"node-sdk","aud":"secure-frame","exp":PAST,"sub":"application","session_id":"NULL"}"#,
            Err(|e| *e == E::Expired),
            200,
        ),
        (
            "expired, as recorded",
            r#"{"iat":1600000000,"iss":"node-sdk","aud":"secure-frame","exp":1000000000,"sub":"application","session_id":"NULL"}"#,
            Err(|e| *e == E::Expired),
            200,
        ),
        (
            "a lifetime of years, as recorded",
            r#"{"iat":1600000000,"iss":"node-sdk","aud":"secure-frame","exp":4102444800,"sub":"application","session_id":"NULL"}"#,
            Err(|e| *e == E::Lifetime),
            200,
        ),
        (
            "iat_future",
            r#"{"iat":FUTURE,"iss":"node-sdk","aud":"secure-frame","exp":EXP,"sub":"application","session_id":"NULL"}"#,
            Err(|e| *e == E::NotYetValid),
            200,
        ),
        (
            "nbf_future",
            r#"{"iat":IAT,"iss":"node-sdk","aud":"secure-frame","exp":EXP,"sub":"application","session_id":"NULL","nbf":FUTURE}"#,
            Err(|e| *e == E::NotYetValid),
            200,
        ),
        (
            "no_exp",
            r#"{"iat":IAT,"iss":"node-sdk","aud":"secure-frame","sub":"application","session_id":"NULL"}"#,
            Err(|e| matches!(e, E::Claims(_))),
            200,
        ),
        (
            "no_session_id",
            r#"{"iat":IAT,"iss":"node-sdk","aud":"secure-frame","exp":EXP,"sub":"application"}"#,
            Ok(Subject::Application),
            200,
        ),
        (
            "only_sub_and_session",
            r#"{"sub":"application","session_id":"NULL"}"#,
            Err(|e| matches!(e, E::Claims(_))),
            200,
        ),
        (
            "session_id_number",
            r#"{"iat":IAT,"iss":"node-sdk","aud":"secure-frame","exp":EXP,"sub":"application","session_id":5}"#,
            Err(|e| matches!(e, E::Claims(_))),
            401,
        ),
        (
            "sub_case",
            r#"{"iat":IAT,"iss":"node-sdk","aud":"secure-frame","exp":EXP,"sub":"Application","session_id":"NULL"}"#,
            Err(|e| *e == E::Claim("sub")),
            401,
        ),
        (
            "sub_missing",
            r#"{"iat":IAT,"iss":"node-sdk","aud":"secure-frame","exp":EXP,"session_id":"NULL"}"#,
            Err(|e| matches!(e, E::Claims(_))),
            401,
        ),
        (
            "sub_unknown",
            r#"{"iat":IAT,"iss":"node-sdk","aud":"secure-frame","exp":EXP,"sub":"admin","session_id":"NULL"}"#,
            Err(|e| *e == E::Claim("sub")),
            401,
        ),
        (
            "wrong_audience",
            r#"{"iat":IAT,"iss":"node-sdk","aud":"someone-else","exp":EXP,"sub":"application","session_id":"NULL"}"#,
            Err(|e| *e == E::Claim("aud")),
            200,
        ),
        (
            "wrong_issuer",
            r#"{"iat":IAT,"iss":"evil","aud":"secure-frame","exp":EXP,"sub":"application","session_id":"NULL"}"#,
            Err(|e| *e == E::Claim("iss")),
            200,
        ),
    ];
    for (name, claims, verdict, original) in cases {
        let ours = verify(&mint(HEADER, &at_now(claims)));
        match (ours, verdict) {
            (Ok(claims), Ok(subject)) => assert_eq!(claims.subject, subject, "{name}"),
            (Err(error), Err(is_expected)) => assert!(is_expected(&error), "{name}: {error:?}"),
            (ours, _) => panic!("{name} (original: {original}): {ours:?}"),
        }
    }
}

/// The route decides about these; the JWTs as such are right.
#[test]
fn subjects_of_other_routes() {
    for (sub, subject) in [("user", Subject::User), ("developer", Subject::Developer)] {
        let claims = at_now(CLAIMS).replace("application", sub);
        assert_eq!(verify(&mint(HEADER, &claims)).unwrap().subject, subject);
    }
}

#[test]
fn headers_and_signatures() {
    let claims = at_now(CLAIMS);
    let refusal = |compact: &str| verify(compact).unwrap_err();
    // crit_header and jwk_header_attack: 401 there as well.
    let crit = mint(r#"{"alg":"RS256","crit":["x"],"x":1}"#, &claims);
    assert_eq!(refusal(&crit), JwtError::Parameter("crit"));
    assert_eq!(refusal(by_pyjwt("jwk")), JwtError::Parameter("jwk"));
    // other_key and tampered_payload: 401 there as well.
    let other = mint_with(&other_key(), HEADER, &claims);
    assert_eq!(refusal(&other), JwtError::Signature);
    let tampered = mint(HEADER, &claims);
    let parts: Vec<_> = tampered.split('.').collect();
    let changed = lunadefend_crypto::base64url(claims.replace("NULL", "x").as_bytes());
    let tampered = format!("{}.{changed}.{}", parts[0], parts[2]);
    assert_eq!(refusal(&tampered), JwtError::Signature);
    // garbage, garbage_three_parts, empty_authorization: 401 there as well.
    for garbage in ["garbage", "a.b.c", ""] {
        assert_eq!(refusal(garbage), JwtError::Malformed, "{garbage:?}");
    }
    // alg_rs384, alg_rs512, alg_ps*: 200 there. alg_none, alg_hs256_*: 401 there as well.
    for name in [
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "none",
        "HS256-spki-pem",
    ] {
        assert_eq!(refusal(by_pyjwt(name)), JwtError::Algorithm, "{name}");
    }
    // bearer_prefix: the reader of the header removes the prefix; it is no part of a JWT.
    let bearer = format!("Bearer {}", mint(HEADER, &claims));
    assert_eq!(refusal(&bearer), JwtError::Malformed);
}

/// kid_header: with a configured public key the `kid` is ignored.
#[test]
fn kid_header() {
    let compact = mint(r#"{"alg":"RS256","kid":"nope"}"#, &at_now(CLAIMS));
    let jwt = ParsedJwt::parse(&compact).unwrap();
    let key = signing_key().public_key().clone();

    let configured = KeySet::single(key.clone());
    let candidates = configured.candidates(jwt.kid()).unwrap();
    jwt.verify(candidates, &policy(), now()).unwrap();

    let fetched = KeySet::parse(&lunadefend_jwt::jwks_document(&[key]).body).unwrap();
    assert!(fetched.candidates(jwt.kid()).is_none());
}
