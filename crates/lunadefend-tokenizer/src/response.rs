//! Responses in LunaSec's envelope.

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header};
use lunadefend_core::wire::{self, Failure, Success};
use serde::Serialize;
use std::borrow::Cow;

/// The `errorName` of most failures, as in LunaSec.
pub(crate) const ERROR_NAME: &str = "TokenizerError";

/// Makes a failure with status 200, as `/session/verify` returns it.
pub(crate) fn no(message: &'static str) -> Response {
    failure(StatusCode::OK, ERROR_NAME, message.into())
}

/// Makes `{"success":false,"error":{..}}` with a status.
pub(crate) fn failure(status: StatusCode, name: &str, message: Cow<'static, str>) -> Response {
    let mut response = json(
        status,
        &Failure {
            name: name.to_owned(),
            message: message.into_owned(),
        },
    );
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110 section 15.5.2: a 401 names a scheme. For this one browsers show no dialog.
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Makes `{"success":true,"error":{},"data":T}`.
pub(crate) fn data<T: Serialize>(data: T) -> Response {
    json(StatusCode::OK, &Success(data))
}

/// Makes a document without the envelope.
pub(crate) fn document<T: Serialize>(document: &T) -> Response {
    json(StatusCode::OK, document)
}

/// Makes `{"success":true,"error":{}}`.
pub(crate) fn success() -> Response {
    #[derive(Serialize)]
    struct Success {
        success: bool,
        error: wire::Empty,
    }
    json(
        StatusCode::OK,
        &Success {
            success: true,
            error: wire::Empty {},
        },
    )
}

/// Makes a response without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    let mut response = Response::new(Body::from(wire::to_vec(value)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    async fn body(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), 1024).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn envelopes_are_those_of_lunasec() {
        assert_eq!(body(success()).await, r#"{"success":true,"error":{}}"#);
        assert_eq!(
            body(data(wire::Empty {})).await,
            r#"{"success":true,"error":{},"data":{}}"#
        );
        let failure = failure(StatusCode::UNAUTHORIZED, ERROR_NAME, "Unauthorized".into());
        assert_eq!(failure.status(), 401);
        assert_eq!(failure.headers()["www-authenticate"], "Bearer");
        assert_eq!(failure.headers()["content-type"], "application/json");
        assert_eq!(
            body(failure).await,
            r#"{"success":false,"error":{"errorName":"TokenizerError","errorMessage":"Unauthorized","name":"TokenizerError","message":"Unauthorized"}}"#
        );
    }
}
