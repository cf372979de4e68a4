//! Between the `http` 0.2 of actix-web and the `http` 1 of the core, by bytes.
//!
//! Should the two ever differ in what they take, a message is refused as a whole: a header that is
//! left out may be the one that decides.

use actix_web::{HttpResponse, error::HttpError, http as actix};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use lunadefend_core::{Error, ErrorKind};

pub(crate) fn method(method: &actix::Method) -> Result<Method, Error> {
    Method::from_bytes(method.as_str().as_bytes()).map_err(unreadable)
}

pub(crate) fn headers(headers: &actix::header::HeaderMap) -> Result<HeaderMap, Error> {
    let mut converted = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(unreadable)?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(unreadable)?;
        converted.try_append(name, value).map_err(unreadable)?;
    }
    Ok(converted)
}

fn unreadable(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::BadRequest).with_source(cause)
}

pub(crate) fn status(status: http::StatusCode) -> actix::StatusCode {
    actix::StatusCode::from_u16(status.as_u16()).unwrap_or(actix::StatusCode::INTERNAL_SERVER_ERROR)
}

pub(crate) fn response(response: http::Response<Bytes>) -> HttpResponse {
    into_actix(response).unwrap_or_else(|_| HttpResponse::InternalServerError().finish())
}

fn into_actix(response: http::Response<Bytes>) -> Result<HttpResponse, HttpError> {
    let (parts, body) = response.into_parts();
    let mut converted = HttpResponse::with_body(status(parts.status), body);
    for (name, value) in &parts.headers {
        let mut copy = actix::header::HeaderValue::from_bytes(value.as_bytes())?;
        copy.set_sensitive(value.is_sensitive());
        let name = actix::header::HeaderName::from_bytes(name.as_str().as_bytes())?;
        converted.headers_mut().append(name, copy);
    }
    Ok(converted.map_into_boxed_body())
}
