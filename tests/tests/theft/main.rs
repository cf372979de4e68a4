//! Theft: what script in the application's page, another user, or the finder of a URL gets out of a
//! tokenizer while the victim is logged in. Nothing.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod jwts;
mod script;
mod transfer;
mod upload;

use http::Method;
use lunadefend::{JwtProfile, Metadata, SessionId, VerifiedToken};
use lunadefend_tests::{Browser, Hosts, Page, Settings, World};
use std::time::Duration;

const VALUE: &str = "078-05-1120";

/// Every route of the tokenizer that takes a POST and gives something.
const POST_ROUTES: [&str; 10] = [
    "/tokenize",
    "/detokenize",
    "/metadata/get",
    "/grant/set",
    "/grant/verify",
    "/v2/sessions/revoke",
    "/v2/grants/set",
    "/v2/grants/verify",
    "/v2/grants/revoke",
    "/v2/tokens/delete",
];

const EVERY_HOSTS: [Hosts; 3] = [Hosts::Loopback, Hosts::SameSite, Hosts::CrossSite];

/// A victim who has stored a value, and whose browser has live sessions of both servers.
struct Scene {
    world: World,
    ann: SessionId,
    browser: Browser,
    token: VerifiedToken,
}

impl Scene {
    async fn new(hosts: Hosts, wire: JwtProfile) -> Self {
        let world = World::with(Settings {
            hosts,
            wire,
            ..Settings::default()
        })
        .await;
        let ann = world.application.log_in("ann");
        let mut browser = world.browser_in(&ann).await;
        let token = store(&world, &mut browser).await;
        Self {
            world,
            ann,
            browser,
            token,
        }
    }

    fn tokenizer(&self, path: &str) -> String {
        format!("{}{path}", self.world.tokenizer.url)
    }

    fn app(&self) -> String {
        self.world.application.url.clone()
    }

    /// The body of a request that the routes would answer.
    fn body(&self) -> String {
        format!(
            r#"{{"tokenId":"{}","sessionId":"{}","metadata":{{}}}}"#,
            self.token.expose_id(),
            self.ann.expose_id(),
        )
    }

    /// The frame of the victim still reads the value: what was refused was not refused for another
    /// reason.
    async fn assert_frame_reads(&self) {
        let mut browser = self.browser.clone();
        let page = browser
            .fetch(
                &self.world.tokenizer.url,
                Method::POST,
                &self.tokenizer("/detokenize"),
                &self.body(),
            )
            .await
            .unwrap();
        assert_eq!(page.status, 200, "{}", page.text());
        let url = page.json()["data"]["downloadUrl"]
            .as_str()
            .unwrap()
            .to_owned();
        let page = browser
            .fetch(&self.world.tokenizer.url, Method::GET, &url, "")
            .await
            .unwrap();
        assert_eq!(page.text(), VALUE);
    }

    /// JWTs of level 1 have no other name than their text: those that are signed for one session in
    /// one second are one and the same, and usable once.
    fn next_second(&self) {
        self.world.clock.advance(Duration::from_secs(1));
    }

    /// Where a browser's transfer leads, without going there: the tokenizer's state, then the
    /// application's redirect.
    async fn transfer_url(&self, browser: &mut Browser) -> String {
        self.next_second();
        let ensure = self.tokenizer("/session/ensure");
        let headers = [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty")];
        let page = browser
            .send(Method::GET, &ensure, &headers, b"")
            .await
            .unwrap();
        assert_eq!(page.status, 302);
        let frame = page.header("location").to_owned();
        let page = browser
            .send(Method::GET, &frame, &headers, b"")
            .await
            .unwrap();
        assert_eq!(page.status, 302, "{}", page.text());
        let create = page.header("location").to_owned();
        assert!(create.starts_with(&self.tokenizer("/session/create?state=")));
        create
    }
}

/// Script of the frame stores a value.
async fn store(world: &World, browser: &mut Browser) -> VerifiedToken {
    let own = world.tokenizer.url.clone();
    let page = browser
        .fetch(
            &own,
            Method::POST,
            &format!("{own}/tokenize"),
            r#"{"metadata":{"dataType":"string"}}"#,
        )
        .await
        .unwrap();
    assert_eq!(page.status, 200, "{}", page.text());
    let answer = page.json();
    let upload = answer["data"]["uploadUrl"].as_str().unwrap();
    let page = browser
        .fetch(&own, Method::PUT, upload, VALUE)
        .await
        .unwrap();
    assert_eq!(page.status, 200);
    VerifiedToken::assertion(answer["data"]["tokenId"].as_str().unwrap()).unwrap()
}

/// A refusal: nothing in it, and nobody else may even read that.
#[track_caller]
fn assert_refused(page: &Page, status: u16, case: &str) {
    assert_eq!(page.status, status, "{case}: {}", page.text());
    assert_no_cors(page, case);
    let text = page.text();
    for secret in ["eyJ", "/blob/", VALUE, "tokenId\"", "openid_token="] {
        assert!(!text.contains(secret), "{case}: {text}");
    }
    assert_eq!(page.header("location"), "", "{case}");
    assert_eq!(page.header("set-cookie"), "", "{case}");
    assert_eq!(page.header("session_hash"), "", "{case}");
}

#[track_caller]
fn assert_no_cors(page: &Page, case: &str) {
    assert!(page.has_no_cors(), "{case}: {:?}", page.headers.keys());
}

/// A value that the SDK stores for a session.
async fn store_by_sdk(world: &World, session: &SessionId, value: &[u8]) -> VerifiedToken {
    let api = world.luna().tokenizer();
    api.tokenize(session, value, &Metadata::string())
        .await
        .unwrap()
}
