//! The methods of a route: any other one is refused, with a list of them.

use crate::error::ApiError;
use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use std::sync::Arc;

/// The methods of one route.
#[derive(Clone, Debug)]
pub(crate) struct Methods {
    all: Arc<[Method]>,
    list: HeaderValue,
}

impl Methods {
    pub(crate) fn new(all: &[Method]) -> Self {
        let mut names: Vec<&str> = all.iter().map(Method::as_str).collect();
        names.sort_unstable();
        // Names of methods are visible ASCII.
        let list = HeaderValue::from_str(&names.join(", "));
        Self {
            all: all.into(),
            list: list.unwrap_or(HeaderValue::from_static("")),
        }
    }

    /// Returns them in the form of the headers `allow` and `access-control-allow-methods`.
    pub(crate) const fn list(&self) -> &HeaderValue {
        &self.list
    }
}

/// The refusal of a method that the route lacks.
pub(crate) fn no_such_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "the route does not have this method",
    )
}

/// Refuses a method that the route lacks with 405 and `allow`.
pub(crate) async fn check<F: Future<Output = Response>>(
    methods: Option<&Methods>,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let Some(methods) = methods.filter(|methods| !methods.all.contains(request.method())) else {
        return next(request).await;
    };
    let mut response = no_such_method().into_response();
    let list = methods.list.clone();
    response.headers_mut().insert(header::ALLOW, list);
    response
}
