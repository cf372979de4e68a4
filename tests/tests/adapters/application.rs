//! What the small application of the table does, whatever framework it stands on.

use lunadefend::{
    Elements, Error, ErrorKind, GrantDuration, LunaDefend, PageSession, SessionId, Tokens,
    VerifiedToken,
};
use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use url::form_urlencoded;

/// The largest body that the application takes, in bytes, unless a row leaves that to the adapter.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;
/// Its answer where it has no route, with status 404.
pub(crate) const NO_SUCH_PAGE: &str = "no such page";

/// What an application is started with.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) luna: LunaDefend,
    /// Below which path the routes of the auth plugin are, as somebody writes it.
    pub(crate) base: &'static str,
    /// How many bytes of a body it takes, when it says so at all.
    pub(crate) body_limit: Option<usize>,
    pub(crate) provider: Provider,
    pub(crate) db: Db,
}

impl App {
    pub(crate) fn new(luna: LunaDefend, base: &'static str, body_limit: Option<usize>) -> Self {
        Self {
            luna,
            base,
            body_limit,
            provider: Provider::default(),
            db: Db::default(),
        }
    }
}

/// Comes in and goes out.
#[derive(Clone, Default, Tokens)]
pub(crate) struct Profile {
    name: String,
    #[token(ttl = "15m")]
    ssn: Option<VerifiedToken>,
    #[serde(default)]
    #[token]
    others: Vec<VerifiedToken>,
}

/// Comes in by the query.
#[derive(Tokens)]
#[tokens(request)]
pub(crate) struct Search {
    #[token]
    ssn: VerifiedToken,
    #[serde(default)]
    limit: u8,
}

impl Search {
    pub(crate) fn result(&self) -> String {
        format!("{} of {}", self.limit, self.ssn.expose_id().len())
    }
}

/// A profile for each session.
#[derive(Clone, Default)]
pub(crate) struct Db(Arc<Mutex<HashMap<String, Profile>>>);

impl Db {
    pub(crate) fn store(&self, session: &SessionId, profile: Profile) -> &'static str {
        let key = session.expose_id().to_owned();
        self.0.lock().unwrap().insert(key, profile);
        "stored"
    }

    pub(crate) fn profile(&self, session: &SessionId) -> Profile {
        let profiles = self.0.lock().unwrap();
        profiles
            .get(session.expose_id())
            .cloned()
            .unwrap_or_default()
    }

    pub(crate) fn others(&self, session: &SessionId) -> Vec<VerifiedToken> {
        self.profile(session).others
    }
}

/// What a template would print.
pub(crate) fn page(elements: &Elements, page_session: PageSession) -> String {
    let (tag, policy) = (elements.script_tag(), elements.content_security_policy());
    format!("{tag}\n{policy}\n{page_session}")
}

/// `?duration=30m`.
pub(crate) fn duration(query: Option<&str>) -> Result<GrantDuration, Error> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "duration")
        .map(|(_, text)| text.parse())
        .ok_or(ErrorKind::BadRequest)?
        .map_err(|cause| Error::new(ErrorKind::GrantDuration).with_source(cause))
}

/// The session id provider: the session is the cookie `id`, percent-decoded. Some ids are not what they
/// seem.
#[derive(Clone, Default)]
pub(crate) struct Provider(Arc<AtomicUsize>);

impl Provider {
    /// How often it was asked so far.
    pub(crate) fn asked(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Finds the session by the `Cookie` header.
    pub(crate) fn session(
        &self,
        cookies: Option<&str>,
    ) -> impl Future<Output = Result<Option<SessionId>, Error>> + Send + 'static + use<> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let id = cookies
            .into_iter()
            .flat_map(|cookies| cookies.split("; "))
            .flat_map(|cookie| form_urlencoded::parse(cookie.as_bytes()))
            .find(|(name, _)| name == "id")
            .map(|(_, value)| value.into_owned());
        if id.as_deref() == Some("throws") {
            panic!("canary: a provider that panics before it has a future");
        }
        async move {
            if id.as_deref() != Some("sync") {
                tokio::task::yield_now().await;
            }
            match id.as_deref() {
                None => Ok(None),
                Some("rejects") => Err(Error::session_provider("the session store is down")),
                Some("expired") => Err(ErrorKind::NoSession.into()),
                Some("locked") => {
                    Err(Error::new(ErrorKind::Forbidden).with_message("this account is locked"))
                }
                Some("panics") => panic!("canary: a provider that panics on its way"),
                Some("empty") => SessionId::new("").map(Some),
                Some("endless") => SessionId::new("x".repeat(SessionId::MAX_LEN + 1)).map(Some),
                Some(id) => SessionId::new(id).map(Some),
            }
        }
    }
}
