//! The application under test, its counters, and requests to it.

use bytes::Bytes;
use lunadefend_core::{Error as CoreError, SessionId, VerifiedToken};
use lunadefend_testing::TestBackend;
use lunadefend_warp::{Error, Granter, Luna, Session, Verified};
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
    pub(crate) backend: TestBackend,
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

async fn whoami(_: Session) -> &'static str {
    "somebody"
}

pub(crate) fn app() -> App {
    let backend = TestBackend::new();
    let (ran, asked) = (Counter::default(), Counter::default());
    let counter = asked.clone();
    let session = warp::header::optional("x-session");
    let luna = Luna::new(&backend, session, move |id: Option<String>| {
        counter.add();
        async move {
            match id.as_deref() {
                Some("panic") => panic!("canary"),
                Some("fail") => Err(CoreError::session_provider("the store is down")),
                id => id.map(SessionId::new).transpose(),
            }
        }
    })
    .body_limit(BODY_LIMIT);

    let count = ran.clone();
    let count = warp::any().map(move || count.clone());
    let routes = luna
        .handle(warp::path!("store").and(count), store)
        .or(luna.handle(warp::path!("whoami").and(warp::get()), whoami))
        .unify()
        .boxed();
    App {
        luna,
        routes,
        backend,
        ran,
        asked,
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
