//! Which pages of other origins may read an answer (the Fetch standard's CORS protocol).

use crate::{config::Origin, headers::single, response};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// The origin of the request, if it is one of the application's, exactly.
fn application<'o>(headers: &HeaderMap, origins: &'o [Origin]) -> Option<&'o HeaderValue> {
    let origin = single(headers, &header::ORIGIN)?;
    origins
        .iter()
        .map(Origin::header)
        .find(|allowed| *allowed == origin)
}

/// Lets the application's pages read the answer to `GET /session/verify`, with cookies.
///
/// `Vary` is there whoever asks, so that no cache gives one origin the answer of another.
pub(crate) fn allow_application(
    request: &HeaderMap,
    origins: &[Origin],
    mut response: Response,
) -> Response {
    let allowed = application(request, origins).cloned();
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    response
}

/// Answers the preflight of [`allow_application`].
pub(crate) fn application_preflight(request: &HeaderMap, origins: &[Origin]) -> Response {
    let allowed = application(request, origins).is_some();
    let mut response = allow_application(request, origins, response::empty(StatusCode::NO_CONTENT));
    if allowed {
        preflight(response.headers_mut(), "GET");
    }
    response
}

/// Lets the frame reach values at an origin of their own. `reader` is nobody when they have none.
pub(crate) fn allow_frame(
    request: &HeaderMap,
    reader: Option<&HeaderValue>,
    mut response: Response,
) -> Response {
    let Some(reader) = reader else {
        return response;
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if single(request, &header::ORIGIN) == Some(reader) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, reader.clone());
    }
    response
}

/// Answers the preflight of [`allow_frame`]: a PUT always has one.
pub(crate) fn frame_preflight(request: &HeaderMap, reader: &HeaderValue) -> Response {
    let mut response = allow_frame(
        request,
        Some(reader),
        response::empty(StatusCode::NO_CONTENT),
    );
    if response
        .headers()
        .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    {
        preflight(response.headers_mut(), "GET, HEAD, PUT");
    }
    response
}

fn preflight(headers: &mut HeaderMap, methods: &'static str) {
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static(methods),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("content-type"),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    );
}
