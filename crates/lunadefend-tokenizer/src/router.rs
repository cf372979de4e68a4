//! The table of routes as a router: every row in the layers that enforce it.
//!
//! The layers around a request are one future: each calls the next one itself. As services of their own they would all be
//! cloned and boxed for each request.

use crate::{
    error::ApiError,
    layers::{
        admission, audit, audit::Auditing, base_path, body_limit, context, cors, cors::Cors,
        credentials, harden, headers, log, measure, methods, methods::Methods, refusals,
        service_worker, time_limit,
    },
    route::{Audience, BodyLimit, Endpoint, Route, TimeLimit},
    routes,
    state::Shared,
};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{MethodRouter, any},
};
use http::{HeaderName, HeaderValue};
use std::sync::Arc;

/// Makes the router of all routes for clients.
pub(crate) fn public(shared: &Arc<Shared>) -> Router {
    router(shared, Audience::is_public)
}

/// Makes the router of the operator's routes only.
#[cfg(unix)]
pub(crate) fn admin(shared: &Arc<Shared>) -> Router {
    router(shared, |audience| audience == Audience::Operator)
}

/// Makes the router of the metrics only.
pub(crate) fn metrics(shared: &Arc<Shared>) -> Router {
    router(shared, |audience| audience == Audience::Scraper)
}

fn router(shared: &Arc<Shared>, serves: fn(Audience) -> bool) -> Router {
    let rows = routes::table()
        .into_iter()
        .filter(|row| serves(row.audience))
        .fold(Router::new(), |router, row| {
            router.route(row.path, route(row, shared))
        })
        .fallback_service(unknown(shared))
        .with_state(Arc::clone(shared));
    // As a fallback, because the base path is stripped before a route is looked for.
    Router::new()
        .fallback_service(rows)
        .layer(from_fn_with_state(Arc::clone(shared), around_all))
}

/// The layers around every request, from the outside in.
async fn around_all(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let shared = &*shared;
    base_path::strip(shared, request, |request| {
        context::provide(&shared.config.trusted_proxies, request, |request| {
            harden::harden(shared, request, |request| {
                service_worker::refuse(request, |request| next.run(request))
            })
        })
    })
    .await
}

/// What the layers around a row need to know.
struct RowLayers {
    shared: Arc<Shared>,
    label: &'static str,
    is_probe: bool,
    headers: Vec<(HeaderName, HeaderValue)>,
    cors: Option<Cors>,
    methods: Methods,
}

/// Builds one row.
fn route(row: Route, shared: &Arc<Shared>) -> MethodRouter<Arc<Shared>> {
    let methods = Methods::new(&row.methods);
    let route = row
        .endpoints
        .into_iter()
        .map(|of_row| endpoint(of_row, row.audience, shared))
        .fold(MethodRouter::new(), MethodRouter::merge);
    let layers = RowLayers {
        shared: Arc::clone(shared),
        label: row.label,
        is_probe: row.is_probe,
        headers: row.headers,
        cors: Cors::new(row.readers, &methods, shared),
        methods,
    };
    route.layer(from_fn_with_state(Arc::new(layers), around_row))
}

/// The layers around the requests of a row, from the outside in.
async fn around_row(State(row): State<Arc<RowLayers>>, request: Request, next: Next) -> Response {
    let row = &*row;
    measure::measure(&row.shared, row.label, request, |request| {
        log::trace(row.label, row.is_probe, request, |request| {
            refusals::count(&row.shared, request, |request| {
                headers::add(&row.headers, request, |request| {
                    credentials::require_one(request, |request| {
                        cors::allow(row.cors.as_ref(), request, |request| {
                            methods::check(&row.methods, request, |request| next.run(request))
                        })
                    })
                })
            })
        })
    })
    .await
}

/// Handles requests that match no row.
fn unknown(shared: &Arc<Shared>) -> MethodRouter {
    async fn not_found() -> ApiError {
        ApiError::not_found("there is no such route")
    }
    any(not_found).layer(from_fn_with_state(Arc::clone(shared), around_unknown))
}

async fn around_unknown(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let shared = &*shared;
    measure::measure(shared, "unknown", request, |request| {
        log::trace("unknown", false, request, |request| {
            refusals::count(shared, request, |request| {
                credentials::require_one(request, |request| next.run(request))
            })
        })
    })
    .await
}

/// What the layers around an endpoint need to know.
struct EndpointLayers {
    shared: Arc<Shared>,
    audience: Audience,
    body: BodyLimit,
    time: TimeLimit,
    auditing: Option<Auditing>,
}

fn endpoint(
    endpoint: Endpoint,
    audience: Audience,
    shared: &Arc<Shared>,
) -> MethodRouter<Arc<Shared>> {
    let auditing = endpoint.audit.zip(shared.config.audit.clone());
    let layers = EndpointLayers {
        shared: Arc::clone(shared),
        audience,
        body: endpoint.body,
        time: endpoint.time,
        auditing: auditing.map(|(act, audit)| Auditing {
            audit,
            act,
            limit: shared.config.limits.request,
        }),
    };
    let layer = from_fn_with_state(Arc::new(layers), around_endpoint);
    endpoint.handler.layer(layer)
}

/// The layers around the requests of an endpoint, from the outside in.
async fn around_endpoint(
    State(endpoint): State<Arc<EndpointLayers>>,
    request: Request,
    next: Next,
) -> Response {
    let endpoint = &*endpoint;
    let EndpointLayers { shared, time, .. } = endpoint;
    let limit = shared.config.limits.request;
    // Around the limit: what ran out of time may have been done.
    audit::record(endpoint.auditing.as_ref(), request, |request| {
        time_limit::enforce(*time, limit, request, |request| {
            admission::admit(shared, endpoint.audience, request, |request| {
                body_limit::set(endpoint.body, request, |request| next.run(request))
            })
        })
    })
    .await
}
