//! The application on warp.

use super::provider;
use crate::reshape::warp::reshape;
use lunadefend::{ErrorKind, LunaDefend, VerifiedToken};
use lunadefend_warp::{Error, Luna, Session, Verified, recover};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use warp::{Filter, Rejection, Reply};

pub(crate) async fn start(luna: LunaDefend) -> SocketAddr {
    let cookie = warp::header::optional::<String>("cookie");
    let luna = Luna::new(luna, cookie, |cookie: Option<String>| {
        provider(cookie.as_deref())
    });
    let forbidden = warp::path!("forbidden")
        .and_then(async || Err::<String, _>(Rejection::from(Error::from(ErrorKind::Forbidden))))
        .recover(recover);
    let routes = luna
        .handle(warp::path!("session").and(warp::get()), session)
        .or(forbidden)
        .or(luna.handle(warp::path!("looked-at").and(warp::post()), looked_at))
        .or(luna.routes())
        .map(reshape);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(warp::serve(routes).incoming(listener).run());
    address
}

async fn session(Session(session): Session) -> String {
    session.expose_id().to_owned()
}

async fn looked_at(verified: Result<Verified<VerifiedToken>, Error>) -> impl Reply {
    verified.map_or_else(|error| error.name(), |_| "verified")
}
