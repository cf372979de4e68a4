//! The application under test, its counters, and requests to it.

use crate::fakes::{FakeGrants, token};
use bytes::Bytes;
use lunadefend_core::{Backend, Error as CoreError, SessionId, VerifiedToken};
use lunadefend_warp::{Error, Granted, Granter, Luna, Session, Verified};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use warp::{Filter, filters::BoxedFilter, http::Response, reply, test::RequestBuilder};

pub(crate) const BODY_LIMIT: usize = 64 * 1024;

/// How often something happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

pub(crate) struct App {
    pub(crate) luna: Luna,
    pub(crate) routes: BoxedFilter<(reply::Response,)>,
    pub(crate) grants: FakeGrants,
    /// Runs of the handler that takes tokens.
    pub(crate) ran: Counter,
    /// Questions to the session id provider.
    pub(crate) asked: Counter,
}

async fn store(
    ran: Counter,
    Session(_): Session,
    _: Granter,
    Verified(tokens): Verified<Vec<VerifiedToken>>,
) -> Result<String, Error> {
    ran.add();
    Ok(tokens.len().to_string())
}

async fn send(grants: Granter) -> Result<Granted<Vec<VerifiedToken>>, Error> {
    grants
        .grant(vec![VerifiedToken::assertion(&token(7))?])
        .await
}

async fn whoami(session: Option<Session>) -> &'static str {
    if session.is_some() {
        "somebody"
    } else {
        "nobody"
    }
}

pub(crate) fn backend() -> Backend {
    FakeGrants::default().backend()
}

pub(crate) fn app() -> App {
    let grants = FakeGrants::default();
    let (ran, asked) = (Counter::default(), Counter::default());
    let counter = asked.clone();
    let session = warp::header::optional("x-session");
    let luna = Luna::new(grants.backend(), session, move |id: Option<String>| {
        counter.add();
        assert_ne!(id.as_deref(), Some("panic at once"), "canary");
        async move {
            match id.as_deref() {
                Some("panic") => panic!("canary"),
                Some("fail") => Err(CoreError::session_provider("the store is down")),
                Some("nonsense") => SessionId::new("").map(Some),
                id => id.map(SessionId::new).transpose(),
            }
        }
    })
    .body_limit(BODY_LIMIT);

    let count = ran.clone();
    let count = warp::any().map(move || count.clone());
    let routes = luna
        .handle(warp::path!("store").and(count.clone()), store)
        .or(luna.handle(warp::path!("send").and(warp::get()), send))
        .unify()
        .or(luna.handle(warp::path!("whoami").and(warp::get()), whoami))
        .unify()
        .or(luna.routes())
        .unify()
        .or(luna.routes_at("api/"))
        .unify()
        .or(warp::path!("nested" / "twice" / ..).and(luna.routes()))
        .unify()
        .boxed();
    App {
        luna,
        routes,
        grants,
        ran,
        asked,
    }
}

impl App {
    pub(crate) async fn store(&self, session: &str, body: impl AsRef<[u8]>) -> (u16, String) {
        let request = post("/store", session).body(body);
        text(request.reply(&self.routes).await)
    }
}

pub(crate) fn get(path: &str) -> RequestBuilder {
    warp::test::request().path(path)
}

pub(crate) fn post(path: &str, session: &str) -> RequestBuilder {
    get(path)
        .method("POST")
        .header("x-session", session)
        .header("content-type", "application/json")
}

pub(crate) fn text(response: Response<Bytes>) -> (u16, String) {
    let status = response.status().as_u16();
    (
        status,
        String::from_utf8(response.into_body().to_vec()).unwrap(),
    )
}

pub(crate) fn json(tokens: impl IntoIterator<Item = String>) -> String {
    let tokens: Vec<_> = tokens
        .into_iter()
        .map(|token| format!("{token:?}"))
        .collect();
    format!("[{}]", tokens.join(","))
}
