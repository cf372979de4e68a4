//! Errors and granted values as responses of actix-web (feature `actix-web`), whose `http` is 0.2: by bytes.

use crate::{
    Error, GrantedValue,
    adapter::{log_and_render, render_granted},
};
use actix_web::{
    HttpRequest, HttpResponse, Responder, ResponseError, body::BoxBody, error::HttpError,
    http as actix,
};
use bytes::Bytes;
use serde::Serialize;

impl ResponseError for Error {
    fn status_code(&self) -> actix::StatusCode {
        status(self.status())
    }

    fn error_response(&self) -> HttpResponse {
        into_actix(log_and_render(self))
    }
}

impl<G: Serialize> Responder for GrantedValue<G> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        into_actix(render_granted(&*self))
    }
}

/// Translates a response of this crate, such as one of the auth plugin, with the error that it carries.
#[must_use]
pub fn into_actix(response: http::Response<Bytes>) -> HttpResponse {
    convert(response).unwrap_or_else(|_| HttpResponse::InternalServerError().finish())
}

fn convert(response: http::Response<Bytes>) -> Result<HttpResponse, HttpError> {
    let (mut parts, body) = response.into_parts();
    let mut converted = HttpResponse::with_body(status(parts.status), body);
    for (name, value) in &parts.headers {
        let mut copy = actix::header::HeaderValue::from_bytes(value.as_bytes())?;
        copy.set_sensitive(value.is_sensitive());
        let name = actix::header::HeaderName::from_bytes(name.as_str().as_bytes())?;
        converted.headers_mut().append(name, copy);
    }
    if let Some(error) = parts.extensions.remove::<Error>() {
        converted.extensions_mut().insert(error);
    }
    Ok(converted.map_into_boxed_body())
}

fn status(status: http::StatusCode) -> actix::StatusCode {
    actix::StatusCode::from_u16(status.as_u16()).unwrap_or(actix::StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn both_have_the_same_codes() {
        for code in 0..=u16::MAX {
            assert_eq!(
                http::StatusCode::from_u16(code).is_ok(),
                actix::StatusCode::from_u16(code).is_ok(),
                "{code}"
            );
        }
    }

    #[tokio::test]
    async fn an_answer_leaves_with_every_header_and_says_which_are_secret() {
        let mut location = HeaderValue::from_static("https://t.example/?jwt");
        location.set_sensitive(true);
        let sent = http::Response::builder()
            .status(302)
            .header("location", location)
            .header("x-repeated", "first")
            .header("x-repeated", "second")
            .body(Bytes::from_static(b"body"))
            .unwrap();

        let response = into_actix(sent);
        assert_eq!(response.status().as_u16(), 302);
        assert!(response.headers().get("location").unwrap().is_sensitive());
        let values = response.headers().get_all("x-repeated");
        assert!(values.eq(["first", "second"]));
        assert_eq!(response.headers().len(), 3);
        let body = actix_web::body::to_bytes(response.into_body())
            .await
            .unwrap();
        assert_eq!(body, "body");
    }
}
