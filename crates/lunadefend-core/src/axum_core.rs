//! Errors and granted values as responses of axum (feature `axum-core`).

use crate::{
    Error, GrantedValue,
    adapter::{log_and_render, render_granted},
};
use axum_core::{
    body::Body,
    response::{IntoResponse, Response},
};
use serde::Serialize;

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        log_and_render(&self).map(Body::from)
    }
}

impl<G: Serialize> IntoResponse for GrantedValue<G> {
    fn into_response(self) -> Response {
        render_granted(&*self).map(Body::from)
    }
}
