//! `Luna::with_session` and `Luna::granter` on each framework: a session that needs no `await` to be found, and
//! a handler that is called as a function.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use http::header::COOKIE;
use lunadefend::{LunaDefend, SessionId, VerifiedToken};
use lunadefend_core::{Error, Granted};
use lunadefend_tests::{http1::exchange, nobody, provider, signing_key};
use std::net::SocketAddr;

/// A grant of no token asks no tokenizer.
type Nothing = Option<VerifiedToken>;

async fn luna() -> LunaDefend {
    let builder = LunaDefend::builder(nobody()).signing_key(provider(signing_key()));
    builder.build().await.unwrap()
}

/// The session id provider: the cookie is the id.
fn session_of(cookie: Option<&str>) -> Option<SessionId> {
    SessionId::new(cookie?).ok()
}

fn ann() -> SessionId {
    SessionId::new("ann").unwrap()
}

fn is_null(granted: Result<Granted<Nothing>, Error>) {
    let granted = granted.unwrap();
    assert_eq!(serde_json::to_string(&granted).unwrap(), "null");
}

async fn only_a_session_is_let_in(address: SocketAddr) {
    for (cookie, status) in [("cookie: ann\r\n", 200), ("", 401), ("cookie: \r\n", 401)] {
        let request = format!(
            "GET /nothing HTTP/1.1\r\nhost: localhost\r\n{cookie}connection: close\r\n\r\n"
        );
        let answer = exchange(address, request.as_bytes()).await;
        assert_eq!(answer.status(), status, "{cookie}");
        assert_eq!(answer.text() == "null", status == 200, "{cookie}");
    }
}

#[tokio::test]
async fn on_axum() {
    use lunadefend_axum::{Granter, Luna, Session};

    async fn nothing(
        Session(session): Session,
        granter: Granter,
    ) -> Result<Granted<Nothing>, Error> {
        assert_eq!(*granter.session(), session);
        granter.grant(&Nothing::None).await
    }

    let luna = Luna::with_session(luna().await, |parts| {
        let cookie = parts.headers.get(COOKIE)?;
        session_of(cookie.to_str().ok())
    });
    is_null(nothing(Session(ann()), luna.granter(&ann())).await);

    let router = axum::Router::new()
        .route("/nothing", axum::routing::get(nothing))
        .with_state(luna);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await });
    only_a_session_is_let_in(address).await;
}

#[tokio::test]
async fn on_actix() {
    use actix_web::{App, HttpServer, web};
    use lunadefend_actix::{Granter, Luna, Session};

    async fn nothing(
        Session(session): Session,
        granter: Granter,
    ) -> Result<Granted<Nothing>, Error> {
        assert_eq!(*granter.session(), session);
        granter.grant(&Nothing::None).await
    }

    let luna = Luna::with_session(luna().await, |request| {
        let cookie = request.headers().get(actix_web::http::header::COOKIE)?;
        session_of(cookie.to_str().ok())
    });
    is_null(nothing(Session(ann()), luna.granter(&ann())).await);

    let application = move || {
        App::new()
            .route("/nothing", web::get().to(nothing))
            .configure(luna.routes())
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = HttpServer::new(application).workers(1).disable_signals();
    tokio::spawn(server.listen(listener).unwrap().run());
    only_a_session_is_let_in(address).await;
}

#[tokio::test]
async fn on_warp() {
    use lunadefend_warp::{Granter, Luna, Session};

    async fn nothing(
        Session(session): Session,
        granter: Granter,
    ) -> Result<Granted<Nothing>, Error> {
        assert_eq!(*granter.session(), session);
        granter.grant(&Nothing::None).await
    }

    let cookie = warp::header::optional::<String>("cookie");
    let luna = Luna::with_session(luna().await, cookie, |cookie: Option<String>| {
        session_of(cookie.as_deref())
    });
    is_null(nothing(Session(ann()), luna.granter(&ann())).await);

    let routes = luna.handle(warp::path!("nothing"), nothing);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(warp::serve(routes).incoming(listener).run());
    only_a_session_is_let_in(address).await;
}
