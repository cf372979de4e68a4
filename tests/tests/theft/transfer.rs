//! URLs of transfers that were found in a history or a log, guessed, or slipped to somebody.

use crate::{EVERY_HOSTS, Scene, assert_refused};
use http::Method;
use lunadefend::JwtProfile;
use lunadefend_tests::{Browser, Hosts, Page};

const LEVELS: [JwtProfile; 2] = [JwtProfile::LunaSec, JwtProfile::Hardened];

async fn load(browser: &mut Browser, url: &str) -> Page {
    let headers = [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty")];
    browser.send(Method::GET, url, &headers, b"").await.unwrap()
}

/// The parameters of a transfer's URL.
fn parameters(url: &str) -> (String, String) {
    let (_, query) = url.split_once("?state=").unwrap();
    let (state, jwt) = query.split_once("&openid_token=").unwrap();
    (state.to_owned(), jwt.to_owned())
}

fn create(scene: &Scene, state: &str, jwt: &str) -> String {
    scene.tokenizer(&format!("/session/create?state={state}&openid_token={jwt}"))
}

/// The names of a browser's cookies of the tokenizer.
fn cookie_names(scene: &Scene, browser: &Browser) -> Vec<String> {
    let cookies = browser.cookies(&scene.world.tokenizer.url).unwrap();
    let application = lunadefend_tests::Application::COOKIE;
    cookies
        .into_keys()
        .filter(|name| name != application)
        .collect()
}

/// A URL with a new JWT for a state that is there already, for a browser with such cookies.
async fn sign_again(scene: &Scene, cookies: &Browser, state: &str) -> (Browser, String) {
    scene.next_second();
    let mut browser = cookies.clone();
    let frame = format!("{}/.lunasec/secure-frame?state={state}", scene.app());
    let page = load(&mut browser, &frame).await;
    assert_eq!(page.status, 302);
    (browser, page.header("location").to_owned())
}

/// A JWT that was used, with a state that was not: nothing, or, when the JWT may have been another tab's,
/// the way back to the start.
#[track_caller]
fn assert_spent(scene: &Scene, page: &Page, wire: JwtProfile, case: &str) {
    if wire == JwtProfile::Hardened {
        return assert_refused(page, 400, case);
    }
    assert_eq!((page.status, page.text().as_str()), (302, ""), "{case}");
    let start = scene.tokenizer("/session/ensure?");
    assert!(page.header("location").starts_with(&start), "{case}");
    assert_eq!(page.header("session_hash"), "", "{case}");
    assert!(
        !page.header("set-cookie").contains("access_token"),
        "{case}"
    );
}

#[tokio::test]
async fn a_used_url_is_worth_nothing() {
    for hosts in EVERY_HOSTS {
        for wire in LEVELS {
            let scene = Scene::new(hosts, wire).await;
            let mut victim = scene.world.browser_of(&scene.ann);
            let url = scene.transfer_url(&mut victim).await;
            let before = victim.clone();
            assert_eq!(load(&mut victim, &url).await.status, 200);

            // By the victim's own browser, also with the cookies of before.
            for mut browser in [victim.clone(), before.clone()] {
                let page = load(&mut browser, &url).await;
                assert_refused(&page, 400, "a replay");
            }
            // Nor is its state, for which the application signs another JWT if it is asked.
            let (state, _) = parameters(&url);
            let (mut browser, url_again) = sign_again(&scene, &before, &state).await;
            assert_ne!(url_again, url);
            let page = load(&mut browser, &url_again).await;
            assert_refused(&page, 400, "a used state");
            // By a thief, also with cookies for such a transfer of his own.
            let bob = scene.world.application.log_in("bob");
            let mut thief = scene.world.browser_of(&bob);
            assert_refused(&load(&mut thief, &url).await, 400, "no cookie");
            let own = scene.transfer_url(&mut thief).await;
            assert_refused(&load(&mut thief, &url).await, 400, "another state");
            let (_, jwt) = parameters(&url);
            let (state, _) = parameters(&own);
            let page = load(&mut thief, &create(&scene, &state, &jwt)).await;
            assert_spent(
                &scene,
                &page,
                wire,
                "the JWT of the victim with a state of his own",
            );
            assert!(
                cookie_names(&scene, &thief)
                    .iter()
                    .all(|name| name.contains("state"))
            );
        }
    }
}

/// A thief who sees the URL before the victim's browser gets there.
#[tokio::test]
async fn an_unused_url_needs_the_browser_that_it_is_for() {
    for hosts in EVERY_HOSTS {
        for wire in LEVELS {
            let scene = Scene::new(hosts, wire).await;
            let mut victim = scene.world.browser_of(&scene.ann);
            let url = scene.transfer_url(&mut victim).await;
            let mut thief = scene.world.browser();
            assert_refused(&load(&mut thief, &url).await, 400, "no cookie");
            // The JWT was seen by somebody else: it is spent.
            let page = load(&mut victim, &url).await;
            assert_spent(&scene, &page, wire, "spent");
            let url = scene.transfer_url(&mut victim).await;
            assert_eq!(load(&mut victim, &url).await.status, 200, "a new one works");
        }
    }
}

#[tokio::test]
async fn states_are_not_invented() {
    for hosts in EVERY_HOSTS {
        let scene = Scene::new(hosts, JwtProfile::default()).await;
        let bob = scene.world.application.log_in("bob");
        for invented in ["abc", &"A".repeat(100), &"A".repeat(257)] {
            let mut thief = scene.world.browser_of(&bob);
            // The application signs for whatever state it is asked for, if it has the form of one.
            let frame = format!("{}/.lunasec/secure-frame?state={invented}", scene.app());
            let page = load(&mut thief, &frame).await;
            if invented.len() > 256 {
                assert_refused(&page, 400, invented);
                continue;
            }
            let url = page.header("location").to_owned();
            assert_refused(&load(&mut thief, &url).await, 400, invented);
            // With a cookie that says the same; its name tells nothing that is secret.
            let page = load(&mut thief, &scene.tokenizer("/session/ensure")).await;
            let (_, state) = page.header("location").split_once("state=").unwrap();
            let hash = |state: &str| {
                let digest = lunadefend_crypto::sha256(state.as_bytes());
                lunadefend_crypto::hex(&digest[..4])
            };
            let names = cookie_names(&scene, &thief);
            let own = names.iter().find(|name| name.contains("state")).unwrap();
            let name = own.replace(&hash(state), &hash(invented));
            thief
                .set_cookie(&scene.world.tokenizer.url, &name, invented)
                .unwrap();
            let page = load(&mut thief, &frame).await;
            let url = page.header("location").to_owned();
            assert_refused(&load(&mut thief, &url).await, 400, invented);
        }
    }
}

/// A thief who slips the victim a transfer of his own would get what the victim types next.
#[tokio::test]
async fn a_victim_is_not_logged_in_as_the_thief() {
    for hosts in EVERY_HOSTS {
        for wire in LEVELS {
            let scene = Scene::new(hosts, wire).await;
            let mut victim = scene.browser.clone();
            let before = victim.cookies(&scene.world.tokenizer.url).unwrap();
            let bob = scene.world.application.log_in("bob");
            let mut thief = scene.world.browser_of(&bob);
            let url = scene.transfer_url(&mut thief).await;
            assert_refused(&load(&mut victim, &url).await, 400, "slipped");
            assert_eq!(victim.cookies(&scene.world.tokenizer.url).unwrap(), before);

            // While the victim has a transfer of her own under way.
            let own = scene.transfer_url(&mut victim).await;
            let url = scene.transfer_url(&mut thief).await;
            assert_refused(&load(&mut victim, &url).await, 400, "slipped");
            // Her state with his JWT: tied together by the nonce, where there is one.
            let (state, _) = parameters(&own);
            let (_, jwt) = parameters(&scene.transfer_url(&mut thief).await);
            if wire == JwtProfile::Hardened {
                let page = load(&mut victim, &create(&scene, &state, &jwt)).await;
                assert_refused(&page, 400, "another state");
            }
            scene.assert_frame_reads().await;
        }
    }
}

/// A page script knows the state of a transfer, and the thief has a JWT of his own for it.
#[tokio::test]
async fn who_knows_a_state_has_no_cookie_of_it() {
    for hosts in EVERY_HOSTS {
        for wire in LEVELS {
            let scene = Scene::new(hosts, wire).await;
            let mut victim = scene.world.browser_of(&scene.ann);
            let (state, _) = parameters(&scene.transfer_url(&mut victim).await);
            let bob = scene.world.application.log_in("bob");
            let mut thief = scene.world.browser_of(&bob);
            let (_, url) = sign_again(&scene, &thief, &state).await;
            // The cookie's name follows from the state. Its value does not.
            let names = cookie_names(&scene, &victim);
            let name = names.iter().find(|name| name.contains("state")).unwrap();
            let hash = lunadefend_crypto::sha256(state.as_bytes());
            for value in [state.clone(), lunadefend_crypto::base64url(&hash)] {
                thief
                    .set_cookie(&scene.world.tokenizer.url, name, &value)
                    .unwrap();
                let page = load(&mut thief, &url).await;
                assert_refused(&page, 400, "an invented cookie");
            }
            assert_eq!(cookie_names(&scene, &thief), [name.as_str()]);
            // The victim's own transfer still ends well.
            let (mut victim, url) = sign_again(&scene, &victim, &state).await;
            assert_eq!(load(&mut victim, &url).await.status, 200);
        }
    }
}

/// Tabs of one browser that is restored: each begins a transfer, and JWTs of level 1 are the same all
/// over a second.
#[tokio::test(flavor = "multi_thread")]
async fn five_tabs_at_once_with_a_v1_peer_end_with_sessions() {
    for hosts in EVERY_HOSTS {
        let scene = Scene::new(hosts, JwtProfile::LunaSec).await;
        scene.next_second();
        let browser = scene.world.browser_of(&scene.ann);
        let mut tabs = Vec::new();
        for _ in 0..5 {
            let mut tab = browser.clone();
            let page = load(&mut tab, &scene.tokenizer("/session/ensure")).await;
            let frame = page.header("location").to_owned();
            tabs.push((tab, frame));
        }
        // The application signs in one and the same second for all of them.
        let mut urls = Vec::new();
        for (mut tab, frame) in tabs {
            let page = load(&mut tab, &frame).await;
            urls.push((tab, page.header("location").to_owned()));
        }
        let (_, jwt) = parameters(&urls[0].1);
        assert!(urls.iter().all(|(_, url)| parameters(url).1 == jwt));
        let app = scene.app();
        let going: Vec<_> = urls
            .into_iter()
            .map(|(mut tab, url)| {
                let app = app.clone();
                tokio::spawn(async move {
                    let trail = tab.load_no_cors(&app, &url).await.unwrap();
                    (tab, trail)
                })
            })
            .collect();
        let mut sessions = Vec::new();
        for tab in going {
            let (tab, trail) = tab.await.unwrap();
            let end = trail.last().unwrap();
            match end.status {
                200 => sessions.push((tab, trail.len())),
                // Twice in one second with others; the browser has their session.
                status => assert_eq!((status, trail.len()), (400, 4), "{}", end.text()),
            }
        }
        assert!(sessions.iter().any(|(_, steps)| *steps == 1), "the first");
        assert!(sessions.iter().any(|(_, steps)| *steps == 4), "a second");
        for (tab, _) in &sessions {
            let names = cookie_names(&scene, tab);
            assert!(names.iter().any(|name| name.contains("access_token")));
        }
    }
}

/// How many of these requests, all at once, get a session.
async fn race(requests: Vec<(Browser, String)>) -> usize {
    let racers: Vec<_> = requests
        .into_iter()
        .map(|(mut browser, url)| tokio::spawn(async move { load(&mut browser, &url).await }))
        .collect();
    let mut won = 0;
    for racer in racers {
        let page = racer.await.unwrap();
        if page.status == 200 {
            won += 1;
        } else {
            assert_refused(&page, 400, "lost");
        }
    }
    won
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_that_race_one_wins() {
    for hosts in [Hosts::Loopback, Hosts::CrossSite] {
        for wire in LEVELS {
            let scene = Scene::new(hosts, wire).await;
            let mut victim = scene.world.browser_of(&scene.ann);
            let url = scene.transfer_url(&mut victim).await;
            let same = (0..16).map(|_| (victim.clone(), url.clone())).collect();
            assert_eq!(race(same).await, 1, "{hosts:?} {wire:?}: one URL");

            // One state, with a JWT of its own for each.
            let (state, _) = parameters(&scene.transfer_url(&mut victim).await);
            let mut requests = Vec::new();
            for _ in 0..16 {
                requests.push(sign_again(&scene, &victim, &state).await);
            }
            assert_eq!(race(requests).await, 1, "{hosts:?} {wire:?}: one state");
        }
    }
}
