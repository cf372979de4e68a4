//! The application on warp.

use crate::application::{self, App, Db, NO_SUCH_PAGE, Profile, Search};
use http::{HeaderMap, StatusCode, header};
use lunadefend::VerifiedToken;
use lunadefend_warp::{Error, Granted, Granter, Luna, Session, Verified};
use std::convert::Infallible;
use tokio::net::TcpListener;
use warp::{Filter, Rejection, Reply};

pub(crate) async fn start(app: App) -> String {
    let provider = app.provider;
    let mut luna = Luna::new(
        app.luna,
        warp::header::headers_cloned(),
        move |headers: HeaderMap| {
            let cookies = headers.get(header::COOKIE);
            provider.session(cookies.and_then(|cookies| cookies.to_str().ok()))
        },
    );
    if let Some(limit) = app.body_limit {
        luna = luna.body_limit(limit);
    }
    let nested = luna.routes();
    let luna = luna.below(app.base);
    let db = warp::any().map(move || app.db.clone());
    let state = luna.clone();
    let with_luna = warp::any().map(move || state.clone());
    let query = warp::query::raw()
        .map(Some)
        .or_else(|_| async { Ok::<_, Infallible>((None,)) });
    let get_or_head = warp::get().or(warp::head()).unify();
    let routes = luna
        .handle(warp::path!("whoami").and(warp::get()), whoami)
        .or(luna.handle(warp::path!("session").and(warp::get()), session))
        .or(luna.handle(
            warp::path!("profile").and(warp::get()).and(db.clone()),
            get_profile,
        ))
        .or(luna.handle(
            warp::path!("profile").and(warp::post()).and(db.clone()),
            set_profile,
        ))
        .or(luna.handle(warp::path!("tokens").and(warp::post()), tokens))
        .or(luna.handle(warp::path!("search").and(get_or_head), search))
        .or(luna.handle(
            warp::path!("lend").and(warp::get()).and(db).and(query),
            lend,
        ))
        .or(luna.handle(
            warp::path!("page").and(warp::get()).and(with_luna.clone()),
            page,
        ))
        .or(luna.handle(
            warp::path!("logout").and(warp::post()).and(with_luna),
            log_out,
        ))
        .or(luna.routes())
        .or(warp::path("nested").and(nested))
        .recover(no_such_page);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(warp::serve(routes).incoming(listener).run());
    format!("http://{address}")
}

async fn no_such_page(rejection: Rejection) -> Result<impl Reply, Rejection> {
    if rejection.is_not_found() {
        Ok(warp::reply::with_status(
            NO_SUCH_PAGE,
            StatusCode::NOT_FOUND,
        ))
    } else {
        Err(rejection)
    }
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
    db: Db,
    Session(session): Session,
    grants: Granter,
) -> Result<Granted<Profile>, Error> {
    grants.grant(db.profile(&session)).await
}

async fn set_profile(
    db: Db,
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

async fn page(luna: Luna, Session(session): Session) -> Result<String, Error> {
    Ok(application::page(
        luna.elements(),
        luna.page_session(&session)?,
    ))
}

async fn log_out(luna: Luna, Session(session): Session) -> Result<&'static str, Error> {
    luna.sessions().end(&session).await?;
    Ok("ended")
}

async fn lend(
    db: Db,
    query: Option<String>,
    grants: Granter,
) -> Result<Granted<Vec<VerifiedToken>>, Error> {
    let duration = application::duration(query.as_deref())?;
    grants
        .grant_for(db.others(grants.session()), duration)
        .await
}
