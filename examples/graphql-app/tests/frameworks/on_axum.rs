//! axum with async-graphql-axum.

use crate::{
    Server, parts,
    schema::{AppSchema, schema, session},
};
use async_graphql::ParseRequestError;
use async_graphql_axum::{GraphQLBatchRequest, GraphQLResponse};
use axum::{
    Router,
    extract::{FromRef, State},
    response::{IntoResponse, Response},
    routing::post,
};
use lunadefend_axum::{Error, Luna, Session};
use lunadefend_core::ErrorKind;
use tokio::net::TcpListener;

#[derive(Clone, FromRef)]
struct App {
    luna: Luna,
    schema: AppSchema,
}

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

pub(crate) async fn start() -> Server {
    let (grants, ran, backend) = parts();
    let luna = Luna::new(backend, |parts| {
        let header = parts.headers.get("x-session").cloned();
        async move { session(header.as_ref().and_then(|id| id.to_str().ok())) }
    });
    let schema = schema(luna.grants(), &ran);
    let router = Router::new()
        .route("/graphql", post(graphql))
        .merge(luna.routes())
        .with_state(App { luna, schema });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server {
        address,
        grants,
        ran,
    }
}
