//! The schema, read once by its extension for all requests.

use crate::{check::check, model::Model, problem::SchemaError, registry};
use async_graphql::{Request, extensions::ExtensionContext};
use std::sync::{Arc, OnceLock};

/// The schema of an extension, shared by all its requests. The first request reads it: no extension sees the
/// schema earlier.
#[derive(Clone, Default)]
pub(crate) struct ReadSchema(Arc<OnceLock<Result<Model, SchemaError>>>);

impl ReadSchema {
    pub(crate) fn read(&self, context: &ExtensionContext<'_>) -> &Result<Model, SchemaError> {
        let read = || check(registry::of_extension(context));
        self.0.get_or_init(read)
    }

    /// `None` before it is read, and when it is not enforceable.
    pub(crate) fn model(&self) -> Option<&Model> {
        self.0.get()?.as_ref().ok()
    }

    /// Returns whether the schema is enforceable; `None` before it is read.
    pub(crate) fn verdict(&self) -> Option<Result<(), SchemaError>> {
        let schema = self.0.get()?.as_ref();
        Some(schema.map(|_| ()).map_err(Clone::clone))
    }
}

/// The data of a request for the extension's schema and nothing else.
#[derive(Clone, Default)]
pub(crate) struct Probe(Arc<OnceLock<ReadSchema>>);

impl Probe {
    pub(crate) fn request(&self) -> Request {
        Request::new("{__typename}").data(self.clone())
    }

    /// With two extensions, the first one responds.
    pub(crate) fn answer(&self, schema: &ReadSchema) {
        self.0.get_or_init(|| schema.clone());
    }

    /// Returns `None` when no `TokenExtension` saw the request.
    pub(crate) fn schema(&self) -> Option<&ReadSchema> {
        self.0.get()
    }
}
