//! The application: log-in, `/set-ssn`, `/get-ssn`. This is the part to copy.

use axum::{
    Json, Router,
    extract::{FromRef, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use lunadefend::{ErrorKind, LunaDefend, SessionId, Tokens, VerifiedToken};
use lunadefend_axum::{Error, Granted, Granter, Luna, Session, Verified};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// The cookie of the application's own session.
pub(crate) const COOKIE: &str = "quickstart_session";

/// Sessions and users: a session id to a user's name, and a user's name to their token.
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

/// The request: every token in it is verified before the handler runs.
#[derive(Tokens)]
#[tokens(request)]
struct SetSsn {
    #[token]
    ssn_token: VerifiedToken,
}

/// The response: every token in it is granted before it is sent.
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
    // Verified does not mean owned: the session decides which row may be written, never the token.
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

/// Logs in any user by name; a real application checks a password. A new session id at every log-in, as
/// grants are tied to it.
async fn login(
    State(db): State<Db>,
    jar: CookieJar,
    body: Result<Json<Login>, JsonRejection>,
) -> Result<(CookieJar, Response), Error> {
    // axum's own message would repeat the input.
    let Json(login) = body.map_err(|_| {
        Error::new(ErrorKind::BadRequest).with_message("expected {\"user\":\"a name\"}")
    })?;
    let id = Uuid::new_v4().to_string();
    // `.secure(true)` besides, where there is TLS.
    let cookie = Cookie::build((COOKIE, id.clone()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax);
    db.tables().sessions.insert(id, login.user);
    Ok((jar.add(cookie), success()))
}

fn success() -> Response {
    Json(serde_json::json!({ "success": true })).into_response()
}

/// The session id provider: returns the session of the cookie, if the application issued it.
fn session_of(db: &Db, headers: &HeaderMap) -> Option<SessionId> {
    let jar = CookieJar::from_headers(headers);
    let session = SessionId::new(jar.get(COOKIE)?.value()).ok()?;
    db.user(&session).is_some().then_some(session)
}

/// Responds to an unknown path or method in the form of every other error.
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
        let session = session_of(&sessions, &parts.headers);
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
