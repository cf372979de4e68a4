//! The routes of wire level v1 and those of values.

mod blobs;
mod grants;
mod health;
mod session;
mod sessions;
mod tokens;

use crate::{error::ApiError, service::Shared};
use axum::{
    Router,
    extract::Request,
    routing::{get, post, put},
};
use http::StatusCode;
use std::sync::Arc;

/// Where a session transfer begins, and where it ends.
const ENSURE: &str = "/session/ensure";
const CREATE: &str = "/session/create";

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let blob = format!("{}{{url}}", blobs::PATH);
    Router::new()
        .route("/grant/set", post(grants::set))
        .route("/grant/verify", post(grants::verify))
        .route("/tokenize", post(tokens::tokenize))
        .route("/detokenize", post(tokens::detokenize))
        .route("/metadata/get", post(tokens::metadata))
        .route(ENSURE, get(session::ensure))
        // HEAD too would use up the state.
        .route(CREATE, get(session::create).head(not_allowed))
        .route("/session/end", post(session::end))
        .route("/v2/sessions/revoke", post(sessions::revoke))
        .route(
            "/session/verify",
            get(session::verify).options(session::verify_preflight),
        )
        .route(
            &blob,
            put(blobs::upload)
                .get(blobs::download)
                .options(blobs::preflight),
        )
        .route("/health", get(health::check))
        .method_not_allowed_fallback(not_allowed)
        .fallback(not_found)
        .with_state(shared)
}

/// The name of a route, for logs: a path may hold a signed URL.
pub(crate) fn label(path: &str) -> &'static str {
    const ROUTES: [&str; 11] = [
        "/grant/set",
        "/grant/verify",
        "/tokenize",
        "/detokenize",
        "/metadata/get",
        ENSURE,
        CREATE,
        "/session/verify",
        "/session/end",
        "/v2/sessions/revoke",
        "/health",
    ];
    match ROUTES.into_iter().find(|route| *route == path) {
        Some(route) => route,
        None if path.starts_with(blobs::PATH) => "/blob",
        None => "unknown",
    }
}

/// Whether it is one of the two routes of a session transfer. Pages get there by `no-cors` requests, which
/// can read nothing of the answer, whatever it is.
pub(crate) fn is_transfer(path: &str) -> bool {
    [ENSURE, CREATE].contains(&path)
}

/// Whether a route limits its time itself.
pub(crate) fn limits_its_time(request: &Request) -> bool {
    blobs::is_upload(request.method(), request.uri().path())
}

async fn not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "the route does not have this method",
    )
}

async fn not_found() -> ApiError {
    ApiError::not_found("there is no such route")
}
