//! The schema as an extension reads it, once for all of its requests.

use crate::{check::check, model::Model, problem::SchemaError, registry};
use async_graphql::{Request, extensions::ExtensionContext};
use std::sync::{Arc, OnceLock};

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
