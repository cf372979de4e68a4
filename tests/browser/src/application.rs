//! The application of a test: pages that the test writes, log-in, and a table of tokens. It remembers every byte
//! that came, so that a test can look for what must not have come.

use axum::{
    Router,
    body::Body,
    extract::{FromRef, Path, Request, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{StatusCode, Uri, header, request::Parts};
use http_body_util::BodyExt as _;
use lunadefend::{LunaDefend, SessionId, Tokens, VerifiedToken};
use lunadefend_axum::{Granter, Luna, Verified};
use lunadefend_crypto::{hex, random_bytes};
use std::{
    collections::HashMap,
    convert::Infallible,
    fmt::Write as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tower::ServiceExt as _;

const COOKIE: &str = "app_session";

/// What a user has stored, and what a form may send.
#[derive(Tokens)]
struct Row {
    #[token]
    #[serde(default)]
    ssn_token: Option<VerifiedToken>,
    #[token]
    #[serde(default)]
    card_token: Option<VerifiedToken>,
    #[token]
    #[serde(default)]
    photo_token: Option<VerifiedToken>,
    #[serde(default)]
    note: Option<String>,
}

/// A request as it came, all of it.
#[derive(Clone)]
pub struct Recorded {
    /// Method and target.
    pub line: String,
    /// Method, target, headers and body.
    pub bytes: Vec<u8>,
}

#[derive(Default)]
struct Tables {
    users: HashMap<String, String>,
    rows: HashMap<String, Row>,
    pages: HashMap<String, Page>,
    scripts: HashMap<String, String>,
    tokenizer: String,
    recorded: Vec<Recorded>,
}

#[derive(Clone)]
struct Page {
    html: String,
    policy: Option<String>,
}

type Shared = Arc<Mutex<Tables>>;

#[derive(Clone, FromRef)]
struct App {
    luna: Luna,
    tables: Shared,
}

/// The application.
pub struct Application {
    /// Its public URL, without a slash at the end.
    pub url: String,
    tables: Shared,
    task: JoinHandle<std::io::Result<()>>,
}

impl Application {
    pub(crate) async fn start(luna: LunaDefend) -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tables = Shared::default();
        let router = recording(router(luna, &tables), Arc::clone(&tables));
        let application = Self {
            url: format!("http://{address}"),
            tables,
            task: tokio::spawn(async move { axum::serve(listener, router).await }),
        };
        (application, address)
    }

    /// Says where browsers reach the application and the tokenizer.
    pub(crate) fn set_urls(&mut self, own: &str, tokenizer: &str) {
        own.clone_into(&mut self.url);
        tokenizer.clone_into(&mut self.tables.lock().unwrap().tokenizer);
    }

    /// From now on there is a page at `/p/<name>`. In the HTML `{tokenizer}`, `{session}`, `{ssn}`, `{card}` and
    /// `{photo}` stand for where the tokenizer is, the page session, and granted tokens of the user. It has the
    /// strict content security policy that the documentation gives.
    pub fn set_page(&self, name: &str, html: &str) {
        self.set_page_with(name, html, Some(Self::POLICY));
    }

    /// The same with another policy, or none.
    pub fn set_page_with(&self, name: &str, html: &str, policy: Option<&str>) {
        let page = Page {
            html: html.to_owned(),
            policy: policy.map(str::to_owned),
        };
        let mut tables = self.tables.lock().unwrap();
        tables.pages.insert(name.to_owned(), page);
    }

    /// From now on there is a script at `/s/<name>`, which may be a service worker of the whole application.
    pub fn set_script(&self, name: &str, script: &str) {
        let mut tables = self.tables.lock().unwrap();
        tables.scripts.insert(name.to_owned(), script.to_owned());
    }

    /// What a page with secure fields needs, and no more.
    pub const POLICY: &str = "default-src 'none'; script-src {tokenizer}; frame-src {tokenizer}; \
        connect-src 'self' {tokenizer}; form-action 'self'; base-uri 'none'";

    /// What came, from the beginning.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        self.tables.lock().unwrap().recorded.clone()
    }

    /// How many requests came for a path that begins so.
    #[must_use]
    pub fn count(&self, line: &str) -> usize {
        let tables = self.tables.lock().unwrap();
        tables
            .recorded
            .iter()
            .filter(|one| one.line.starts_with(line))
            .count()
    }

    /// The token that a user has stored as their SSN.
    #[must_use]
    pub fn ssn_of(&self, user: &str) -> Option<String> {
        let tables = self.tables.lock().unwrap();
        let token = tables.rows.get(user)?.ssn_token.as_ref()?;
        Some(token.expose_id().to_owned())
    }

    /// What a user has written beside it.
    #[must_use]
    pub fn note_of(&self, user: &str) -> Option<String> {
        self.tables.lock().unwrap().rows.get(user)?.note.clone()
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn router(luna: LunaDefend, tables: &Shared) -> Router {
    let sessions = Arc::clone(tables);
    let luna = Luna::new(luna, move |parts| {
        let session = session_of(&sessions.lock().unwrap(), parts).map(|(session, _)| session);
        async move { Ok(session) }
    });
    Router::new()
        .route("/login/{user}", get(log_in))
        .route("/logout", get(log_out))
        .route("/p/{page}", get(page))
        .route("/s/{script}", get(script))
        .route("/save", post(save))
        .route("/echo", post(async || "saved"))
        .merge(luna.routes())
        .with_state(App {
            luna,
            tables: Arc::clone(tables),
        })
}

/// Keeps all that comes before it answers.
fn recording(router: Router, tables: Shared) -> Router {
    Router::new().fallback(async move |request: Request| {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes());
        let body: Bytes = body.unwrap_or_default();
        let line = format!("{} {}", parts.method, parts.uri);
        let mut bytes = format!("{line} {:?}\n", parts.headers).into_bytes();
        bytes.extend_from_slice(&body);
        tables
            .lock()
            .unwrap()
            .recorded
            .push(Recorded { line, bytes });
        let request = Request::from_parts(parts, Body::from(body));
        Ok::<_, Infallible>(router.oneshot(request).await.into_response())
    })
}

fn session_of(tables: &Tables, parts: &Parts) -> Option<(SessionId, String)> {
    let cookies = parts.headers.get(header::COOKIE)?.to_str().ok()?;
    let id = cookies
        .split("; ")
        .find_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='))?;
    let user = tables.users.get(id)?.clone();
    Some((SessionId::new(id).ok()?, user))
}

/// With the query `any-site` the cookie is also sent after a detour over another site, in every browser.
async fn log_in(State(tables): State<Shared>, Path(user): Path<String>, uri: Uri) -> Response {
    let id = hex(&random_bytes::<16>().unwrap());
    tables.lock().unwrap().users.insert(id.clone(), user);
    let same_site = match uri.query() {
        Some("any-site") => "None; Secure",
        _ => "Lax",
    };
    let cookie = format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite={same_site}");
    ([(header::SET_COOKIE, cookie)], "logged in").into_response()
}

async fn log_out(State(luna): State<Luna>, State(tables): State<Shared>, parts: Parts) -> Response {
    let found = session_of(&tables.lock().unwrap(), &parts);
    if let Some((session, _)) = found {
        tables.lock().unwrap().users.remove(session.expose_id());
        luna.sessions().end(&session).await.unwrap();
    }
    let cookie = format!("{COOKIE}=; Path=/; Max-Age=0");
    ([(header::SET_COOKIE, cookie)], "logged out").into_response()
}

async fn script(State(tables): State<Shared>, Path(name): Path<String>) -> Response {
    let Some(script) = tables.lock().unwrap().scripts.get(&name).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/javascript"),
        ("service-worker-allowed", "/"),
    ];
    (headers, script).into_response()
}

async fn page(
    State(luna): State<Luna>,
    State(tables): State<Shared>,
    Path(name): Path<String>,
    granter: Result<Granter, lunadefend_axum::Error>,
    parts: Parts,
) -> Response {
    let (page, tokenizer, row) = {
        let tables = tables.lock().unwrap();
        let Some(page) = tables.pages.get(&name).cloned() else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let user = session_of(&tables, &parts).map(|(_, user)| user);
        let row = user.and_then(|user| tables.rows.get(&user)).map(|row| Row {
            ssn_token: row.ssn_token.clone(),
            card_token: row.card_token.clone(),
            photo_token: row.photo_token.clone(),
            note: None,
        });
        (page, tables.tokenizer.clone(), row)
    };
    let mut tokens = serde_json::Value::Null;
    let mut session = "none".to_owned();
    if let Ok(granter) = granter {
        let page_session = luna.page_session(granter.session()).unwrap();
        session = page_session.to_string();
        if let Some(row) = row {
            match granter.grant(row).await {
                Ok(granted) => tokens = serde_json::to_value(granted).unwrap(),
                Err(error) => return error.into_response(),
            }
        }
    }
    let fill = |text: &str| {
        let token = |name: &str| tokens[name].as_str().unwrap_or_default().to_owned();
        text.replace("{tokenizer}", &tokenizer)
            .replace("{session}", &session)
            .replace("{ssn}", &token("ssn_token"))
            .replace("{card}", &token("card_token"))
            .replace("{photo}", &token("photo_token"))
    };
    let mut html =
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Test</title>".to_owned();
    let _ = write!(html, "<body>{}", fill(&page.html));
    let mut response = axum::response::Html(html).into_response();
    if let Some(policy) = page.policy {
        let policy = fill(&policy).parse().unwrap();
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

async fn save(
    State(tables): State<Shared>,
    parts: Parts,
    Verified(row): Verified<Row>,
) -> Response {
    let mut tables = tables.lock().unwrap();
    let Some((_, user)) = session_of(&tables, &parts) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    tables.rows.insert(user, row);
    Redirect::to("/p/saved").into_response()
}
