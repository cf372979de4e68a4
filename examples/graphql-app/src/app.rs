//! The routes: GraphQL with the session of the request, GraphiQL, log-in, the auth plugin.

use crate::{
    db::Db,
    schema::{AppSchema, schema},
};
use anyhow::Result;
use async_graphql::{ParseRequestError, http::GraphiQLSource};
use async_graphql_axum::{GraphQLBatchRequest, GraphQLResponse};
use axum::{
    Json, RequestExt, Router,
    extract::{DefaultBodyLimit, FromRef, Request, State, rejection::JsonRejection},
    http::HeaderMap,
    middleware::map_request,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use lunadefend::{ErrorKind, LunaDefend, SessionId};
use lunadefend_axum::{Error, Luna, Session};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The cookie of the application's own session.
const COOKIE: &str = "graphql_app_session";

/// The longest body of a request, in bytes. A body full of tokens makes as many requests to the tokenizer.
const MAX_BODY: usize = 16 * 1024;

/// `POST /login`. It trusts the name; a real application checks a password.
#[derive(Deserialize)]
struct Login {
    user: String,
}

/// A response that only reports success.
#[derive(Serialize)]
struct Success {
    success: bool,
}

#[derive(Clone, FromRef)]
struct App {
    luna: Luna,
    schema: AppSchema,
    db: Db,
}

/// Async-graphql's own response would repeat the input.
struct Unreadable;

impl From<ParseRequestError> for Unreadable {
    fn from(_: ParseRequestError) -> Self {
        Self
    }
}

impl IntoResponse for Unreadable {
    fn into_response(self) -> Response {
        Error::from(ErrorKind::BadRequest).into_response()
    }
}

/// A user who is not logged in can ask for fields without tokens.
async fn graphql(
    State(schema): State<AppSchema>,
    session: Option<Session>,
    request: GraphQLBatchRequest<Unreadable>,
) -> GraphQLResponse {
    let mut request = request.into_inner();
    if let Some(Session(session)) = session {
        request = request.data(session);
    }
    schema.execute_batch(request).await.into()
}

/// The page comes from a public server: leave it out of an application that is in use.
async fn graphiql() -> Html<String> {
    Html(GraphiQLSource::build().endpoint("/graphql").finish())
}

/// Logs in a user by their name alone. A new session id at every log-in: grants are tied to it.
async fn login(
    State(db): State<Db>,
    jar: CookieJar,
    body: Result<Json<Login>, JsonRejection>,
) -> Result<(CookieJar, Json<Success>), Error> {
    // axum's own message would repeat the input.
    let Json(login) = body.map_err(|_| ErrorKind::BadRequest)?;
    let id = Uuid::new_v4().to_string();
    // `.secure(true)` besides, where there is TLS.
    let cookie = Cookie::build((COOKIE, id.clone()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax);
    db.log_in(id, login.user.as_str());
    Ok((jar.add(cookie), Json(Success { success: true })))
}

/// The session id provider: returns the session of the cookie, if the application issued it.
fn session_of(db: &Db, headers: &HeaderMap) -> Option<SessionId> {
    let jar = CookieJar::from_headers(headers);
    let session = SessionId::new(jar.get(COOKIE)?.value()).ok()?;
    db.user(&session).is_some().then_some(session)
}

pub(crate) fn router(luna: LunaDefend) -> Result<Router> {
    let db = Db::default();
    let sessions = db.clone();
    let luna = Luna::new(luna, move |parts| {
        let session = session_of(&sessions, &parts.headers);
        async move { Ok(session) }
    });
    let schema = schema(luna.grants(), db.clone())?;
    let router = Router::new()
        .route("/", get(graphiql))
        .route("/graphql", post(graphql))
        .route("/login", post(login))
        .merge(luna.routes())
        // Async-graphql's extractor has no limit.
        .layer(map_request(async |request: Request| request.with_limited_body()))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(App { luna, schema, db });
    Ok(router)
}
