use axum::{body::Body, http::header::CONTENT_LENGTH, response::Response};
use lunadefend_axum::Error;

/// `router.layer(axum::middleware::map_response(reshape))`, after all routes.
pub(crate) async fn reshape(mut response: Response) -> Response {
    if let Some(error) = response.extensions().get::<Error>() {
        let body = serde_json::json!({ "code": error.name(), "detail": error.message() });
        *response.body_mut() = Body::from(body.to_string());
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    response
}
