//! The application: log-in, `/set-ssn`, `/get-ssn`. This is the part to copy.

use axum::{
    Json, Router,
    extract::{FromRef, State, rejection::JsonRejection},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use lunadefend::{ErrorKind, LunaDefend, SessionId, Tokens, VerifiedToken};
use lunadefend_axum::{Error, Granted, Granter, Luna, Session, Verified};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The cookie of the application's own session.
pub(crate) const COOKIE: &str = "quickstart_session";

/// Sessions and users: a session id to a user's name, and a user's name to his token.
#[derive(Clone, Default)]
pub(crate) struct Db(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    sessions: HashMap<String, String>,
    ssn_tokens: HashMap<String, VerifiedToken>,
}

impl Db {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of the user whose session this is.
    fn user(&self, session: &SessionId) -> Option<String> {
        self.tables().sessions.get(session.expose_id()).cloned()
    }
}

#[derive(Clone, FromRef)]
struct App {
    luna: Luna,
    db: Db,
}

/// What the browser posts: every token in it is verified before the handler runs.
#[derive(Tokens)]
#[tokens(request)]
struct SetSsn {
    #[token]
    ssn_token: VerifiedToken,
}

/// What the browser gets: every token in it is granted before it is sent.
#[derive(Tokens)]
#[tokens(response)]
struct GetSsn {
    success: bool,
    #[serde(rename = "ssnToken")]
    #[token(ttl = "15m")]
    ssn_token: Option<VerifiedToken>,
}

async fn set_ssn(
    State(db): State<Db>,
    Session(session): Session,
    Verified(form): Verified<SetSsn>,
) -> Result<Response, Error> {
    // Verified is not owned: which row may be written is decided by the session, never by the token.
    let user = db.user(&session).ok_or(ErrorKind::NoSession)?;
    db.tables().ssn_tokens.insert(user, form.ssn_token);
    Ok(success())
}

async fn get_ssn(
    State(db): State<Db>,
    Session(session): Session,
    grants: Granter,
) -> Result<Granted<GetSsn>, Error> {
    let user = db.user(&session).ok_or(ErrorKind::NoSession)?;
    let ssn_token = db.tables().ssn_tokens.get(&user).cloned();
    grants
        .grant(GetSsn {
            success: true,
            ssn_token,
        })
        .await
}

#[derive(Deserialize)]
struct Login {
    user: String,
}

/// Logs anybody in who says his name. A new session id at every log-in: grants are tied to it.
async fn login(
    State(db): State<Db>,
    body: Result<Json<Login>, JsonRejection>,
) -> Result<Response, Error> {
    // axum's own message would repeat what was sent.
    let Json(login) = body.map_err(|_| {
        Error::new(ErrorKind::BadRequest).with_message("expected {\"user\":\"a name\"}")
    })?;
    let id = lunadefend_crypto::random_bytes::<16>()
        .map(|bytes| lunadefend_crypto::hex(&bytes))
        .map_err(|cause| Error::new(ErrorKind::Internal).with_source(cause))?;
    let cookie = format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Lax");
    db.tables().sessions.insert(id, login.user);
    Ok(([(header::SET_COOKIE, cookie)], success()).into_response())
}

fn success() -> Response {
    Json(serde_json::json!({ "success": true })).into_response()
}

/// The session id provider: the session cookie, if it is one that we gave.
fn session_of(db: &Db, parts: &Parts) -> Option<SessionId> {
    parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .and_then(|(_, id)| SessionId::new(id).ok())
        .filter(|session| db.user(session).is_some())
}

/// A path or a method that is not there, in the form of every other error.
fn not_there(status: StatusCode, name: &str) -> Response {
    let error = serde_json::json!({
        "name": name,
        "message": "there is POST /login, POST /set-ssn and GET /get-ssn",
        "code": status.as_str(),
    });
    (
        status,
        Json(serde_json::json!({ "success": false, "error": error })),
    )
        .into_response()
}

pub(crate) fn router(luna: LunaDefend) -> Router {
    let db = Db::default();
    let sessions = db.clone();
    let luna = Luna::new(luna, move |parts| {
        let session = session_of(&sessions, parts);
        async move { Ok(session) }
    });
    Router::new()
        .route("/login", post(login))
        .route("/set-ssn", post(set_ssn))
        .route("/get-ssn", get(get_ssn))
        .merge(luna.routes())
        .fallback(|| async { not_there(StatusCode::NOT_FOUND, "notFound") })
        .method_not_allowed_fallback(|| async {
            not_there(StatusCode::METHOD_NOT_ALLOWED, "methodNotAllowed")
        })
        .with_state(App { luna, db })
}
