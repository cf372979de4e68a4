//! The application on axum.

use super::provider;
use crate::reshape::axum::reshape;
use axum::{
    Router,
    middleware::map_response,
    routing::{get, post},
};
use http::header::COOKIE;
use lunadefend::{ErrorKind, LunaDefend, VerifiedToken};
use lunadefend_axum::{Error, Luna, Session, Verified};
use std::net::SocketAddr;
use tokio::net::TcpListener;

pub(crate) async fn start(luna: LunaDefend) -> SocketAddr {
    let luna = Luna::new(luna, |parts| {
        let cookie = parts.headers.get(COOKIE);
        provider(cookie.and_then(|cookie| cookie.to_str().ok()))
    });
    let router = Router::new()
        .route("/session", get(session))
        .route("/forbidden", get(forbidden))
        .route("/looked-at", post(looked_at))
        .merge(luna.routes())
        .layer(map_response(reshape))
        .with_state(luna);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

async fn session(Session(session): Session) -> String {
    session.expose_id().to_owned()
}

async fn forbidden() -> Result<(), Error> {
    Err(ErrorKind::Forbidden.into())
}

async fn looked_at(verified: Result<Verified<VerifiedToken>, Error>) -> &'static str {
    verified.map_or_else(|error| error.name(), |_| "verified")
}
