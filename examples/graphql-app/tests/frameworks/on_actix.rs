//! actix-web with async-graphql-actix-web.

use crate::{
    Server, parts,
    schema::{AppSchema, schema, session},
};
use actix_web::{App, HttpServer, web};
use async_graphql_actix_web::{GraphQLBatchRequest, GraphQLResponse};
use lunadefend_actix::{Error, Luna, Session};
use lunadefend_core::{ErrorKind, SessionId};

/// Async-graphql's own answer to what it cannot read would name what it found.
async fn graphql(
    schema: web::Data<AppSchema>,
    Session(session): Session<Option<SessionId>>,
    request: Result<GraphQLBatchRequest, actix_web::Error>,
) -> Result<GraphQLResponse, Error> {
    let mut request = request.map_err(|_| ErrorKind::BadRequest)?.into_inner();
    if let Some(session) = session {
        request = request.data(session);
    }
    Ok(schema.execute_batch(request).await.into())
}

pub(crate) fn start() -> Server {
    let (grants, ran, backend) = parts();
    let luna = Luna::new(backend, |request| {
        let header = request.headers().get("x-session").cloned();
        async move { session(header.as_ref().and_then(|id| id.to_str().ok())) }
    });
    let schema = web::Data::new(schema(luna.grants(), &ran));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(schema.clone())
            .route("/graphql", web::post().to(graphql))
            .configure(luna.routes())
    });
    let server = server.workers(1).disable_signals();
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    Server {
        address,
        grants,
        ran,
    }
}
