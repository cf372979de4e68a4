//! Verifies and grants tokens in the course of one request.

use crate::{
    error::server_error,
    inputs::{self, Found, Operation},
    marked::{self, MarkedValue, Outcome},
    model::{Field, Model},
    nulls,
    read_schema::{Probe, ReadSchema},
    request::{RequestGrants, find, session_of},
};
use async_graphql::{
    CacheControl, Name, QueryPathNode, Request, Response, ServerError, ServerResult,
    ValidationResult, Value, Variables,
    async_trait::async_trait,
    extensions::{
        Extension, ExtensionContext, NextExecute, NextParseQuery, NextPrepareRequest, NextRequest,
        NextResolve, NextValidation, ResolveInfo,
    },
    parser::types::{ExecutableDocument, OperationType},
};
use futures_util::lock;
use http::{HeaderValue, header};
use lunadefend_core::{Error, ErrorKind, Grants, UntrustedToken, provider::TokenId};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// The extension in one request or one subscription.
///
/// async-graphql calls the hooks in the order of this file. If a hook needs the result of an earlier one, and
/// another extension suppressed that call, it is an error.
pub(crate) struct RequestExtension {
    service: Grants,
    schema: ReadSchema,
    grants: OnceLock<RequestGrants>,
    operation_name: OnceLock<Option<String>>,
    operation: OnceLock<Result<Walked, Error>>,
    is_verified: AtomicBool,
    marked: Mutex<Vec<MarkedValue>>,
    /// Several fields of one subscription may have events at once. They are executed one after the other, so
    /// that each response is told apart from the others.
    turn: lock::Mutex<()>,
}

/// The result of the walk over an operation.
#[derive(Default)]
struct Walked {
    /// `None` when async-graphql will not find the operation either.
    found: Option<Found>,
    tokens: HashSet<TokenId>,
    variables: HashMap<Name, Value>,
    is_subscription: bool,
    /// Present where tokens may have to be removed from the response again.
    document: Option<ExecutableDocument>,
}

#[async_trait]
impl Extension for RequestExtension {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        self.schema.read(ctx);
        next.run(ctx).await
    }

    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let schema = self.schema.read(ctx);
        if let Some(probe) = find::<Probe>(&request.data) {
            probe.answer(&self.schema);
            return Err(ServerError::new("a schema was checked", None));
        }
        if let Err(error) = schema {
            return Err(internal(error.clone()));
        }
        let mut request = next.run(ctx, request).await?;
        let session = session_of(&request.data, ctx.session_data);
        let grants = RequestGrants::new(session, self.service.clone());
        request.data.insert(grants.clone());
        let is_first = self.grants.set(grants).is_ok();
        let name = request.operation_name.clone();
        if is_first && self.operation_name.set(name).is_ok() {
            Ok(request)
        } else {
            Err(out_of_order())
        }
    }

    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(ctx, query, variables).await?;
        let name = self.operation_name.get().ok_or_else(out_of_order)?;
        let walked = self.walk(self.model()?, &document, name.as_deref(), variables);
        // The error waits for async-graphql's validation, which says more.
        match self.operation.set(walked) {
            Ok(()) => Ok(document),
            Err(_) => Err(out_of_order()),
        }
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let valid = next.run(ctx).await?;
        let walked = match self.operation.get().ok_or_else(out_of_order)? {
            Ok(walked) => walked,
            Err(error) => return Err(server_error(error).into()),
        };
        if let Some(found) = &walked.found {
            let tokens = found.at_root.iter().chain(&found.below);
            self.verify(tokens).await?;
            self.is_verified.store(true, Ordering::Release);
        }
        Ok(valid)
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let _turn = self.turn.lock().await;
        match self.before_execution().await {
            Ok(()) => self.granted(next.run(ctx, operation_name).await).await,
            Err(error) => Response::from_errors(vec![error]),
        }
    }

    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let Some(field) = self.field(&info)? else {
            return next.run(ctx, info).await;
        };
        self.arguments_were_verified(field, &info)?;
        let Some(mark) = field.mark else {
            return next.run(ctx, info).await;
        };
        let path = info.path_node;
        let value = next.run(ctx, info).await?;
        let marked = value
            .as_ref()
            .and_then(|value| MarkedValue::read(path, mark, value));
        self.marked().extend(marked);
        Ok(value)
    }
}

impl RequestExtension {
    pub(crate) fn new(service: Grants, schema: ReadSchema) -> Self {
        Self {
            service,
            schema,
            grants: OnceLock::new(),
            operation_name: OnceLock::new(),
            operation: OnceLock::new(),
            is_verified: AtomicBool::new(false),
            marked: Mutex::default(),
            turn: lock::Mutex::default(),
        }
    }

    fn model(&self) -> Result<&Model, ServerError> {
        self.schema.model().ok_or_else(out_of_order)
    }

    fn walked(&self) -> Result<&Walked, ServerError> {
        match self.operation.get() {
            Some(Ok(walked)) if self.is_verified.load(Ordering::Acquire) => Ok(walked),
            _ => Err(out_of_order()),
        }
    }

    fn grants(&self) -> Result<&RequestGrants, ServerError> {
        self.grants.get().ok_or_else(out_of_order)
    }

    fn marked(&self) -> MutexGuard<'_, Vec<MarkedValue>> {
        self.marked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn walk(
        &self,
        model: &Model,
        document: &ExecutableDocument,
        name: Option<&str>,
        variables: &Variables,
    ) -> Result<Walked, Error> {
        let Some(operation) = Operation::find(document, name) else {
            return Ok(Walked::default());
        };
        let variables = operation.variables(variables);
        let found = inputs::of_operation(model, &operation, &variables)?;
        Ok(Walked {
            tokens: found.at_root.iter().chain(&found.below).cloned().collect(),
            document: found.has_marked_fields.then(|| document.clone()),
            is_subscription: operation.definition.ty == OperationType::Subscription,
            found: Some(found),
            variables,
        })
    }

    async fn verify(&self, tokens: impl Iterator<Item = &TokenId>) -> Result<(), ServerError> {
        let tokens = tokens.map(|token| UntrustedToken::parse(token.expose_id()));
        let tokens = tokens.collect::<Result<Vec<_>, _>>();
        let tokens = tokens.map_err(|error| server_error(&error))?;
        if tokens.is_empty() {
            return Ok(());
        }
        let verified = self.grants()?.verify(tokens).await;
        verified.map(drop).map_err(|error| server_error(&error))
    }

    async fn before_execution(&self) -> Result<(), ServerError> {
        let walked = self.walked()?;
        if walked.is_subscription {
            // The subscription may have begun hours ago.
            self.grants()?.forget();
            let below = walked.found.iter().flat_map(|found| &found.below);
            self.verify(below).await?;
        }
        Ok(())
    }

    /// Grants the tokens of a response.
    async fn granted(&self, mut response: Response) -> Response {
        let marked = std::mem::take(&mut *self.marked());
        if marked.is_empty() {
            return response;
        }
        let grants = match self.grants() {
            Ok(grants) => grants,
            Err(error) => return Response::from_errors(vec![error]),
        };
        let Outcome { is_granted, failed } = marked::grant(marked, grants).await;
        if is_granted {
            // A shared cache must not store one session's tokens.
            let no_store = HeaderValue::from_static("no-store");
            response
                .http_headers
                .insert(header::CACHE_CONTROL, no_store);
            response.cache_control = CacheControl {
                public: false,
                max_age: -1,
            };
        }
        if !failed.is_empty() {
            self.take_out(&mut response.data, &failed);
            let errors = failed
                .into_iter()
                .map(|(path, error)| error.with_path(path));
            response.errors.extend(errors);
        }
        response
    }

    fn take_out(&self, data: &mut Value, failed: &[marked::Failed]) {
        let name = self.operation_name.get().and_then(Option::as_deref);
        let document = self
            .walked()
            .ok()
            .and_then(|walked| walked.document.as_ref());
        let operation = document.and_then(|document| Operation::find(document, name));
        match (self.model(), operation) {
            (Ok(model), Some(operation)) => {
                let paths: Vec<_> = failed.iter().map(|(path, _)| path.as_slice()).collect();
                nulls::take_out(data, model, &operation, &paths);
            }
            _ => *data = Value::Null,
        }
    }

    /// Returns the field of the schema that is about to be resolved. `None` for the items of a list, which
    /// are in the list's value, and for introspection.
    fn field(&self, info: &ResolveInfo<'_>) -> Result<Option<&Field>, ServerError> {
        if info.is_for_introspection || info.parent_type.starts_with('[') {
            return Ok(None);
        }
        let model = self.model()?;
        // The parts of a merged subscription have their own names instead of that of the whole.
        let is_root = info.path_node.parent.is_none();
        let parent = match &model.subscription {
            Some(subscription) if is_root && self.walked()?.is_subscription => subscription,
            _ => info.parent_type,
        };
        match model.field(parent, info.name) {
            Some(field) => Ok(Some(field)),
            None if info.name.starts_with("__") => Ok(None),
            None => Err(internal(
                "a field that is not in the schema was about to be resolved",
            )),
        }
    }

    /// Checks a resolver's arguments again: another extension may have changed the operation after the walk.
    fn arguments_were_verified(
        &self,
        field: &Field,
        info: &ResolveInfo<'_>,
    ) -> Result<(), ServerError> {
        if !field.arguments.values().any(|argument| argument.is_walked) {
            return Ok(());
        }
        let walked = self.walked()?;
        let arguments = &field.arguments;
        let tokens = inputs::of_field(self.model()?, arguments, info.field, &walked.variables);
        let tokens = tokens.map_err(|error| at(info.path_node, &error))?;
        if tokens.iter().all(|token| walked.tokens.contains(token)) {
            Ok(())
        } else {
            Err(at(info.path_node, &ErrorKind::InvalidGrant.into()))
        }
    }
}

fn at(path: &QueryPathNode<'_>, error: &Error) -> ServerError {
    server_error(error).with_path(marked::segments(path))
}

fn internal(cause: impl Into<lunadefend_core::provider::BoxError>) -> ServerError {
    server_error(&Error::new(ErrorKind::Internal).with_source(cause))
}

fn out_of_order() -> ServerError {
    internal(
        "another extension kept a request from `TokenExtension`, which comes first: build the schema by `lunadefend_graphql::build`",
    )
}
