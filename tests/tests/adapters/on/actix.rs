//! The application on actix-web.

use crate::application::{self, App, Db, NO_SUCH_PAGE, Profile, Search};
use actix_web::{
    HttpRequest, HttpResponse, HttpServer,
    http::header,
    web::{self, Data, PayloadConfig},
};
use lunadefend::{SessionId, VerifiedToken};
use lunadefend_actix::{Error, Granted, Granter, Luna, Session, Verified};
use std::net::TcpListener;

pub(crate) async fn start(app: App) -> String {
    let App {
        luna,
        base,
        body_limit,
        provider,
        db,
    } = app;
    let luna = Luna::new(luna, move |request: &HttpRequest| {
        let cookies = request.headers().get(header::COOKIE);
        provider.session(cookies.and_then(|cookies| cookies.to_str().ok()))
    });
    let nested = luna.routes();
    let luna = luna.below(base);
    let application = move || {
        let app = actix_web::App::new()
            .app_data(Data::new(db.clone()))
            .service(web::resource("/whoami").get(whoami))
            .service(web::resource("/session").get(session))
            .service(web::resource("/profile").get(get_profile).post(set_profile))
            .service(web::resource("/tokens").post(tokens))
            .service(
                web::resource("/search")
                    .get(search)
                    .route(web::head().to(search)),
            )
            .service(web::resource("/lend").get(lend))
            .service(web::resource("/page").get(page))
            .service(web::resource("/logout").post(log_out))
            .configure(luna.routes())
            .service(web::scope("/nested").configure(&nested))
            .default_service(web::to(|| async {
                HttpResponse::NotFound()
                    .content_type("text/plain; charset=utf-8")
                    .body(NO_SUCH_PAGE)
            }));
        match body_limit {
            Some(limit) => app.app_data(PayloadConfig::new(limit)),
            None => app,
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = HttpServer::new(application)
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap();
    tokio::spawn(server.run());
    format!("http://{address}")
}

async fn whoami(Session(session): Session<Option<SessionId>>) -> String {
    session.map_or_else(
        || "nobody".to_owned(),
        |session| session.expose_id().to_owned(),
    )
}

async fn session(Session(session): Session) -> String {
    session.expose_id().to_owned()
}

async fn get_profile(
    db: Data<Db>,
    Session(session): Session,
    grants: Granter,
) -> Result<Granted<Profile>, Error> {
    grants.grant(db.profile(&session)).await
}

async fn set_profile(
    db: Data<Db>,
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

async fn page(luna: Data<Luna>, Session(session): Session) -> Result<String, Error> {
    Ok(application::page(
        luna.elements(),
        luna.page_session(&session)?,
    ))
}

async fn log_out(luna: Data<Luna>, Session(session): Session) -> Result<&'static str, Error> {
    luna.sessions().end(&session).await?;
    Ok("ended")
}

async fn lend(
    db: Data<Db>,
    request: HttpRequest,
    grants: Granter,
) -> Result<Granted<Vec<VerifiedToken>>, Error> {
    let duration = application::duration(request.uri().query())?;
    grants
        .grant_for(db.others(grants.session()), duration)
        .await
}
