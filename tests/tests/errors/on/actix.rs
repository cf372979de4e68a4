//! The application on actix-web.

use super::provider;
use crate::reshape::actix::reshape;
use actix_web::{App, HttpServer, http::header::COOKIE, middleware::from_fn, web};
use lunadefend::{ErrorKind, LunaDefend, VerifiedToken};
use lunadefend_actix::{Error, Luna, Session, Verified};
use std::net::{SocketAddr, TcpListener};

pub(crate) async fn start(luna: LunaDefend) -> SocketAddr {
    let luna = Luna::new(luna, |request| {
        let cookie = request.headers().get(COOKIE);
        provider(cookie.and_then(|cookie| cookie.to_str().ok()))
    });
    let application = move || {
        App::new()
            .route("/session", web::get().to(session))
            .route("/forbidden", web::get().to(forbidden))
            .route("/looked-at", web::post().to(looked_at))
            .configure(luna.routes())
            .wrap(from_fn(reshape))
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = HttpServer::new(application).workers(1).disable_signals();
    tokio::spawn(server.listen(listener).unwrap().run());
    address
}

async fn session(Session(session): Session) -> String {
    session.expose_id().to_owned()
}

async fn forbidden() -> Result<&'static str, Error> {
    Err(ErrorKind::Forbidden.into())
}

async fn looked_at(verified: Result<Verified<VerifiedToken>, Error>) -> &'static str {
    verified.map_or_else(|error| error.name(), |_| "verified")
}
