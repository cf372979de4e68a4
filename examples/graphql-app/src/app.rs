//! The routes: GraphQL with the session of the request, GraphiQL, log-in, the auth plugin.

use crate::{
    db::Db,
    schema::{AppSchema, schema},
};
use anyhow::Result;
use app_common::{Login, MAX_BODY, Success};
use async_graphql::{ParseRequestError, http::GraphiQLSource};
use async_graphql_axum::{GraphQLBatchRequest, GraphQLResponse};
use axum::{
    Json, RequestExt, Router,
    extract::{DefaultBodyLimit, FromRef, Request, State, rejection::JsonRejection},
    http::{header, request::Parts},
    middleware::map_request,
    response::{AppendHeaders, Html, IntoResponse, Response},
    routing::{get, post},
};
use lunadefend::{ErrorKind, LunaDefend, SessionId};
use lunadefend_axum::{Error, Luna, Session};

/// The cookie of the application's own session.
const COOKIE: &str = "graphql_app_session";

#[derive(Clone, FromRef)]
struct App {
    luna: Luna,
    schema: AppSchema,
    db: Db,
}

/// Async-graphql's own answer would repeat what was sent.
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

/// Whoever is not logged in can ask for what has no tokens.
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

/// Logs in whoever says his name. A new session id at every log-in: grants are tied to it.
async fn login(
    State(db): State<Db>,
    body: Result<Json<Login>, JsonRejection>,
) -> Result<impl IntoResponse, Error> {
    // axum's own message would repeat what was sent.
    let Json(login) = body.map_err(|_| ErrorKind::BadRequest)?;
    let id = lunadefend_crypto::random_bytes::<16>()
        .map(|bytes| lunadefend_crypto::hex(&bytes))
        .map_err(|cause| Error::new(ErrorKind::Internal).with_source(cause))?;
    let cookie = format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Lax");
    db.log_in(id, login.user.as_str());
    let headers = AppendHeaders([(header::SET_COOKIE, cookie)]);
    Ok((headers, Json(Success::ANSWER)))
}

/// The session id provider: the session cookie, if it is one that we gave.
fn session_of(db: &Db, parts: &Parts) -> Option<SessionId> {
    let cookies = parts.headers.get_all(header::COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .and_then(|(_, id)| SessionId::new(id).ok())
        .filter(|session| db.user(session).is_some())
}

pub(crate) fn router(luna: LunaDefend) -> Result<Router> {
    let db = Db::default();
    let sessions = db.clone();
    let luna = Luna::new(luna, move |parts| {
        let session = session_of(&sessions, parts);
        async move { Ok(session) }
    });
    let schema = schema(luna.grants(), db.clone())?;
    let router = Router::new()
        .route("/", get(graphiql))
        .route("/graphql", post(graphql))
        .route("/login", post(login))
        .merge(luna.routes())
        // Async-graphql's extractor knows no limit of its own.
        .layer(map_request(async |request: Request| request.with_limited_body()))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(App { luna, schema, db });
    Ok(router)
}
