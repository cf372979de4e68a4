//! The table of routes as a service: every row in the layers that enforce it.

use crate::{
    error::ApiError,
    layered::{EndpointLayers, Refused, RowLayers},
    layers::{
        audit::Auditing, base_path, context, cors::Cors, harden, methods, methods::Methods,
        service_worker,
    },
    route::{Audience, Endpoint, Route},
    routes,
    state::Shared,
};
use axum::{Router, body::Body, response::Response, routing::MethodRouter};
use bytes::Bytes;
use http::Request;
use hyper::body::Body as HttpBody;
use lunadefend_core::provider::{BoxError, BoxFuture};
use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};
use tower::Service;

/// The routes of some audiences, in the layers around every request.
#[derive(Clone)]
pub(crate) struct Routes {
    shared: Arc<Shared>,
    rows: Router,
}

impl Routes {
    /// Makes all routes for clients.
    pub(crate) fn public(shared: &Arc<Shared>) -> Self {
        Self::new(shared, Audience::is_public)
    }

    /// Makes the operator's routes only.
    #[cfg(unix)]
    pub(crate) fn admin(shared: &Arc<Shared>) -> Self {
        Self::new(shared, |audience| audience == Audience::Operator)
    }

    /// Makes the routes of the metrics only.
    pub(crate) fn metrics(shared: &Arc<Shared>) -> Self {
        Self::new(shared, |audience| audience == Audience::Scraper)
    }

    fn new(shared: &Arc<Shared>, serves: fn(Audience) -> bool) -> Self {
        let rows = routes::table()
            .into_iter()
            .filter(|row| serves(row.audience))
            .fold(Router::new(), |router, row| {
                router.route(row.path, route(row, shared))
            })
            .fallback(unknown(shared))
            .with_state(Arc::clone(shared));
        Self {
            shared: Arc::clone(shared),
            rows,
        }
    }

    /// Runs the layers around every request, from the outside in.
    async fn respond(mut self, request: Request<Body>) -> Response {
        let shared = &*self.shared;
        // Before a route is looked for: the base path is not in the table.
        base_path::strip(shared, request, |request| {
            context::provide(&shared.config.trusted_proxies, request, |request| {
                harden::harden(shared, request, |request| {
                    service_worker::refuse(request, |request| {
                        let response = self.rows.call(request);
                        async { response.await.unwrap_or_else(|never| match never {}) }
                    })
                })
            })
        })
        .await
    }
}

impl<B> Service<Request<B>> for Routes
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let response = self.clone().respond(request.map(Body::new));
        Box::pin(async { Ok(response.await) })
    }
}

/// Builds one row.
fn route(row: Route, shared: &Arc<Shared>) -> MethodRouter<Arc<Shared>> {
    let methods = Methods::new(&row.methods);
    let layers = Arc::new(RowLayers {
        shared: Arc::clone(shared),
        label: row.label,
        is_probe: row.is_probe,
        headers: row.headers,
        cors: Cors::new(row.readers, &methods, shared),
        methods: Some(methods),
    });
    let no_such_method = Refused {
        row: Arc::clone(&layers),
        refusal: methods::no_such_method,
    };
    row.endpoints
        .into_iter()
        .map(|of_row| endpoint(of_row, row.audience, &layers))
        .fold(MethodRouter::new(), MethodRouter::merge)
        .fallback(no_such_method)
}

/// Handles requests that match no row.
fn unknown(shared: &Arc<Shared>) -> Refused {
    Refused {
        row: Arc::new(RowLayers {
            shared: Arc::clone(shared),
            label: "unknown",
            is_probe: false,
            headers: Vec::new(),
            cors: None,
            methods: None,
        }),
        refusal: || ApiError::not_found("there is no such route"),
    }
}

fn endpoint(
    endpoint: Endpoint,
    audience: Audience,
    row: &Arc<RowLayers>,
) -> MethodRouter<Arc<Shared>> {
    let config = &row.shared.config;
    let auditing = endpoint.audit.zip(config.audit.clone());
    let layers = EndpointLayers {
        row: Arc::clone(row),
        audience,
        body: endpoint.body,
        time: endpoint.time,
        auditing: auditing.map(|(act, audit)| Auditing {
            audit,
            act,
            limit: config.limits.request,
        }),
    };
    (endpoint.handler)(Arc::new(layers))
}
