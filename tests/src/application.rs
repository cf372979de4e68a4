//! The application of a test: log-in, a token in and out, and the auth plugin.

use crate::Hosts;
use axum::{
    Router,
    extract::{FromRef, Request, State},
    response::Response,
    routing::{get, post},
};
use http::{header, request::Parts};
use lunadefend::{Error, ErrorKind, LunaDefend, SessionId, Tokens, VerifiedToken};
use lunadefend_axum::{Granted, Granter, Luna, Session, Verified};
use lunadefend_crypto::{hex, random_bytes};
use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{net::TcpListener, task::JoinHandle};
use tower::ServiceExt;

/// What can be wrong with the application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Its session id provider fails.
    SessionStore,
}

/// A user by session id, and a user's token.
#[derive(Clone, Default)]
struct Db(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    users: HashMap<String, String>,
    tokens: HashMap<String, VerifiedToken>,
    fault: Fault,
}

impl Db {
    fn user(&self, session: &SessionId) -> Result<String, Error> {
        let tables = self.0.lock().unwrap();
        let user = tables.users.get(session.expose_id());
        user.cloned().ok_or_else(|| ErrorKind::NoSession.into())
    }
}

#[derive(Clone, FromRef)]
struct App {
    luna: Luna,
    db: Db,
}

#[derive(Tokens)]
struct Profile {
    #[token(ttl = "15m")]
    ssn: Option<VerifiedToken>,
    #[serde(default)]
    #[token]
    others: Vec<VerifiedToken>,
}

async fn set_profile(
    State(db): State<Db>,
    Session(session): Session,
    Verified(profile): Verified<Profile>,
) -> Result<(), Error> {
    let user = db.user(&session)?;
    let mut tables = db.0.lock().unwrap();
    tables.tokens.extend(profile.ssn.map(|ssn| (user, ssn)));
    drop(profile.others);
    Ok(())
}

async fn get_profile(
    State(db): State<Db>,
    Session(session): Session,
    grants: Granter,
) -> Result<Granted<Profile>, Error> {
    let user = db.user(&session)?;
    let ssn = db.0.lock().unwrap().tokens.get(&user).cloned();
    let others = Vec::new();
    grants.grant(Profile { ssn, others }).await
}

/// Also the application's restarts: what it keeps outlives its keys.
pub struct Application {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its public URL, without a slash at the end.
    pub url: String,
    db: Db,
    running: Arc<Running>,
    task: JoinHandle<std::io::Result<()>>,
}

struct Running {
    /// What handles requests now.
    current: RwLock<(LunaDefend, Router)>,
    jwks_requests: AtomicUsize,
}

impl Application {
    /// The name of its session cookie.
    pub const COOKIE: &str = "app_session";

    pub(crate) async fn start(hosts: Hosts, luna: LunaDefend) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let db = Db::default();
        let router = router(&db, &luna);
        let running = Arc::new(Running {
            current: RwLock::new((luna, router)),
            jwks_requests: AtomicUsize::new(0),
        });
        let service = Router::new()
            .fallback(handle)
            .with_state(Arc::clone(&running));
        Self {
            address,
            url: hosts.application(address),
            db,
            running,
            task: tokio::spawn(async move { axum::serve(listener, service).await }),
        }
    }

    /// Starts it anew with another configuration.
    pub fn restart(&self, luna: LunaDefend) {
        let router = router(&self.db, &luna);
        *self.running.current.write().unwrap() = (luna, router);
    }

    /// What it was configured with.
    #[must_use]
    pub fn luna(&self) -> LunaDefend {
        self.running.current.read().unwrap().0.clone()
    }

    /// A new session of a user, as after a log-in.
    #[must_use]
    pub fn log_in(&self, user: &str) -> SessionId {
        self.log_in_as(user, &hex(&random_bytes::<16>().unwrap()))
    }

    /// A session with an id of the test's choice.
    #[must_use]
    pub fn log_in_as(&self, user: &str, session: &str) -> SessionId {
        let mut tables = self.db.0.lock().unwrap();
        tables.users.insert(session.to_owned(), user.to_owned());
        SessionId::new(session).unwrap()
    }

    /// The token that a user has stored.
    #[must_use]
    pub fn stored(&self, user: &str) -> Option<VerifiedToken> {
        self.db.0.lock().unwrap().tokens.get(user).cloned()
    }

    /// From now on this is wrong with it.
    pub fn set_fault(&self, fault: Fault) {
        self.db.0.lock().unwrap().fault = fault;
    }

    /// How often its public keys were asked for.
    #[must_use]
    pub fn jwks_requests(&self) -> usize {
        self.running.jwks_requests.load(Ordering::SeqCst)
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn handle(
    State(running): State<Arc<Running>>,
    request: Request,
) -> Result<Response, Infallible> {
    if request.uri().path().ends_with("/jwks.json") {
        running.jwks_requests.fetch_add(1, Ordering::SeqCst);
    }
    let router = running.current.read().unwrap().1.clone();
    router.oneshot(request).await
}

fn router(db: &Db, luna: &LunaDefend) -> Router {
    let sessions = db.clone();
    let luna = Luna::new(luna, move |parts| {
        let session = session_of(&sessions, parts);
        async move { session }
    });
    Router::new()
        .route("/profile", get(get_profile))
        .route("/profile", post(set_profile))
        .merge(luna.routes())
        .with_state(App {
            luna,
            db: db.clone(),
        })
}

fn session_of(db: &Db, parts: &Parts) -> Result<Option<SessionId>, Error> {
    if db.0.lock().unwrap().fault == Fault::SessionStore {
        return Err(Error::session_provider("the session store is down"));
    }
    Ok(parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split("; "))
        .filter_map(|cookie| cookie.split_once('='))
        .find(|(name, _)| *name == Application::COOKIE)
        .and_then(|(_, id)| SessionId::new(id).ok())
        .filter(|session| db.user(session).is_ok()))
}
