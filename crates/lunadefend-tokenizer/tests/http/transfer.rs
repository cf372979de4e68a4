//! How a transfer must be asked for, and what its answers let a page's code do.

use crate::{
    harness::{ANY_PAGE, Harness, ORIGIN, SESSION, Transfer},
    jwt,
};
use http::Method;
use lunadefend_core::provider::Clock;

const MODE: &str = "sec-fetch-mode";
const DEST: &str = "sec-fetch-dest";

/// What a script gains that navigates a frame through the transfer: it reads the state from the address
/// of an error page, and logs the browser in as it likes.
#[tokio::test]
async fn a_transfer_is_a_no_cors_fetch_and_nothing_else() {
    let harness = Harness::start().await;
    let t = harness.ensure().await;
    let jwt = jwt::transfer(harness.now(), SESSION, &t.state, "jti-1");
    let create = format!("/session/create?state={}&openid_token={jwt}", t.state);
    for said in [
        &[(MODE, "navigate"), (DEST, "iframe")][..],
        &[(MODE, "navigate"), (DEST, "document")],
        &[(MODE, "navigate")],
        &[(DEST, "iframe")],
        &[(MODE, "cors"), (DEST, "empty")],
        &[(MODE, "same-origin"), (DEST, "empty")],
        &[(MODE, "no-cors"), (DEST, "image")],
        &[(MODE, "no-cors"), (DEST, "script")],
        &[(MODE, "no-cors"), (MODE, "no-cors"), (DEST, "empty")],
        &[(MODE, "no-cors"), (DEST, "empty"), (DEST, "empty")],
        &[(MODE, ""), (DEST, "empty")],
    ] {
        for path in ["/session/ensure", &create] {
            let headers = [
                said,
                &[("cookie", &*t.cookie), ("sec-fetch-site", "same-origin")],
            ];
            let reply = harness.get(path, &headers.concat()).await;
            assert_eq!(reply.status, 403, "{said:?}");
            assert_eq!(reply.header("location"), "");
            assert!(reply.set_cookies().is_empty() && reply.has_no_cors());
            assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
        }
    }
    // Where from is never looked at.
    for site in ["same-origin", "same-site", "cross-site", "none"] {
        let headers = [(MODE, "no-cors"), (DEST, "empty"), ("sec-fetch-site", site)];
        assert_eq!(harness.get("/session/ensure", &headers).await.status, 302);
    }
    let headers = [(MODE, "no-cors"), (DEST, "empty"), ("cookie", &*t.cookie)];
    let created = harness.get(&create, &headers).await;
    assert_eq!(
        created.status,
        200,
        "nothing was used up: {}",
        created.text()
    );
}

/// Who knows the state and has a JWT has no session in another browser.
#[tokio::test]
async fn the_state_is_not_its_cookie() {
    let harness = Harness::start().await;
    let t = harness.ensure().await;
    let (name, secret) = t.cookie.split_once('=').unwrap();
    let jwt = |jti: &str| jwt::transfer(harness.now(), SESSION, &t.state, jti);
    let other = harness.ensure().await;
    let (_, others) = other.cookie.split_once('=').unwrap();
    for (number, value) in [t.state.as_str(), others, "", &secret[..42], "x"]
        .into_iter()
        .enumerate()
    {
        let cookie = format!("{name}={value}");
        let reply = harness
            .create(&t.state, &jwt(&number.to_string()), &cookie)
            .await;
        assert_eq!(
            (reply.status, reply.message().as_str()),
            (
                400,
                "state token query parameter and state token cookie do not match"
            )
        );
    }
    let reply = harness.create(&t.state, &jwt("good"), &t.cookie).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// A browser turns a response that a page must not embed into a network error, and LunaSec's page code shows
/// nothing at all then.
#[tokio::test]
async fn every_answer_of_a_transfer_can_be_reached_by_a_page() {
    let harness = Harness::start().await;
    let t = harness.ensure().await;
    let jwt = harness.user(SESSION);
    let create = format!("/session/create?state={}&openid_token={jwt}", t.state);
    assert_eq!(harness.create(&t.state, &jwt, &t.cookie).await.status, 200);
    let reachable = async |status: u16, method: Method, path: &str, headers: &[(&str, &str)]| {
        let reply = harness.send(method, path, headers, "").await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        let policy = reply.header("cross-origin-resource-policy");
        assert_eq!(policy, "cross-origin", "{status} {path}");
        assert!(reply.has_no_cors(), "{path}");
    };
    reachable(302, Method::GET, "/session/ensure", &[]).await;
    for path in [
        "/session/ensure?auth_provider=nope",
        "/session/ensure?a=1&a=1",
    ] {
        reachable(400, Method::GET, path, &[]).await;
    }
    let used = [("cookie", t.cookie.as_str())];
    reachable(400, Method::GET, &create, &used).await;
    reachable(400, Method::GET, &create, &[]).await;
    let twice = [("authorization", "a"), ("authorization", "b")];
    for path in ["/session/ensure", "/session/create"] {
        reachable(403, Method::GET, path, &[(MODE, "navigate")]).await;
        reachable(400, Method::GET, path, &twice).await;
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            reachable(405, method, path, &[]).await;
        }
    }
    reachable(400, Method::GET, "/session/create", &[]).await;
    // Only these: what may be embedded elsewhere is for the route to say.
    for path in [
        "/session/verify",
        "/health",
        "/tokenize",
        "/session/ensure/",
    ] {
        let reply = harness.get(path, &[]).await;
        let policy = reply.header("cross-origin-resource-policy");
        assert_eq!(policy, "same-origin", "{path}");
    }
}

/// A browser with tabs that begin at once, at an application whose JWTs have no `jti`: in one second they
/// are one and the same JWT.
#[tokio::test]
async fn five_tabs_at_once_end_with_sessions() {
    let harness = Harness::start().await;
    let mut tabs = Vec::new();
    for _ in 0..5 {
        tabs.push(
            harness
                .ensure_at("/session/ensure?auth_provider=desk")
                .await,
        );
    }
    let jwt = harness.user(SESSION);
    let started = harness.now();
    let mut sessions = Vec::new();
    let mut again = Vec::new();
    for tab in &tabs {
        let reply = harness.create(&tab.state, &jwt, &tab.cookie).await;
        if reply.status == 200 {
            sessions.push(reply.cookie("__Host-access_token-desk="));
            continue;
        }
        // Sent back to the start, to the same provider, in the next second.
        assert_eq!(reply.status, 302, "{}", reply.text());
        let location = reply.header("location").strip_prefix(ORIGIN).unwrap();
        assert!(location.starts_with("/session/ensure?auth_provider=desk&"));
        assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
        let (name, _) = tab.cookie.split_once('=').unwrap();
        assert_eq!(reply.set_cookies().len(), 1);
        assert!(reply.set_cookies()[0].starts_with(&format!("{name}=; Path=/; Max-Age=0")));
        again.push(location.to_owned());
        // The first state is used up.
        let other = harness.user("another");
        let reply = harness.create(&tab.state, &other, &tab.cookie).await;
        assert_eq!(reply.status, 400);
    }
    assert_eq!((sessions.len(), again.len()), (1, 4));
    assert_eq!(harness.now(), started + 1, "nobody waits twice");
    let jwt = harness.user(SESSION);
    for location in again {
        let reply = harness.get(&location, &[]).await;
        assert!(
            reply
                .header("location")
                .starts_with("https://desk.example.com/")
        );
        let tab = Transfer::of(&reply);
        let reply = harness.create(&tab.state, &jwt, &tab.cookie).await;
        if reply.status == 200 {
            sessions.push(reply.cookie("__Host-access_token-desk="));
        } else {
            // Again all came in one second. The browser has the session of the others.
            assert_eq!(
                (reply.status, reply.message().as_str()),
                (400, "state or openid_token has been used before")
            );
        }
    }
    assert_eq!(sessions.len(), 2);
    for session in sessions {
        let headers = [("cookie", session.as_str()), ANY_PAGE];
        let reply = harness.get("/session/verify", &headers).await;
        assert_eq!(reply.text(), r#"{"success":true,"error":{}}"#);
    }
}

#[tokio::test]
async fn a_transfer_begins_anew_once_and_only_for_a_good_state() {
    let harness = Harness::start().await;
    let jwt = harness.user(SESSION);
    let first = harness.ensure().await;
    assert_eq!(
        harness
            .create(&first.state, &jwt, &first.cookie)
            .await
            .status,
        200
    );
    // The same state again: it was used, whatever the JWT is.
    let reply = harness.create(&first.state, &jwt, &first.cookie).await;
    assert_eq!(reply.status, 400);
    // Without the cookie, or with another one's.
    let second = harness.ensure().await;
    for cookie in ["", &first.cookie] {
        assert_eq!(
            harness.create(&second.state, &jwt, cookie).await.status,
            400
        );
    }
    let before = harness.clock.unix_millis();
    let reply = harness.create(&second.state, &jwt, &second.cookie).await;
    assert_eq!(reply.status, 302);
    let waited = harness.clock.unix_millis().since(before).as_millis();
    assert!((1..=1000).contains(&waited), "{waited}");
    let path = reply.header("location").strip_prefix(ORIGIN);
    let third = harness.ensure_at(path.unwrap()).await;
    // A second conflict is refused, and waits for nothing.
    let before = harness.clock.unix_millis();
    let reply = harness.create(&third.state, &jwt, &third.cookie).await;
    assert_eq!(
        reply.message(),
        "state or openid_token has been used before"
    );
    assert_eq!(harness.clock.unix_millis(), before);
    // A JWT with an id was not signed for somebody else by chance.
    let one = harness.ensure().await;
    let own = jwt::transfer(harness.now(), SESSION, &one.state, "jti-1");
    assert_eq!(
        harness.create(&one.state, &own, &one.cookie).await.status,
        200
    );
    let two = harness.ensure().await;
    let own = jwt::transfer(harness.now(), SESSION, &two.state, "jti-1");
    assert_eq!(
        harness.create(&two.state, &own, &two.cookie).await.status,
        400
    );
}

#[tokio::test]
async fn no_answer_deletes_more_than_twenty_cookies() {
    let harness = Harness::start().await;
    let jar: Vec<String> = (0..60).map(|n| format!("__Host-state-{n:08x}=s")).collect();
    let reply = harness
        .get("/session/ensure", &[("cookie", &jar.join("; "))])
        .await;
    assert_eq!(reply.status, 302);
    let cookies = reply.set_cookies();
    assert_eq!(cookies.len(), 1 + 20);
    let size: usize = cookies.iter().map(String::len).sum();
    assert!(size < 4096, "nginx takes no more by default: {size}");
    // The oldest, and the next responses delete the rest.
    assert!(cookies[1].starts_with("__Host-state-00000000=;"));
}
