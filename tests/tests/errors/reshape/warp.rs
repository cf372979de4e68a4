use lunadefend_warp::Error;
use warp::{Reply, reply::Response};

/// `routes.map(reshape)`, behind all routes of `Luna::handle`, `Luna::routes` and `recover`.
pub(crate) fn reshape(reply: impl Reply) -> Response {
    let mut response = reply.into_response();
    if let Some(error) = response.extensions().get::<Error>() {
        let body = serde_json::json!({ "code": error.name(), "detail": error.message() });
        *response.body_mut() = body.to_string().into();
    }
    response
}
