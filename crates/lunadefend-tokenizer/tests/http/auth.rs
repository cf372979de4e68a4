//! Who gets in: the cases of `recordings/go-tokenizer/auth` with our verdicts, and cookies.

use crate::{
    harness::{ANY_PAGE, Harness, ORIGIN, SESSION, SESSION_COOKIE, TOKEN},
    jwt::{self, APPLICATION_KEY, OTHER_KEY, V1_HEADER, claims, sign},
};
use lunadefend_crypto::{HmacKey, base64url};

fn grant_body() -> String {
    format!(r#"{{"sessionId":"{SESSION}","tokenId":"{TOKEN}"}}"#)
}

/// The status of `POST /grant/set` with this authorization.
async fn grant_status(harness: &Harness, authorization: &str) -> u16 {
    let reply = harness
        .post_as(authorization, "/grant/set", &grant_body())
        .await;
    if reply.status == 401 {
        assert_eq!(reply.message(), "Unauthorized");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        assert_eq!(reply.header("lunasec-session-hash"), "");
    }
    reply.status
}

#[tokio::test]
async fn headers_of_jwts() {
    let harness = Harness::start().await;
    let now = harness.now();
    let good = claims(now, "application", None);
    let status = async |header: &str| {
        let jwt = sign(&APPLICATION_KEY, header, &good);
        grant_status(&harness, &jwt).await
    };
    assert_eq!(status(V1_HEADER).await, 200);
    // A bare key is configured: its name is not looked at.
    assert_eq!(status(r#"{"alg":"RS256","kid":"nope"}"#).await, 200);
    assert_eq!(status(r#"{"alg":"RS256","typ":"JWT"}"#).await, 200);
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"RS384"}"#,
        r#"{"alg":"RS512"}"#,
        r#"{"alg":"PS256"}"#,
        r#"{"alg":"PS384"}"#,
        r#"{"alg":"PS512"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"RS256","crit":["x"],"x":1}"#,
        r#"{"alg":"RS256","jku":"https://evil.example/jwks.json"}"#,
        r#"{"alg":"RS256","x5u":"https://evil.example/x.pem"}"#,
        r#"{"alg":"RS256","jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"}}"#,
        r#"{"alg":"RS256","typ":"at+jwt"}"#,
        r#"{"alg":"RS256","alg":"RS256"}"#,
        r#"{}"#,
        r#"["RS256"]"#,
    ] {
        assert_eq!(status(header).await, 401, "{header}");
    }
}

#[tokio::test]
async fn signatures() {
    let harness = Harness::start().await;
    let good = claims(harness.now(), "application", None);
    let encode = |text: &str| base64url(text.as_bytes());

    let other = sign(&OTHER_KEY, V1_HEADER, &good);
    assert_eq!(grant_status(&harness, &other).await, 401);
    let unsigned = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(&good));
    assert_eq!(grant_status(&harness, &unsigned).await, 401);

    let signed = sign(&APPLICATION_KEY, V1_HEADER, &good);
    let (_, signature) = signed.rsplit_once('.').unwrap();
    let tampered = good.replace("application", "developer");
    let tampered = format!("{}.{}.{signature}", encode(V1_HEADER), encode(&tampered));
    assert_eq!(grant_status(&harness, &tampered).await, 401);

    // The public key as the secret of an HMAC.
    let public = APPLICATION_KEY.public_key();
    let input = format!("{}.{}", encode(r#"{"alg":"HS256"}"#), encode(&good));
    for secret in [public.to_spki_pem().as_bytes(), public.n()] {
        let tag = HmacKey::new(secret).tag(&[input.as_bytes()]);
        let forged = format!("{input}.{}", base64url(&tag));
        assert_eq!(grant_status(&harness, &forged).await, 401);
    }
}

#[tokio::test]
async fn claims_of_jwts() {
    let harness = Harness::start().await;
    let now = harness.now();
    let status = async |claims: &str| {
        let jwt = sign(&APPLICATION_KEY, V1_HEADER, claims);
        grant_status(&harness, &jwt).await
    };
    let with = |member: &str| {
        format!(
            r#"{{"iat":{now},"iss":"node-sdk","sub":"application","aud":"secure-frame","exp":{}{member}}}"#,
            now + 900
        )
    };
    let replaced = |from: &str, to: &str| {
        let claims = with("");
        assert!(claims.contains(from), "{from}");
        claims.replace(from, to)
    };
    let exp = format!(r#","exp":{}"#, now + 900);
    let iat = format!(r#""iat":{now},"#);

    // What LunaSec accepts and so do we.
    assert_eq!(status(&with("")).await, 200);
    assert_eq!(status(&with(r#","session_id":"NULL""#)).await, 200);
    assert_eq!(status(&with(r#","more":{"than":"asked"}"#)).await, 200);
    let array = replaced("\"secure-frame\"", r#"["a","secure-frame"]"#);
    assert_eq!(status(&array).await, 200);
    let fraction = replaced(&exp, &format!(r#","exp":{}.5"#, now + 900));
    assert_eq!(status(&fraction).await, 200);
    let for_us = with(&format!(r#","tokenizer":"{ORIGIN}""#));
    assert_eq!(status(&for_us).await, 200);

    for (case, claims) in [
        ("expired", replaced(&exp, &format!(r#","exp":{}"#, now - 6))),
        ("no_exp", replaced(&exp, "")),
        ("exp_string", replaced(&exp, r#","exp":"tomorrow""#)),
        ("no_iat", replaced(&iat, "")),
        ("iat_future", {
            let ahead = format!(r#""iat":{},"#, now + 61);
            replaced(&iat, &ahead)
        }),
        ("nbf_future", with(&format!(r#","nbf":{}"#, now + 61))),
        ("a lifetime of over an hour", {
            replaced(&exp, &format!(r#","exp":{}"#, now + 3601))
        }),
        (
            "wrong_audience",
            replaced("\"secure-frame\"", "\"someone-else\""),
        ),
        (
            "audience_array without ours",
            replaced("\"secure-frame\"", r#"["a","b"]"#),
        ),
        ("wrong_issuer", replaced("node-sdk", "evil")),
        ("sub_case", replaced("\"application\"", "\"Application\"")),
        ("sub_unknown", replaced("\"application\"", "\"admin\"")),
        ("sub_missing", replaced(r#""sub":"application","#, "")),
        ("twice", with(r#","sub":"application""#)),
        ("an array", r#"["application"]"#.to_owned()),
        (
            "only_sub_and_session",
            r#"{"sub":"application","session_id":"NULL"}"#.to_owned(),
        ),
    ] {
        assert_eq!(status(&claims).await, 401, "{case}");
    }
}

/// The key is right, so that whoever has it may be told what is not.
#[tokio::test]
async fn a_jwt_for_another_tokenizer_is_refused_with_these_words() {
    let harness = Harness::start().await;
    let claims = |tokenizer: &str| {
        let claims = claims(harness.now(), "application", None);
        claims.replace('}', &format!(r#","tokenizer":"{tokenizer}"}}"#))
    };
    let canary = claims("https://canary.example");
    for (key, words) in [
        (
            &APPLICATION_KEY,
            "Unauthorized: the JWT is for another tokenizer",
        ),
        (&OTHER_KEY, "Unauthorized"),
    ] {
        let jwt = sign(key, V1_HEADER, &canary);
        let reply = harness.post_as(&jwt, "/grant/set", &grant_body()).await;
        assert_eq!(reply.status, 401);
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        let message = reply.message();
        assert!(message.starts_with(words), "{message}");
        assert_eq!(
            message == "Unauthorized",
            words == "Unauthorized",
            "{message}"
        );
        assert!(!message.contains("canary"), "{message}");
    }
}

#[tokio::test]
async fn spellings_of_the_header() {
    let harness = Harness::start().await;
    let jwt = harness.application();
    let parts: Vec<&str> = jwt.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);

    assert_eq!(grant_status(&harness, &format!("Bearer {jwt}")).await, 200);
    assert_eq!(grant_status(&harness, &format!("bearer {jwt}")).await, 200);
    for authorization in [
        String::new(),
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer  {jwt}"),
        format!("Bearer Bearer {jwt}"),
        format!("Basic {jwt}"),
        format!("{header} . {payload} . {signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{jwt}."),
        format!("{jwt}, {jwt}"),
        format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#),
        format!(
            r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
        ),
    ] {
        assert_eq!(
            grant_status(&harness, &authorization).await,
            401,
            "{authorization}"
        );
    }
    let none = harness.post("/grant/set", &[], &grant_body()).await;
    assert_eq!(
        (none.status, none.message().as_str()),
        (401, "Unauthorized")
    );

    let twice = [("authorization", jwt.as_str()), ("authorization", &jwt)];
    for path in [
        "/grant/set",
        "/tokenize",
        "/session/verify",
        "/health",
        "/nope",
    ] {
        let reply = harness.post(path, &twice, &grant_body()).await;
        assert_eq!(reply.status, 400, "{path}");
    }
}

#[tokio::test]
async fn subjects() {
    let harness = Harness::start().await;
    let now = harness.now();
    let grant = grant_body();
    let batch = format!(r#"{{"batchId":"AAECAwQFBgcICQoLDA0ODw","items":[{grant}]}}"#);
    let token = format!(r#"{{"tokenId":"{TOKEN}"}}"#);
    let application = harness.application();
    let developer = jwt::developer(now);
    let user = harness.user(SESSION);
    let no_session = sign(&APPLICATION_KEY, V1_HEADER, &claims(now, "user", None));
    let empty = sign(&APPLICATION_KEY, V1_HEADER, &claims(now, "user", Some("")));
    let number = claims(now, "user", None).replacen('{', r#"{"session_id":5,"#, 1);
    let number = sign(&APPLICATION_KEY, V1_HEADER, &number);

    let cases = [
        ("application", &application, 200, 200, 400),
        ("developer", &developer, 401, 200, 400),
        ("user", &user, 401, 200, 400),
        ("user without session", &no_session, 401, 401, 401),
        ("user with an empty session", &empty, 401, 401, 401),
        ("user with a number", &number, 401, 401, 401),
    ];
    for (case, jwt, grants, tokenize, without_grant) in cases {
        let status = async |path, body| harness.post_as(jwt, path, body).await.status;
        assert_eq!(status("/grant/set", &grant).await, grants, "{case}");
        assert_eq!(status("/grant/verify", &grant).await, grants, "{case}");
        for path in ["/v2/grants/set", "/v2/grants/verify"] {
            assert_eq!(status(path, &batch).await, grants, "{case} {path}");
        }
        assert_eq!(status("/tokenize", "{}").await, tokenize, "{case}");
        // The user is another session than the one that the application granted the token to.
        let other = harness.user("someone else");
        let jwt = if case == "user" { &other } else { jwt };
        let status = async |path, body| harness.post_as(jwt, path, body).await.status;
        assert_eq!(status("/detokenize", &token).await, without_grant, "{case}");
        assert_eq!(
            status("/metadata/get", &token).await,
            without_grant,
            "{case}"
        );
    }
}

#[tokio::test]
async fn a_transfer_jwt_is_no_authorization_anywhere() {
    let harness = Harness::start().await;
    let transfer = harness.ensure().await;
    let jwt = jwt::transfer(harness.now(), SESSION, &transfer.state, "jti-1");
    let body = format!(r#"{{"sessionId":"{SESSION}","tokenId":"{TOKEN}","metadata":{{}}}}"#);
    for path in [
        "/grant/set",
        "/grant/verify",
        "/v2/grants/set",
        "/v2/grants/verify",
        "/tokenize",
        "/detokenize",
        "/metadata/get",
    ] {
        for authorization in [jwt.clone(), format!("Bearer {jwt}")] {
            assert_eq!(
                harness.post_as(&authorization, path, &body).await.status,
                401,
                "{path}"
            );
        }
        let as_cookie = format!("{SESSION_COOKIE}={jwt}");
        let headers = [("cookie", as_cookie.as_str()), ("origin", ORIGIN), ANY_PAGE];
        assert_eq!(
            harness.post(path, &headers, &body).await.status,
            401,
            "{path}"
        );
    }
    let verify = harness
        .get("/session/verify", &[("authorization", &jwt)])
        .await;
    assert_eq!(
        verify.message(),
        "LunaSec session cookie signing check failed"
    );
    // It is still good for the one thing that it is for.
    let created = harness
        .create(&transfer.state, &jwt, &transfer.cookie)
        .await;
    assert_eq!(created.status, 200, "{}", created.text());
}

/// The cookie holds the tokenizer's own handle: a JWT in it is nothing.
#[tokio::test]
async fn no_jwt_is_a_cookie() {
    let harness = Harness::start().await;
    for jwt in [harness.application(), harness.user(SESSION)] {
        for name in ["access_token", "__Host-access_token", SESSION_COOKIE] {
            let cookie = format!("{name}={jwt}");
            let headers = [("cookie", cookie.as_str()), ("origin", ORIGIN), ANY_PAGE];
            for path in ["/grant/set", "/tokenize"] {
                let reply = harness.post(path, &headers, &grant_body()).await;
                assert_eq!(reply.status, 401, "{path} {name}");
            }
        }
    }
}

#[tokio::test]
async fn header_and_cookie() {
    let harness = Harness::start().await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let tokenize = async |headers: &[(&str, &str)]| {
        let headers = [headers, &[ANY_PAGE]].concat();
        harness.post("/tokenize", &headers, "{}").await.status
    };
    let user = harness.user(SESSION);
    let frame = ("origin", ORIGIN);

    assert_eq!(tokenize(&[("cookie", &cookie), frame]).await, 200);
    // A session cookie is no application.
    let grant = harness
        .post("/grant/set", &[("cookie", &cookie), frame], &grant_body())
        .await;
    assert_eq!(grant.status, 401);
    // A good cookie does not rescue a bad header, and a bad cookie does not spoil a good one.
    for bad in ["garbage", ""] {
        assert_eq!(
            tokenize(&[("authorization", bad), ("cookie", &cookie), frame]).await,
            401
        );
    }
    let garbage = &format!("{SESSION_COOKIE}=garbage");
    assert_eq!(
        tokenize(&[("authorization", &user), ("cookie", garbage)]).await,
        200
    );
    assert_eq!(tokenize(&[("cookie", garbage), frame]).await, 401);
    // Two of them.
    let twice = format!("{cookie}; {cookie}");
    assert_eq!(tokenize(&[("cookie", &twice), frame]).await, 400);
    assert_eq!(
        tokenize(&[("cookie", &cookie), ("cookie", garbage), frame]).await,
        400
    );
    // The name without its prefix is not ours on https.
    let unprefixed = cookie.replace("__Host-", "");
    assert_eq!(tokenize(&[("cookie", &unprefixed), frame]).await, 401);
}

#[tokio::test]
async fn a_session_ends_after_fifteen_minutes() {
    let harness = Harness::start().await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let status = async || {
        let headers = [("cookie", cookie.as_str()), ("origin", ORIGIN), ANY_PAGE];
        harness.post("/tokenize", &headers, "{}").await.status
    };
    harness
        .clock
        .advance(std::time::Duration::from_millis(15 * 60 * 1000 - 1));
    assert_eq!(status().await, 200);
    harness.clock.advance(std::time::Duration::from_millis(1));
    assert_eq!(status().await, 401);
}

#[tokio::test]
async fn user_jwts_can_be_switched_off() {
    let harness = Harness::configured(|builder| builder.user_jwt_in_authorization(false)).await;
    let user = harness.user(SESSION);
    assert_eq!(harness.post_as(&user, "/tokenize", "{}").await.status, 401);
    let application = harness.application();
    assert_eq!(
        harness
            .post_as(&application, "/tokenize", "{}")
            .await
            .status,
        200
    );
    // In a session transfer it stays good: v1 peers have nothing else.
    let transfer = harness.ensure().await;
    let created = harness
        .create(&transfer.state, &user, &transfer.cookie)
        .await;
    assert_eq!(created.status, 200, "{}", created.text());
}

#[tokio::test]
async fn configured_issuers_and_lifetime() {
    let harness = Harness::configured(|builder| {
        builder
            .issuers(["billing".to_owned()])
            .max_jwt_lifetime(std::time::Duration::from_secs(2 * 3600))
    })
    .await;
    let now = harness.now();
    let claims = claims(now, "application", None);
    let long = format!(r#""exp":{}"#, now + 7200);
    let ours = claims
        .replace("node-sdk", "billing")
        .replace(&format!(r#""exp":{}"#, now + 900), &long);
    assert_eq!(
        grant_status(&harness, &sign(&APPLICATION_KEY, V1_HEADER, &ours)).await,
        200
    );
    assert_eq!(
        grant_status(&harness, &sign(&APPLICATION_KEY, V1_HEADER, &claims)).await,
        401
    );
}
