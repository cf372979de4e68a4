//! The extension that enforces `@token`, as a schema is given it.

use crate::{
    check::{SchemaError, check},
    hooks::OfRequest,
    model::Model,
    registry,
};
use async_graphql::{
    Request,
    extensions::{Extension, ExtensionContext, ExtensionFactory},
};
use lunadefend_core::Grants;
use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Arc, OnceLock},
};

/// Enforces `@token` in every operation of a schema.
///
/// [`build`](crate::build) adds it. By hand it is the first extension of a schema, so that it sees what
/// the others make of a request and of an answer, and [`check`](crate::check()) tells whether the schema
/// can be enforced:
///
/// ```
/// # use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
/// # use lunadefend_core::Grants;
/// # use lunadefend_graphql::{SchemaError, TokenExtension, check};
/// # struct Query;
/// # #[Object]
/// # impl Query { async fn ok(&self) -> bool { true } }
/// # async fn schema(grants: Grants) -> Result<(), SchemaError> {
/// let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
///     .extension(TokenExtension::new(&grants))
///     .finish();
/// check(&schema).await?;
/// # Ok(())
/// # }
/// ```
///
/// A schema that cannot be enforced answers every request with an error.
pub struct TokenExtension {
    grants: Grants,
    schema: ReadSchema,
}

impl TokenExtension {
    /// Asks `grants`, which a `Luna` of an adapter and a `LunaDefend` have. Their
    /// [`max_tokens`](Grants::max_tokens) is how many tokens an operation may bring in, and how many
    /// its answer may take out.
    #[must_use]
    pub fn new(grants: &Grants) -> Self {
        Self {
            grants: grants.clone(),
            schema: ReadSchema::default(),
        }
    }

    /// Sets another limit for operations than that of the grants. One token more is an error; never a
    /// part of them is let through.
    #[must_use]
    pub fn max_tokens(self, max_tokens: NonZeroUsize) -> Self {
        Self {
            grants: self.grants.with_max_tokens(max_tokens),
            ..self
        }
    }

    pub(crate) fn schema(&self) -> ReadSchema {
        self.schema.clone()
    }
}

impl fmt::Debug for TokenExtension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExtension")
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

impl ExtensionFactory for TokenExtension {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(OfRequest::new(self.grants.clone(), self.schema.clone()))
    }
}

/// The schema that an extension was given to, as all its requests share it. It is read with the first of
/// them: no extension sees it earlier.
#[derive(Clone, Default)]
pub(crate) struct ReadSchema(Arc<OnceLock<Result<Model, SchemaError>>>);

impl ReadSchema {
    pub(crate) fn read(&self, context: &ExtensionContext<'_>) -> &Result<Model, SchemaError> {
        let read = || check(registry::of_extension(context));
        self.0.get_or_init(read)
    }

    /// `None` before it is read, and when it cannot be enforced.
    pub(crate) fn model(&self) -> Option<&Model> {
        self.0.get()?.as_ref().ok()
    }

    /// Whether it can be enforced; `None` before it is read.
    pub(crate) fn verdict(&self) -> Option<Result<(), SchemaError>> {
        let schema = self.0.get()?.as_ref();
        Some(schema.map(|_| ()).map_err(Clone::clone))
    }
}

/// Goes with a request that asks for the schema of the extension, and for nothing else.
#[derive(Clone, Default)]
pub(crate) struct Probe(Arc<OnceLock<ReadSchema>>);

impl Probe {
    pub(crate) fn request(&self) -> Request {
        Request::new("{__typename}").data(self.clone())
    }

    /// Where there are two extensions, the first one answers.
    pub(crate) fn answer(&self, schema: &ReadSchema) {
        self.0.get_or_init(|| schema.clone());
    }

    /// `None` when no extension of ours saw the request.
    pub(crate) fn schema(&self) -> Option<&ReadSchema> {
        self.0.get()
    }
}
