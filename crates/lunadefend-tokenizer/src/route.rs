//! The rows of the table of routes. The layers in `layers/` enforce them.

use crate::{
    layered::{EndpointLayers, Layered},
    operation::{Operation, ReadsJson, SchemaOf},
    state::Shared,
};
use axum::{
    handler::Handler,
    routing::{MethodFilter, MethodRouter, on},
};
use http::{HeaderName, HeaderValue, Method};
use lunadefend_audit::Act;
use lunadefend_core::wire;
use std::sync::Arc;

/// The audience of a route, checked before any of the body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The application, by its JWT. A cookie is ignored.
    Application,
    /// The application, by a JWT for this one request. The handler must extract
    /// [`Destroy`](crate::destroy::Destroy), which compares the request and spends the JWT.
    Destroyer,
    /// The frame, by the session cookie, or a caller with any JWT of the application. The handler can
    /// extract the caller.
    FrameOrJwt,
    /// The frame, with or without a session.
    Frame,
    /// A browser at a step of a session transfer, which is a `no-cors` fetch.
    Transfer,
    /// A page of the application or the frame: the handler says whether the browser has a session.
    Page,
    /// The holder of a signed URL, which the handler verifies.
    SignedUrl,
    /// Any caller.
    Anyone,
    /// The operator: only the admin socket has such a route.
    Operator,
    /// Prometheus: only the address of the metrics has such a route.
    Scraper,
}

impl Audience {
    /// Returns whether the public server has its routes.
    pub(crate) const fn is_public(self) -> bool {
        !matches!(self, Self::Operator | Self::Scraper)
    }
}

/// The pages of other origins that may read the responses of a route (CORS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// None: no preflight succeeds.
    SameOrigin,
    /// Pages of the application, with cookies.
    Application,
    /// The frame, when values have their own origin.
    Frame,
}

/// The body that an endpoint takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BodyLimit {
    /// None: the handler does not see the request body.
    Empty,
    /// One JSON object within bounds, by [`Json`](crate::body::Json).
    Json(wire::Limits),
    /// A value, by [`Upload`](crate::body::Upload): as long as its URL and the configuration allow.
    Value,
}

/// The time limit of an endpoint until its response begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeLimit {
    /// [`Limits::request`](crate::Limits::request) for the whole request, including its body.
    Whole,
    /// Unlimited while it makes progress: the handler limits each of its steps.
    Progress,
}

/// Some methods of a route, with one handler and the limits of its requests.
pub(crate) struct Endpoint {
    pub(crate) methods: Vec<Method>,
    #[cfg_attr(
        not(feature = "openapi"),
        expect(dead_code, reason = "for the document")
    )]
    pub(crate) operation: Operation,
    /// The schema of a JSON body.
    #[cfg_attr(
        not(feature = "openapi"),
        expect(dead_code, reason = "for the document")
    )]
    pub(crate) reads: Option<SchemaOf>,
    pub(crate) body: BodyLimit,
    pub(crate) time: TimeLimit,
    /// The act of its requests, if each has a line in the audit log. The handler must note in its
    /// [`Trail`](crate::trail::Trail) what a request is about.
    pub(crate) audit: Option<Act>,
    /// Puts the handler into its layers.
    pub(crate) handler: Box<dyn FnOnce(Arc<EndpointLayers>) -> MethodRouter<Arc<Shared>>>,
}

/// One row of the table.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    /// Its name in logs: a path may hold a signed URL.
    pub(crate) label: &'static str,
    pub(crate) audience: Audience,
    pub(crate) readers: Readers,
    /// Whether machines ask it again and again, so that the log has it at debug only.
    pub(crate) is_probe: bool,
    /// The headers of every response, including refusals.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The methods of all its endpoints.
    pub(crate) methods: Vec<Method>,
    pub(crate) endpoints: Vec<Endpoint>,
}

impl Route {
    pub(crate) const fn new(path: &'static str, audience: Audience) -> Self {
        Self {
            path,
            label: path,
            audience,
            readers: Readers::SameOrigin,
            is_probe: false,
            headers: Vec::new(),
            methods: Vec::new(),
            endpoints: Vec::new(),
        }
    }

    pub(crate) const fn label(mut self, label: &'static str) -> Self {
        self.label = label;
        self
    }

    pub(crate) const fn probe(mut self) -> Self {
        self.is_probe = true;
        self
    }

    pub(crate) const fn readers(mut self, readers: Readers) -> Self {
        self.readers = readers;
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// Adds GET without HEAD.
    pub(crate) fn get<H: Handler<T, Arc<Shared>>, T: 'static>(
        self,
        operation: Operation,
        handler: H,
    ) -> Self {
        self.endpoint(Endpoint {
            methods: vec![Method::GET],
            operation,
            reads: None,
            body: BodyLimit::Empty,
            time: TimeLimit::Whole,
            audit: None,
            handler: layered(MethodFilter::GET, handler),
        })
    }

    /// Adds GET and HEAD with one handler; the server omits the body of a response to HEAD.
    pub(crate) fn get_and_head<H: Handler<T, Arc<Shared>>, T: 'static>(
        self,
        operation: Operation,
        handler: H,
    ) -> Self {
        self.endpoint(Endpoint {
            methods: vec![Method::GET, Method::HEAD],
            operation,
            reads: None,
            body: BodyLimit::Empty,
            time: TimeLimit::Whole,
            audit: None,
            handler: layered(MethodFilter::GET, handler),
        })
    }

    /// Adds POST with a JSON body.
    pub(crate) fn post<H: Handler<T, Arc<Shared>>, T: ReadsJson + 'static>(
        self,
        operation: Operation,
        handler: H,
    ) -> Self {
        self.post_within(wire::REQUEST, operation, handler)
    }

    /// Adds POST with a JSON body within these limits.
    pub(crate) fn post_within<H: Handler<T, Arc<Shared>>, T: ReadsJson + 'static>(
        self,
        limits: wire::Limits,
        operation: Operation,
        handler: H,
    ) -> Self {
        self.post_json(limits, TimeLimit::Whole, operation, handler)
    }

    /// Adds POST with a JSON body, for what reads the whole store: the store limits each of its calls.
    pub(crate) fn post_at_length<H: Handler<T, Arc<Shared>>, T: ReadsJson + 'static>(
        self,
        operation: Operation,
        handler: H,
    ) -> Self {
        self.post_json(wire::REQUEST, TimeLimit::Progress, operation, handler)
    }

    fn post_json<H: Handler<T, Arc<Shared>>, T: ReadsJson + 'static>(
        self,
        limits: wire::Limits,
        time: TimeLimit,
        operation: Operation,
        handler: H,
    ) -> Self {
        self.endpoint(Endpoint {
            methods: vec![Method::POST],
            operation,
            reads: Some(SchemaOf::body::<T>()),
            body: BodyLimit::Json(limits),
            time,
            audit: None,
            handler: layered(MethodFilter::POST, handler),
        })
    }

    /// Adds PUT with a value as the body.
    pub(crate) fn put_value<H: Handler<T, Arc<Shared>>, T: 'static>(
        self,
        operation: Operation,
        handler: H,
    ) -> Self {
        self.endpoint(Endpoint {
            methods: vec![Method::PUT],
            operation,
            reads: None,
            body: BodyLimit::Value,
            time: TimeLimit::Progress,
            audit: None,
            handler: layered(MethodFilter::PUT, handler),
        })
    }

    /// Has a line in the audit log for each request of the endpoint that was added last.
    pub(crate) fn audited(mut self, act: Act) -> Self {
        if let Some(endpoint) = self.endpoints.last_mut() {
            endpoint.audit = Some(act);
        }
        self
    }

    fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.methods.extend(endpoint.methods.iter().cloned());
        self.endpoints.push(endpoint);
        self
    }
}

/// Takes a handler that gets its layers later.
fn layered<H: Handler<T, Arc<Shared>>, T: 'static>(
    methods: MethodFilter,
    handler: H,
) -> Box<dyn FnOnce(Arc<EndpointLayers>) -> MethodRouter<Arc<Shared>>> {
    Box::new(move |layers| on(methods, Layered { layers, handler }))
}
