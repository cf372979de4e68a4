//! Session transfer: `recordings/go-tokenizer/session` and `providers`.

use crate::{
    harness::{ANY_PAGE, Harness, OTHER_SESSION, SESSION, SESSION_COOKIE},
    jwt::{self, APPLICATION_KEY, OTHER_KEY, TRANSFER_HEADER, V1_HEADER, claims, sign},
};
use http::Method;
use lunadefend_crypto::{base64url, hex, sha256};
use std::{collections::HashSet, sync::Arc, time::Duration};

#[tokio::test]
async fn ensure() {
    let harness = Harness::start().await;
    let default = "https://app.example.com/.lunasec/secure-frame?state=";
    for (path, target) in [
        ("/session/ensure", default),
        ("/session/ensure?auth_provider=", default),
        ("/session/ensure?auth_provider=shop", default),
        (
            "/session/ensure?state=fixed&url=http://evil.example",
            default,
        ),
        (
            "/session/ensure?auth_provider=desk",
            "https://desk.example.com/cb?tenant=1&state=",
        ),
    ] {
        let reply = harness.get(path, &[]).await;
        assert_eq!(reply.status, 302, "{path}");
        let state = reply.header("location").strip_prefix(target).unwrap();
        assert!(!state.is_empty() && state.len() <= 256);
        assert!(
            state
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
        let hash = hex(&sha256(state.as_bytes())[..4]);
        let pair = reply.cookie(&format!("__Host-state-{hash}="));
        let (_, secret) = pair.split_once('=').unwrap();
        assert_eq!(secret.len(), 43, "256 bits of its own");
        assert!(!state.contains(secret));
        assert_eq!(
            reply.set_cookies(),
            [format!(
                "{pair}; Path=/; Max-Age=300; Secure; HttpOnly; SameSite=None; Partitioned"
            )]
        );
        assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert!(reply.has_no_cors());
        assert!(reply.body.is_empty());
    }
    let head = harness.send(Method::HEAD, "/session/ensure", &[], "").await;
    assert_eq!(head.status, 302);
    for name in ["nope", "SHOP", "https://evil.example"] {
        let path = format!("/session/ensure?auth_provider={name}");
        let reply = harness.get(&path, &[]).await;
        assert_eq!(
            (reply.status, reply.message().as_str()),
            (400, "unable to find auth provider with provided name")
        );
        assert!(reply.set_cookies().is_empty());
    }
    let twice = harness
        .get("/session/ensure?auth_provider=shop&auth_provider=desk", &[])
        .await;
    assert_eq!(twice.status, 400);
}

#[tokio::test]
async fn states_differ_and_do_not_pile_up() {
    let harness = Harness::start().await;
    let mut states = HashSet::new();
    let mut jar = String::new();
    for _ in 0..12 {
        let reply = harness.get("/session/ensure", &[("cookie", &jar)]).await;
        let cookies = reply.set_cookies();
        let pair = cookies[0].split(';').next().unwrap();
        assert!(states.insert(pair.to_owned()));
        jar = format!("{jar}; {pair}");
        let deleted = cookies.len() - 1;
        assert_eq!(deleted, states.len().saturating_sub(8));
        assert!(
            cookies[1..]
                .iter()
                .all(|cookie| cookie.contains("=; Path=/; Max-Age=0;"))
        );
    }
}

#[tokio::test]
async fn create() {
    let harness = Harness::start().await;
    let transfer = harness.ensure().await;
    let jwt = jwt::transfer(harness.now(), SESSION, &transfer.state, "jti-1");
    let reply = harness
        .create(&transfer.state, &jwt, &transfer.cookie)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.text(), r#"{"success":true,"error":{}}"#);
    // SHA-1 of the session id, as in `session/create_ok.json`.
    assert_eq!(
        reply.header("session_hash"),
        "80b6fc677ca810df2349a68b408e393f4eb8fafa"
    );
    assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(reply.has_no_cors());

    let cookies = reply.set_cookies();
    let attributes = "Secure; HttpOnly; SameSite=None; Partitioned";
    let handle = reply.cookie(&format!("{SESSION_COOKIE}="));
    assert_eq!(
        cookies[0],
        format!("{handle}; Path=/; Max-Age=900; {attributes}")
    );
    let (state_name, _) = transfer.cookie.split_once('=').unwrap();
    assert_eq!(
        cookies[1],
        format!("{state_name}=; Path=/; Max-Age=0; {attributes}")
    );
    assert_eq!(cookies.len(), 2);
    assert!(!handle.contains(&jwt[..20]), "the cookie is not the JWT");
    assert!(!handle.contains(SESSION));

    let headers = [("cookie", handle.as_str()), ANY_PAGE];
    let verify = harness.get("/session/verify", &headers).await;
    assert_eq!(verify.text(), r#"{"success":true,"error":{}}"#);
}

#[tokio::test]
async fn v1_peers() {
    let harness = Harness::start().await;
    for header in [V1_HEADER, r#"{"alg":"RS256","typ":"JWT"}"#] {
        let transfer = harness.ensure().await;
        // The second would be the first one again without another session.
        let claims = claims(
            harness.now(),
            "user",
            Some(&format!("{SESSION}{}", header.len())),
        );
        let jwt = sign(&APPLICATION_KEY, header, &claims);
        let reply = harness
            .create(&transfer.state, &jwt, &transfer.cookie)
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        // Without a jti the JWT itself is remembered.
        let again = harness.ensure().await;
        let reply = harness.create(&again.state, &jwt, &again.cookie).await;
        assert_eq!(reply.status, 302);
        assert!(
            reply
                .set_cookies()
                .iter()
                .all(|cookie| cookie.contains("Max-Age=0"))
        );
    }
}

#[tokio::test]
async fn refusals() {
    let harness = Harness::start().await;
    let now = harness.now();
    let message = async |path: &str, cookie: &str| {
        let reply = harness.get(path, &[("cookie", cookie)]).await;
        assert_eq!(reply.status, 400, "{path}: {}", reply.text());
        assert!(reply.set_cookies().is_empty());
        assert_eq!(reply.header("session_hash"), "");
        reply.message()
    };
    let t = harness.ensure().await;
    let jwt = |jti: &str| jwt::transfer(now, SESSION, &t.state, jti);
    let state = &t.state;

    assert_eq!(
        message("/session/create", "").await,
        "missing openid_token in request"
    );
    assert_eq!(
        message(&format!("/session/create?state={state}"), &t.cookie).await,
        "missing openid_token in request"
    );
    assert_eq!(
        message(
            &format!("/session/create?openid_token={}", jwt("a")),
            &t.cookie
        )
        .await,
        "missing state in request"
    );
    assert_eq!(
        message(
            &format!("/session/create?state=&openid_token={}", jwt("b")),
            "__Host-state-e3b0c442="
        )
        .await,
        "missing state in request"
    );
    assert_eq!(
        message(
            &format!("/session/create?state={state}&openid_token={}", jwt("c")),
            ""
        )
        .await,
        "unable to get state cookie in request"
    );
    let (name, _) = t.cookie.split_once('=').unwrap();
    assert_eq!(
        message(
            &format!("/session/create?state={state}&openid_token={}", jwt("d")),
            &format!("{name}=other")
        )
        .await,
        "state token query parameter and state token cookie do not match"
    );
    let twice = format!("{}; {}", t.cookie, t.cookie);
    message(
        &format!("/session/create?state={state}&openid_token={}", jwt("e")),
        &twice,
    )
    .await;
    message(
        &format!(
            "/session/create?state={state}&state={state}&openid_token={}",
            jwt("f")
        ),
        &t.cookie,
    )
    .await;

    // JWTs that are not good for this.
    let wrong_state = harness.ensure().await;
    let v1_claims = claims(now, "user", Some(SESSION));
    let no_jti = format!(
        r#"{{"session_id":"{SESSION}","iat":{now},"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":{},"nonce":"{}"}}"#,
        now + 60,
        base64url(&sha256(state.as_bytes()))
    );
    let no_nonce = no_jti.replace("\"nonce\"", "\"jti\"");
    for (case, jwt) in [
        ("garbage", "garbage".to_owned()),
        ("another key", sign(&OTHER_KEY, V1_HEADER, &v1_claims)),
        ("application", harness.application()),
        ("developer", jwt::developer(now)),
        (
            "no session",
            sign(&APPLICATION_KEY, V1_HEADER, &claims(now, "user", None)),
        ),
        (
            "expired",
            sign(
                &APPLICATION_KEY,
                V1_HEADER,
                &claims(now - 906, "user", Some(SESSION)),
            ),
        ),
        (
            "another state",
            jwt::transfer(now, SESSION, &wrong_state.state, "g"),
        ),
        (
            "another type",
            sign(
                &APPLICATION_KEY,
                r#"{"alg":"RS256","typ":"at+jwt"}"#,
                &v1_claims,
            ),
        ),
        (
            "a transfer JWT without jti",
            sign(&APPLICATION_KEY, TRANSFER_HEADER, &no_jti),
        ),
        (
            "a transfer JWT without nonce",
            sign(&APPLICATION_KEY, TRANSFER_HEADER, &no_nonce),
        ),
    ] {
        let path = format!("/session/create?state={state}&openid_token={jwt}");
        let message = message(&path, &t.cookie).await;
        assert!(!message.contains("garbage"), "{case}");
    }

    // And after all that the state is still good.
    let reply = harness.create(state, &jwt("h"), &t.cookie).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test]
async fn invented_and_old_states() {
    let harness = Harness::start().await;
    let now = harness.now();
    for state in [
        "invented",
        "ee196b15-c76e-4d65-9079-90f46067fa29",
        &"a".repeat(257),
    ] {
        let name = format!("__Host-state-{}", hex(&sha256(state.as_bytes())[..4]));
        let jwt = jwt::transfer(now, SESSION, state, &format!("invented{}", state.len()));
        let reply = harness
            .create(state, &jwt, &format!("{name}={state}"))
            .await;
        assert_eq!(reply.status, 400, "{state}");
    }
    let old = harness.ensure().await;
    harness.clock.advance(Duration::from_secs(300));
    let jwt = jwt::transfer(harness.now(), SESSION, &old.state, "old");
    let reply = harness.create(&old.state, &jwt, &old.cookie).await;
    assert_eq!(reply.status, 400);
    assert!(reply.message().contains("start again"));

    // A state of another tokenizer.
    let other = Harness::start().await;
    let foreign = other.ensure().await;
    let jwt = jwt::transfer(harness.now(), SESSION, &foreign.state, "foreign");
    let reply = harness.create(&foreign.state, &jwt, &foreign.cookie).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn nothing_works_twice() {
    let harness = Harness::start().await;
    let now = harness.now();
    let t = harness.ensure().await;
    let first = jwt::transfer(now, SESSION, &t.state, "jti-1");
    assert_eq!(
        harness.create(&t.state, &first, &t.cookie).await.status,
        200
    );
    // The same again, the state with another JWT, and the JWT's id with another state.
    assert_eq!(
        harness.create(&t.state, &first, &t.cookie).await.status,
        400
    );
    let other_user = jwt::transfer(now, OTHER_SESSION, &t.state, "jti-2");
    assert_eq!(
        harness
            .create(&t.state, &other_user, &t.cookie)
            .await
            .status,
        400
    );
    let next = harness.ensure().await;
    let same_id = jwt::transfer(now, SESSION, &next.state, "jti-1");
    assert_eq!(
        harness
            .create(&next.state, &same_id, &next.cookie)
            .await
            .status,
        400
    );
    // The state is used up by that too.
    let fresh = jwt::transfer(now, SESSION, &next.state, "jti-3");
    assert_eq!(
        harness
            .create(&next.state, &fresh, &next.cookie)
            .await
            .status,
        400
    );
}

/// Who sees the JWT in a URL, and not the state cookie, must not get a second chance with it.
#[tokio::test]
async fn a_jwt_is_spent_when_the_state_is_wrong() {
    let harness = Harness::start().await;
    let now = harness.now();
    let v1 = |session: &str| {
        sign(
            &APPLICATION_KEY,
            V1_HEADER,
            &claims(now, "user", Some(session)),
        )
    };
    let attempts: [(&str, &str); 3] = [("no-cookie", "t"), ("wrong", "t"), ("missing", "")];
    for (case, state) in attempts {
        let jwt = v1(case);
        let t = harness.ensure().await;
        let (name, _) = t.cookie.split_once('=').unwrap();
        let state = if state.is_empty() { "" } else { &t.state };
        let cookie = if case == "wrong" {
            format!("{name}=x")
        } else {
            String::new()
        };
        assert_eq!(
            harness.create(state, &jwt, &cookie).await.status,
            400,
            "{case}"
        );
        // The state was not used: with another JWT it is good.
        let reply = harness
            .create(&t.state, &v1(&format!("{case}2")), &t.cookie)
            .await;
        assert_eq!(reply.status, 200, "{case}: {}", reply.text());
        let t = harness.ensure_at("/session/ensure?second_attempt").await;
        let reply = harness.create(&t.state, &jwt, &t.cookie).await;
        assert_eq!(reply.status, 400, "{case}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_race_has_one_winner() {
    let harness = Arc::new(Harness::start().await);
    let race = async |paths: Vec<(String, String)>| {
        let attempts: Vec<_> = paths
            .into_iter()
            .map(|(path, cookie)| {
                let harness = Arc::clone(&harness);
                tokio::spawn(async move { harness.get(&path, &[("cookie", &cookie)]).await.status })
            })
            .collect();
        let mut won = 0;
        for attempt in attempts {
            match attempt.await.unwrap() {
                200 => won += 1,
                // 302: the JWT was used, and the state that came with it was good.
                status => assert!([302, 400].contains(&status), "{status}"),
            }
        }
        won
    };
    let now = harness.now();

    let t = harness.ensure().await;
    let same = jwt::transfer(now, SESSION, &t.state, "same");
    let path = format!("/session/create?state={}&openid_token={same}", t.state);
    assert_eq!(race(vec![(path, t.cookie); 16]).await, 1);

    // One state, sixteen JWTs.
    let t = harness.ensure().await;
    let paths = (0..16).map(|n| {
        let jwt = jwt::transfer(now, SESSION, &t.state, &format!("race-{n}"));
        let path = format!("/session/create?state={}&openid_token={jwt}", t.state);
        (path, t.cookie.clone())
    });
    assert_eq!(race(paths.collect()).await, 1);

    // One JWT, sixteen states.
    let jwt = harness.user("racer");
    let mut paths = Vec::new();
    for _ in 0..16 {
        let t = harness.ensure().await;
        paths.push((
            format!("/session/create?state={}&openid_token={jwt}", t.state),
            t.cookie,
        ));
    }
    assert_eq!(race(paths).await, 1);
}

#[tokio::test]
async fn only_get_creates() {
    let harness = Harness::start().await;
    let t = harness.ensure().await;
    let jwt = jwt::transfer(harness.now(), SESSION, &t.state, "jti-1");
    let path = format!("/session/create?state={}&openid_token={jwt}", t.state);
    for method in [Method::HEAD, Method::POST, Method::PUT, Method::OPTIONS] {
        let reply = harness
            .send(method.clone(), &path, &[("cookie", &t.cookie)], "")
            .await;
        assert_eq!(reply.status, 405, "{method}");
        assert!(reply.set_cookies().is_empty());
    }
    assert_eq!(
        harness.get(&path, &[("cookie", &t.cookie)]).await.status,
        200
    );
}

#[tokio::test]
async fn verify() {
    let harness = Harness::start().await;
    let text = async |headers: &[(&str, &str)]| {
        let headers = [headers, &[ANY_PAGE]].concat();
        let reply = harness.get("/session/verify", &headers).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("vary"), "origin");
        if reply.json()["success"] == true {
            assert_eq!(reply.text(), r#"{"success":true,"error":{}}"#);
            "yes".to_owned()
        } else {
            reply.message()
        }
    };
    const NOBODY: &str = "LunaSec is not logged in";
    const INVALID: &str = "LunaSec session cookie signing check failed";
    let cookie = harness.log_in(SESSION, "jti-1").await;
    assert_eq!(text(&[]).await, NOBODY);
    assert_eq!(text(&[("cookie", "other=1")]).await, NOBODY);
    assert_eq!(text(&[("cookie", &cookie)]).await, "yes");
    // The hash of another session is not looked at here.
    let hash = (
        "lunasec-session-hash",
        "0000000000000000000000000000000000000000",
    );
    assert_eq!(text(&[("cookie", &cookie), hash]).await, "yes");
    let user = harness.user(SESSION);
    let application = harness.application();
    for jwt in [&user, &application] {
        assert_eq!(text(&[("authorization", jwt)]).await, "yes");
    }
    for bad in [
        format!("{SESSION_COOKIE}=garbage"),
        format!("{SESSION_COOKIE}="),
        format!("{SESSION_COOKIE}={user}"),
    ] {
        assert_eq!(text(&[("cookie", &bad)]).await, INVALID, "{bad}");
    }
    let other = sign(
        &OTHER_KEY,
        V1_HEADER,
        &claims(harness.now(), "user", Some(SESSION)),
    );
    assert_eq!(text(&[("authorization", &other)]).await, INVALID);
    assert_eq!(
        text(&[("authorization", ""), ("cookie", &cookie)]).await,
        INVALID
    );
    harness.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(text(&[("cookie", &cookie)]).await, INVALID);
    let twice = format!("{cookie}; {cookie}");
    assert_eq!(
        harness
            .get("/session/verify", &[("cookie", &twice)])
            .await
            .status,
        400
    );
    assert_eq!(
        harness
            .send(Method::POST, "/session/verify", &[], "")
            .await
            .status,
        405
    );
}
