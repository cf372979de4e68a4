//! warp 0.4 with the filter of `warp_filter.rs`.

use crate::{
    Server, parts,
    schema::{AppSchema, schema, session},
    warp_filter,
};
use async_graphql::BatchRequest;
use lunadefend_warp::{Error, Luna, Session};
use tokio::net::TcpListener;
use warp::{Filter, Reply};

async fn graphql(
    schema: AppSchema,
    request: Result<BatchRequest, Error>,
    session: Option<Session>,
) -> Result<impl Reply, Error> {
    let mut request = request?;
    if let Some(Session(session)) = session {
        request = request.data(session);
    }
    Ok(warp_filter::reply(&schema.execute_batch(request).await))
}

pub(crate) async fn start() -> Server {
    let (grants, ran, backend) = parts();
    let picks = warp::header::optional("x-session");
    let luna = Luna::new(backend, picks, async |id: Option<String>| {
        session(id.as_deref())
    });
    let schema = schema(luna.grants(), &ran);
    let route = warp::path!("graphql").map(move || schema.clone());
    let route = route.and(warp_filter::graphql(64 * 1024));
    let routes = luna.handle(route, graphql).or(luna.routes());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(warp::serve(routes).incoming(listener).run());
    Server {
        address,
        grants,
        ran,
    }
}
