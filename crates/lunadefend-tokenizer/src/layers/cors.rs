//! The pages of other origins that may read a response (the Fetch standard's CORS protocol).

use super::methods::Methods;
use crate::{config::Origin, headers::single, response, route::Readers, state::Shared};
use axum::{extract::Request, response::Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use std::sync::Arc;

/// The CORS of one route. [`Cors::new`] returns none for a route that only its own origin reads.
#[derive(Clone, Debug)]
pub(crate) struct Cors {
    readers: Arc<[HeaderValue]>,
    credentials: bool,
    methods: Methods,
}

impl Cors {
    pub(crate) fn new(readers: Readers, methods: &Methods, shared: &Shared) -> Option<Self> {
        let config = &shared.config;
        let (readers, credentials) = match readers {
            Readers::SameOrigin => return None,
            Readers::Application => {
                let origins = config.application_origins.iter().map(Origin::header);
                (origins.cloned().collect(), true)
            }
            Readers::Frame => (Arc::from([config.blob_reader.clone()?]), false),
        };
        Some(Self {
            readers,
            credentials,
            methods: methods.clone(),
        })
    }

    /// Returns the origin of the request, if it may read the response: exactly one of the list.
    fn reader(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = single(request, &header::ORIGIN)?;
        self.readers
            .iter()
            .find(|reader| *reader == origin)
            .cloned()
    }
}

/// Answers preflights, and lets the readers of a route read its responses; without readers it does nothing.
///
/// Every response has `Vary`, whatever its origin, so that no cache gives one origin the response of another.
pub(crate) async fn allow<F: Future<Output = Response>>(
    cors: Option<&Cors>,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let Some(cors) = cors else {
        return next(request).await;
    };
    let reader = cors.reader(request.headers());
    let is_preflight = *request.method() == Method::OPTIONS;
    let mut response = if is_preflight {
        response::empty(StatusCode::NO_CONTENT)
    } else {
        next(request).await
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if is_preflight {
        // Else axum says that a route with GET has HEAD too.
        headers.insert(header::ALLOW, cors.methods.list().clone());
    }
    let Some(reader) = reader else {
        return response;
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, reader);
    if cors.credentials {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    if is_preflight {
        let methods = cors.methods.list().clone();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
