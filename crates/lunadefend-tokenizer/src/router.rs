//! The table of routes as a router: every row in the layers that enforce it.

use crate::{
    error::ApiError,
    layers::{
        admission, audit, base_path, body_limit, context, cors, cors::Cors, credentials, harden,
        headers, log, measure, methods, methods::Methods, refusals, service_worker, time_limit,
    },
    route::{Audience, Endpoint, Route, TimeLimit},
    routes,
    state::Shared,
};
use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{MethodRouter, any},
};
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
    let proxies = shared.config.trusted_proxies.clone();
    // As a fallback, because the base path is stripped before a route is looked for.
    Router::new()
        .fallback_service(rows)
        .layer(from_fn(service_worker::refuse))
        .layer(from_fn_with_state(Arc::clone(shared), harden::harden))
        .layer(from_fn_with_state(proxies, context::provide))
        .layer(from_fn_with_state(Arc::clone(shared), base_path::strip))
}

/// Builds one row, from the inside out.
fn route(row: Route, shared: &Arc<Shared>) -> MethodRouter<Arc<Shared>> {
    let methods = Methods::new(&row.methods);
    let mut route = row
        .endpoints
        .into_iter()
        .map(|of_row| endpoint(of_row, row.audience, shared))
        .fold(MethodRouter::new(), MethodRouter::merge)
        .layer(from_fn_with_state(methods.clone(), methods::check));
    if let Some(cors) = Cors::new(row.readers, &methods, shared) {
        route = route.layer(from_fn_with_state(cors, cors::allow));
    }
    route
        .layer(from_fn(credentials::require_one))
        .layer(from_fn_with_state(row.headers.into(), headers::add))
        .layer(from_fn_with_state(Arc::clone(shared), refusals::count))
        .layer(from_fn_with_state((row.label, row.is_probe), log::trace))
        .layer(from_fn_with_state(
            (Arc::clone(shared), row.label),
            measure::measure,
        ))
}

/// Handles requests that match no row.
fn unknown(shared: &Arc<Shared>) -> MethodRouter {
    async fn not_found() -> ApiError {
        ApiError::not_found("there is no such route")
    }
    any(not_found)
        .layer(from_fn(credentials::require_one))
        .layer(from_fn_with_state(Arc::clone(shared), refusals::count))
        .layer(from_fn_with_state(("unknown", false), log::trace))
        .layer(from_fn_with_state(
            (Arc::clone(shared), "unknown"),
            measure::measure,
        ))
}

fn endpoint(
    endpoint: Endpoint,
    audience: Audience,
    shared: &Arc<Shared>,
) -> MethodRouter<Arc<Shared>> {
    let admission = (Arc::clone(shared), audience);
    let handler = endpoint
        .handler
        .layer(from_fn_with_state(endpoint.body, body_limit::set))
        .layer(from_fn_with_state(admission, admission::admit));
    let handler = match endpoint.time {
        TimeLimit::Whole => {
            let limit = shared.config.limits.request;
            handler.layer(from_fn_with_state(limit, time_limit::enforce))
        }
        TimeLimit::Progress => handler,
    };
    match (endpoint.audit, &shared.config.audit) {
        // Around the limit: what ran out of time may have been done.
        (Some(act), Some(audit)) => {
            let limit = shared.config.limits.request;
            handler.layer(from_fn_with_state(
                (audit.clone(), act, limit),
                audit::record,
            ))
        }
        _ => handler,
    }
}
