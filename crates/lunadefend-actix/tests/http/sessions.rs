//! Which provider is asked for the session of a request, and how often.

use crate::luna;
use actix_web::{
    App, Error, FromRequest, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    test::{TestRequest, call_and_read_body, call_service, init_service, read_body},
    web::{self, Data},
};
use lunadefend_actix::{Granter, Luna, Session};
use lunadefend_core::{ErrorKind, SessionId};
use lunadefend_testing::{TestBackend, assert_error, logs::Log};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::task::yield_now;
use tracing_subscriber::util::SubscriberInitExt;

async fn name(Session(session): Session, _: Granter) -> String {
    session.expose_id().to_owned()
}

/// A middleware that finds the session before the request is routed.
async fn ask_first(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    request.extract::<Session>().await?;
    next.call(request).await
}

fn always(session: &'static str) -> Luna {
    Luna::new(TestBackend::new(), move |_| async move {
        yield_now().await;
        SessionId::new(session).map(Some)
    })
}

#[tokio::test]
async fn a_middleware_and_the_handler_share_one_question() {
    let asked = Arc::new(AtomicUsize::new(0));
    let luna = luna(&TestBackend::new(), &asked);
    let app = App::new()
        .configure(luna.routes())
        .route("/name", web::to(name))
        .wrap(from_fn(ask_first));
    let app = init_service(app).await;
    for expected in 1..=2 {
        let request = TestRequest::with_uri("/name").insert_header(("x-session", "ann"));
        assert_eq!(call_and_read_body(&app, request.to_request()).await, "ann");
        assert_eq!(
            asked.load(Ordering::SeqCst),
            expected,
            "once for each request"
        );
    }
}

#[tokio::test]
async fn the_innermost_luna_decides() {
    let app = App::new()
        .configure(always("outer").routes())
        .service(
            web::scope("/inner")
                .configure(always("inner").routes())
                .route("/name", web::to(name)),
        )
        .route("/name", web::to(name))
        .wrap(from_fn(ask_first));
    let app = init_service(app).await;
    for (path, expected) in [("/name", "outer"), ("/inner/name", "inner")] {
        let request = TestRequest::with_uri(path).to_request();
        assert_eq!(call_and_read_body(&app, request).await, expected);
    }
}

#[tokio::test]
async fn the_state_may_also_be_added_by_hand() {
    let request = TestRequest::default()
        .app_data(Data::new(always("ann")))
        .to_http_request();
    let Session(session) = <Session>::extract(&request).await.unwrap();
    assert_eq!(session.expose_id(), "ann");
}

#[expect(
    clippy::await_holding_refcell_ref,
    reason = "what an application should not do, and may"
)]
#[tokio::test]
async fn a_provider_may_keep_the_extensions_borrowed() {
    let luna = Luna::new(TestBackend::new(), |request| {
        let request = request.clone();
        async move {
            let extensions = request.extensions();
            yield_now().await;
            extensions.get::<String>().map(SessionId::new).transpose()
        }
    });
    let request = TestRequest::default()
        .app_data(Data::new(luna))
        .to_http_request();
    request.extensions_mut().insert("ann".to_owned());
    let extracted = <(Session, Granter)>::extract(&request).await.unwrap();
    assert_eq!(extracted.0.0.expose_id(), "ann");
    assert_eq!(extracted.1.session().expose_id(), "ann");
}

#[tokio::test]
async fn a_handler_without_luna_is_a_500_and_the_log_says_what_to_do() {
    let log = Log::default();
    let writer = log.clone();
    let _guard = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish()
        .set_default();
    let app = App::new()
        .service(web::scope("/elsewhere").configure(always("ann").routes()))
        .route("/name", web::to(name));
    let app = init_service(app).await;
    let response = call_service(&app, TestRequest::with_uri("/name").to_request()).await;
    let status = response.status();
    assert_error(status, read_body(response).await, ErrorKind::Internal);
    let log = log.text();
    assert!(
        log.contains("ERROR") && log.contains("add `.configure(luna.routes())`"),
        "{log}"
    );
}
