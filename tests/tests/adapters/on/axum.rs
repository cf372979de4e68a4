//! The application on axum.

use crate::application::{self, App, Db, NO_SUCH_PAGE, Profile, Search};
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef, RawQuery, State},
    routing::{get, post},
};
use http::{StatusCode, header};
use lunadefend::VerifiedToken;
use lunadefend_axum::{Error, Granted, Granter, Luna, Session, Verified};
use tokio::net::TcpListener;

#[derive(Clone, FromRef)]
struct AppState {
    luna: Luna,
    db: Db,
}

pub(crate) async fn start(app: App) -> String {
    let provider = app.provider;
    let luna = Luna::new(app.luna, move |parts| {
        let cookies = parts.headers.get(header::COOKIE);
        provider.session(cookies.and_then(|cookies| cookies.to_str().ok()))
    });
    let nested = luna.routes();
    let luna = luna.below(app.base);
    let mut router = Router::new()
        .route("/whoami", get(whoami))
        .route("/session", get(session))
        .route("/profile", get(get_profile).post(set_profile))
        .route("/tokens", post(tokens))
        .route("/search", get(search))
        .route("/lend", get(lend))
        .route("/page", get(page))
        .route("/logout", post(log_out))
        .merge(luna.routes())
        .nest("/nested", nested)
        .fallback((StatusCode::NOT_FOUND, NO_SUCH_PAGE))
        .with_state(AppState { luna, db: app.db });
    if let Some(limit) = app.body_limit {
        router = router.layer(DefaultBodyLimit::max(limit));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn whoami(session: Option<Session>) -> String {
    session.map_or_else(
        || "nobody".to_owned(),
        |Session(session)| session.expose_id().to_owned(),
    )
}

async fn session(Session(session): Session) -> String {
    session.expose_id().to_owned()
}

async fn get_profile(
    State(db): State<Db>,
    Session(session): Session,
    grants: Granter,
) -> Result<Granted<Profile>, Error> {
    grants.grant(db.profile(&session)).await
}

async fn set_profile(
    State(db): State<Db>,
    Session(session): Session,
    Verified(profile): Verified<Profile>,
) -> &'static str {
    db.store(&session, profile)
}

async fn tokens(Verified(tokens): Verified<Vec<VerifiedToken>>) -> String {
    tokens.len().to_string()
}

async fn search(Verified(search): Verified<Search>) -> String {
    search.result()
}

async fn page(State(luna): State<Luna>, Session(session): Session) -> Result<String, Error> {
    Ok(application::page(
        luna.elements(),
        luna.page_session(&session)?,
    ))
}

async fn log_out(
    State(luna): State<Luna>,
    Session(session): Session,
) -> Result<&'static str, Error> {
    luna.sessions().end(&session).await?;
    Ok("ended")
}

async fn lend(
    State(db): State<Db>,
    RawQuery(query): RawQuery,
    grants: Granter,
) -> Result<Granted<Vec<VerifiedToken>>, Error> {
    let duration = application::duration(query.as_deref())?;
    grants
        .grant_for(db.others(grants.session()), duration)
        .await
}
