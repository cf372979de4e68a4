//! A handler in the layers that enforce its row of the table of routes.
//!
//! The layers around a request are one future: each calls the next one itself. As services of their own they would all be
//! cloned and boxed for each request.

use crate::{
    error::ApiError,
    layers::{
        admission, audit,
        audit::Auditing,
        body_limit, cors,
        cors::Cors,
        credentials, headers, log, measure,
        methods::{self, Methods},
        refusals, time_limit,
    },
    route::{Audience, BodyLimit, TimeLimit},
    state::Shared,
};
use axum::{
    extract::Request,
    handler::Handler,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue};
use lunadefend_core::provider::BoxFuture;
use std::sync::Arc;

/// What the layers around a row need to know.
pub(crate) struct RowLayers {
    pub(crate) shared: Arc<Shared>,
    pub(crate) label: &'static str,
    pub(crate) is_probe: bool,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) cors: Option<Cors>,
    /// `None` of what is no row: whatever the method, it is not there.
    pub(crate) methods: Option<Methods>,
}

impl RowLayers {
    /// Runs the layers around the requests of a row, from the outside in.
    async fn around<F: Future<Output = Response>>(
        &self,
        request: Request,
        next: impl FnOnce(Request) -> F,
    ) -> Response {
        measure::measure(&self.shared, self.label, request, |request| {
            log::trace(self.label, self.is_probe, request, |request| {
                refusals::count(&self.shared, request, |request| {
                    headers::add(&self.headers, request, |request| {
                        credentials::require_one(request, |request| {
                            cors::allow(self.cors.as_ref(), request, |request| {
                                methods::check(self.methods.as_ref(), request, next)
                            })
                        })
                    })
                })
            })
        })
        .await
    }
}

/// What the layers around an endpoint need to know.
pub(crate) struct EndpointLayers {
    pub(crate) row: Arc<RowLayers>,
    pub(crate) audience: Audience,
    pub(crate) body: BodyLimit,
    pub(crate) time: TimeLimit,
    pub(crate) auditing: Option<Auditing>,
}

impl EndpointLayers {
    /// Runs the layers around the requests of an endpoint, from the outside in.
    async fn around<F: Future<Output = Response>>(
        &self,
        request: Request,
        next: impl FnOnce(Request) -> F,
    ) -> Response {
        let shared = &*self.row.shared;
        let limit = shared.config.limits.request;
        // Around the limit: what ran out of time may have been done.
        audit::record(self.auditing.as_ref(), request, |request| {
            time_limit::enforce(self.time, limit, request, |request| {
                admission::admit(shared, self.audience, request, |request| {
                    body_limit::set(self.body, request, next)
                })
            })
        })
        .await
    }
}

/// A handler in the layers of its endpoint and of its row.
#[derive(Clone)]
pub(crate) struct Layered<H> {
    pub(crate) layers: Arc<EndpointLayers>,
    pub(crate) handler: H,
}

impl<H, T, S> Handler<T, S> for Layered<H>
where
    H: Handler<T, S>,
    S: Send + Sync + 'static,
    T: 'static,
{
    type Future = BoxFuture<'static, Response>;

    fn call(self, request: Request, state: S) -> Self::Future {
        Box::pin(async move {
            let Self { layers, handler } = self;
            let row = layers.row.around(request, |request| {
                layers.around(request, |request| handler.call(request, state))
            });
            row.await
        })
    }
}

/// The refusal of a request that no handler takes, in the layers of a row.
#[derive(Clone)]
pub(crate) struct Refused {
    pub(crate) row: Arc<RowLayers>,
    pub(crate) refusal: fn() -> ApiError,
}

impl<S> Handler<(), S> for Refused {
    type Future = BoxFuture<'static, Response>;

    fn call(self, request: Request, _: S) -> Self::Future {
        Box::pin(async move {
            let refusal = self.refusal;
            let refuse = |_| async move { refusal().into_response() };
            self.row.around(request, refuse).await
        })
    }
}
