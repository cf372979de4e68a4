//! The two routes of the auth plugin.

use crate::{payload::query, provider::PendingSession};
use http::{HeaderMap, Method};
use lunadefend_core::{Backend, adapter::AuthPlugin};
use std::future::ready;
use warp::{Filter, Reply, filters::BoxedFilter, path::Peek, reject, reply::Response};

/// Makes both routes. They handle every method
/// themselves, so that no other route's 405 is sent instead.
pub(crate) fn routes(
    backend: &Backend,
    pending_sessions: &BoxedFilter<(PendingSession,)>,
) -> BoxedFilter<(Response,)> {
    let (base, plugin) = (backend.elements().plugin_base(), backend.auth_plugin());
    let (frame, keys) = (plugin.clone(), plugin.clone());
    let secure_frame = exactly(base, AuthPlugin::SECURE_FRAME_PATH)
        .and(warp::method())
        .and(query())
        .and(warp::header::headers_cloned())
        .and(pending_sessions.clone())
        .then(
            move |method: Method,
                  query: Option<String>,
                  headers: HeaderMap,
                  pending: PendingSession| {
                let plugin = frame.clone();
                async move {
                    let query = query.as_deref();
                    plugin
                        .secure_frame(&method, query, &headers, pending)
                        .await
                        .into_response()
                }
            },
        );
    let jwks = exactly(base, AuthPlugin::JWKS_PATH)
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .then(move |method: Method, headers: HeaderMap| {
            let plugin = keys.clone();
            async move { plugin.jwks(&method, &headers).await.into_response() }
        });
    secure_frame.or(jwks).unify().boxed()
}

/// Matches the rest of the path exactly; `warp::path` would also accept a trailing slash.
fn exactly(base: &str, path: &str) -> BoxedFilter<()> {
    let path = format!("{base}{path}");
    // The slash in front is matched already.
    let path = path.trim_start_matches('/').to_owned();
    warp::path::peek()
        .and_then(move |rest: Peek| {
            let matched = rest.as_str() == path;
            ready(matched.then_some(()).ok_or_else(reject::not_found))
        })
        .untuple_one()
        .boxed()
}
